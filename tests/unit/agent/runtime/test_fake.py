"""The scripted runtime on virtual time: what its contract with Podman cannot wait for."""

from __future__ import annotations

import asyncio

import pytest

from edgeorch_agent.runtime.base import (
    LABEL_RESTARTS,
    ContainerInfo,
    ContainerSpec,
    ContainerState,
    ImageFault,
    NoSpace,
    RuntimeFault,
    SandboxSpec,
)
from edgeorch_agent.runtime.fake import FAKE_EPOCH, FakeHost, FakeRuntime, Pull, Script

pytestmark = pytest.mark.looptime


async def start(runtime: FakeRuntime, name: str, attempt: int = 0) -> ContainerInfo:
    await runtime.create_sandbox(SandboxSpec("u-1", "default", "web", "web", {}))
    spec = ContainerSpec(name=name, image="busybox", labels={LABEL_RESTARTS: str(attempt)})
    container = await runtime.create_container("u-1", spec)
    await runtime.start_container(container.id)
    return container


async def look(runtime: FakeRuntime, container: ContainerInfo) -> ContainerInfo:
    sandbox = await runtime.get("u-1")
    assert sandbox is not None
    return next(c for c in sandbox.containers if c.id == container.id)


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime(FakeHost(images=("busybox",)))


async def test_a_script_ends_on_the_loops_time(runtime: FakeRuntime) -> None:
    """An hour of run time passes at once, and the times say an hour."""
    runtime.host.script("main", Script(run_for=3600, exit_code=2))
    container = await start(runtime, "main")
    await asyncio.sleep(3599)
    assert (await look(runtime, container)).state is ContainerState.RUNNING
    await asyncio.sleep(2)
    done = await look(runtime, container)
    assert (done.state, done.exit_code) == (ContainerState.EXITED, 2)
    assert done.finished_at - done.started_at == pytest.approx(3600)
    assert done.started_at == FAKE_EPOCH


async def test_each_attempt_has_its_script_and_the_last_one_stays(runtime: FakeRuntime) -> None:
    """Crash twice, then run: the restart count of the labels chooses."""
    runtime.host.script("main", Script(run_for=1, exit_code=1), Script(run_for=2, exit_code=2))
    codes = []
    for attempt in range(3):
        container = await start(runtime, "main", attempt)
        await asyncio.sleep(3)
        codes.append((await look(runtime, container)).exit_code)
    assert codes == [1, 2, 2]


async def test_the_narrowest_key_chooses_the_script(runtime: FakeRuntime) -> None:
    """Pod and container, then container, then image."""
    runtime.host.script("busybox", Script(run_for=0, exit_code=1))
    runtime.host.script("b", Script(run_for=0, exit_code=2))
    runtime.host.script("web/c", Script(run_for=0, exit_code=3))
    containers = [await start(runtime, name) for name in "abc"]
    await asyncio.sleep(1)
    assert [(await look(runtime, c)).exit_code for c in containers] == [1, 2, 3]


@pytest.mark.parametrize(
    ("script", "graces", "took", "code"),
    [
        pytest.param(Script(stop_after=2), [30], 2, 143, id="obeys within its grace"),
        pytest.param(Script(stop_after=40), [30], 30, 137, id="too slow"),
        pytest.param(Script(stop_after=None), [30], 30, 137, id="deaf"),
        pytest.param(Script(stop_after=2), [0], 0, 137, id="no grace"),
        pytest.param(Script(stop_after=None), [30, 5], 5, 137, id="shortened"),
        pytest.param(Script(stop_after=None), [5, 30], 5, 137, id="not lengthened"),
        pytest.param(Script(stop_after=20, run_for=3, exit_code=9), [30], 3, 9, id="ended by itself before"),
    ],
)
async def test_stopping(
    runtime: FakeRuntime, script: Script, graces: list[float], took: float, code: int
) -> None:
    """The earliest of obeying, the shortest grace and the script's own end decides."""
    runtime.host.script("main", script)
    container = await start(runtime, "main")
    begin = asyncio.get_running_loop().time()
    await asyncio.gather(*(runtime.stop_container(container.id, grace) for grace in graces))
    assert asyncio.get_running_loop().time() - begin == pytest.approx(took)
    assert (await look(runtime, container)).exit_code == code


async def test_pulls_take_time_and_fail_as_scripted(runtime: FakeRuntime) -> None:
    """One answer per pull, the last one for all that follow."""
    runtime.host.script_pull(
        "nginx", Pull(delay=5, error=ImageFault("denied")), Pull(error=NoSpace("full")), Pull()
    )
    with pytest.raises(ImageFault, match="denied"):
        await runtime.pull("nginx")
    assert asyncio.get_running_loop().time() == pytest.approx(5)
    with pytest.raises(NoSpace):
        await runtime.pull("docker.io/library/nginx:latest")
    assert await runtime.image("nginx") is None
    assert await runtime.pull("nginx") == await runtime.image("nginx")


async def test_faults_are_raised_once_each(runtime: FakeRuntime) -> None:
    """A test says which call fails; the ones after it work."""
    runtime.host.fail("create_sandbox", RuntimeFault("no address left"))
    with pytest.raises(RuntimeFault, match="no address left"):
        await start(runtime, "main")
    assert (await start(runtime, "main")).name == "main"


async def test_a_reboot_ends_everything_unseen(runtime: FakeRuntime) -> None:
    """What ran has ended with 255, sandboxes are not ready, and a create makes them ready again."""
    container = await start(runtime, "main")
    runtime.host.reboot()
    done = await look(runtime, container)
    assert (done.state, done.exit_code) == (ContainerState.EXITED, 255)
    sandbox = await runtime.get("u-1")
    assert sandbox is not None
    assert not sandbox.ready
    assert (await runtime.create_sandbox(SandboxSpec("u-1", "default", "web", "web", {}))).ready


async def test_history_shows_the_order(runtime: FakeRuntime) -> None:
    """Tests of order (init containers, sidecars) read what happened, not which calls were made."""
    runtime.host.script("init", Script(run_for=1))
    init = await start(runtime, "init")
    await asyncio.sleep(2)
    main = await start(runtime, "main")
    await runtime.stop_container(main.id, 1)
    await runtime.remove_container(init.id)
    assert runtime.host.history == [
        ("started", "init"),
        ("died", "init"),
        ("started", "main"),
        ("stopping", "main"),
        ("died", "main"),
        ("removed", "init"),
    ]
