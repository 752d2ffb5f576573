import asyncio
from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch_server.scheduler.queue import SchedulingQueue

pytestmark = pytest.mark.looptime


def pod(name: str, *, priority: int = 0, created: str = "2026-05-01T12:00:00Z", **spec: Any) -> Pod:
    return Pod.from_dict(
        {
            "metadata": {"name": name, "uid": name, "creationTimestamp": created},
            "spec": {"priority": priority, **spec},
        }
    )


async def take(queue: SchedulingQueue) -> str:
    return (await queue.get()).metadata.name


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
    queue.move_all()
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
        queue.move_all()
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
    told = pod("a")
    told.status.message = "0/1 nodes are available"
    queue.put(told)
    assert await is_idle(queue, 3600)
    queue.put(pod("a", nodeSelector={"disk": "ssd"}))
    assert await take(queue) == "a"


async def test_a_removed_pod_is_not_handed_out() -> None:
    """A pod that was deleted while it waited is forgotten, also when its back-off runs."""
    queue = SchedulingQueue()
    queue.put(pod("a"))
    queue.remove("a")
    assert await is_idle(queue, 60)
    assert len(queue) == 0
