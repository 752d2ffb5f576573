"""What every Runtime owes its callers: one suite for the fake and for a real Podman.

Containers do what a :class:`~edgeorch_agent.runtime.fake.Script` says: the fake plays it, Podman runs the shell
program it stands for. That is what keeps the fake honest.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from edgeorch_agent.runtime.base import (
    LABEL_CONTAINER,
    LABEL_HASH,
    LABEL_NAME,
    LABEL_NAMESPACE,
    LABEL_NODE,
    LABEL_RESTARTS,
    LABEL_UID,
    ContainerInfo,
    ContainerSpec,
    ContainerState,
    EventKind,
    ImageFault,
    InvalidImageName,
    Limits,
    NoSuchObject,
    RegistryUnavailable,
    Runtime,
    RuntimeEvent,
    RuntimeFault,
    RuntimeUnavailable,
    SandboxInfo,
    SandboxSpec,
    Usage,
)
from edgeorch_agent.runtime.fake import FakeHost, FakeRuntime, Pull, Script
from edgeorch_agent.runtime.podman import PodmanRuntime
from edgeorch_agent.runtime.rfc3339 import epoch
from tests.lab.podman import BUSYBOX, PodmanHost

NODE = "node-1"
UNREACHABLE = "127.0.0.1:1/nothing:1"
SOON = 60.0
"""Seconds after which a test gives up waiting for what must happen."""


class Machine(Protocol):
    """A machine with a runtime: what a test may do to it from outside."""

    def agent(self, node: str = NODE) -> Runtime:
        """Start an agent's runtime; a second one is the agent after its restart."""
        ...

    def program(self, spec: ContainerSpec, script: Script) -> ContainerSpec:
        """Make a container do what a script says."""
        ...

    async def crash(self) -> None:
        """Kill the runtime's service."""
        ...

    async def recover(self) -> None:
        """Start it again."""
        ...

    async def kill(self, container: ContainerInfo) -> None:
        """Kill a container's process behind the runtime's back."""
        ...

    async def foreign(self) -> Callable[[], bool]:
        """Run a container that is not ours; the answer tells whether it still runs."""
        ...


class FakeMachine:
    """The scripted one."""

    def __init__(self) -> None:
        self.host = FakeHost(images=(BUSYBOX,))
        self.host.script_pull(UNREACHABLE, Pull(error=RegistryUnavailable("dial tcp: connection refused")))

    def agent(self, node: str = NODE) -> Runtime:
        return FakeRuntime(self.host, node=node)

    def program(self, spec: ContainerSpec, script: Script) -> ContainerSpec:
        self.host.script(spec.name, script)
        return spec

    async def crash(self) -> None:
        self.host.crash()

    async def recover(self) -> None:
        self.host.recover()

    async def kill(self, container: ContainerInfo) -> None:
        self.host.kill(container.id)

    async def foreign(self) -> Callable[[], bool]:
        runtime = FakeRuntime(self.host, node="")
        sandbox = await runtime.create_sandbox(sandbox_spec())
        container = await runtime.create_container(sandbox.uid, container_spec("foreign"))
        await runtime.start_container(container.id)
        return lambda: self.host.find(container.id).info.state is ContainerState.RUNNING  # type: ignore[union-attr]


class PodmanMachine:
    """The real one."""

    def __init__(self, host: PodmanHost) -> None:
        self.host = host
        self.runtimes: list[PodmanRuntime] = []

    def agent(self, node: str = NODE) -> Runtime:
        self.runtimes.append(PodmanRuntime(self.host.socket, node=node))
        return self.runtimes[-1]

    def program(self, spec: ContainerSpec, script: Script) -> ContainerSpec:
        if script.start_error:
            return replace(spec, entrypoint=("/does-not-exist",))
        limits = Limits(memory=20 << 20) if script.oom else spec.limits
        return replace(spec, entrypoint=("sh", "-c"), args=(shell(script),), limits=limits)

    async def crash(self) -> None:
        await asyncio.to_thread(self.host.kill_service)

    async def recover(self) -> None:
        await asyncio.to_thread(self.host.start_service)

    async def kill(self, container: ContainerInfo) -> None:
        os.kill(container.pid, 9)

    async def foreign(self) -> Callable[[], bool]:
        name = f"foreign-{uuid.uuid4().hex[:8]}"
        words = ("run", "--detach", "--network=none", f"--name={name}", BUSYBOX, "sleep", "1000")
        await asyncio.to_thread(self.host.podman, *words)
        return lambda: self.host.podman("inspect", "--format={{.State.Running}}", name) == "true"

    async def aclose(self) -> None:
        for runtime in self.runtimes:
            await runtime.aclose()
        if not self.host.home.listener():
            await self.recover()
        await asyncio.to_thread(self.host.remove_all)


def shell(script: Script) -> str:
    """Write a script as a shell program. ``wait`` is what a trap can interrupt."""
    lines = []
    if script.stop_after is None:
        lines.append("trap '' TERM")
    else:
        lines.append(f"trap 'sleep {script.stop_after}; exit {script.stop_exit_code}' TERM")
    pause = f"; sleep {script.output_every}; " if script.output_every else "; "
    writer = pause.join(f"echo {shlex.quote(line)}" for line in script.output) or ":"
    lines.append(f"{{ {writer}; }} &" if script.output_every else writer)
    if script.run_for:
        lines.append(f"sleep {script.run_for} & wait $!")
    if script.cpu >= 1:
        lines.append("while :; do :; done &")
    if script.oom:
        lines.append("exec tail /dev/zero")
    elif script.run_for is None:
        lines.append("while :; do sleep 1000 & wait $!; done")
    else:
        lines.append(f"exit {script.exit_code}")
    return "\n".join(lines)


@pytest.fixture(params=["fake", pytest.param("podman", marks=pytest.mark.podman)])
async def machine(request: pytest.FixtureRequest) -> AsyncIterator[Machine]:
    """Each machine in turn."""
    if request.param == "fake":
        yield FakeMachine()
        return
    machine = PodmanMachine(request.getfixturevalue("podman_host"))
    try:
        yield machine
    finally:
        await machine.aclose()


@pytest.fixture
def runtime(machine: Machine) -> Runtime:
    """Give the runtime of the machine's agent."""
    return machine.agent()


def sandbox_spec(**changes: object) -> SandboxSpec:
    spec = SandboxSpec(
        uid=str(uuid.uuid4()), namespace="default", name="web", hostname="web", labels={"a": "b"}
    )
    return replace(spec, **changes)  # type: ignore[arg-type]


def container_spec(name: str = "main", *, attempt: int = 0, spec_hash: str = "h1") -> ContainerSpec:
    labels = {LABEL_RESTARTS: str(attempt), LABEL_HASH: spec_hash}
    return ContainerSpec(name=name, image=BUSYBOX, labels=labels, entrypoint=("sleep",), args=("1000",))


async def started(
    machine: Machine, runtime: Runtime, uid: str, script: Script, name: str = "main", attempt: int = 0
) -> ContainerInfo:
    spec = machine.program(container_spec(name, attempt=attempt), script)
    container = await runtime.create_container(uid, spec)
    await runtime.start_container(container.id)
    return await look(runtime, uid, container.id)


async def look(runtime: Runtime, uid: str, container_id: str) -> ContainerInfo:
    sandbox = await runtime.get(uid)
    assert sandbox is not None
    return next(c for c in sandbox.containers if c.id == container_id)


async def exited(runtime: Runtime, uid: str, container_id: str) -> ContainerInfo:
    async with asyncio.timeout(SOON):
        while (info := await look(runtime, uid, container_id)).state is not ContainerState.EXITED:  # noqa: ASYNC110 - listings are what is tested
            await asyncio.sleep(0.02)
    return info


async def read(runtime: Runtime, container_id: str, **options: object) -> bytes:
    async with asyncio.timeout(SOON):
        chunks = [chunk async for chunk in runtime.logs(container_id, **options)]  # type: ignore[arg-type]
    return b"".join(chunks)


async def read_lines(runtime: Runtime, container_id: str, lines: int, **options: object) -> bytes:
    """Follow a log until so many lines have come."""
    text = b""
    async with asyncio.timeout(SOON), aclosing(runtime.logs(container_id, follow=True, **options)) as chunks:  # type: ignore[arg-type, type-var]
        async for chunk in chunks:
            text += chunk
            if text.count(b"\n") >= lines:
                break
    return text


async def made(runtime: Runtime, **changes: object) -> SandboxInfo:
    return await runtime.create_sandbox(sandbox_spec(**changes))


class TestSandboxes:
    async def test_a_sandbox_is_ready_with_an_address_and_its_labels(self, runtime: Runtime) -> None:
        """Creating returns when network and address are there; the labels say whose it is."""
        spec = sandbox_spec()
        sandbox = await runtime.create_sandbox(spec)
        assert sandbox.ready
        assert len(sandbox.ips) == 1
        assert (sandbox.uid, sandbox.namespace, sandbox.name) == (spec.uid, "default", "web")
        assert dict(sandbox.labels) == {
            "a": "b",
            LABEL_UID: spec.uid,
            LABEL_NAMESPACE: "default",
            LABEL_NAME: "web",
            LABEL_NODE: NODE,
        }
        assert await runtime.list() == (sandbox,)
        assert await runtime.get(spec.uid) == sandbox

    async def test_creating_again_gives_the_same_sandbox(self, runtime: Runtime) -> None:
        """A repeated or overlapping create never makes a second sandbox for a pod."""
        spec = sandbox_spec()
        several = await asyncio.gather(*(runtime.create_sandbox(spec) for _ in range(3)))
        assert len({s.id for s in several}) == 1
        assert (await runtime.create_sandbox(spec)).id == several[0].id
        assert len(await runtime.list()) == 1

    async def test_equal_names_of_different_pods_do_not_clash(self, runtime: Runtime) -> None:
        """A pod that was deleted and made again has its name but another uid; both may be there for a while."""
        first, second = await made(runtime), await made(runtime)
        assert {s.id for s in await runtime.list()} == {first.id, second.id}
        assert first.ips != second.ips

    async def test_a_stopped_sandbox_keeps_its_containers(self, machine: Machine, runtime: Runtime) -> None:
        """Without addresses, but with the logs of what ran in it; it may be stopped again, and started again."""
        sandbox = await made(runtime)
        container = await started(machine, runtime, sandbox.uid, Script(run_for=0.1, output=("done",)))
        await exited(runtime, sandbox.uid, container.id)
        for _ in range(2):
            await runtime.stop_sandbox(sandbox.uid)
            stopped = await runtime.get(sandbox.uid)
            assert stopped is not None
            assert (stopped.id, stopped.ready, stopped.ips) == (sandbox.id, False, ())
            assert [c.id for c in stopped.containers] == [container.id]
        assert await read(runtime, container.id) == b"done\n"
        again = await made(runtime, uid=sandbox.uid)
        assert again.ready
        assert [c.id for c in again.containers] == [container.id]
        await runtime.stop_sandbox("no-such-pod")

    async def test_removing_takes_the_containers_along_and_may_be_repeated(
        self, machine: Machine, runtime: Runtime
    ) -> None:
        """Also containers that ignore SIGTERM; and what is gone needs no removal."""
        sandbox = await made(runtime)
        await started(machine, runtime, sandbox.uid, Script(stop_after=None))
        await runtime.create_container(sandbox.uid, container_spec("second"))
        await runtime.remove_sandbox(sandbox.uid)
        assert await runtime.list() == ()
        assert await runtime.get(sandbox.uid) is None
        await runtime.remove_sandbox(sandbox.uid)


class TestContainers:
    @pytest.mark.parametrize("code", [0, 3])
    async def test_life_of_a_container(self, machine: Machine, runtime: Runtime, code: int) -> None:
        """Created, running, exited, with times in that order, its exit code and its labels."""
        sandbox = await made(runtime)
        spec = machine.program(container_spec(), Script(run_for=0.5, exit_code=code))
        created = await runtime.create_container(sandbox.uid, spec)
        assert created.state is ContainerState.CREATED
        assert (created.started_at, created.finished_at, created.pid) == (0, 0, 0)
        assert created.name == "main"
        assert created.labels[LABEL_UID] == sandbox.uid
        assert created.labels[LABEL_CONTAINER] == "main"
        assert created.labels[LABEL_NODE] == NODE
        assert created.labels[LABEL_HASH] == "h1"
        assert created.image == BUSYBOX
        await runtime.start_container(created.id)
        running = await look(runtime, sandbox.uid, created.id)
        assert running.state is ContainerState.RUNNING
        assert running.pid > 0
        assert running.finished_at == 0
        done = await exited(runtime, sandbox.uid, created.id)
        assert (done.exit_code, done.oom_killed, done.error, done.pid) == (code, False, "", 0)
        assert created.created_at <= running.started_at == done.started_at <= done.finished_at

    async def test_without_sandbox_there_is_no_container(self, runtime: Runtime) -> None:
        """A container needs its pod's sandbox."""
        with pytest.raises(NoSuchObject):
            await runtime.create_container("no-such-pod", container_spec())

    async def test_without_image_there_is_no_container(self, runtime: Runtime) -> None:
        """Creating never pulls."""
        sandbox = await made(runtime)
        with pytest.raises(NoSuchObject, match="image not known"):
            await runtime.create_container(sandbox.uid, replace(container_spec(), image="localhost/nothing:1"))

    async def test_creating_an_attempt_again_gives_the_same_container(self, runtime: Runtime) -> None:
        """An agent that died after the create finds its container; one made of an older spec is replaced."""
        sandbox = await made(runtime)
        first = await runtime.create_container(sandbox.uid, container_spec())
        again = await runtime.create_container(sandbox.uid, container_spec())
        assert again.id == first.id
        changed = await runtime.create_container(sandbox.uid, container_spec(spec_hash="h2"))
        assert changed.id != first.id
        found = await runtime.get(sandbox.uid)
        assert found is not None
        assert [c.id for c in found.containers] == [changed.id]

    async def test_an_attempt_that_ran_is_not_made_again(self, machine: Machine, runtime: Runtime) -> None:
        """What ran is history: the next attempt has its own number, and the newest is last."""
        sandbox = await made(runtime)
        first = await started(machine, runtime, sandbox.uid, Script(run_for=0))
        await exited(runtime, sandbox.uid, first.id)
        with pytest.raises(RuntimeFault):
            await runtime.create_container(sandbox.uid, container_spec())
        second = await started(machine, runtime, sandbox.uid, Script(), attempt=1)
        found = await runtime.get(sandbox.uid)
        assert found is not None
        assert [c.id for c in found.containers] == [first.id, second.id]

    async def test_starting_again_does_nothing(self, machine: Machine, runtime: Runtime) -> None:
        """A repeated start neither fails on a running container nor runs an exited one twice."""
        sandbox = await made(runtime)
        spec = machine.program(container_spec(), Script(run_for=0.5, output=("once",)))
        container = await runtime.create_container(sandbox.uid, spec)
        await asyncio.gather(*(runtime.start_container(container.id) for _ in range(3)))
        done = await exited(runtime, sandbox.uid, container.id)
        await runtime.start_container(container.id)
        assert await look(runtime, sandbox.uid, container.id) == done
        assert await read(runtime, container.id) == b"once\n"

    async def test_a_failed_start_says_why(self, machine: Machine, runtime: Runtime) -> None:
        """The runtime's own words reach the user, and stay with the container."""
        sandbox = await made(runtime)
        spec = machine.program(container_spec(), Script(start_error='exec: "/does-not-exist": not found'))
        container = await runtime.create_container(sandbox.uid, spec)
        with pytest.raises(RuntimeFault, match="/does-not-exist"):
            await runtime.start_container(container.id)
        after = await look(runtime, sandbox.uid, container.id)
        assert after.state is ContainerState.CREATED
        assert "/does-not-exist" in after.error
        await runtime.remove_container(container.id)

    async def test_starting_what_is_gone_fails(self, runtime: Runtime) -> None:
        """Only stop and remove are content with what is gone."""
        with pytest.raises(NoSuchObject):
            await runtime.start_container("f" * 64)

    async def test_running_out_of_memory_is_told_from_a_kill(self, machine: Machine, runtime: Runtime) -> None:
        """Kubernetes' OOMKilled: the memory limit made the kernel end it, with 137 as for any SIGKILL."""
        sandbox = await made(runtime)
        hungry = await started(machine, runtime, sandbox.uid, Script(run_for=0.2, oom=True), "hungry")
        killed = await started(machine, runtime, sandbox.uid, Script(), "killed")
        await machine.kill(killed)
        outcomes = [await exited(runtime, sandbox.uid, c.id) for c in (hungry, killed)]
        assert [(c.exit_code, c.oom_killed) for c in outcomes] == [(137, True), (137, False)]

    async def test_removing_a_container(self, machine: Machine, runtime: Runtime) -> None:
        """Created and exited ones go, repeatedly; a running one stays."""
        sandbox = await made(runtime)
        container = await started(machine, runtime, sandbox.uid, Script())
        fresh = await runtime.create_container(sandbox.uid, container_spec("fresh"))
        with pytest.raises(RuntimeFault, match="running"):
            await runtime.remove_container(container.id)
        await runtime.stop_container(container.id, 0)
        for _ in range(2):
            await runtime.remove_container(container.id)
            await runtime.remove_container(fresh.id)
        found = await runtime.get(sandbox.uid)
        assert found is not None
        assert found.containers == ()


class TestStopping:
    async def test_an_obedient_container_ends_at_once(self, machine: Machine, runtime: Runtime) -> None:
        """The grace is an upper bound; the container's own exit code counts."""
        sandbox = await made(runtime)
        script = Script(stop_exit_code=7, output=("ready",))
        container = await started(machine, runtime, sandbox.uid, script)
        await anext(runtime.logs(container.id, follow=True))  # its trap is set
        async with asyncio.timeout(SOON):
            await runtime.stop_container(container.id, 1000)
        assert (await look(runtime, sandbox.uid, container.id)).exit_code == 7

    @pytest.mark.parametrize("grace", [0, 0.3])
    async def test_a_stubborn_container_is_killed_after_the_grace(
        self, machine: Machine, runtime: Runtime, grace: float
    ) -> None:
        """SIGKILL follows when the grace is over; 0 kills at once."""
        sandbox = await made(runtime)
        container = await started(machine, runtime, sandbox.uid, Script(stop_after=None, output=("ready",)))
        await anext(runtime.logs(container.id, follow=True))
        begin = asyncio.get_running_loop().time()
        async with asyncio.timeout(SOON):
            await runtime.stop_container(container.id, grace)
        assert asyncio.get_running_loop().time() - begin >= grace
        done = await look(runtime, sandbox.uid, container.id)
        assert (done.state, done.exit_code) == (ContainerState.EXITED, 137)

    async def test_the_shortest_grace_wins(self, machine: Machine, runtime: Runtime) -> None:
        """``kubectl delete --now`` shortens a deletion that is under way."""
        sandbox = await made(runtime)
        container = await started(machine, runtime, sandbox.uid, Script(stop_after=None, output=("ready",)))
        await anext(runtime.logs(container.id, follow=True))
        patient = asyncio.create_task(runtime.stop_container(container.id, 1000))
        await asyncio.sleep(0)
        async with asyncio.timeout(SOON):
            await runtime.stop_container(container.id, 0.1)
            await patient
        assert (await look(runtime, sandbox.uid, container.id)).exit_code == 137

    async def test_stopping_what_does_not_run_does_nothing(self, machine: Machine, runtime: Runtime) -> None:
        """Exited, never started or gone: there is nothing to stop."""
        sandbox = await made(runtime)
        done = await started(machine, runtime, sandbox.uid, Script(run_for=0, exit_code=5))
        fresh = await runtime.create_container(sandbox.uid, container_spec("fresh"))
        await exited(runtime, sandbox.uid, done.id)
        for container_id in (done.id, fresh.id, "f" * 64):
            await runtime.stop_container(container_id, 1)
        assert (await look(runtime, sandbox.uid, done.id)).exit_code == 5


class TestLogs:
    LINES = Script(run_for=0.1, output=("one", "two", "three"))

    async def test_a_log_can_be_read_after_the_end(self, machine: Machine, runtime: Runtime) -> None:
        """All of it, or the last lines."""
        sandbox = await made(runtime)
        container = await started(machine, runtime, sandbox.uid, self.LINES)
        await exited(runtime, sandbox.uid, container.id)
        assert await read(runtime, container.id) == b"one\ntwo\nthree\n"
        assert await read(runtime, container.id, tail=2) == b"two\nthree\n"
        assert await read(runtime, container.id, tail=0) == b""
        assert await read(runtime, container.id, tail=100) == b"one\ntwo\nthree\n"
        assert await read(runtime, container.id, follow=True, tail=1) == b"three\n"

    async def test_timestamps_can_be_fed_back_as_since(self, machine: Machine, runtime: Runtime) -> None:
        """Each line has an RFC 3339 time before it; ``since`` drops what is older."""
        sandbox = await made(runtime)
        script = Script(output=("one", "two"), output_every=0.3)
        container = await started(machine, runtime, sandbox.uid, script)
        text = (await read_lines(runtime, container.id, 2, timestamps=True)).decode()
        times, lines = zip(*(line.split(" ", 1) for line in text.splitlines()), strict=True)
        assert lines == ("one", "two")
        assert all(len(t) == len("2024-01-01T00:00:00.123456789Z") and t.endswith("Z") for t in times)
        first, second = (epoch(t.encode()) for t in times)
        assert container.started_at - 1 < first < second
        assert await read(runtime, container.id, since=first - 0.001) == b"one\ntwo\n"
        assert await read(runtime, container.id, since=second - 0.001) == b"two\n"
        assert await read(runtime, container.id, since=second + 1) == b""

    async def test_following_ends_when_all_was_read(self, machine: Machine, runtime: Runtime) -> None:
        """A follower gets lines as they come, and ends with the container, not before."""
        sandbox = await made(runtime)
        spec = machine.program(container_spec(), Script(output=("one", "two", "three"), output_every=0.1))
        container = await runtime.create_container(sandbox.uid, spec)
        following = asyncio.create_task(read(runtime, container.id, follow=True))  # before it is started
        await asyncio.sleep(0)
        await runtime.start_container(container.id)
        await read_lines(runtime, container.id, 3)
        assert not following.done()
        await runtime.stop_container(container.id, 5)
        assert await following == b"one\ntwo\nthree\n"

    async def test_following_can_be_left(self, machine: Machine, runtime: Runtime) -> None:
        """A reader that goes away leaves nothing waiting, and the container runs on."""
        sandbox = await made(runtime)
        container = await started(machine, runtime, sandbox.uid, Script(output=("one",)))
        async with aclosing(runtime.logs(container.id, follow=True)) as lines:  # type: ignore[type-var]
            assert await anext(lines) == b"one\n"
        assert (await look(runtime, sandbox.uid, container.id)).state is ContainerState.RUNNING

    async def test_there_is_no_log_without_a_container(self, runtime: Runtime) -> None:
        """An unknown container is an error, not an empty log."""
        with pytest.raises(NoSuchObject):
            await read(runtime, "f" * 64)


class TestEvents:
    async def test_the_life_of_a_container_is_told(self, machine: Machine, runtime: Runtime) -> None:
        """Started, died and removed come in that order; an event may come twice."""
        sandbox = await made(runtime)
        told: list[RuntimeEvent] = []

        async def listen() -> None:
            async for event in runtime.events():
                told.append(event)
                if event.kind is EventKind.REMOVED:
                    return

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0)
        container = await started(machine, runtime, sandbox.uid, Script(run_for=0.2))
        await exited(runtime, sandbox.uid, container.id)
        await runtime.remove_container(container.id)
        async with asyncio.timeout(SOON):
            await listening
        mine = [e.kind for e in told if (e.uid, e.container_id) == (sandbox.uid, container.id)]
        assert list(dict.fromkeys(mine)) == [EventKind.STARTED, EventKind.DIED, EventKind.REMOVED]

    async def test_a_death_from_outside_is_told(self, machine: Machine, runtime: Runtime) -> None:
        """Also of a container that ran before this agent did: seeing it in a listing is enough."""
        sandbox = await made(runtime)
        container = await started(machine, runtime, sandbox.uid, Script())
        restarted = machine.agent()
        events = restarted.events()
        dying = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        await restarted.list()
        await machine.kill(container)
        async with asyncio.timeout(SOON):
            assert await dying == RuntimeEvent(EventKind.DIED, sandbox.uid, container.id)


class TestOthers:
    async def test_a_restarted_agent_finds_everything(self, machine: Machine, runtime: Runtime) -> None:
        """The runtime itself is the only memory: a new agent sees exactly what the old one saw."""
        sandbox = await made(runtime)
        done = await started(machine, runtime, sandbox.uid, Script(run_for=0, exit_code=4), "done")
        await exited(runtime, sandbox.uid, done.id)
        await started(machine, runtime, sandbox.uid, Script(), "runs")
        await runtime.create_container(sandbox.uid, container_spec("fresh"))
        restarted = machine.agent()
        assert await restarted.list() == await runtime.list()
        assert (await restarted.create_sandbox(sandbox_spec(uid=sandbox.uid))).id == sandbox.id

    async def test_agents_that_share_a_machine_do_not_see_each_other(
        self, machine: Machine, runtime: Runtime
    ) -> None:
        """Each lists and touches what carries its node's name only."""
        sandbox = await made(runtime)
        container = await started(machine, runtime, sandbox.uid, Script())
        other = machine.agent("node-2")
        assert await other.list() == ()
        assert await other.get(sandbox.uid) is None
        await other.remove_sandbox(sandbox.uid)
        await other.stop_container(container.id, 0)
        await other.remove_container(container.id)
        with pytest.raises(NoSuchObject):
            await other.start_container(container.id)
        assert (await look(runtime, sandbox.uid, container.id)).state is ContainerState.RUNNING

    async def test_foreign_containers_are_left_alone(self, machine: Machine, runtime: Runtime) -> None:
        """What a user runs beside us is neither listed nor stopped with ours."""
        still_runs = await machine.foreign()
        sandbox = await made(runtime)
        assert [s.id for s in await runtime.list()] == [sandbox.id]
        await runtime.remove_sandbox(sandbox.uid)
        assert await asyncio.to_thread(still_runs)

    async def test_the_death_of_the_service_disturbs_no_container(
        self, machine: Machine, runtime: Runtime
    ) -> None:
        """Calls fail as unavailable and event streams end; then all works as before, with the same runtime."""
        sandbox = await made(runtime)
        script = Script(output=("one", "two"), output_every=1.5)
        container = await started(machine, runtime, sandbox.uid, script)
        following = asyncio.create_task(read(runtime, container.id, follow=True))
        events = asyncio.create_task(drain(runtime.events()))
        await asyncio.sleep(0.1)
        await machine.crash()
        async with asyncio.timeout(SOON):
            await events
        with pytest.raises(RuntimeUnavailable):
            await runtime.list()
        with pytest.raises(RuntimeUnavailable):
            await drain(runtime.events())
        await machine.recover()
        after = await look(runtime, sandbox.uid, container.id)
        assert (after.state, after.pid) == (ContainerState.RUNNING, container.pid)
        await read_lines(runtime, container.id, 2)
        await runtime.stop_container(container.id, 5)
        assert await following == b"one\ntwo\n"


async def drain(events: AsyncIterator[RuntimeEvent]) -> None:
    async for _ in events:
        pass


class TestImages:
    async def test_a_present_image_is_found_by_name_and_by_id(self, runtime: Runtime) -> None:
        """Absent and unparsable names are simply not there."""
        image = await runtime.image(BUSYBOX)
        assert image is not None
        assert image.size > 0
        assert BUSYBOX in image.names
        assert (image.os, image.architecture in {"amd64", "arm64", "arm"}) == ("linux", True)
        assert await runtime.image(image.id) == image
        assert image in await runtime.images()
        assert await runtime.image("localhost/nothing:1") is None
        assert await runtime.image("No Such") is None

    async def test_pull_failures_are_told_apart(self, runtime: Runtime) -> None:
        """Kubernetes has words for a name that is none and for a registry that is not there."""
        with pytest.raises(InvalidImageName):
            await runtime.pull("No Such")
        with pytest.raises(RegistryUnavailable):
            await runtime.pull(UNREACHABLE)
        assert issubclass(RegistryUnavailable, ImageFault)

    async def test_an_image_in_use_is_not_removed(self, runtime: Runtime) -> None:
        """Removing what is not there is fine."""
        sandbox = await made(runtime)
        await runtime.create_container(sandbox.uid, container_spec())
        with pytest.raises(RuntimeFault, match="used by"):
            await runtime.remove_image(BUSYBOX)
        assert await runtime.image(BUSYBOX) is not None
        await runtime.remove_image("localhost/nothing:1")


class TestNode:
    async def test_the_runtime_describes_itself(self, runtime: Runtime) -> None:
        """NodeInfo wants ``name://version``; the image store has a folder to measure."""
        info = await runtime.info()
        assert "://" in info.version
        assert info.cgroup_version in {1, 2}
        assert await asyncio.to_thread(Path(info.image_root).is_dir)

    async def test_usage_covers_running_containers(self, machine: Machine, runtime: Runtime) -> None:
        """Each of our own that runs, with the pod and name it has; what does not run uses nothing."""
        await machine.foreign()
        sandbox = await made(runtime)
        running = await started(machine, runtime, sandbox.uid, Script(), "runs")
        await runtime.create_container(sandbox.uid, container_spec("fresh"))
        [used] = await runtime.usage()
        assert isinstance(used, Usage)
        assert (used.uid, used.container, used.container_id) == (sandbox.uid, "runs", running.id)
        assert used.started_at == running.started_at
        assert used.memory_bytes > 0
        assert used.cpu_nanoseconds >= 0

    async def test_usage_counts_up(self, machine: Machine, runtime: Runtime) -> None:
        """A busy container's processor time grows."""
        sandbox = await made(runtime)
        await started(machine, runtime, sandbox.uid, Script(cpu=1.0), "busy")

        [first] = await runtime.usage()
        assert isinstance(first, Usage)
        async with asyncio.timeout(SOON):
            while True:
                [used] = await runtime.usage()
                assert isinstance(used, Usage)
                if used.cpu_nanoseconds > first.cpu_nanoseconds + 200_000_000:
                    return
                await asyncio.sleep(0.05)
