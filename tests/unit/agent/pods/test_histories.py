"""Random histories of wishes, faults and restarts: what must never happen, and what must come in the end."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import looptime
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod, PodSpec
from edgeorch.api.meta import ObjectMeta
from edgeorch_agent.runtime.base import ContainerState, ImageFault, RuntimeFault, RuntimeUnavailable
from edgeorch_agent.runtime.fake import Pull, Script
from tests.scenarios.pods.world import World

NAMES = ("a", "b")
VERBS = ("get", "create_sandbox", "create_container", "start_container", "stop_container", "remove_container",
         "remove_sandbox", "list", "image", "pull")  # fmt: skip

Step = Callable[[World], None] | float
"""Something that happens, or seconds that pass."""


def _container(name: str, restart_policy: str | None = None) -> Container:
    return Container(name=name, image="app:1", restartPolicy=restart_policy)


def _pod(name: str, kind: str, policy: str) -> Pod:
    spec = PodSpec(restartPolicy=policy, containers=[_container("app")], terminationGracePeriodSeconds=5)
    if kind == "two":
        spec.containers.append(_container("other"))
    if kind == "init":
        spec.initContainers = [_container("setup"), _container("proxy", "Always")]
    return Pod(metadata=ObjectMeta(name=name), spec=spec)


def _apply(name: str, kind: str, policy: str, number: int) -> Step:
    def act(world: World) -> None:
        if ("pods", name) not in world.desired:
            pod = _pod(name, kind, policy)
            pod.metadata.uid = f"uid-{name}-{number}"
            world.apply(pod)

    return act


def _on_pod(name: str, act: Callable[[World], None]) -> Step:
    return lambda world: act(world) if ("pods", name) in world.desired else None


def _faults(verb: str, count: int, *, gone: bool) -> Step:
    fault = RuntimeUnavailable("connection refused") if gone else RuntimeFault("it did not work")
    return lambda world: world.host.fail(verb, *([fault] * count))


def _steps() -> st.SearchStrategy[Step]:
    name = st.sampled_from(NAMES)
    script = st.builds(
        Script,
        run_for=st.sampled_from([None, 0.0, 1.0, 30.0, 700.0]),
        exit_code=st.sampled_from([0, 1]),
        stop_after=st.sampled_from([0.0, 2.0, None]),
        start_error=st.sampled_from(["", "", "", "no such file"]),
    )
    container = st.sampled_from(["app", "other", "setup", "proxy"])
    pull = st.sampled_from([Pull(), Pull(delay=20.0), Pull(error=ImageFault("no such image"))])
    return st.one_of(
        st.sampled_from([0.5, 3.0, 15.0, 90.0, 700.0]),
        st.builds(
            _apply,
            name,
            st.sampled_from(["one", "two", "init"]),
            st.sampled_from(["Always", "OnFailure", "Never"]),
            st.integers(0, 3),
        ),
        name.map(lambda n: _on_pod(n, lambda w: w.delete(n))),
        name.map(lambda n: _on_pod(n, lambda w: w.delete(n, grace=0))),
        name.map(lambda n: _on_pod(n, lambda w: w.drop("pods", n))),
        st.tuples(name, st.sampled_from(["app:1", "app:2", "missing:1"])).map(
            lambda t: _on_pod(t[0], lambda w: w.set_image(t[0], "app", t[1]))
        ),
        name.map(lambda n: _on_pod(n, lambda w: w.host.kill_sandbox(w.pod(n).metadata.uid))),
        st.tuples(container, st.booleans()).map(lambda t: lambda w: w.kill(t[0], oom=t[1])),
        st.tuples(container, st.lists(script, min_size=1, max_size=3)).map(
            lambda t: lambda w: w.host.script(t[0], *t[1])
        ),
        st.tuples(st.sampled_from(["app:1", "app:2"]), pull).map(
            lambda t: lambda w: w.host.script_pull(t[0], t[1])
        ),
        st.builds(_faults, st.sampled_from(VERBS), st.integers(1, 3), gone=st.booleans()),
        st.sampled_from([lambda w: w.host.crash(), lambda w: w.host.recover()]),
    )


def _restarts() -> st.SearchStrategy[str]:
    return st.sampled_from(["agent", "reboot", "lose"])


async def _live(world: World, history: list[Step | str]) -> None:
    for step in history:
        match step:
            case "agent":
                await world.stop_agent()
                world.start_agent()
            case "reboot" | "lose":
                await world.reboot(after=1.0, lose_podman=step == "lose")
            case float():
                await world.settle(step)
            case _:
                assert callable(step)
                step(world)
                await world.settle()
        _check(world)


def _check(world: World) -> None:
    """At no time do two containers of one name run in one pod."""
    for sandbox in world.host.sandboxes.values():
        running = [c.info.name for c in sandbox.containers.values() if c.info.state is ContainerState.RUNNING]
        assert len(running) == len(set(running)), running


def _heal(world: World) -> None:
    """End all troubles: what follows is up to the agent."""
    world.host.recover()
    for verb in VERBS:
        world.host._faults.pop(verb, None)
    for name in ("app:1", "app:2", "missing:1"):
        world.host.script_pull(name, Pull())


def _in_virtual_time(history: list[Step | str], then: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with World(Path(folder)) as world:
                world.host.script("setup", Script(run_for=1.0))
                world.host.on_note = lambda: _check(world)
                await _live(world, history)
                _heal(world)
                await then(world)

    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        runner.run(main())


HISTORIES = st.lists(st.one_of(_steps(), _steps(), _steps(), _restarts()), max_size=14)


async def _all_gone(world: World) -> None:
    pods = [name for resource, name in world.desired if resource == "pods"]
    for name in pods:
        world.delete(name)
    await world.settle(1200)
    uids = {world.pod(name).metadata.uid for name in pods}
    assert world.runtime_lines() == ["nothing"]
    assert uids <= world.terminated
    assert not [p for root in (world.disk, world.memory) if root.exists() for p in root.iterdir()]


async def _calm(world: World) -> None:
    for name in ("app", "other", "setup", "proxy"):
        world.host.script(name, Script(run_for=1.0 if name == "setup" else None))
    world.kill("setup")  # it may have been told to run for ever
    await world.settle(1800)
    before = list(world.host.history)
    shown = dict(world.statuses)
    await world.settle(600)
    assert world.host.history == before
    assert world.statuses == shown
    for resource, name in world.desired:
        pod = world.pod(name)
        if resource == "pods" and pod.metadata.deletionTimestamp is None and pod.spec.restartPolicy == "Always":
            assert world.statuses[pod.metadata.uid].phase == "Running", name


@settings(max_examples=40)
@given(HISTORIES)
def test_deleted_pods_leave_nothing(history: list[Step | str]) -> None:
    """Whatever happened before, deleted pods are reported as ended and nothing of them is left."""
    _in_virtual_time(history, _all_gone)


@settings(max_examples=40)
@given(HISTORIES)
def test_everything_calms_down(history: list[Step | str]) -> None:
    """Once troubles end, pods that restart always run, and then nothing happens any more."""
    _in_virtual_time(history, _calm)
