"""What exists in every cluster from the first start on: Kubernetes' initial namespaces and priority classes."""

from __future__ import annotations

import contextlib

from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.resources import NAMESPACES
from edgeorch.api.meta import ObjectMeta
from edgeorch.api.scheduling.priority_class import system_classes
from edgeorch.api.scheduling.resources import PRIORITY_CLASSES
from edgeorch.errors import AlreadyExists
from edgeorch_server.registry.base import Writer

INITIAL_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


async def create_initial_objects(client: Writer) -> None:
    """Create what is missing; nothing happens on later starts."""
    for name in INITIAL_NAMESPACES:
        with contextlib.suppress(AlreadyExists):
            await client.create(NAMESPACES, Namespace(metadata=ObjectMeta(name=name)))
    for one in system_classes():
        with contextlib.suppress(AlreadyExists):
            await client.create(PRIORITY_CLASSES, one)
