"""Nodes (``pkg/registry/core/node/strategy.go``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.core.defaults import default_node
from edgeorch.api.core.node import Node
from edgeorch.api.core.validation import validate_node, validate_node_update
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability


class NodeStrategy(Strategy[Node]):
    """A node's status is rebuilt from what its agent publishes, so a crash may lose the newest."""

    status_durability: ClassVar[Durability] = Durability.SOFT

    def default(self, obj: Node) -> None:
        """Let pods have all of the node unless it says what they may have."""
        default_node(obj)

    def prepare_update(self, new: Node, old: Node) -> None:
        """Leave the status to its own subresource; a new node, in contrast, may bring one."""
        new.status = old.status

    def prepare_status(self, new: Node, old: Node) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def validate(self, obj: Node) -> list[FieldError]:
        """Check a new node."""
        return validate_node(obj)

    def validate_update(self, new: Node, old: Node) -> list[FieldError]:
        """Check a changed node."""
        return validate_node_update(new, old)
