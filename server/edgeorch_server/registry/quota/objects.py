"""What Services and claims cost a quota besides being there, as Kubernetes' evaluators have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgeorch.api import resource_math
from edgeorch.api.core.persistent_volume_claim import BETA_CLASS, STORAGE, PersistentVolumeClaim
from edgeorch.api.core.resources import PERSISTENT_VOLUME_CLAIMS, SERVICES
from edgeorch.api.core.service import LOAD_BALANCER, NODE_PORT, Service, ServiceSpec
from edgeorch.api.meta import Object
from edgeorch.api.quantity import Amount
from edgeorch.api.resources import ResourceInfo

NODE_PORTS = "services.nodeports"
LOAD_BALANCERS = "services.loadbalancers"
REQUESTED = "requests.storage"

_OF_CLASS = ".storageclass.storage.k8s.io/"
_CLAIMS_OF_CLASS = f"{_OF_CLASS}{PERSISTENT_VOLUME_CLAIMS.plural}"
_REQUESTED_OF_CLASS = f"{_OF_CLASS}{REQUESTED}"

KINDS: tuple[ResourceInfo[Any], ...] = (SERVICES, PERSISTENT_VOLUME_CLAIMS)
"""The kinds that this is about."""


def kind_of(name: str) -> ResourceInfo[Any] | None:
    """Give the kind whose objects use a resource; None for what pods use, and for what is merely counted."""
    if name in {NODE_PORTS, LOAD_BALANCERS}:
        return SERVICES
    if name == REQUESTED or name.endswith((_CLAIMS_OF_CLASS, _REQUESTED_OF_CLASS)):
        return PERSISTENT_VOLUME_CLAIMS
    return None


def costs(obj: Object) -> Mapping[str, Amount]:
    """Work out what an object costs; nothing if it is of no such kind."""
    match obj:
        case Service():
            return _of_service(obj.spec)
        case PersistentVolumeClaim():
            return _of_claim(obj)
        case _:
            return {}


def increase(new: Object, old: Object) -> Mapping[str, Amount]:
    """Work out what a change costs: what becomes less is given back, and asks nobody."""
    before, nothing = costs(old), Amount.of(0)
    more = {name: amount - before.get(name, nothing) for name, amount in costs(new).items()}
    return {name: amount for name, amount in more.items() if amount.nanos > 0}


def _of_service(spec: ServiceSpec) -> dict[str, Amount]:
    """Count what is wanted (``serviceEvaluator.Usage``): node ports that are still to be chosen, too."""
    ports = 0
    if spec.type == LOAD_BALANCER and spec.allocateLoadBalancerNodePorts is False:
        ports = sum(port.nodePort != 0 for port in spec.ports)
    elif spec.type in {LOAD_BALANCER, NODE_PORT}:
        ports = len(spec.ports)
    return {NODE_PORTS: Amount.of(ports), LOAD_BALANCERS: Amount.of(spec.type == LOAD_BALANCER)}


def _of_claim(claim: PersistentVolumeClaim) -> dict[str, Amount]:
    """Count a claim and its size for its storage class too (``pvcEvaluator.Usage``)."""
    storage_class = claim.metadata.annotations.get(BETA_CLASS, claim.spec.storageClassName)
    requests = resource_math.parse(claim.spec.resources.requests)
    allocated = resource_math.parse(claim.status.allocatedResources)
    sizes = [amounts[STORAGE] for amounts in (requests, allocated) if STORAGE in amounts]
    found: dict[str, Amount] = {}
    if storage_class:
        found[f"{storage_class}{_CLAIMS_OF_CLASS}"] = Amount.of(1)
    if sizes:
        largest = max(sizes, key=lambda amount: amount.nanos)
        found[REQUESTED] = Amount.of(largest.value(), largest.format)  # whole bytes
        if storage_class:
            found[f"{storage_class}{_REQUESTED_OF_CLASS}"] = found[REQUESTED]
    return found
