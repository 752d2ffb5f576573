"""The manager: what it takes in, what it gives away, and whom it leaves alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edgeorch.api.meta import ObjectMeta
from edgeorch_agent.runtime.base import ContainerSpec, RuntimeFault, SandboxSpec
from edgeorch_agent.runtime.fake import FakeRuntime, Pull, Script
from tests.scenarios.pods.world import World
from tests.unit.agent.pods.builders import config_map, pod, secret

pytestmark = pytest.mark.looptime


async def test_running_pods_cost_nothing(tmp_path: Path) -> None:
    """Between events, a pod that runs is looked at once a minute and no more."""
    async with World(tmp_path) as world:
        world.apply(pod())
        await world.settle(30)
        world.host.calls.clear()
        await world.settle(600)
        assert world.host.calls.count("get") <= 10
        assert set(world.host.calls) <= {"get", "list"}


async def test_missed_event_is_repaired(tmp_path: Path) -> None:
    """An end that the event stream did not tell is seen by the slow relist."""
    async with World(tmp_path) as world:
        world.apply(pod())
        await world.settle(1)
        world.host.mute = True
        world.kill("web")
        await world.settle(61)
        assert world.statuses["u1"].containerStatuses[0].restartCount == 1


async def test_siblings_of_a_broken_pod_run(tmp_path: Path) -> None:
    """An error in one worker, even one nobody thought of, touches no other pod."""
    async with World(tmp_path) as world:
        broken = pod(metadata={"name": "broken", "uid": "u2"})
        world.host.fail("create_sandbox", ZeroDivisionError())  # type: ignore[arg-type]
        world.apply(broken, pod())
        await world.settle(1.5)
        assert {uid: s.phase for uid, s in world.statuses.items()} == {"u1": "Running", "u2": "Running"}


async def test_unforeseen_errors_are_retried(tmp_path: Path) -> None:
    """Errors that nobody thought of, in pulls and in stops, are waited out like any other."""
    async with World(tmp_path) as world:
        world.host.fail("pull", ZeroDivisionError())  # type: ignore[arg-type]
        world.apply(pod())
        await world.settle(15)
        assert world.statuses["u1"].phase == "Running"
        world.host.fail("stop_container", ZeroDivisionError())  # type: ignore[arg-type]
        world.delete("web")
        await world.settle(10)
        assert world.terminated == {"u1"}


@pytest.mark.parametrize("verb", ["create_sandbox", "create_container", "start_container"])
async def test_what_happens_during_an_action_is_not_forgotten(tmp_path: Path, verb: str) -> None:
    """An image that arrives while the pod's sandbox or another container is being made is used."""
    async with World(tmp_path) as world:
        world.host.delays[verb] = 3
        world.host.script_pull("slow:1", Pull(delay=1))
        world.host.script_pull("slower:1", Pull(delay=4))
        images = {"web": "app:1", "side": "slow:1", "late": "slower:1"}
        world.apply(pod(containers=[{"name": name, "image": image} for name, image in images.items()]))
        await world.settle(60)
        assert [s.ready for s in world.statuses["u1"].containerStatuses] == [True, True, True]


async def test_hooks_share_the_grace_period(tmp_path: Path) -> None:
    """A preStop hook runs before the stop signal, and its time is part of the grace period."""
    async with World(tmp_path) as world:
        hook = {"preStop": {"sleep": {"seconds": 8}}}
        world.host.script("web", Script(stop_after=None))
        world.apply(
            pod(
                terminationGracePeriodSeconds=20,
                containers=[{"name": "web", "image": "app:1", "lifecycle": hook}],
            )
        )
        await world.settle(1)
        world.delete("web")
        await world.settle(7)
        assert ("stopping", "web") not in world.host.history
        await world.settle(2)
        assert ("stopping", "web") in world.host.history
        await world.settle(10)
        assert world.terminated == set()
        await world.settle(2)
        assert world.terminated == {"u1"}


async def test_others_containers_are_left_alone(tmp_path: Path) -> None:
    """What another node's agent runs in the same Podman is neither seen nor touched."""
    async with World(tmp_path) as world:
        neighbour = FakeRuntime(world.host, node="pi-2")
        await neighbour.create_sandbox(SandboxSpec("x1", "default", "other", "other", {}))
        world.host.add_image("app:1")
        made = await neighbour.create_container("x1", ContainerSpec("app", "app:1", {}))
        await neighbour.start_container(made.id)
        world.apply(pod())
        await world.settle(1)
        await world.stop_agent()
        world.start_agent()
        await world.settle(200)
        assert "sandbox other ready" in world.runtime_lines()


async def test_unusable_uid_is_refused(tmp_path: Path) -> None:
    """A uid names folders: one that would leave them is not accepted."""
    async with World(tmp_path) as world:
        world.apply(pod(metadata={"uid": "../../etc"}))
        await world.settle(5)
        assert world.runtime_lines() == ["nothing"]


async def test_only_users_are_told_of_changes(tmp_path: Path) -> None:
    """A ConfigMap wakes the pods that refer to it."""
    async with World(tmp_path) as world:
        volume = {"name": "v", "configMap": {"name": "settings"}}
        world.apply(config_map("settings", a="1"), pod(volumes=[volume]), secret("other"))
        world.apply(pod(metadata={"name": "bystander", "uid": "u2"}))
        await world.settle(1)
        world.host.calls.clear()
        world.apply(config_map("settings", a="2"))
        await world.settle()
        assert (world.disk / "u1/volumes/v/a").read_text() == "2"
        assert 0 < world.host.calls.count("get") <= 2


async def test_leftovers_on_disk_go(tmp_path: Path) -> None:
    """What a pod left on disk while no agent ran is removed once the desired state is known."""
    async with World(tmp_path) as world:
        (world.disk / "old/volumes/v").mkdir(parents=True)
        world.apply(pod())
        await world.stop_agent()
        world.start_agent()
        await world.settle(1)
        assert not (world.disk / "old").exists()


async def test_nothing_is_orphaned_before_the_desired_state_is_known(tmp_path: Path) -> None:
    """An agent that has not heard from anybody yet touches nothing that runs."""
    async with World(tmp_path) as world:
        world.apply(pod())
        await world.settle(1)
        await world.stop_agent()
        world.desired.clear()
        world.start_agent()
        await world.settle(600)
        assert world.runtime_lines() == ["sandbox web ready", "  web running restarts=0"]


async def test_refused_removal_is_retried(tmp_path: Path) -> None:
    """A sandbox that the runtime will not remove is tried again until it goes."""
    async with World(tmp_path) as world:
        world.apply(pod())
        await world.settle(1)
        world.host.fail("remove_sandbox", *[RuntimeFault("device busy")] * 3)
        world.delete("web")
        await world.settle(1)
        assert world.terminated == set()
        await world.settle(10)
        assert world.terminated == {"u1"}


async def test_stopping_the_agent_leaves_stopping_containers_alone(tmp_path: Path) -> None:
    """An agent that ends while containers stop neither kills them nor waits for them."""
    async with World(tmp_path) as world:
        world.host.script("web", Script(stop_after=20))
        world.apply(pod())
        await world.settle(1)
        world.delete("web")
        await world.settle(1)
        began = asyncio.get_running_loop().time()
        await world.stop_agent()
        assert asyncio.get_running_loop().time() == began
        assert "  web running restarts=0" in world.runtime_lines()


async def test_same_name_other_pod(tmp_path: Path) -> None:
    """A pod that takes another's name is another pod: the old one is ended."""
    async with World(tmp_path) as world:
        world.apply(pod())
        await world.settle(1)
        newer = pod()
        newer.metadata = ObjectMeta(name="web", namespace="default", uid="u9")
        world.apply(newer)
        await world.settle(60)
        assert [s.info.uid for s in world.host.sandboxes.values()] == ["u9"]
        assert set(world.statuses) == {"u9"}
