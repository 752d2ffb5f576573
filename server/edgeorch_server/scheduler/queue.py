"""The scheduling queue: ready pods by priority, and pods that wait for something to change.

A pod that found no node is *parked*: it costs nothing until an event comes that can help (a node appeared or
changed, a pod went away), and then waits out its back-off: hopeless pods do not keep the scheduler busy.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from dataclasses import dataclass, field

from edgeorch.api.core.pod import Pod

INITIAL_BACKOFF = 1.0
MAX_BACKOFF = 10.0
"""Seconds; kube-scheduler's ``podInitialBackoffSeconds`` and ``podMaxBackoffSeconds``."""


@dataclass(slots=True)
class _Waiting:
    pod: Pod
    ready: bool = True
    """In the heap, or in the scheduler's hands."""
    attempts: int = 0
    not_before: float = 0.0
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)


class SchedulingQueue:
    """Pods without a node, by uid. Runs on the event loop's clock."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._heap: list[tuple[int, str, int, str]] = []
        self._order = itertools.count()
        self._available = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, pod: Pod) -> None:
        """Add a pod, or take over a change of it; a changed spec is a new chance, a changed status is not."""
        known = self._waiting.get(pod.metadata.uid)
        if known is None:
            self._waiting[pod.metadata.uid] = _Waiting(pod)
            self._push(pod)
            return
        changed = known.pod.spec != pod.spec or known.pod.metadata.labels != pod.metadata.labels
        known.pod = pod
        if changed and not known.ready:
            self._retry(known)

    def remove(self, uid: str) -> None:
        """Forget a pod: it is bound or gone."""
        known = self._waiting.pop(uid, None)
        if known is not None and known.timer is not None:
            known.timer.cancel()

    def park(self, uid: str) -> None:
        """Put a pod aside that found no node."""
        known = self._waiting.get(uid)
        if known is None:
            return
        backoff = min(INITIAL_BACKOFF * 2**known.attempts, MAX_BACKOFF)
        known.ready = False
        known.attempts = min(known.attempts + 1, 8)
        known.not_before = asyncio.get_running_loop().time() + backoff

    def retry(self, uid: str) -> None:
        """Put a pod back whose binding failed; it comes again after its back-off."""
        self.park(uid)
        if uid in self._waiting:
            self._retry(self._waiting[uid])

    def move_all(self) -> None:
        """Something changed that may help: parked pods get another try once their back-off is over."""
        for known in self._waiting.values():
            if not known.ready:
                self._retry(known)

    async def get(self) -> Pod:
        """Wait for the pod to schedule next: highest priority, then oldest."""
        while True:
            while self._heap:
                uid = heapq.heappop(self._heap)[-1]
                if uid in self._waiting:
                    return self._waiting[uid].pod
            self._available.clear()
            await self._available.wait()

    def _retry(self, known: _Waiting) -> None:
        loop = asyncio.get_running_loop()
        known.ready = True
        if known.not_before <= loop.time():
            self._push(known.pod)
            return
        known.timer = loop.call_at(known.not_before, self._push, known.pod)

    def _push(self, pod: Pod) -> None:
        created = pod.metadata.creationTimestamp or ""
        heapq.heappush(self._heap, (-(pod.spec.priority or 0), created, next(self._order), pod.metadata.uid))
        self._available.set()
