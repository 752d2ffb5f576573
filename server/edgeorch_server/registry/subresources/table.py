"""The subresources that are served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch_server.registry import messages
from edgeorch_server.registry.subresources.approval import Approval
from edgeorch_server.registry.subresources.base import Action, Form, Part
from edgeorch_server.registry.subresources.binding import BindPod
from edgeorch_server.registry.subresources.eviction import EvictPod
from edgeorch_server.registry.subresources.finalize import Finalize
from edgeorch_server.registry.subresources.main import Main
from edgeorch_server.registry.subresources.scale import ScaleForm, ScalePart
from edgeorch_server.registry.subresources.status import Status


@dataclass(frozen=True, slots=True)
class Subresources:
    """What can be updated and what can be posted, by subresource name."""

    parts: Mapping[str, Part]
    """The empty name is the object itself."""
    actions: Mapping[str, Action]
    forms: Mapping[str, Form] = field(default_factory=dict)
    """The parts that go over the wire as another kind."""

    def part(self, resource: ResourceInfo[Object], name: str) -> Part:
        """Find what an update writes; raises NotFound."""
        part = self.parts.get(name)
        if part is None or (name and resource.subresource(name) is None):
            raise messages.not_served()
        return part

    def action(self, resource: ResourceInfo[Object], name: str) -> Action:
        """Find what a POST does; raises NotFound."""
        action = self.actions.get(name)
        if action is None or resource.subresource(name) is None:
            raise messages.not_served()
        return action


def default_subresources() -> Subresources:
    """Register everything that is served."""
    parts: tuple[Part, ...] = (Main(), Status(), Finalize(), ScalePart(), Approval())
    return Subresources(
        parts={part.name: part for part in parts},
        actions={"binding": BindPod(), "eviction": EvictPod()},
        forms={ScalePart.name: ScaleForm()},
    )
