"""The served kinds, each with its strategy and codec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch_server.registry import messages
from edgeorch_server.registry.codec import Codec
from edgeorch_server.registry.strategies.base import Strategy

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
            resource.key: Kind(resource, strategies[resource.key], Codec(resource)) for resource in table
        }

    def of(self, resource: ResourceInfo[ObjectT]) -> Kind[ObjectT]:
        """Find a kind; raises NotFound for one that is not served."""
        kind = self._by_key.get(resource.key)
        if kind is None:
            raise messages.not_served()
        return cast("Kind[ObjectT]", kind)
