"""What a namespace uses of its quotas, by what is stored at this moment."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from pydantic import ValidationError

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.quota import ResourceQuota
from edgeorch.api.core.resources import PODS
from edgeorch.api.quantity import Amount, Format
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch_server.registry.quota import objects, pods
from edgeorch_server.registry.quota.pods import Charge, Charges
from edgeorch_server.store.base import Entry

CostT = TypeVar("CostT")

COUNTED_BY_NAME = frozenset(
    {"configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services"}
)
"""Kinds that a quota may also count under their own name, without ``count/``."""


class Listing(Protocol):
    """How objects are counted: as they are stored."""

    def entries(self, resource: ResourceInfo[Any], namespace: str) -> Sequence[Entry]:
        """Read the objects of a kind in a namespace."""
        ...


def count_names(resource: ResourceInfo[Any]) -> set[str]:
    """Give the names under which a quota counts the objects of a kind."""
    names = {f"count/{resource.group_resource}"}
    return names | {resource.plural} if resource.key in COUNTED_BY_NAME else names


class _Costs(Generic[CostT]):
    """What the objects of a kind cost, worked out once per version of each."""

    def __init__(
        self, listing: Listing, resource: ResourceInfo[Any], work_out: Callable[[Entry], CostT]
    ) -> None:
        self._listing = listing
        self._resource = resource
        self._work_out = work_out
        self._known: dict[str, dict[str, tuple[int, CostT]]] = {}
        """Per namespace and name: the version, and what that costs."""

    def of(self, namespace: str) -> list[CostT]:
        """Give what each object in a namespace costs."""
        known = self._known.get(namespace, {})
        current: dict[str, tuple[int, CostT]] = {}
        for entry in self._listing.entries(self._resource, namespace):
            remembered = known.get(entry.name)
            if remembered is None or remembered[0] != entry.revision:
                remembered = (entry.revision, self._work_out(entry))
            current[entry.name] = remembered
        self._known[namespace] = current
        return [cost for _, cost in current.values()]

    def forget(self, namespace: str) -> None:
        """Drop what was remembered of a namespace."""
        self._known.pop(namespace, None)


class Usage:
    """Adds up what is used."""

    def __init__(self, listing: Listing, table: ResourceTable, now: Callable[[], dt.datetime]) -> None:
        self._listing = listing
        self._table = table
        self._now = now
        self._counted: tuple[int, Mapping[str, ResourceInfo[Any]]] = (-1, {})
        """The kinds that are counted whole, by the names for that, as of a revision of the table."""
        charges = Charges()
        self._pods = _Costs(listing, PODS, lambda entry: charges.shared(_charge(entry)))
        self._objects = {kind.key: _Costs(listing, kind, _reader(kind)) for kind in objects.KINDS}

    def of(self, quota: ResourceQuota, names: Iterable[str]) -> dict[str, Amount]:
        """Give how much there is of what a quota limits; what nobody can count is left out."""
        wanted, namespace = set(names), quota.metadata.namespace
        scoped = bool(quota.spec.scopes or quota.spec.scopeSelector)
        counted = self._kinds()
        used = {
            name: Amount.of(0 if scoped else len(self._listing.entries(counted[name], namespace)))
            for name in wanted & counted.keys()
        }
        for key, costs in self._objects.items():
            names = {name for name in wanted if (kind := objects.kind_of(name)) and kind.key == key}
            if names:
                used |= _sums(names, () if scoped else ((cost, 1) for cost in costs.of(namespace)))
        of_pods = {name for name in wanted if is_pod_resource(name)}
        return used | (self._of_pods(quota, of_pods) if of_pods else {})

    def forget(self, namespace: str) -> None:
        """Drop what was remembered of a namespace that has no quotas any more."""
        self._pods.forget(namespace)
        for costs in self._objects.values():
            costs.forget(namespace)

    def next_change(self, namespace: str) -> float | None:
        """Seconds until a pod stops to count although nothing is written; None if none will."""
        now = self._now()
        ends = [charge.until for charge in self._pods.of(namespace) if charge.until and charge.counts(now)]
        return (min(ends) - now).total_seconds() if ends else None

    def _kinds(self) -> Mapping[str, ResourceInfo[Any]]:
        revision, counted = self._counted
        if revision != self._table.revision:
            counted = {
                name: resource
                for resource in self._table
                if resource.namespaced and resource.key != PODS.key
                for name in count_names(resource)
            }
            self._counted = (self._table.revision, counted)
        return counted

    def _of_pods(self, quota: ResourceQuota, names: set[str]) -> dict[str, Amount]:
        now, charges = self._now(), self._pods.of(quota.metadata.namespace)
        # Asked for each pod that is created: of a thousand pods nearly all share one charge.
        different = {id(charge): charge for charge in charges}
        times = Counter(map(id, charges))
        return _sums(
            names,
            (
                (charge.at(now), times[which])
                for which, charge in different.items()
                if pods.in_scope(quota, charge)
            ),
        )


def _sums(names: Iterable[str], costs: Iterable[tuple[Mapping[str, Amount], int]]) -> dict[str, Amount]:
    """Add up what costs so much, so many times."""
    sums, formats = dict.fromkeys(names, 0), dict[str, Format]()
    for amounts, times in costs:
        for name, amount in amounts.items():
            if name in sums and amount:
                sums[name] += amount.nanos * times
                formats.setdefault(name, amount.format)
    return {name: Amount(nanos, formats.get(name, Format.DECIMAL_SI)) for name, nanos in sums.items()}


_UNREADABLE = Charge(frozenset(), "", {pods.COUNT: Amount.of(1), pods.PODS: Amount.of(1)})
"""What a pod costs whose bytes are no pod any more: it exists, more is not known."""


def _charge(entry: Entry) -> Charge:
    try:
        return pods.charge(Pod.from_json(entry.data))
    except ValidationError:
        return _UNREADABLE


def _reader(kind: ResourceInfo[Any]) -> Callable[[Entry], Mapping[str, Amount]]:
    def costs(entry: Entry) -> Mapping[str, Amount]:
        try:
            return objects.costs(kind.model.from_json(entry.data))
        except ValidationError:
            return {}

    return costs


def is_pod_resource(name: str) -> bool:
    """Whether pods use this resource."""
    return name in _OF_PODS or (name.startswith(_PREFIXES) and objects.kind_of(name) is None)


_OF_PODS = {pods.PODS, pods.COUNT, "cpu", "memory", "ephemeral-storage"}
_PREFIXES = ("requests.", "limits.", "hugepages-")


def render(amounts: Mapping[str, Amount]) -> str:
    """Write amounts as quota's errors do: ``cpu=1,pods=3``."""
    return ",".join(f"{name}={amounts[name]}" for name in sorted(amounts))
