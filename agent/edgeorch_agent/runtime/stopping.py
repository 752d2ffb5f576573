"""Ends containers with grace; whoever has least patience decides.

Podman's own ``stop`` fixes the grace when it is called; a pod whose deletion is shortened afterwards
(``kubectl delete --now``) would have to wait for the first one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from edgeorch_agent.runtime.base import RuntimeFault

_KILL_PATIENCE: Final = 30.0
"""Seconds after SIGKILL. A process that waits for a dead disk may need longer than anybody should wait."""


@dataclass(slots=True)
class _Stop:
    deadline: float
    hastened: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Stops:
    """The endings that are under way, one per container."""

    def __init__(
        self, send_signal: Callable[[str, str], Awaitable[None]], ended: Callable[[str], Awaitable[None]]
    ) -> None:
        """Signal a container by ``send_signal(id, name)`` ("" is its stop signal); ``ended(id)`` waits."""
        self._signal = send_signal
        self._ended = ended
        self._stops: dict[str, _Stop] = {}

    async def stop(self, container_id: str, grace: float) -> None:
        """Return when the container has ended, at the latest after the shortest grace of all callers.

        Raises RuntimeFault when it survives even SIGKILL.
        """
        deadline = asyncio.get_running_loop().time() + max(0.0, grace)
        stop = self._stops.get(container_id)
        if stop is None:
            stop = self._stops[container_id] = _Stop(deadline)
            stop.task = asyncio.create_task(self._run(container_id, stop), name=f"stop {container_id[:12]}")
            stop.task.add_done_callback(lambda _: self._stops.pop(container_id, None))
        elif deadline < stop.deadline:
            stop.deadline = deadline
            stop.hastened.set()
        assert stop.task is not None
        await asyncio.shield(stop.task)

    async def aclose(self) -> None:
        """Abandon all: what has been signalled ends by itself, or is stopped again by the next agent."""
        tasks = [stop.task for stop in self._stops.values() if stop.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, container_id: str, stop: _Stop) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.ensure_future(self._ended(container_id))
        try:
            if stop.deadline > loop.time():
                await self._signal(container_id, "")
            while not ended.done() and (left := stop.deadline - loop.time()) > 0:
                stop.hastened.clear()
                hastened = asyncio.ensure_future(stop.hastened.wait())
                await asyncio.wait({ended, hastened}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                hastened.cancel()
            if not ended.done():
                await self._signal(container_id, "KILL")
                await asyncio.wait({ended}, timeout=_KILL_PATIENCE)
            if not ended.done():
                raise RuntimeFault(f"container {container_id} survives SIGKILL")
            ended.result()
        finally:
            ended.cancel()
