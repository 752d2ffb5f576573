"""LimitRanger: containers without requests or limits get the namespace's, and nobody gets past its bounds.

Claims have bounds of their own; unlike pods they can grow, so their changes are looked at too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from edgeorch.api import resource_math
from edgeorch.api.core.container import Container
from edgeorch.api.core.limit_range import CLAIM, CONTAINER, POD, LimitRange, LimitRangeItem
from edgeorch.api.core.persistent_volume_claim import PersistentVolumeClaim
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_totals import pod_totals
from edgeorch.api.core.requirements import ResourceList
from edgeorch.api.core.resources import LIMIT_RANGES
from edgeorch.api.quantity import Amount
from edgeorch_server.registry.admission.base import Attributes, Lookup, Operation

ANNOTATION = "kubernetes.io/limit-ranger"
"""Tells a pod's readers which of its requests and limits it did not bring along."""


class LimitRanger:
    """Completes and checks new pods, and checks claims; what may change of a pod later has no bounds."""

    def __init__(self, objects: Lookup) -> None:
        self._objects = objects

    def admit(self, write: Attributes) -> None:
        """Apply all limit ranges of the namespace: first the defaults of all, then their bounds."""
        obj = write.obj
        if write.subresource:
            return
        if isinstance(obj, Pod) and write.operation is Operation.CREATE:
            ranges = self._ranges(write.namespace)
            for limits in ranges:
                complete(obj, limits)
            for limits in ranges:
                _refuse(write, violations(obj, limits))
        elif isinstance(obj, PersistentVolumeClaim) and not obj.metadata.deletionTimestamp:
            for limits in self._ranges(write.namespace):
                _refuse(write, claim_violations(obj, limits))

    def _ranges(self, namespace: str) -> list[LimitRange]:
        return sorted(self._objects.list(LIMIT_RANGES, namespace), key=lambda r: r.metadata.name)


def _refuse(write: Attributes, found: Iterable[str]) -> None:
    if problems := list(found):
        raise write.forbidden(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")


def complete(pod: Pod, limits: LimitRange) -> None:
    """Give the containers the defaults of a limit range (``mergePodResourceRequirements``)."""
    requests: ResourceList = {}
    most: ResourceList = {}
    for item in limits.spec.limits:
        if item.type == CONTAINER:
            requests |= item.defaultRequest
            most |= item.default
    told: list[str] = []
    for word, containers in (("container", pod.spec.containers), ("init container", pod.spec.initContainers)):
        for container in containers:
            resources = container.resources
            given = ((_fill(resources.requests, requests), "request"), (_fill(resources.limits, most), "limit"))
            told += [f"{', '.join(names)} {what} for {word} {container.name}" for names, what in given if names]
    if told:
        pod.metadata.annotations[ANNOTATION] = f"LimitRanger plugin set: {'; '.join(told)}"


def _fill(resources: ResourceList, defaults: ResourceList) -> list[str]:
    missing = sorted(defaults.keys() - resources.keys())
    resources.update({name: defaults[name] for name in missing})
    return missing


def violations(pod: Pod, limits: LimitRange) -> Iterator[str]:
    """Say which bounds a pod breaks, in Kubernetes' words (``PodValidateLimitFunc``)."""
    for item in limits.spec.limits:
        if item.type == CONTAINER:
            for container in (*pod.spec.containers, *pod.spec.initContainers):
                yield from _check(item, *_of(container))
        elif item.type == POD:
            totals = pod_totals(pod.spec)
            yield from _check(item, totals.requests, totals.limits)


def claim_violations(claim: PersistentVolumeClaim, limits: LimitRange) -> Iterator[str]:
    """Say which bounds a claim breaks (``PersistentVolumeClaimValidateLimitFunc``)."""
    requests = resource_math.parse(claim.spec.resources.requests)
    for item in limits.spec.limits:
        if item.type == CLAIM:
            yield from _check_least(item, requests, {})
            yield from _check_most_requested(item, requests)


def _of(container: Container) -> tuple[Mapping[str, Amount], Mapping[str, Amount]]:
    return resource_math.parse(container.resources.requests), resource_math.parse(container.resources.limits)


def _check(item: LimitRangeItem, requests: Mapping[str, Amount], limits: Mapping[str, Amount]) -> Iterator[str]:
    yield from _check_least(item, requests, limits)
    for name, text in sorted(item.max.items()):
        bound, request, limit = Amount.parse(text), requests.get(name), limits.get(name)
        sentence = f"maximum {name} usage per {item.type} is {text}"
        if limit is None:
            yield f"{sentence}.  No limit is specified"
        elif limit > bound:
            yield f"{sentence}, but limit is {limit}"
        elif request is not None and request > bound:
            yield f"{sentence}, but request is {request}"
    for name, text in sorted(item.maxLimitRequestRatio.items()):
        yield from _check_ratio(item.type, name, Amount.parse(text), requests.get(name), limits.get(name))


def _check_most_requested(item: LimitRangeItem, requests: Mapping[str, Amount]) -> Iterator[str]:
    """Hold requests to the maximum where there are no limits (``maxRequestConstraint``)."""
    for name, text in sorted(item.max.items()):
        request, sentence = requests.get(name), f"maximum {name} usage per {item.type} is {text}"
        if request is None:
            yield f"{sentence}.  No request is specified"
        elif request > Amount.parse(text):
            yield f"{sentence}, but request is {request}"


def _check_least(
    item: LimitRangeItem, requests: Mapping[str, Amount], limits: Mapping[str, Amount]
) -> Iterator[str]:
    for name, text in sorted(item.min.items()):
        bound, request, limit = Amount.parse(text), requests.get(name), limits.get(name)
        sentence = f"minimum {name} usage per {item.type} is {text}"
        if request is None:
            yield f"{sentence}.  No request is specified"
        elif request < bound:
            yield f"{sentence}, but request is {request}"
        elif limit is not None and limit < bound:
            yield f"{sentence}, but limit is {limit}"


def _check_ratio(
    kind: str, name: str, bound: Amount, request: Amount | None, limit: Amount | None
) -> Iterator[str]:
    sentence = f"{name} max limit to request ratio per {kind} is {bound}"
    if not request:
        yield f"{sentence}, but no request is specified or request is 0"
    elif not limit:
        yield f"{sentence}, but no limit is specified or limit is 0"
    elif limit.nanos > bound.nanos * request.nanos / 10**9:
        yield f"{sentence}, but provided ratio is {limit.nanos / request.nanos:f}"
