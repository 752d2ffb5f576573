"""paho and a real Mosquitto, beyond what every Bus owes."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edgeorch.mqtt.backoff import Backoff
from edgeorch.mqtt.bus import Connection, Message
from edgeorch.mqtt.paho_bus import PahoBus
from edgeorch.mqtt.settings import MqttSettings, TlsFiles
from edgeorch.pki import MQTT_SERVER
from edgeorch_server.broker.config import BrokerConfig
from edgeorch_server.broker.mosquitto import Mosquitto
from tests.fakes.certificates import TestCa
from tests.fakes.mosquitto import PlainMosquitto, free_port

pytestmark = pytest.mark.mosquitto


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[PlainMosquitto]:
    broker = PlainMosquitto(tmp_path)
    await broker.start()
    yield broker
    await broker.kill()


def bus_to(port: int, client_id: str = "test", tls: TlsFiles | None = None) -> PahoBus:
    return PahoBus(MqttSettings("127.0.0.1", port, client_id, tls), None, Backoff(first=0.05, limit=0.2))


async def up(bus: PahoBus) -> None:
    async with asyncio.timeout(15):
        async for state in bus.connections():
            if state is Connection.UP:
                return


async def test_socket_options(plain: PlainMosquitto) -> None:
    """Small messages are not held back, and a dead link is given up after twenty seconds, not after minutes."""
    bus = bus_to(plain.port)
    await bus.start()
    await up(bus)
    assert bus._link is not None
    connection = bus._link._client.socket()
    assert isinstance(connection, socket.socket)
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
    await bus.stop()


async def test_file_descriptors_over_1023(plain: PlainMosquitto) -> None:
    """A process with more than a thousand open files can connect all the same (select could not)."""
    held = [os.dup(0) for _ in range(1100)]
    try:
        bus = bus_to(plain.port)
        await bus.start()
        await up(bus)
        await bus.publish("a", b"x")
        await bus.stop()
    finally:
        for descriptor in held:
            os.close(descriptor)


async def test_a_backlog_larger_than_the_mailbox(plain: PlainMosquitto) -> None:
    """More bytes than the mailbox holds arrive all the same: the thread waits, nothing is dropped."""
    bus, sender = bus_to(plain.port), bus_to(plain.port, "sender")
    await bus.start()
    await sender.start()
    await up(bus)
    await up(sender)
    received: list[int] = []
    done = asyncio.Event()

    def handler(message: Message) -> None:
        received.append(int(message.payload[:6]))
        if len(received) == 80:
            done.set()

    assert bus._link is not None
    bus._link._mailbox._max_bytes = 1_000_000
    await bus.subscribe("big", handler)
    for number in range(80):
        await sender.publish("big", b"%06d" % number + bytes(500_000))
    async with asyncio.timeout(30):
        await done.wait()
    assert received == list(range(80))
    await bus.stop()
    await sender.stop()


async def test_stopping_while_connecting() -> None:
    """A bus whose broker accepts and never answers stops at once, and its thread ends."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bus = bus_to(silent.getsockname()[1], "stuck")
        await bus.start()
        await asyncio.to_thread(silent.accept)
        async with asyncio.timeout(5):
            await bus.stop()
    thread = next((t for t in threading.enumerate() if t.name == "mqtt-stuck"), None)
    if thread is not None:
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(200), id="http"),
        pytest.param(b"\x20\xff\xff\xff\xff\xff", id="bad-length"),
        pytest.param(b"\x20\x03\x00\x00\x00\x30\x02\x00\x09", id="truncated-publish"),
        pytest.param(b"\x20\x03\x00\x00\x00\x40\x03\x00\x01\xee", id="unknown-reason"),
        pytest.param(b"\xff" * 100, id="noise"),
    ],
)
async def test_a_broker_that_talks_garbage(garbage: bytes) -> None:
    """Whatever bytes come, the bus ends this connection and tries again."""
    attempts = asyncio.Semaphore(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(garbage)
        attempts.release()
        await reader.read(1000)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    bus = bus_to(server.sockets[0].getsockname()[1])
    await bus.start()
    async with asyncio.timeout(15):
        for _ in range(3):
            await attempts.acquire()
    await bus.stop()
    server.close()


async def test_a_topic_that_is_no_utf_8() -> None:
    """It is acknowledged, counted and dropped; the connection stays."""
    acknowledged: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"\x20\x03\x00\x00\x00" + b"\x32\x07\x00\x02\xff\xfe\x00\x01\x00")
        acknowledged.set_result(await reader.read(2))
        await reader.read(1000)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    bus = bus_to(server.sockets[0].getsockname()[1])
    await bus.start()
    async with asyncio.timeout(15):
        assert (await acknowledged)[0] == 0x40
    await up(bus)
    assert bus._link is not None
    assert bus._link.bad_topics == 1
    await bus.stop()
    server.close()


class Warnings(logging.Handler):
    """Collects the bus's warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []
        self.any = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())
        self.any.set()


class TestTls:
    @pytest.fixture
    async def broker(self, tmp_path: Path) -> AsyncIterator[tuple[Mosquitto, TestCa, int]]:
        ca, port = TestCa(tmp_path), free_port()
        broker = Mosquitto(BrokerConfig(tmp_path / "broker", port, ca.issue("broker")))
        await broker.start()
        yield broker, ca, port
        await broker.stop()

    @pytest.mark.parametrize(
        ("case", "says"),
        [
            pytest.param("foreign-broker", "certificate verify failed", id="broker-of-another-ca"),
            pytest.param("foreign-client", "alert", id="client-of-another-ca"),
            pytest.param("missing", "No such file", id="missing-key"),
        ],
    )
    async def test_certificates_that_do_not_fit(
        self,
        broker: tuple[Mosquitto, TestCa, int],
        tmp_path: Path,
        case: str,
        says: str,
    ) -> None:
        """The bus does not connect, logs the reason once, and goes on trying."""
        _, ca, port = broker
        (tmp_path / "other").mkdir()
        other = TestCa(tmp_path / "other")
        good, foreign = ca.issue(MQTT_SERVER), other.issue(MQTT_SERVER)
        files = {
            "foreign-broker": TlsFiles(other.path, good.certificate, good.key),
            "foreign-client": TlsFiles(ca.path, foreign.certificate, foreign.key),
            "missing": TlsFiles(ca.path, good.certificate, tmp_path / "nowhere.key"),
        }
        warnings = Warnings()
        logging.getLogger("edgeorch.mqtt.paho_bus").addHandler(warnings)
        bus = bus_to(port, "x", files[case])
        await bus.start()
        async with asyncio.timeout(15):
            await warnings.any.wait()
        assert not bus.connected
        assert len(warnings.texts) == 1
        assert says in warnings.texts[0]
        if case == "missing":
            (tmp_path / "nowhere.key").write_bytes(good.key.read_bytes())
            await up(bus)
        await bus.stop()
