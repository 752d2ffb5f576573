"""Resource table entries of node.k8s.io/v1."""

from __future__ import annotations

from edgeorch.api.node.runtime_class import RuntimeClass
from edgeorch.api.resources import ResourceInfo

RUNTIME_CLASSES = ResourceInfo(
    group="node.k8s.io",
    version="v1",
    kind="RuntimeClass",
    plural="runtimeclasses",
    singular="runtimeclass",
    model=RuntimeClass,
    namespaced=False,
)
