"""What a pod costs a quota, and which scopes it is in, as Kubernetes' pod evaluator has it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod, PodSpec
from edgeorch.api.core.pod_totals import pod_totals
from edgeorch.api.core.qos import BEST_EFFORT, qos_class
from edgeorch.api.core.quota import ResourceQuota, ScopedResourceSelectorRequirement
from edgeorch.api.core.scheduling import PodAffinityTerm
from edgeorch.api.core.validation.quotas import COMPUTE
from edgeorch.api.core.validation.resources import is_extended
from edgeorch.api.meta import parse_time
from edgeorch.api.quantity import Amount

PODS = "pods"
COUNT = "count/pods"
"""All pods that exist, also those that have ended."""

_NATIVE = ("cpu", "memory", "ephemeral-storage")
_HUGE_PAGES = "hugepages-"
_ENDED = {"Succeeded", "Failed"}
_ONE = Amount.of(1)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Charge:
    """What one pod costs a quota."""

    scopes: frozenset[str]
    """Those that a pod is in or not; ``PriorityClass`` among them where it names one."""
    priority_class: str
    amounts: Mapping[str, Amount]
    """While it counts; :data:`COUNT` is counted as long as it exists."""
    until: dt.datetime | None = None
    """When it stops to count: at once if it has ended, or once it should have ended long ago."""

    def counts(self, now: dt.datetime) -> bool:
        """Whether it uses anything, apart from being there (``QuotaV1Pod``)."""
        return self.until is None or now < self.until

    def at(self, now: dt.datetime) -> Mapping[str, Amount]:
        """Give what it costs now."""
        return self.amounts if self.counts(now) else {COUNT: _ONE}


class Charges:
    """Keeps one of all charges that say the same: pods of one template need only be counted, not added up."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[Hashable, Charge] = WeakValueDictionary()

    def shared(self, charge: Charge) -> Charge:
        """Give the one that says the same, as long as somebody has it."""
        amounts = frozenset((name, amount.nanos, amount.format) for name, amount in charge.amounts.items())
        key = (charge.scopes, charge.priority_class, amounts, charge.until)
        return self._known.setdefault(key, charge)


_LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)


def charge(pod: Pod) -> Charge:
    """Work out what a pod costs."""
    return Charge(
        scopes=frozenset(_scopes(pod.spec)),
        priority_class=pod.spec.priorityClassName,
        amounts={COUNT: _ONE, PODS: _ONE, **_compute(pod.spec)},
        until=_until(pod),
    )


def _until(pod: Pod) -> dt.datetime | None:
    meta = pod.metadata
    if pod.status.phase in _ENDED:
        return _LONG_AGO
    if meta.deletionTimestamp is None or meta.deletionGracePeriodSeconds is None:
        return None
    # A node that is away for days must not keep the replacements of its pods out.
    return parse_time(meta.deletionTimestamp) + dt.timedelta(seconds=meta.deletionGracePeriodSeconds)


def _compute(spec: PodSpec) -> dict[str, Amount]:
    totals = pod_totals(spec)
    return _named(totals.requests, totals.limits)


def _named(requests: Mapping[str, Amount], limits: Mapping[str, Amount]) -> dict[str, Amount]:
    """Call requests and limits as quotas do (``podComputeUsageHelper``)."""
    named: dict[str, Amount] = {}
    for name, amount in requests.items():
        if name in _NATIVE or name.startswith(_HUGE_PAGES):
            named[name] = amount
        if name in _NATIVE or name.startswith(_HUGE_PAGES) or is_extended(name):
            named[f"requests.{name}"] = amount
    return named | {f"limits.{name}": amount for name, amount in limits.items() if name in _NATIVE}


def _scopes(spec: PodSpec) -> Iterable[str]:
    yield "BestEffort" if qos_class(spec) == BEST_EFFORT else "NotBestEffort"
    yield "NotTerminating" if spec.activeDeadlineSeconds is None else "Terminating"
    if spec.priorityClassName:
        yield "PriorityClass"
    if _looks_abroad(spec):
        yield "CrossNamespacePodAffinity"


def _looks_abroad(spec: PodSpec) -> bool:
    """Whether an affinity names other namespaces (``usesCrossNamespacePodAffinity``)."""
    affinity = spec.affinity
    if affinity is None:
        return False
    terms: list[PodAffinityTerm] = []
    for kind in (affinity.podAffinity, affinity.podAntiAffinity):
        if kind is not None:
            terms += kind.requiredDuringSchedulingIgnoredDuringExecution
            terms += [w.podAffinityTerm for w in kind.preferredDuringSchedulingIgnoredDuringExecution]
    return any(term.namespaces or term.namespaceSelector is not None for term in terms)


def in_scope(quota: ResourceQuota, pod: Charge) -> bool:
    """Whether a quota counts a pod: all its scopes and conditions fit."""
    selector = quota.spec.scopeSelector
    conditions = selector.matchExpressions if selector else ()
    return pod.scopes.issuperset(quota.spec.scopes) and all(_fits(c, pod) for c in conditions)


def _fits(condition: ScopedResourceSelectorRequirement, pod: Charge) -> bool:
    if condition.scopeName != "PriorityClass":
        return condition.scopeName in pod.scopes
    match condition.operator:
        case "In":
            return bool(pod.priority_class) and pod.priority_class in condition.values
        case "NotIn":
            return pod.priority_class not in condition.values
        case "DoesNotExist":
            return not pod.priority_class
        case _:
            return bool(pod.priority_class)


def missing_requests(spec: PodSpec, limited: Iterable[str]) -> str:
    """Say which containers leave open what a quota limits; empty when none does (``Constraints``)."""
    required = COMPUTE.intersection(limited)
    missing: dict[str, set[str]] = {}
    for container in (*spec.containers, *spec.initContainers):
        for name in required - _stated(container):
            missing.setdefault(name, set()).add(container.name)
    return "; ".join(f"{name} for: {','.join(sorted(who))}" for name, who in sorted(missing.items()))


def _stated(container: Container) -> set[str]:
    resources = container.resources
    return set(_named(dict.fromkeys(resources.requests, _ONE), dict.fromkeys(resources.limits, _ONE)))
