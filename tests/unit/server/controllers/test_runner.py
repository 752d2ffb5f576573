import asyncio
from collections import Counter

import pytest

from edgeorch.errors import Conflict, Terminal
from edgeorch_server.controllers.runner import DONE, Controller, Key, Result

pytestmark = pytest.mark.looptime

KEY = Key("default", "web")


class Scripted:
    """A reconciler that plays errors and results, then succeeds."""

    def __init__(self, *script: Exception | Result) -> None:
        self.script = list(script)
        self.calls: Counter[Key] = Counter()

    async def reconcile(self, key: Key) -> Result:
        self.calls[key] += 1
        step = self.script.pop(0) if self.script else DONE
        if isinstance(step, Exception):
            raise step
        return step


async def run(reconciler: Scripted, seconds: float) -> int:
    controller = Controller("test", reconciler, sources=(), objects=None)  # type: ignore[arg-type]
    controller.queue.add(KEY)
    task = asyncio.create_task(controller.run())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return reconciler.calls[KEY]


async def test_success_is_called_once() -> None:
    """A reconcile that went well is not repeated without cause."""
    assert await run(Scripted(), 3600) == 1


async def test_errors_back_off_until_it_works() -> None:
    """Whatever goes wrong is tried again; the process survives bugs in a reconciler."""
    assert await run(Scripted(Conflict("changed"), ValueError("bug"), OSError("disk")), 3600) == 4


async def test_terminal_errors_are_not_retried() -> None:
    """Retrying what cannot work would be a hot loop."""
    assert await run(Scripted(Terminal("nonsense")), 3600) == 1


async def test_a_wish_to_be_called_again_is_granted() -> None:
    """requeue_after is in seconds."""
    assert await run(Scripted(Result(requeue_after=10), Result(requeue_after=10)), 25) == 3
