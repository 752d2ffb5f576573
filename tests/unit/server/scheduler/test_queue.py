import asyncio
from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch_server.scheduler.queue import SchedulingQueue
from edgeorch_server.scheduler.shape import PodInfo, Shape, Shapes

pytestmark = pytest.mark.looptime


SHAPES = Shapes()


def pod(name: str, *, priority: int = 0, created: str = "2026-05-01T12:00:00Z", **more: Any) -> PodInfo:
    body = {
        "metadata": {"name": name, "uid": name, "creationTimestamp": created},
        "spec": {"priority": priority, **more.pop("spec", {})},
        **more,
    }
    return SHAPES.info(Pod.from_dict(body))


def anything(_shape: Shape, _refused_by: frozenset[str]) -> bool:
    return True


async def take(queue: SchedulingQueue) -> str:
    return (await queue.get()).name


async def is_idle(queue: SchedulingQueue, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await queue.get()
    except TimeoutError:
        return True
    return False


async def test_higher_priority_first_then_older() -> None:
    """kube-scheduler's PrioritySort: priority, then time of creation."""
    queue = SchedulingQueue()
    queue.put(pod("young", created="2026-05-01T12:00:05Z"))
    queue.put(pod("old"))
    queue.put(pod("urgent", priority=10, created="2026-05-01T12:00:09Z"))
    assert [await take(queue) for _ in range(3)] == ["urgent", "old", "young"]


async def test_a_parked_pod_waits_for_an_event() -> None:
    """A pod that found no node costs nothing until something changes."""
    queue = SchedulingQueue()
    queue.put(pod("a"))
    await take(queue)
    queue.park("a")
    assert await is_idle(queue, 3600)
    queue.wake(anything)
    assert await take(queue) == "a"


async def test_backoff_doubles_up_to_ten_seconds(looptime: Any) -> None:
    """A hopeless pod in a busy cluster is tried after 1, 2, 4, 8, then every 10 seconds."""
    queue = SchedulingQueue()
    queue.put(pod("a"))
    waits = []
    loop = asyncio.get_running_loop()
    await take(queue)
    for _ in range(6):
        queue.park("a")
        queue.wake(anything)
        before = loop.time()
        await take(queue)
        waits.append(round(loop.time() - before, 3))
    assert waits == [1, 2, 4, 8, 10, 10]


async def test_a_changed_spec_is_a_new_chance_and_a_changed_status_is_not() -> None:
    """Our own condition on the pod must not wake it up again."""
    queue = SchedulingQueue()
    queue.put(pod("a"))
    await take(queue)
    queue.park("a")
    queue.put(pod("a", status={"message": "0/1 nodes are available"}))
    assert await is_idle(queue, 60)
    queue.put(pod("a", spec={"nodeSelector": {"disk": "ssd"}}))
    assert await take(queue) == "a"


async def test_only_those_are_woken_whom_an_event_helps() -> None:
    """Kubernetes' queueing hints: a pod refused for its host port does not care for new labels."""
    queue = SchedulingQueue()
    for name, plugin in (("a", "NodePorts"), ("b", "NodeAffinity")):
        queue.put(pod(name))
        await take(queue)
        queue.park(name, frozenset({plugin}))
    queue.wake(lambda _shape, refused_by: "NodeAffinity" in refused_by)
    assert await take(queue) == "b"
    assert await is_idle(queue, 60)


async def test_a_pod_parked_for_five_minutes_is_tried_again() -> None:
    """``podMaxInUnschedulablePodsDuration``: an event that was overlooked costs five minutes, not for ever."""
    queue = SchedulingQueue()
    queue.put(pod("a"))
    await take(queue)
    queue.park("a", frozenset({"NodePorts"}))
    await asyncio.sleep(299)
    queue.wake_oldest()
    assert await is_idle(queue, 0.5)
    await asyncio.sleep(1)
    queue.wake_oldest()
    assert await take(queue) == "a"


async def test_a_removed_pod_is_not_handed_out() -> None:
    """A pod that was deleted while it waited is forgotten, also when its back-off runs."""
    queue = SchedulingQueue()
    queue.put(pod("a"))
    queue.remove("a")
    assert await is_idle(queue, 60)
    assert len(queue) == 0
