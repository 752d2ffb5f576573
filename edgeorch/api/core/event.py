"""Events: what happened to an object, for people; kept for a while only."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.core.references import ObjectReference
from edgeorch.api.meta import Int32, MicroTime, Model, Object, Required, Time


class EventSource(Model):
    """Who reports an event."""

    component: str = ""
    """Name of the component, such as ``kubelet``."""
    host: str = ""
    """Node it runs on."""


class EventSeries(Model):
    """An event that repeats."""

    count: Int32 = 0
    """How often it has happened."""
    lastObservedTime: MicroTime | None = None
    """When it happened last."""


class Event(Object):
    """Something that happened to an object."""

    involvedObject: Required[ObjectReference] = Field(default_factory=ObjectReference)
    """The object it happened to."""
    reason: str = ""
    """One word for it, such as ``Started``."""
    message: str = ""
    """The same for people."""
    source: EventSource = Field(default_factory=EventSource)
    """Who reports it."""
    firstTimestamp: Time | None = None
    """When it happened first."""
    lastTimestamp: Time | None = None
    """When it happened last."""
    count: Int32 = 0
    """How often it has happened."""
    type: str = ""
    """``Normal`` or ``Warning``."""
    eventTime: MicroTime | None = None
    """When it happened first, with microseconds (events.k8s.io)."""
    series: EventSeries | None = None
    """How it repeats (events.k8s.io)."""
    action: str = ""
    """What was done about the object (events.k8s.io)."""
    related: ObjectReference | None = None
    """Another object that has to do with it."""
    reportingComponent: str = ""
    """Name of the controller that reports it, such as ``edgeorch.io/agent``."""
    reportingInstance: str = ""
    """Which instance of that controller."""
