"""A real API server for tests: HTTPS on a free port, in front of the registry and a store in memory."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import NAMESPACES, SERVICE_ACCOUNTS
from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.meta import ObjectMeta
from edgeorch.api.table import default_table
from edgeorch.errors import ApiError
from edgeorch.pki import ADMIN, MASTERS, PkiFolder
from edgeorch_server.apiserver.app import create_app
from edgeorch_server.apiserver.auth.authentication import (
    CertificateAuthenticator,
    ChainedAuthenticator,
    StaticToken,
    TokenAuthenticator,
)
from edgeorch_server.apiserver.printers import KubernetesPrinter
from edgeorch_server.apiserver.protocol import ConnectionLimits
from edgeorch_server.apiserver.server import HttpServer, tls_context
from edgeorch_server.apiserver.streaming import OpenStreams
from edgeorch_server.registry.base import LogOptions, User
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore
from tests.fakes.eventually import LIMIT

ADMIN_TOKEN = "the-admins-token"
EXPIRED_TOKEN = "yesterdays-token"


def wall_clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass
class FakeNodes:
    """Answers log calls with what a test has put in."""

    chunks: list[bytes] = field(default_factory=list)
    error: ApiError | None = None
    endless: bool = False
    asked: list[tuple[str, LogOptions]] = field(default_factory=list)
    closed: int = 0

    async def logs(self, pod: Pod, options: LogOptions) -> AsyncGenerator[bytes, None]:
        self.asked.append((pod.metadata.name, options))
        try:
            if self.error:
                raise self.error
            for chunk in self.chunks:
                yield chunk
            if self.endless:
                await asyncio.Event().wait()
        finally:
            self.closed += 1


@dataclass
class Cluster:
    """The running server and the ways in."""

    registry: Registry
    store: MemoryStore
    server: HttpServer
    streams: OpenStreams
    pki: PkiFolder
    nodes: FakeNodes

    @property
    def url(self) -> str:
        return f"https://localhost:{self.server.port}"

    def tls(self, client: str | None) -> ssl.SSLContext:
        """Trust the cluster's CA, and be one of its clients."""
        context = ssl.create_default_context(cafile=str(self.pki.ca_certificate))
        if client:
            context.load_cert_chain(self.pki.certificate(client), self.pki.key(client))
        return context

    def stored(self, resource: str, name: str, namespace: str = "default") -> bytes:
        """Look at what is stored; empty when there is no such object."""
        entry = self.store.get(resource, namespace, name)
        return entry.data if entry else b""

    def client(self, who: str | None = "admin") -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, verify=self.tls(who), timeout=LIMIT)


async def furnish(registry: Registry) -> None:
    """Create what every cluster has: the namespace ``default`` and its ServiceAccount."""
    await registry.create(NAMESPACES, Namespace(metadata=ObjectMeta(name="default")))
    await registry.create(
        SERVICE_ACCOUNTS, ServiceAccount(metadata=ObjectMeta(name="default", namespace="default"))
    )


@asynccontextmanager
async def running_cluster(pki: PkiFolder, limits: ConnectionLimits | None = None) -> AsyncIterator[Cluster]:
    """Serve; there is a namespace ``default`` with its ServiceAccount.

    ``pki`` must hold the server certificate ``server``; the client certificates in it are the tests' own.
    """
    store = MemoryStore()
    registry = Registry(store, default_table(), now=wall_clock)
    await furnish(registry)
    nodes, streams = FakeNodes(), OpenStreams()
    admin = User(ADMIN, (MASTERS,))
    tokens = [StaticToken.of(ADMIN_TOKEN, admin), StaticToken.of(EXPIRED_TOKEN, admin, expires=1.0)]
    authenticator = ChainedAuthenticator(
        CertificateAuthenticator(), TokenAuthenticator(tokens, lambda: wall_clock().timestamp())
    )
    app = create_app(
        registry,
        authenticator=authenticator,
        node_calls=nodes,
        printer=KubernetesPrinter(wall_clock),
        streams=streams,
    )
    tls = tls_context(pki.certificate("server"), pki.key("server"), pki.ca_certificate)
    async with HttpServer(app, host="127.0.0.1", port=0, tls=tls, streams=streams, limits=limits) as server:
        yield Cluster(registry, store, server, streams, pki, nodes)
    await store.close()
