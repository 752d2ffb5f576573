"""Resource table entries of scheduling.k8s.io/v1."""

from __future__ import annotations

from edgeorch.api.resources import ResourceInfo
from edgeorch.api.scheduling.priority_class import PriorityClass

PRIORITY_CLASSES = ResourceInfo(
    group="scheduling.k8s.io",
    version="v1",
    kind="PriorityClass",
    plural="priorityclasses",
    singular="priorityclass",
    model=PriorityClass,
    namespaced=False,
    short_names=("pc",),
)
