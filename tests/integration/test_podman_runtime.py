"""What a manifest asks of a real Podman: processes, files, limits and networks as Kubernetes means them."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import urllib.request
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from edgeorch_agent.runtime.base import (
    LABEL_HASH,
    LABEL_NODE,
    LABEL_RESTARTS,
    LABEL_UID,
    ContainerInfo,
    ContainerSpec,
    ContainerState,
    Limits,
    Mount,
    PortMapping,
    RuntimeFault,
    RuntimeUnavailable,
    SandboxInfo,
    SandboxSpec,
)
from edgeorch_agent.runtime.podman import PodmanRuntime
from edgeorch_agent.runtime.podman_api import PodmanApi
from edgeorch_agent.runtime.podman_bodies import Permits
from tests.lab.podman import BUSYBOX, NGINX_PUBLIC, PAGE, PodmanHost
from tests.lab.proc import frozen

pytestmark = pytest.mark.podman

NODE = "pi-1"
SOON = 60.0


@pytest.fixture
async def runtime(podman_host: PodmanHost) -> AsyncIterator[PodmanRuntime]:
    """Give an agent's runtime; whatever it made is removed afterwards."""
    runtime = PodmanRuntime(podman_host.socket, node=NODE)
    try:
        yield runtime
    finally:
        await runtime.aclose()
        await asyncio.to_thread(podman_host.remove_all)


async def sandbox(runtime: PodmanRuntime, **changes: object) -> SandboxInfo:
    options: dict[str, object] = {"namespace": "default", "name": "web", "hostname": "web-0", "labels": {}}
    spec = SandboxSpec(uid=str(uuid.uuid4()), **{**options, **changes})  # type: ignore[arg-type]
    return await runtime.create_sandbox(spec)


async def container(runtime: PodmanRuntime, uid: str, name: str = "main", **changes: object) -> ContainerInfo:
    options: dict[str, object] = {"image": BUSYBOX, "labels": {LABEL_RESTARTS: "0", LABEL_HASH: "h"}}
    return await runtime.create_container(uid, ContainerSpec(name=name, **{**options, **changes}))  # type: ignore[arg-type]


async def output(runtime: PodmanRuntime, uid: str, *command: str, **changes: object) -> str:
    """Run a program to its end and give what it wrote."""
    name = f"c{uuid.uuid4().hex[:8]}"
    made = await container(runtime, uid, name, **{"entrypoint": command, **changes})
    await runtime.start_container(made.id)
    async with asyncio.timeout(SOON):
        return b"".join([chunk async for chunk in runtime.logs(made.id, follow=True)]).decode()


async def look(runtime: PodmanRuntime, uid: str, container_id: str) -> ContainerInfo:
    found = await runtime.get(uid)
    assert found is not None
    return next(c for c in found.containers if c.id == container_id)


class TestProcess:
    @pytest.mark.parametrize(
        ("entrypoint", "args", "said"),
        [
            pytest.param(None, None, "image-entrypoint image-cmd", id="neither: both of the image"),
            pytest.param(("echo", "mine"), None, "mine", id="command alone: nothing of the image"),
            pytest.param(None, ("args",), "image-entrypoint args", id="args alone: the image's entrypoint"),
            pytest.param(("echo", "mine"), ("args",), "mine args", id="both: nothing of the image"),
        ],
    )
    async def test_command_and_args(
        self,
        podman_host: PodmanHost,
        runtime: PodmanRuntime,
        entrypoint: tuple[str, ...] | None,
        args: tuple[str, ...] | None,
        said: str,
    ) -> None:
        """The table of Kubernetes' "Define a Command and Arguments for a Container"."""
        change = 'ENTRYPOINT ["echo", "image-entrypoint"]'
        podman_host.build_image("localhost/talker:1", cmd=["image-cmd"], changes=[change])
        pod = await sandbox(runtime)
        text = await output(runtime, pod.uid, image="localhost/talker:1", entrypoint=entrypoint, args=args)
        assert text == f"{said}\n"

    async def test_environment_user_and_folder(self, runtime: PodmanRuntime) -> None:
        """Variables arrive as they are, also awkward ones; a missing working folder is made."""
        pod = await sandbox(runtime)
        script = 'echo "$A"; pwd; id -u; id -g; id -G; echo "proxy:$http_proxy"'
        text = await output(
            runtime, pod.uid, "sh", "-c", script, env={"A": 'x = "y" $Z'}, working_dir="/new/dir",
            user="1000:2000", groups=(3000,),
        )  # fmt: skip
        assert text.splitlines() == ['x = "y" $Z', "/new/dir", "1000", "2000", "2000 3000", "proxy:"]

    async def test_privileges(self, runtime: PodmanRuntime) -> None:
        """Capabilities are added and dropped by Kubernetes' names; privileged has them all."""
        pod = await sandbox(runtime)
        show = ("cat", "/proc/self/status")

        def effective(text: str) -> int:
            return int(next(line for line in text.splitlines() if line.startswith("CapEff")).split()[1], 16)

        net_admin = 1 << 12
        usual = await output(runtime, pod.uid, *show, no_new_privileges=True)
        assert not effective(usual) & net_admin
        assert "NoNewPrivs:\t1" in usual
        assert effective(await output(runtime, pod.uid, *show, cap_add=("NET_ADMIN",))) & net_admin
        assert effective(await output(runtime, pod.uid, *show, cap_drop=("ALL",))) == 0
        assert effective(await output(runtime, pod.uid, *show, privileged=True)) & net_admin

    async def test_shared_process_ids(self, runtime: PodmanRuntime) -> None:
        """``shareProcessNamespace`` shows the pause process as 1, ``hostPID`` the machine's processes."""
        own = await sandbox(runtime)
        shared = await sandbox(runtime, share_pid=True)
        host = await sandbox(runtime, host_pid=True)
        command = ("sh", "-c", "cat /proc/1/comm")
        assert await output(runtime, own.uid, *command) == "cat\n"
        assert await output(runtime, shared.uid, *command) == "catatonit\n"
        assert await output(runtime, host.uid, *command) == await text_of(Path("/proc/1/comm"))

    async def test_a_device_is_handed_through(self, runtime: PodmanRuntime) -> None:
        """What a board has a container can use: GPIO, serial ports, cameras."""
        pod = await sandbox(runtime)
        text = await output(runtime, pod.uid, "sh", "-c", "ls /dev/kmsg", devices=("/dev/kmsg",))
        assert text == "/dev/kmsg\n"


class TestFiles:
    async def test_mounts(self, runtime: PodmanRuntime, tmp_path: Path) -> None:
        """Volumes may be written, read-only ones not, and memory volumes begin empty with a size."""
        (tmp_path / "ro").mkdir()
        (tmp_path / "rw").mkdir()
        (tmp_path / "ro" / "file").write_text("hello")
        mounts = (
            Mount("/ro", str(tmp_path / "ro"), read_only=True),
            Mount("/rw", str(tmp_path / "rw")),
            Mount("/bin/memory", tmpfs_size=1 << 20),
        )
        pod = await sandbox(runtime)
        script = (
            "cat /ro/file; echo; echo x > /ro/new || echo refused; echo written > /rw/new; "
            "ls /bin/memory; head -c 2000000 /dev/zero > /bin/memory/big || echo full; stat -c %a /bin/memory"
        )
        text = await output(runtime, pod.uid, "sh", "-c", script, mounts=mounts)
        lines = [line for line in text.splitlines() if "can't create" not in line and "head:" not in line]
        assert lines == ["hello", "refused", "full", "777"]
        assert (tmp_path / "rw" / "new").read_text() == "written\n"
        assert not (tmp_path / "ro" / "new").exists()

    async def test_a_read_only_root(self, runtime: PodmanRuntime) -> None:
        """``readOnlyRootFilesystem`` is what it says."""
        pod = await sandbox(runtime)
        text = await output(runtime, pod.uid, "sh", "-c", "echo x > /x || echo refused", read_only_root=True)
        assert "refused\n" in text

    async def test_a_missing_source_is_an_error(self, runtime: PodmanRuntime, tmp_path: Path) -> None:
        """The message names the path."""
        pod = await sandbox(runtime)
        with pytest.raises(RuntimeFault, match=str(tmp_path / "none")):
            await output(runtime, pod.uid, "true", mounts=(Mount("/x", str(tmp_path / "none")),))

    async def test_a_log_stays_within_its_size(self, podman_host: PodmanHost) -> None:
        """A chatty container cannot fill the card, and its last lines are there."""
        runtime = PodmanRuntime(podman_host.socket, node=NODE, log_size=100_000)
        try:
            pod = await sandbox(runtime)
            script = "i=0; while [ $i -lt 5000 ]; do echo line-$i-0123456789012345678901234567890123; i=$((i+1)); done"
            made = await container(runtime, pod.uid, entrypoint=("sh", "-c", script))
            await runtime.start_container(made.id)
            followed = b"".join([chunk async for chunk in runtime.logs(made.id, follow=True)])
            assert followed.endswith(b"line-4999-0123456789012345678901234567890123\n")
            kept = b"".join([chunk async for chunk in runtime.logs(made.id)])
            assert kept.endswith(b"line-4999-0123456789012345678901234567890123\n")
            path = podman_host.podman("inspect", "--format={{.HostConfig.LogConfig.Path}}", made.id)
            assert 0 < len(await text_of(Path(path))) <= 101_000
        finally:
            await runtime.aclose()
            podman_host.remove_all()


class TestLimits:
    async def test_limits_reach_the_cgroup(self, podman_host: PodmanHost, runtime: PodmanRuntime) -> None:
        """Requests and limits are cgroup settings; swap is off, as in Kubernetes."""
        pod = await sandbox(runtime)
        limits = Limits(cpu_shares=102, cpu_quota=50_000, memory=64 << 20, pids=50, oom_score_adj=985)
        made = await container(runtime, pod.uid, entrypoint=("sleep", "100"), limits=limits)
        await runtime.start_container(made.id)
        config = json.loads(podman_host.podman("inspect", made.id))[0]["HostConfig"]
        assert (config["CpuShares"], config["CpuQuota"], config["CpuPeriod"]) == (102, 50_000, 100_000)
        assert (config["Memory"], config["MemorySwap"], config["PidsLimit"]) == (64 << 20, 64 << 20, 50)
        running = await look(runtime, pod.uid, made.id)
        assert await text_of(Path(f"/proc/{running.pid}/oom_score_adj")) == "985\n"

    async def test_without_memory_controller_a_container_starts_without_its_limit(
        self, podman_host: PodmanHost, runtime: PodmanRuntime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Raspberry Pi OS ships with that controller off: better no limit than no container."""
        monkeypatch.setattr(runtime, "_permits", Permits(frozenset({"cpu", "pids"}), lowest_oom_score=0))
        pod = await sandbox(runtime)
        made = await container(
            runtime, pod.uid, entrypoint=("sleep", "100"), limits=Limits(memory=8 << 20, pids=50)
        )
        await runtime.start_container(made.id)
        assert (await look(runtime, pod.uid, made.id)).state is ContainerState.RUNNING
        config = json.loads(podman_host.podman("inspect", made.id))[0]["HostConfig"]
        assert (config["Memory"], config["PidsLimit"]) == (0, 50)


class TestNetwork:
    async def test_a_published_port_and_the_pod_address_are_reachable(self, runtime: PodmanRuntime) -> None:
        """A hostPort leads to the container, and so does the pod's own address."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        pod = await sandbox(runtime, ports=(PortMapping(container_port=80, host_port=port),))
        made = await container(runtime, pod.uid, image=NGINX_PUBLIC)
        await runtime.start_container(made.id)
        assert await fetch(f"http://{pod.ips[0]}/") == PAGE
        assert await fetch(f"http://127.0.0.1:{port}/") == PAGE

    async def test_a_taken_port_is_an_error_and_can_be_tried_again(self, runtime: PodmanRuntime) -> None:
        """The message is Podman's; once the port is free the same sandbox comes up."""
        with socket.socket() as taken:
            taken.bind(("0.0.0.0", 0))
            taken.listen()
            ports = (PortMapping(container_port=80, host_port=taken.getsockname()[1]),)
            spec = SandboxSpec("u-1", "default", "web", "web", {}, ports=ports)
            with pytest.raises(RuntimeFault, match="address already in use"):
                await runtime.create_sandbox(spec)
            found = await runtime.get("u-1")
            assert found is not None
            assert not found.ready
        assert (await runtime.create_sandbox(spec)).ready

    async def test_names(self, runtime: PodmanRuntime) -> None:
        """Host name, resolver and host aliases are the pod's; all its containers share them."""
        pod = await sandbox(
            runtime,
            dns_servers=("10.43.0.10",),
            dns_search=("default.svc.cluster.local",),
            dns_options=("ndots:5",),
            host_aliases=(("foo.local", "10.1.2.3"),),
            sysctls={"net.core.somaxconn": "999"},
        )
        script = "hostname; cat /etc/resolv.conf /etc/hosts /proc/sys/net/core/somaxconn"
        lines = (await output(runtime, pod.uid, "sh", "-c", script)).splitlines()
        assert lines[0] == "web-0"
        assert {"nameserver 10.43.0.10", "search default.svc.cluster.local", "options ndots:5"} <= set(lines)
        assert "10.1.2.3\tfoo.local" in lines
        assert lines[-1] == "999"

    async def test_the_host_network(self, runtime: PodmanRuntime) -> None:
        """``hostNetwork`` shares the node's network and name, and has no address of its own."""
        pod = await sandbox(runtime, host_network=True, ports=(PortMapping(80, 80),))
        assert pod.ready
        assert pod.ips == ()
        text = await output(runtime, pod.uid, "sh", "-c", "cat /proc/net/dev; hostname")
        assert all(f"{name}:" in text for _, name in socket.if_nameindex())
        assert text.endswith(f"{socket.gethostname()}\n")

    async def test_containers_of_a_pod_share_the_network(self, runtime: PodmanRuntime) -> None:
        """They reach each other on localhost."""
        pod = await sandbox(runtime)
        server = await container(runtime, pod.uid, "server", image=NGINX_PUBLIC)
        await runtime.start_container(server.id)
        script = "while ! wget -q -O - http://127.0.0.1/; do sleep 0.1; done"
        assert (await output(runtime, pod.uid, "sh", "-c", script)).endswith(PAGE)


class TestBadDays:
    async def test_a_half_made_sandbox_is_completed(
        self, podman_host: PodmanHost, runtime: PodmanRuntime
    ) -> None:
        """Whatever a crash left between create and start, the next create finishes it."""
        for infra in ("--infra=true", "--infra=false"):
            spec = SandboxSpec(str(uuid.uuid4()), "default", "web", "web", {})
            labels = (f"--label={LABEL_UID}={spec.uid}", f"--label={LABEL_NODE}={NODE}")
            podman_host.podman("pod", "create", infra, *labels, f"--name=half-{spec.uid}")
            assert (await runtime.create_sandbox(spec)).ready
            assert len([s for s in await runtime.list() if s.uid == spec.uid]) == 1

    async def test_a_dead_infra_container_makes_the_sandbox_unready(
        self, podman_host: PodmanHost, runtime: PodmanRuntime
    ) -> None:
        """The pod lost its network: the agent must see it, and is told."""
        pod = await sandbox(runtime)
        infra = podman_host.podman("pod", "inspect", "--format={{.InfraContainerID}}", pod.id)
        async with asyncio.timeout(SOON):
            events = runtime.events()
            dying = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)
            await runtime.list()
            podman_host.podman("kill", infra)
            assert (await dying).uid == pod.uid
        found = await runtime.get(pod.uid)
        assert found is not None
        assert (found.ready, found.ips) == (False, ())

    async def test_after_a_reboot_everything_is_there_and_nothing_runs(
        self, podman_host: PodmanHost, runtime: PodmanRuntime
    ) -> None:
        """What ran has ended with 255 (nobody saw how); what had ended keeps its code; pods start again."""
        spec = SandboxSpec("u-reboot", "default", "web", "web", {})
        await runtime.create_sandbox(spec)
        ran = await container(runtime, spec.uid, "ran", entrypoint=("sleep", "1000"))
        await runtime.start_container(ran.id)
        done = await container(runtime, spec.uid, "done", entrypoint=("sh", "-c", "exit 3"))
        await runtime.start_container(done.id)
        async with asyncio.timeout(SOON):
            while (await look(runtime, spec.uid, done.id)).exit_code != 3:  # noqa: ASYNC110 - the state of the world
                await asyncio.sleep(0.05)
        await asyncio.to_thread(podman_host.reboot)
        found = await runtime.get(spec.uid)
        assert found is not None
        assert not found.ready
        states = {c.name: (c.state, c.exit_code) for c in found.containers}
        assert states == {"ran": (ContainerState.EXITED, 255), "done": (ContainerState.EXITED, 3)}
        assert (await runtime.create_sandbox(spec)).ready
        again = await container(
            runtime, spec.uid, "ran", entrypoint=("sleep", "1000"), labels={LABEL_RESTARTS: "1"}
        )
        await runtime.start_container(again.id)
        assert (await look(runtime, spec.uid, again.id)).state is ContainerState.RUNNING
        await runtime.remove_sandbox(spec.uid)
        assert await runtime.list() == ()

    async def test_podman_describes_itself_seldom(
        self, podman_host: PodmanHost, runtime: PodmanRuntime, mocker: MockerFixture
    ) -> None:
        """The long answer is asked for once; later only a sign of life, which a frozen service does not give."""
        get = mocker.spy(PodmanApi, "get")
        first = await runtime.info()
        assert [await runtime.info() for _ in range(3)] == [first] * 3
        assert [call.args[1] for call in get.call_args_list] == ["/info"]
        with frozen(podman_host.home.listener()), pytest.raises(TimeoutError):
            await asyncio.wait_for(runtime.info(), 0.5)
        assert await runtime.info() == first

    async def test_a_hanging_service_is_unavailable(self, podman_host: PodmanHost) -> None:
        """A frozen service costs a time-out, not the agent; a stream can still be left."""
        api = PodmanApi(podman_host.socket, patience=0.5)
        with frozen(podman_host.home.listener()):
            begin = time.monotonic()
            with pytest.raises(RuntimeUnavailable, match="timed out"):
                await api.get("/info")
            assert time.monotonic() - begin < SOON
            stream = api.stream("GET", "/events", stream=True)
            reading = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0.2)
            reading.cancel()
            await asyncio.wait({reading}, timeout=SOON)
            assert reading.cancelled()
        await api.aclose()


async def test_closing_does_not_wait_for_a_hanging_service(podman_host: PodmanHost) -> None:
    """The agent ends in time whatever Podman does; who still waits is told."""
    runtime = PodmanRuntime(podman_host.socket, node=NODE)
    with frozen(podman_host.home.listener()):
        waiting = [asyncio.ensure_future(runtime.info()) for _ in range(10)]
        await asyncio.sleep(0.2)
        await runtime.aclose()
        async with asyncio.timeout(SOON):
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {RuntimeUnavailable}


async def text_of(path: Path) -> str:
    """Read a file."""
    return await asyncio.to_thread(path.read_text)


async def fetch(url: str) -> str:
    """GET a page, waiting until its server listens."""

    def get() -> str:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())

    async with asyncio.timeout(SOON):
        while True:
            try:
                return await asyncio.to_thread(get)
            except OSError:
                await asyncio.sleep(0.05)
