"""Records core/v1 Events about objects, as client-go's recorder does: repeats are counted, not piled up.

Events are for people. Recording never fails the work it tells about: an event that cannot be stored is logged
and lost.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edgeorch.api.core.event import Event, EventSource
from edgeorch.api.core.references import ObjectReference
from edgeorch.api.core.resources import EVENTS
from edgeorch.api.meta import Object, ObjectMeta, format_time
from edgeorch.errors import ApiError, NotFound
from edgeorch_server.registry.base import Client

logger = logging.getLogger(__name__)

MAX_REMEMBERED = 2048
"""How many different events can be counted up; an older one that repeats becomes a new Event."""
EVENT_NAMESPACE = "default"
"""Where events about cluster-scoped objects go (client-go's ``makeEvent``)."""


@dataclass(frozen=True, slots=True)
class _Same:
    uid: str
    name: str
    type: str
    reason: str
    message: str


class EventRecorder:
    """Writes events in the name of one component."""

    def __init__(self, client: Client, component: str, now: Callable[[], dt.datetime]) -> None:
        self._client = client
        self._component = component
        self._now = now
        self._known: OrderedDict[_Same, tuple[str, str]] = OrderedDict()
        self._newest = 0

    async def event(self, about: Object, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Record that ``reason`` happened to an object."""
        same = _Same(about.metadata.uid, about.metadata.name, kind, reason, message)
        try:
            if same in self._known and await self._count_up(same):
                return
            await self._create(about, same)
        except ApiError as exc:
            logger.warning("event %s about %s %s is lost: %s", reason, about.kind, about.metadata.name, exc)

    async def _count_up(self, same: _Same) -> bool:
        namespace, name = self._known[same]
        try:
            event = self._client.get(EVENTS, namespace, name)
        except NotFound:
            return False
        event.count += 1
        event.lastTimestamp = format_time(self._now())
        await self._client.update(EVENTS, event)
        self._known.move_to_end(same)
        return True

    async def _create(self, about: Object, same: _Same) -> None:
        now = self._now()
        namespace = about.metadata.namespace or EVENT_NAMESPACE
        # Many things happen to a controller's object in the same instant of a coarse clock.
        self._newest = max(int(now.timestamp() * 1e9), self._newest + 1)
        name = f"{same.name}.{self._newest:x}"
        stamp = format_time(now)
        await self._client.create(
            EVENTS,
            Event(
                metadata=ObjectMeta(name=name, namespace=namespace),
                involvedObject=ObjectReference(
                    apiVersion=about.apiVersion,
                    kind=about.kind,
                    namespace=about.metadata.namespace,
                    name=same.name,
                    uid=same.uid,
                    resourceVersion=about.metadata.resourceVersion,
                ),
                type=same.type,
                reason=same.reason,
                message=same.message,
                source=EventSource(component=self._component),
                reportingComponent=self._component,
                firstTimestamp=stamp,
                lastTimestamp=stamp,
                count=1,
            ),
        )
        self._known[same] = (namespace, name)
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
