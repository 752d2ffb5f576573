"""Events of pods, in kubelet's words, without repeating themselves.

An event that was emitted before is emitted again under the same name with a higher count (client-go's event
correlation); a pod that produces too many loses the rest: one broken pod must not cost a thin link much.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edgeorch.api import meta
from edgeorch.api.core.event import Event, EventSource
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.references import ObjectReference

NORMAL = "Normal"
WARNING = "Warning"

COMPONENT = "kubelet"
"""Who reports: the agent is this node's kubelet, and that is what people look for in ``kubectl describe``."""

BURST = 25
REFILL_SECONDS = 300.0
"""client-go's spam filter: 25 events an object at once, then one every five minutes."""

KNOWN_EVENTS = 4096
"""How many distinct events are remembered for counting."""


class EventSink(Protocol):
    """Where events go."""

    def emit(self, event: Event) -> None:
        """Pass an event on; it may be dropped when there is no link."""
        ...


@dataclass(slots=True)
class _Seen:
    name: str
    first: str
    count: int


@dataclass(slots=True)
class _Budget:
    tokens: float
    at: float


class Recorder:
    """Makes events of one node."""

    def __init__(self, sink: EventSink, node: str, now: Callable[[], float]) -> None:
        self._sink = sink
        self._node = node
        self._now = now
        self._seen: OrderedDict[tuple[str, ...], _Seen] = OrderedDict()
        self._budgets: dict[str, _Budget] = {}
        self._last = 0

    def normal(self, pod: Pod, reason: str, message: str, container: str = "") -> None:
        """Say that something went as it should."""
        self._record(pod, NORMAL, reason, message, container)

    def warning(self, pod: Pod, reason: str, message: str, container: str = "") -> None:
        """Say that something went wrong."""
        self._record(pod, WARNING, reason, message, container)

    def forget(self, uid: str) -> None:
        """Drop what is remembered of a pod that is gone."""
        self._budgets.pop(uid, None)
        for key in [k for k in self._seen if k[0] == uid]:
            del self._seen[key]

    def _record(self, pod: Pod, kind: str, reason: str, message: str, container: str) -> None:
        moment = self._now()
        if not self._spend(pod.metadata.uid, moment):
            return
        time = meta.format_time(dt.datetime.fromtimestamp(moment, dt.UTC))
        key = (pod.metadata.uid, container, kind, reason, message)
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = _Seen(f"{pod.metadata.name}.{self._stamp(moment):x}", time, 0)
        seen.count += 1
        self._seen.move_to_end(key)
        if len(self._seen) > KNOWN_EVENTS:
            self._seen.popitem(last=False)
        self._sink.emit(self._event(pod, kind, reason, message, container, seen, time))

    def _event(
        self, pod: Pod, kind: str, reason: str, message: str, container: str, seen: _Seen, time: str
    ) -> Event:
        return Event(
            apiVersion="v1",
            kind="Event",
            metadata=meta.ObjectMeta(name=seen.name, namespace=pod.metadata.namespace),
            involvedObject=ObjectReference(
                apiVersion="v1",
                kind="Pod",
                namespace=pod.metadata.namespace,
                name=pod.metadata.name,
                uid=pod.metadata.uid,
                resourceVersion=pod.metadata.resourceVersion,
                fieldPath=_field_path(pod, container),
            ),
            type=kind,
            reason=reason,
            message=message,
            source=EventSource(component=COMPONENT, host=self._node),
            reportingComponent=COMPONENT,
            reportingInstance=self._node,
            firstTimestamp=seen.first,
            lastTimestamp=time,
            count=seen.count,
        )

    def _stamp(self, moment: float) -> int:
        """Give nanoseconds for the event's name, never the same twice."""
        self._last = max(self._last + 1, int(moment * 1e9))
        return self._last

    def _spend(self, uid: str, moment: float) -> bool:
        budget = self._budgets.setdefault(uid, _Budget(BURST, moment))
        refilled = max(0.0, moment - budget.at) / REFILL_SECONDS
        budget.tokens, budget.at = min(BURST, budget.tokens + refilled), moment
        if budget.tokens < 1:
            return False
        budget.tokens -= 1
        return True


def _field_path(pod: Pod, container: str) -> str:
    if not container:
        return ""
    is_init = any(c.name == container for c in pod.spec.initContainers)
    return f"spec.initContainers{{{container}}}" if is_init else f"spec.containers{{{container}}}"
