"""What the scheduler tells about pods: their PodScheduled condition and its events."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_status import PodCondition, PodStatus
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import ObjectMeta, format_time
from edgeorch.errors import ApiError
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.scheduler.shape import PodInfo

logger = logging.getLogger(__name__)

MAX_EVENTS = 10_000
"""Events that wait to be written; further ones are lost (client-go's broadcaster drops beyond 1,000)."""

PAUSE = 5
"""How many times as long as an event took to write nothing is written: an event costs more than a binding
(kube-scheduler writes at most 50 events per second, for the same reason)."""

MAX_TOLD = 20_000
"""Pods about which is remembered what was told."""

REPEAT_AFTER = 60.0
"""Seconds after which a reason that is still the same is told again in an event."""


def reference(pod: PodInfo) -> Pod:
    """Give as much of a pod as names it."""
    meta = ObjectMeta(name=pod.name, namespace=pod.namespace, uid=pod.uid, resourceVersion=pod.version)
    return Pod(apiVersion="v1", kind="Pod", metadata=meta)


@dataclass(frozen=True, slots=True)
class _Event:
    about: PodInfo
    kind: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class _Told:
    message: str
    at: float
    as_of: int


class Reports:
    """Writes conditions and events. :meth:`run` is its task; it writes the events, when there is time."""

    def __init__(self, client: Client, recorder: EventRecorder, now: Callable[[], dt.datetime]) -> None:
        self._client = client
        self._recorder = recorder
        self._now = now
        self._events: deque[_Event] = deque()
        self._wanted = asyncio.Event()
        self._told: OrderedDict[str, _Told] = OrderedDict()

    async def run(self) -> None:
        """Write events for ever, one after the other, and let bindings go first."""
        clock = asyncio.get_running_loop().time
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._events:
                event = self._events.popleft()
                begin = clock()
                await self._recorder.event(reference(event.about), event.kind, event.reason, event.message)
                await asyncio.sleep((clock() - begin) * PAUSE)

    def event(self, about: PodInfo, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Have an event written soon."""
        if len(self._events) >= MAX_EVENTS:
            logger.warning("event %s about pod %s/%s is lost: too many", reason, about.namespace, about.name)
            return
        self._events.append(_Event(about, kind, reason, message))
        self._wanted.set()

    def scheduled(self, pod: PodInfo, node: str) -> None:
        """Tell that a pod was bound."""
        self._told.pop(pod.uid, None)
        self.event(pod, "Normal", "Scheduled", f"Successfully assigned {pod.namespace}/{pod.name} to {node}")

    async def unschedulable(self, pod: PodInfo, message: str, as_of: int, nominated: str | None = None) -> None:
        """Tell why a pod has no node: in its condition once, and as an event now and again.

        ``as_of`` says which changes of the cluster the decision has seen: while there are no others, the same
        reason is not told again. ``nominated`` is the node to name in ``status.nominatedNodeName``, empty to
        clear it; None leaves it.
        """
        now = asyncio.get_running_loop().time()
        told = self._told.get(pod.uid)
        if told is not None and told.message == message and nominated is None:
            if as_of == told.as_of or now < told.at + REPEAT_AFTER:
                return
        elif not await self._write(pod, message, nominated):
            return
        self._told[pod.uid] = _Told(message, now, as_of)
        self._told.move_to_end(pod.uid)
        if len(self._told) > MAX_TOLD:
            self._told.popitem(last=False)
        self.event(pod, "Warning", "FailedScheduling", message)

    async def _write(self, pod: PodInfo, message: str, nominated: str | None) -> bool:
        """Write the status; False when the pod is not waiting any more."""
        try:
            current = self._client.get(PODS, pod.namespace, pod.name)
            if current.metadata.uid != pod.uid or current.spec.nodeName:
                return False
            changed = set_unschedulable(current.status, message, format_time(self._now()))
            if nominated is not None and current.status.nominatedNodeName != nominated:
                current.status.nominatedNodeName = nominated
                changed = True
            if changed:
                await self._client.update_status(PODS, current)
        except ApiError as exc:
            logger.info("pod %s/%s: no condition: %s", pod.namespace, pod.name, exc)
            return False
        return True


def set_unschedulable(status: PodStatus, message: str, stamp: str) -> bool:
    """Set the condition; False when it says the same already."""
    condition = next((c for c in status.conditions if c.type == "PodScheduled"), None)
    if condition is None:
        condition = PodCondition(type="PodScheduled")
        status.conditions.append(condition)
    if (condition.status, condition.reason, condition.message) == ("False", "Unschedulable", message):
        return False
    if condition.status != "False":
        condition.lastTransitionTime = stamp
    condition.status = "False"
    condition.reason = "Unschedulable"
    condition.message = message
    return True
