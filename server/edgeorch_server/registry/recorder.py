"""Records core/v1 Events about objects, as client-go's recorder does: repeats are counted, and limited.

Events are for people. Recording never fails the work it tells about: an event that cannot be stored is logged
and lost.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

from edgeorch.api.core.event import Event, EventSource
from edgeorch.api.core.references import ObjectReference
from edgeorch.api.core.resources import EVENTS
from edgeorch.api.meta import Object, ObjectMeta, format_time
from edgeorch.errors import AlreadyExists, ApiError, NotFound
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.event_correlator import EventCorrelator, Happening, Subject

logger = logging.getLogger(__name__)

MAX_REMEMBERED = 2048
"""How many different events can be counted up; an older one that repeats becomes a new Event."""
EVENT_NAMESPACE = "default"
"""Where events about cluster-scoped objects go (client-go's ``makeEvent``)."""


class EventRecorder:
    """Writes events in the name of one component."""

    def __init__(self, client: Client, component: str, now: Callable[[], dt.datetime]) -> None:
        self._client = client
        self._component = component
        self._now = now
        self._correlator = EventCorrelator()
        self._known: OrderedDict[Happening, tuple[str, str]] = OrderedDict()
        self._newest = 0

    async def event(self, about: Object, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Record that ``reason`` happened to an object, unless too much was told of it already."""
        meta = about.metadata
        subject = Subject(about.kind, meta.namespace, meta.name, meta.uid)
        admitted = self._correlator.admit(Happening(subject, kind, reason, message), self._now())
        if admitted is None:
            logger.debug("event %s about %s %s is one too many: %s", reason, about.kind, meta.name, message)
            return
        same, message = admitted
        try:
            if same in self._known and await self._count_up(same, message):
                return
            await self._create(about, same, message)
        except ApiError as exc:
            logger.warning("event %s about %s %s is lost: %s", reason, about.kind, meta.name, exc)

    async def _count_up(self, same: Happening, message: str) -> bool:
        namespace, name = self._known[same]
        try:
            event = self._client.get(EVENTS, namespace, name)
        except NotFound:
            return False
        event.message = message
        event.count += 1
        event.lastTimestamp = format_time(self._now())
        await self._client.update(EVENTS, event)
        self._known.move_to_end(same)
        return True

    async def _create(self, about: Object, same: Happening, message: str) -> None:
        namespace = about.metadata.namespace or EVENT_NAMESPACE
        while True:
            # Many things happen to a controller's object in the same instant of a coarse clock.
            self._newest = max(int(self._now().timestamp() * 1e9), self._newest + 1)
            name = f"{about.metadata.name}.{self._newest:x}"
            try:
                await self._write(about, same, message, ObjectMeta(name=name, namespace=namespace))
                break
            except AlreadyExists:
                # Another component tells of a namesake in this very instant.
                continue
        self._known[same] = (namespace, name)
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)

    async def _write(self, about: Object, same: Happening, message: str, meta: ObjectMeta) -> None:
        stamp = format_time(self._now())
        await self._client.create(
            EVENTS,
            Event(
                metadata=meta,
                involvedObject=ObjectReference(
                    apiVersion=about.apiVersion,
                    kind=about.kind,
                    namespace=about.metadata.namespace,
                    name=about.metadata.name,
                    uid=about.metadata.uid,
                    resourceVersion=about.metadata.resourceVersion,
                ),
                type=same.type,
                reason=same.reason,
                message=message,
                source=EventSource(component=self._component),
                reportingComponent=self._component,
                firstTimestamp=stamp,
                lastTimestamp=stamp,
                count=1,
            ),
        )
