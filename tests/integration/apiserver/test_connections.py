"""Connections that misbehave, on real sockets."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.applications import Starlette

from edgeorch.api.core.config import ConfigMap
from edgeorch.api.core.resources import CONFIG_MAPS
from edgeorch.errors import UserError
from edgeorch.pki import PkiFolder
from edgeorch_server.apiserver.protocol import ConnectionLimits
from edgeorch_server.apiserver.server import HttpServer
from tests.fakes.api_server import ADMIN_TOKEN, Cluster, running_cluster
from tests.fakes.eventually import LIMIT, eventually

HEAD = b"GET /api/v1/pods HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " + ADMIN_TOKEN.encode() + b"\r\n"
POST = HEAD.replace(b"GET /api/v1/pods", b"POST /api/v1/namespaces/default/pods")


class Raw:
    """A TLS connection on which a test writes what it wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @property
    def serial(self) -> str:
        """The number of the server's certificate."""
        return str(self.writer.get_extra_info("peercert")["serialNumber"])

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def rest(self) -> bytes:
        """Read until the server closes or drops the connection."""
        found = b""
        try:
            while chunk := await asyncio.wait_for(self.reader.read(65536), LIMIT):
                found += chunk
        except (ConnectionError, ssl.SSLError):
            pass
        return found


@asynccontextmanager
async def raw(cluster: Cluster) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", cluster.server.port, ssl=cluster.tls(None), server_hostname="localhost"
    )
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


@pytest.fixture
async def impatient(pki: PkiFolder) -> AsyncIterator[Cluster]:
    """Run a server that gives its clients little time."""
    limits = ConnectionLimits(head_timeout=0.2, body_timeout=0.2, stall_timeout=0.2)
    async with running_cluster(pki, limits) as cluster:
        yield cluster


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n",
        b"GET /version HTT",
        HEAD,
        POST + b"content-length: 10\r\n\r\nhalf",
        POST + b"transfer-encoding: chunked\r\n\r\n5\r\nhal",
    ],
    ids=["silence", "empty line", "half a line", "half a head", "half a body", "half a chunk"],
)
async def test_a_request_that_does_not_come_is_dropped(impatient: Cluster, sent: bytes) -> None:
    """Slowly or never: a connection is not held for nothing (Slowloris)."""
    async with raw(impatient) as connection:
        await connection.write(sent)
        assert await connection.rest() == b""


async def test_a_client_that_does_not_read_is_dropped(impatient: Cluster) -> None:
    """What was written for it is not kept in memory for ever, and its watch is gone."""
    async with raw(impatient) as connection:
        await connection.write(HEAD.replace(b"pods", b"configmaps?watch=true") + b"\r\n")
        await eventually(lambda: len(impatient.streams) == 1)
        number = 0
        while len(impatient.streams) and number < 200:
            # Not by a connection: on a busy machine the impatient server may drop that one too.
            meta = {"name": f"c{number}", "namespace": "default"}
            made = ConfigMap.from_dict({"metadata": meta, "data": {"k": "x" * 200_000}})
            await impatient.registry.create(CONFIG_MAPS, made)
            await asyncio.sleep(0.01)
            number += 1
        await eventually(lambda: len(impatient.streams) == 0)


async def test_an_endless_head_is_refused(cluster: Cluster) -> None:
    """Headers are limited in size, whoever sends them."""
    async with raw(cluster) as connection:
        reading = asyncio.create_task(connection.rest())
        try:
            await connection.write(HEAD)
            for _ in range(40):
                await connection.write(b"x-filler: " + b"y" * 65536 + b"\r\n")
        except ConnectionError:
            pass
        answer = await reading
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


async def test_a_slow_but_steady_request_is_served(cluster: Cluster) -> None:
    """A board on a bad link sends in small pieces."""
    async with raw(cluster) as connection:
        request = HEAD + b"connection: close\r\n\r\n"
        for start in range(0, len(request), 7):
            await connection.write(request[start : start + 7])
        assert (await connection.rest()).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_one_connection_serves_many_requests(cluster: Cluster) -> None:
    """Also when they come all at once (pipelining): in order."""
    async with raw(cluster) as connection:
        paths = [b"/version", b"/api/v1/pods", b"/nowhere"]
        requests = [HEAD.replace(b"/api/v1/pods", path) for path in paths]
        await connection.write(b"\r\n".join(requests) + b"connection: close\r\n\r\n")
        answer = await connection.rest()
    assert answer.count(b"HTTP/1.1 ") == 3
    assert answer.index(b"gitVersion") < answer.index(b"PodList") < answer.index(b"HTTP/1.1 404")


@pytest.mark.parametrize(
    ("method", "upgrade"),
    [
        (b"GET", b"websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="),
        (b"POST", b"SPDY/3.1\r\ncontent-length: 0"),
    ],
    ids=["websocket", "spdy"],
)
async def test_upgrades_are_answered_with_a_status(cluster: Cluster, method: bytes, upgrade: bytes) -> None:
    """``kubectl exec`` is told what there is not, in place of a hanging or broken connection."""
    async with raw(cluster) as connection:
        request = HEAD.replace(b"GET /api/v1/pods", method + b" /api/v1/namespaces/default/pods/p/exec")
        await connection.write(request + b"connection: Upgrade\r\nupgrade: " + upgrade + b"\r\n\r\n")
        answer = await asyncio.wait_for(connection.reader.readuntil(b"}\n"), LIMIT)
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b'"kind":"Status"' in answer


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"CONNECT box:80 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /api HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
        b"GET /api/%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"GET //api//v1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"GET http://other/api HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ],
)
async def test_garbage_is_answered_or_dropped(cluster: Cluster, garbage: bytes) -> None:
    """With a 4xx at most, and others are served as before."""
    async with raw(cluster) as connection:
        await connection.write(garbage)
        answer = await connection.rest()
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    async with cluster.client() as admin:
        assert (await admin.get("/api")).status_code == 200


async def test_plain_http_is_not_served(cluster: Cluster) -> None:
    """There is no way around TLS."""
    reader, writer = await asyncio.open_connection("127.0.0.1", cluster.server.port)
    writer.write(b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n")
    with suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), LIMIT) == b""
    writer.close()


async def test_answers_carry_a_date(cluster: Cluster) -> None:
    """RFC 9110 section 6.6.1 asks for it of a server with a clock."""
    async with cluster.client() as admin:
        answer = await admin.get("/version")
    assert answer.headers["date"].endswith(" GMT")


async def test_a_taken_port_is_a_users_mistake(cluster: Cluster) -> None:
    """One line says which address it was."""
    other = HttpServer(
        Starlette(), host="127.0.0.1", port=cluster.server.port, tls=None, streams=cluster.streams
    )
    with pytest.raises(UserError, match=f"cannot listen on 127.0.0.1:{cluster.server.port}"):
        async with other:
            pass


async def test_a_new_certificate_ends_no_connection(pki: PkiFolder) -> None:
    """Who connects from now on sees the new one; who is connected goes on."""
    async with running_cluster(pki) as cluster, raw(cluster) as old:
        pki.ensure_server("renewed", ["localhost"])
        cluster.server.use_certificate(pki.certificate("renewed"), pki.key("renewed"))
        async with raw(cluster) as new:
            assert new.serial != old.serial
        await old.write(HEAD + b"connection: close\r\n\r\n")
        assert (await old.rest()).startswith(b"HTTP/1.1 200 ")
