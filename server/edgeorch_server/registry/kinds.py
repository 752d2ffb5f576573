"""The served kinds, each with its strategy and codec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from edgeorch.api.custom.kind import is_custom
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch_server.registry import messages
from edgeorch_server.registry.codec import Codec
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.registry.strategies.custom import CustomStrategy

ObjectT = TypeVar("ObjectT", bound=Object)


@dataclass(frozen=True, slots=True)
class Kind(Generic[ObjectT]):
    """A served kind with all that reads and writes need to know of it."""

    resource: ResourceInfo[ObjectT]
    strategy: Strategy[ObjectT]
    codec: Codec[ObjectT]


class Kinds:
    """All served kinds, looked up by their resource."""

    def __init__(self, table: ResourceTable, strategies: Mapping[str, Strategy[Any]]) -> None:
        self._by_key: dict[str, Kind[Any]] = {
            resource.key: Kind(resource, strategies[resource.key], Codec(resource))
            for resource in table
            if not is_custom(resource)
        }

    def of(self, resource: ResourceInfo[ObjectT]) -> Kind[ObjectT]:
        """Find a kind; raises NotFound for one that is not served."""
        kind = self._by_key.get(resource.key)
        if kind is None:
            kind = _custom(resource)
        return cast("Kind[ObjectT]", kind)


def _custom(resource: ResourceInfo[Any]) -> Kind[Any]:
    """Make what a version of a custom kind is: checked as that version, and stored as another, perhaps."""
    if not is_custom(resource):
        raise messages.not_served()
    stored = resource.conversion.stored if resource.conversion else resource
    strategy = CustomStrategy(resource.model.version, namespaced=resource.namespaced)
    return Kind(stored, strategy, Codec(stored))
