"""Resource table entries of networking.k8s.io/v1."""

from __future__ import annotations

from edgeorch.api.networking.ingress import Ingress, IngressClass
from edgeorch.api.networking.network_policy import NetworkPolicy
from edgeorch.api.resources import ResourceInfo, Subresource

_GROUP = "networking.k8s.io"

INGRESSES = ResourceInfo(
    group=_GROUP,
    version="v1",
    kind="Ingress",
    plural="ingresses",
    singular="ingress",
    model=Ingress,
    short_names=("ing",),
    subresources=(Subresource("status", ("get", "patch", "update")),),
)

INGRESS_CLASSES = ResourceInfo(
    group=_GROUP,
    version="v1",
    kind="IngressClass",
    plural="ingressclasses",
    singular="ingressclass",
    model=IngressClass,
    namespaced=False,
)

NETWORK_POLICIES = ResourceInfo(
    group=_GROUP,
    version="v1",
    kind="NetworkPolicy",
    plural="networkpolicies",
    singular="networkpolicy",
    model=NetworkPolicy,
    short_names=("netpol",),
)
