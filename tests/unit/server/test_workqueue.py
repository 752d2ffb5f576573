import asyncio

import pytest

from edgeorch_server.workqueue import MAX_DELAY, WorkQueue

pytestmark = pytest.mark.looptime


async def test_a_key_queued_twice_is_handed_out_once() -> None:
    """Many events about one object are one piece of work."""
    queue: WorkQueue[str] = WorkQueue()
    for key in ("a", "b", "a"):
        queue.add(key)
    assert [await queue.get(), await queue.get()] == ["a", "b"]
    assert len(queue) == 0


async def test_a_key_is_never_with_two_workers() -> None:
    """A key added while it is processed comes again only after it is done, and then once."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    await queue.get()
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0
    queue.done("a")
    assert await queue.get() == "a"
    queue.done("a")
    assert len(queue) == 0


async def test_a_delayed_key_comes_at_its_earliest_time() -> None:
    """Of two delays the earlier one counts; adding it now overtakes both."""
    queue: WorkQueue[str] = WorkQueue()
    loop = asyncio.get_running_loop()
    queue.add_after("a", 30)
    queue.add_after("a", 10)
    queue.add_after("a", 20)
    await queue.get()
    assert loop.time() == 10
    queue.done("a")
    await asyncio.sleep(60)
    assert len(queue) == 0


async def test_backoff_doubles_and_is_forgotten() -> None:
    """client-go's exponential limiter, capped at five minutes; success ends it."""
    queue: WorkQueue[str] = WorkQueue()
    delays = [queue.retry("a") for _ in range(30)]
    assert delays[:4] == [0.005, 0.01, 0.02, 0.04]
    assert delays[-1] == MAX_DELAY
    queue.forget("a")
    assert queue.retry("a") == 0.005
    queue.close()
