"""Resource table entries of events.k8s.io/v1."""

from __future__ import annotations

from edgeorch.api.core import resources as core
from edgeorch.api.events.event import Event, from_core, to_core
from edgeorch.api.resources import Conversion, ResourceInfo

EVENTS = ResourceInfo(
    group="events.k8s.io",
    version="v1",
    kind="Event",
    plural="events",
    singular="event",
    model=Event,
    short_names=("ev",),
    field_labels=core.EVENTS.field_labels,
    conversion=Conversion(core.EVENTS, to_core, from_core),
)
"""The same objects as core/v1's; fields are selected by their names there."""
