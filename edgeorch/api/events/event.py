"""Events in their newer form; they are stored in the older one."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.core import event as core
from edgeorch.api.core.references import ObjectReference
from edgeorch.api.meta import Int32, MicroTime, Model, Object, Required, Time


class EventSeries(Model):
    """An event that repeats."""

    count: Int32
    """How often it has happened."""
    lastObservedTime: MicroTime | None
    """When it happened last."""


class Event(Object):
    """Something that happened to an object."""

    eventTime: Required[MicroTime | None] = None
    """When it happened first."""
    series: EventSeries | None = None
    """How it repeats."""
    reportingController: str = ""
    """Name of the controller that reports it."""
    reportingInstance: str = ""
    """Which instance of that controller."""
    action: str = ""
    """What was done about the object."""
    reason: str = ""
    """One word for what happened."""
    regarding: ObjectReference = Field(default_factory=ObjectReference)
    """The object it happened to."""
    related: ObjectReference | None = None
    """Another object that has to do with it."""
    note: str = ""
    """What happened, for people."""
    type: str = ""
    """``Normal`` or ``Warning``."""
    deprecatedSource: core.EventSource = Field(default_factory=core.EventSource)
    """Who reported it, in the older form."""
    deprecatedFirstTimestamp: Time | None = None
    """When it happened first, in the older form."""
    deprecatedLastTimestamp: Time | None = None
    """When it happened last, in the older form."""
    deprecatedCount: Int32 = 0
    """How often it has happened, in the older form."""


_SAME = ("eventTime", "reportingInstance", "action", "reason", "related", "type")
_OTHER = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
"""What is called otherwise than in core/v1."""


def to_core(event: Event) -> core.Event:
    """Give the event as it is stored."""
    made = core.Event(apiVersion="v1", kind="Event", metadata=event.metadata.model_copy(deep=True))
    for name in _SAME:
        setattr(made, name, getattr(event, name))
    for new, old in _OTHER.items():
        setattr(made, old, getattr(event, new))
    if event.series is not None:
        made.series = core.EventSeries(count=event.series.count, lastObservedTime=event.series.lastObservedTime)
    return made


def from_core(stored: core.Event) -> Event:
    """Give a stored event in the newer form."""
    made = Event(apiVersion="events.k8s.io/v1", kind="Event", metadata=stored.metadata.model_copy(deep=True))
    for name in _SAME:
        setattr(made, name, getattr(stored, name))
    for new, old in _OTHER.items():
        setattr(made, new, getattr(stored, old))
    if stored.series is not None:
        made.series = EventSeries(count=stored.series.count, lastObservedTime=stored.series.lastObservedTime)
    return made
