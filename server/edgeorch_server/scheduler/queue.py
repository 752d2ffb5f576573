"""The scheduling queue: ready pods by priority, and pods that wait for something to change.

A pod that found no node is *parked*: it costs nothing until an event comes that can help (the plugins that
refused it say which), and then waits out its back-off: hopeless pods do not keep the scheduler busy.
Kubernetes' three queues (active, back-off, unschedulable) are the heap, the timers and the parked pods.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from edgeorch_server.scheduler.shape import PodInfo, Shape

INITIAL_BACKOFF = 1.0
MAX_BACKOFF = 10.0
"""Seconds; kube-scheduler's ``podInitialBackoffSeconds`` and ``podMaxBackoffSeconds``."""

MAX_PARKED = 300.0
"""Seconds after which a parked pod is tried again though nothing was seen that can help
(``podMaxInUnschedulablePodsDuration``): an insurance against our own mistakes."""

Why = tuple[Shape, frozenset[str]]
"""What parked pods have in common: their shape, and the names of the plugins that refused them."""


@dataclass(slots=True)
class _Waiting:
    pod: PodInfo
    why: Why | None = None
    """Set while it is parked."""
    parked_at: float = 0.0
    attempts: int = 0
    not_before: float = 0.0
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)


class SchedulingQueue:
    """Pods without a node, by uid. Runs on the event loop's clock."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._parked: dict[Why, dict[str, _Waiting]] = {}
        self._heap: list[tuple[int, str, int, str]] = []
        self._order = itertools.count()
        self._available = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, pod: PodInfo) -> None:
        """Add a pod, or take over a change of it; another shape is a new chance, another status is not."""
        known = self._waiting.get(pod.uid)
        if known is None:
            known = self._waiting[pod.uid] = _Waiting(pod)
            self._push(known)
            return
        changed = known.pod.shape is not pod.shape
        known.pod = pod
        if changed and known.why is not None:
            self._retry(known)

    def remove(self, uid: str) -> bool:
        """Forget a pod: it is bound or gone. False if it was not known."""
        known = self._waiting.pop(uid, None)
        if known is None:
            return False
        self._unpark(known)
        if known.timer is not None:
            known.timer.cancel()
        return True

    def park(self, uid: str, refused_by: frozenset[str] = frozenset()) -> None:
        """Put a pod aside that found no node."""
        known = self._waiting.get(uid)
        if known is None:
            return
        now = asyncio.get_running_loop().time()
        known.why = (known.pod.shape, refused_by)
        known.parked_at = now
        known.not_before = now + min(INITIAL_BACKOFF * 2**known.attempts, MAX_BACKOFF)
        known.attempts = min(known.attempts + 1, 8)
        self._parked.setdefault(known.why, {})[uid] = known

    def retry(self, uid: str) -> None:
        """Put a pod back whose binding failed; it comes again after its back-off."""
        self.park(uid)
        if (known := self._waiting.get(uid)) is not None:
            self._retry(known)

    def wake(self, helps: Callable[[Shape, frozenset[str]], bool]) -> None:
        """Give those parked pods another try, once their back-off is over, whom something has helped."""
        for why in [why for why in self._parked if helps(*why)]:
            for known in list(self._parked[why].values()):
                self._retry(known)

    def wake_oldest(self) -> None:
        """Give pods another try that have been parked for too long."""
        long_ago = asyncio.get_running_loop().time() - MAX_PARKED
        for pods in list(self._parked.values()):
            for known in [known for known in pods.values() if known.parked_at <= long_ago]:
                self._retry(known)

    async def get(self) -> PodInfo:
        """Wait for the pod to schedule next: highest priority, then oldest."""
        while True:
            while self._heap:
                uid = heapq.heappop(self._heap)[-1]
                if uid in self._waiting:
                    return self._waiting[uid].pod
            self._available.clear()
            await self._available.wait()

    def _retry(self, known: _Waiting) -> None:
        self._unpark(known)
        loop = asyncio.get_running_loop()
        if known.not_before <= loop.time():
            self._push(known)
        else:
            known.timer = loop.call_at(known.not_before, self._push, known)

    def _unpark(self, known: _Waiting) -> None:
        if known.why is None:
            return
        alike = self._parked[known.why]
        del alike[known.pod.uid]
        if not alike:
            del self._parked[known.why]
        known.why = None

    def _push(self, known: _Waiting) -> None:
        known.timer = None
        pod = known.pod
        heapq.heappush(self._heap, (-pod.shape.priority, pod.created, next(self._order), pod.uid))
        self._available.set()
