"""Resource entries of metrics.k8s.io/v1beta1."""

from __future__ import annotations

from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.metrics.usage import NodeMetrics, PodMetrics
from edgeorch.api.resources import ResourceInfo

_READ = ("get", "list")

NODE_METRICS = ResourceInfo(
    group="metrics.k8s.io",
    version="v1beta1",
    kind="NodeMetrics",
    plural="nodes",
    singular="",
    model=NodeMetrics,
    namespaced=False,
    verbs=_READ,
    field_labels=NODES.field_labels,
)

POD_METRICS = ResourceInfo(
    group="metrics.k8s.io",
    version="v1beta1",
    kind="PodMetrics",
    plural="pods",
    singular="",
    model=PodMetrics,
    verbs=_READ,
    field_labels=PODS.field_labels,
)
"""Selected by the fields and labels of the pods (``kubectl top pod --field-selector``)."""
