"""The managed broker: who may do what, and that it always comes back and never stays behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from edgeorch.errors import Forbidden, UserError
from edgeorch.mqtt.backoff import Backoff
from edgeorch.mqtt.bus import Connection, Message, Will
from edgeorch.mqtt.paho_bus import PahoBus
from edgeorch.mqtt.settings import MqttSettings
from edgeorch.pki import MQTT_SERVER
from edgeorch_server.broker import mosquitto as module
from edgeorch_server.broker.account import broker_account, file_folder
from edgeorch_server.broker.config import BrokerConfig
from edgeorch_server.broker.mosquitto import PID_FILE, Mosquitto
from tests.fakes.certificates import TestCa
from tests.fakes.mosquitto import free_port, mosquitto_binary

pytestmark = pytest.mark.mosquitto
ROOT = "edgeorch/v1"


class Lab:
    """One managed broker and the buses of a test."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.ca = TestCa(folder)
        self.config = BrokerConfig(folder / "broker", free_port(), self.ca.issue("broker"))
        self.broker = Mosquitto(self.config, Backoff(first=0.05, limit=0.2))
        self._stack = stack

    async def bus(self, name: str, will: Will | None = None, client_id: str = "") -> PahoBus:
        settings = MqttSettings("127.0.0.1", self.config.port, client_id or name, self.ca.issue(name))
        bus = PahoBus(settings, will, Backoff(first=0.05, limit=0.2))
        await bus.start()
        self._stack.push_async_callback(bus.stop)
        return bus

    async def connected(self, name: str, client_id: str = "") -> PahoBus:
        bus = await self.bus(name, client_id=client_id)
        await up(bus)
        return bus


async def up(bus: PahoBus) -> None:
    async with asyncio.timeout(15):
        async for state in bus.connections():
            if state is Connection.UP:
                return


async def cut(bus: PahoBus) -> None:
    """Break the connection without a DISCONNECT."""
    states = bus.connections()
    assert await anext(states) is Connection.UP
    assert bus._link is not None
    bus._link.abort()
    assert await anext(states) is Connection.DOWN


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, ended.set)
    try:
        async with asyncio.timeout(15):
            await ended.wait()
    finally:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)


def uids(pid: int | None) -> set[int]:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("Uid:"))
    return {int(uid) for uid in line.split()[1:]}


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.glob("*")}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    mosquitto_binary()
    async with AsyncExitStack() as stack:
        lab = Lab(tmp_path, stack)
        stack.push_async_callback(lab.broker.stop)
        await lab.broker.start()
        yield lab


MAY_WRITE = ["presence", "heartbeat", "node", "events", "sync", "pods/u1/status", "replies/c1", "streams/s1/up"]
MAY_READ = ["desired/pods/default/web", "synced", "calls/logs", "streams/s1/down"]


class TestAccess:
    async def test_what_a_node_may_write(self, lab: Lab) -> None:
        """An agent publishes its own state, and the server hears it."""
        server, node = await lab.connected(MQTT_SERVER), await lab.connected("n1")
        heard: asyncio.Queue[str] = asyncio.Queue()
        await server.subscribe(f"{ROOT}/nodes/#", lambda message: heard.put_nowait(message.topic))
        topics = [f"{ROOT}/nodes/n1/{leaf}" for leaf in MAY_WRITE]
        for topic in topics:
            await node.publish(topic, b"x")
        async with asyncio.timeout(10):
            assert [await heard.get() for _ in topics] == topics

    async def test_what_a_node_may_not_write(self, lab: Lab) -> None:
        """Another node's subtree, and what only the server says, are refused; the connection stays."""
        node = await lab.connected("n1")
        refused = [
            *(f"nodes/n2/{leaf}" for leaf in MAY_WRITE),
            *(f"nodes/n1/{leaf}" for leaf in MAY_READ),
            *("cluster/services/default/web", "nodes/n1/secret", "nodes/n1", "nodes/n1/pods/u1/status/more"),
            *("nodes/n12/presence", "nodes//presence"),
        ]
        for topic in refused:
            with pytest.raises(Forbidden, match="Not authorized"):
                await node.publish(f"{ROOT}/{topic}", b"x", retain=True)
        await node.publish(f"{ROOT}/nodes/n1/presence", b"x")

    async def test_topics_outside_of_the_root(self, lab: Lab) -> None:
        """Neither a node nor the server may use the broker for anything else."""
        for bus in (await lab.connected("n1"), await lab.connected(MQTT_SERVER)):
            for topic in ("other", "edgeorch/v2/nodes/n1/presence"):
                with pytest.raises(Forbidden):
                    await bus.publish(topic, b"x")

    async def test_what_a_node_may_read(self, lab: Lab) -> None:
        """An agent hears its own desired state and what is for the whole cluster, retained or live."""
        server, node = await lab.connected(MQTT_SERVER), await lab.connected("n1")
        wanted = {f"{ROOT}/nodes/n1/{leaf}" for leaf in MAY_READ} | {f"{ROOT}/cluster/services/default/web"}
        foreign = {f"{ROOT}/nodes/n2/{leaf}" for leaf in (*MAY_READ, *MAY_WRITE)} | {f"{ROOT}/nodes/n1/node"}
        for topic in sorted(wanted | foreign):
            await server.publish(topic, b"retained", retain=True)
        heard: asyncio.Queue[str] = asyncio.Queue()
        await node.subscribe("#", lambda message: heard.put_nowait(message.topic))
        for topic in sorted(foreign):
            await server.publish(topic, b"live")
        for topic in sorted(wanted):
            await server.publish(topic, b"live")
        async with asyncio.timeout(10):
            topics = [await heard.get() for _ in range(2 * len(wanted))]
        assert sorted(topics) == sorted([*wanted, *wanted])
        assert heard.empty()

    async def test_a_will_in_another_subtree(self, lab: Lab) -> None:
        """A node cannot make the broker say that another one is gone."""
        server = await lab.connected(MQTT_SERVER)
        heard: list[str] = []
        await server.subscribe(f"{ROOT}/nodes/#", lambda message: heard.append(message.topic))
        rogue = await lab.bus("n1", Will(f"{ROOT}/nodes/n2/presence", b"gone"))
        honest = await lab.bus("n3", Will(f"{ROOT}/nodes/n3/presence", b"gone"))
        await up(honest)
        if rogue.connected:
            await cut(rogue)
        fence: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        await server.subscribe(f"{ROOT}/fence", fence.set_result)
        await cut(honest)
        await up(honest)
        await server.publish(f"{ROOT}/fence", b"x")
        await fence
        assert heard == [f"{ROOT}/nodes/n3/presence"]

    async def test_another_nodes_client_id(self, lab: Lab) -> None:
        """A node cannot throw another one out by taking its client id: the id is the certificate's name."""
        victim = await lab.connected("n1")
        rogue = await lab.connected("n2", client_id="n1")
        await rogue.publish(f"{ROOT}/nodes/n2/presence", b"x")
        await victim.publish(f"{ROOT}/nodes/n1/presence", b"x")
        assert victim._link is not None
        assert not victim._link.closed.done()

    async def test_no_certificate(self, lab: Lab) -> None:
        """Whoever has no certificate of our CA gets no connection."""
        bus = PahoBus(MqttSettings("127.0.0.1", lab.config.port, "n1"), None, Backoff(first=0.05, limit=0.1))
        await bus.start()
        states = bus.connections()
        assert await anext(states) is Connection.DOWN
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await anext(states)
        await bus.stop()


class TestProcess:
    async def test_it_does_not_run_as_root(self, lab: Lab) -> None:
        """A network daemon gets an account of its own, which cannot read the server's files."""
        if os.geteuid() != 0:
            pytest.skip("only root can choose another account")
        assert uids(lab.broker.pid).isdisjoint({0})

    async def test_it_leaves_nothing_below_run(self, lab: Lab) -> None:
        """The copies of its files are readable by its account only, and gone when it has been stopped."""
        account = broker_account()
        if account is None:
            pytest.skip("only a root server copies files for another account")
        folder = file_folder(lab.config.folder, account)
        assert modes(folder) == {PID_FILE: 0o644} | dict.fromkeys(
            ("acl", "broker.crt", "broker.key", "ca.crt", "mosquitto.conf"), 0o600
        )
        await lab.broker.stop()
        assert not folder.exists()

    async def test_it_comes_back_when_killed(self, lab: Lab) -> None:
        """After kill -9 there is a new broker, with an empty memory, and the clients find it."""
        run = asyncio.create_task(lab.broker.run())
        bus = await lab.connected(MQTT_SERVER)
        await bus.publish(f"{ROOT}/nodes/n1/synced", b"x", retain=True)
        states = bus.connections()
        assert await anext(states) is Connection.UP
        for _ in range(3):
            old = lab.broker.pid
            assert old is not None
            os.kill(old, signal.SIGKILL)
            async with asyncio.timeout(15):
                assert await anext(states) is Connection.DOWN
                assert await anext(states) is Connection.UP
            assert lab.broker.pid != old
        heard: asyncio.Queue[Message] = asyncio.Queue()
        await bus.subscribe(f"{ROOT}/nodes/#", heard.put_nowait)
        await bus.publish(f"{ROOT}/nodes/n1/synced", b"fence")
        async with asyncio.timeout(10):
            assert (await heard.get()).payload == b"fence"
        run.cancel()

    async def test_a_taken_port(self, lab: Lab, tmp_path: Path) -> None:
        """A port that is in use gives one line that says which, and leaves no process."""
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
            other = Mosquitto(BrokerConfig(tmp_path / "second", port, lab.config.tls))
            with pytest.raises(UserError, match=f"port {port} on 127.0.0.1 is taken"):
                await other.start()
            assert other.pid is None

    async def test_not_installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without Mosquitto the message says what to install."""
        monkeypatch.setattr(module, "SEARCH_PATH", str(tmp_path))
        config = BrokerConfig(tmp_path, 1, TestCa(tmp_path).issue("broker"))
        with pytest.raises(UserError, match="apt install mosquitto"):
            await Mosquitto(config).start()

    async def test_unreadable_certificate(self, lab: Lab, tmp_path: Path) -> None:
        """A certificate that is not there is named."""
        tls = lab.config.tls
        missing = type(tls)(tls.ca, tmp_path / "nowhere.crt", tls.key)
        with pytest.raises(UserError, match="nowhere"):
            await Mosquitto(BrokerConfig(tmp_path / "x", free_port(), missing)).start()

    async def test_broken_certificate(self, lab: Lab, tmp_path: Path) -> None:
        """A certificate that is none gives Mosquitto's own complaint."""
        (tmp_path / "bad.crt").write_text("nonsense")
        tls = lab.config.tls
        broken = type(tls)(tls.ca, tmp_path / "bad.crt", tls.key)
        with pytest.raises(UserError, match=r"mosquitto did not start: .*certificate"):
            await Mosquitto(BrokerConfig(tmp_path / "x", free_port(), broken)).start()

    async def test_a_left_over_process(self, lab: Lab) -> None:
        """A broker that an earlier server left behind is ended, and the port is ours again."""
        old = lab.broker.pid
        assert old is not None
        second = Mosquitto(lab.config)
        await second.start()
        await gone(old)
        assert second.pid not in (None, old)
        await second.stop()

    async def test_a_pid_file_that_names_somebody_else(self, lab: Lab, tmp_path: Path) -> None:
        """A process that is not our broker is left alone, whatever the pid file says."""
        sleeper = await asyncio.create_subprocess_exec("sleep", "60")
        folder = tmp_path / "fresh"
        folder.mkdir()
        place = file_folder(folder, broker_account())
        place.mkdir(parents=True, exist_ok=True)
        (place / PID_FILE).write_text(str(sleeper.pid))
        other = Mosquitto(BrokerConfig(folder, free_port(), lab.config.tls))
        await other.start()
        assert sleeper.returncode is None
        os.kill(sleeper.pid, 0)
        await other.stop()
        sleeper.kill()
        await sleeper.wait()

    async def test_it_dies_with_the_server(self, tmp_path: Path) -> None:
        """When the server is killed with -9, the broker does not outlive it."""
        mosquitto_binary()
        tls = TestCa(tmp_path).issue("broker")
        script = f"""
            import asyncio, pathlib
            from edgeorch.mqtt.settings import TlsFiles
            from edgeorch_server.broker.config import BrokerConfig
            from edgeorch_server.broker.mosquitto import Mosquitto

            async def main():
                tls = TlsFiles(*map(pathlib.Path, {[str(tls.ca), str(tls.certificate), str(tls.key)]!r}))
                broker = Mosquitto(BrokerConfig(pathlib.Path({str(tmp_path / "b")!r}), {free_port()}, tls))
                await broker.start()
                print(broker.pid, flush=True)
                await broker.run()

            asyncio.run(main())
        """
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-c", textwrap.dedent(script), stdout=asyncio.subprocess.PIPE
        )
        assert server.stdout is not None
        async with asyncio.timeout(20):
            pid = int(await server.stdout.readline())
        server.kill()
        await server.wait()
        await gone(pid)


async def serial(lab: Lab) -> str:
    """Ask the broker who it is."""
    tls = lab.ca.issue("anybody").context()
    _, writer = await asyncio.open_connection("127.0.0.1", lab.config.port, ssl=tls)
    shown = writer.get_extra_info("peercert")["serialNumber"]
    writer.transport.abort()
    return str(shown)


async def test_a_new_certificate_ends_no_connection(lab: Lab) -> None:
    """mosquitto(8), SIGHUP: who connects from now on sees the new one, everybody else notices nothing."""
    node = await lab.connected("n1")
    given = lab.config.tls
    before = await serial(lab)
    fresh = lab.ca.issue("again")
    given.certificate.write_bytes(fresh.certificate.read_bytes())
    given.key.write_bytes(fresh.key.read_bytes())
    lab.broker.reload()
    async with asyncio.timeout(15):
        while await serial(lab) == before:
            pass  # each time anew, until the signal has arrived
    assert node.connected
    await node.publish(f"{ROOT}/nodes/n1/presence", b"x")
