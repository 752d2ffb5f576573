"""What a namespace uses of its quotas, by what is stored at this moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from pydantic import ValidationError

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.quota import ResourceQuota
from edgeorch.api.core.resources import PODS
from edgeorch.api.quantity import Amount, Format
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch_server.registry.quota import pods
from edgeorch_server.registry.quota.pods import Charge
from edgeorch_server.store.base import Entry

COUNTED_BY_NAME = frozenset({"configmaps", "replicationcontrollers", "resourcequotas", "secrets"})
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


class Usage:
    """Adds up what is used. What a pod costs is worked out once per version of it."""

    def __init__(self, listing: Listing, table: ResourceTable, now: Callable[[], dt.datetime]) -> None:
        self._listing = listing
        self._now = now
        self._counted = {
            name: resource
            for resource in table
            if resource.namespaced and resource.key != PODS.key
            for name in count_names(resource)
        }
        self._charges: dict[str, dict[str, tuple[int, Charge]]] = {}
        """Per namespace and pod: its version, and what that costs."""

    def of(self, quota: ResourceQuota, names: Iterable[str]) -> dict[str, Amount]:
        """Give how much there is of what a quota limits; what nobody can count is left out."""
        wanted, namespace = set(names), quota.metadata.namespace
        scoped = bool(quota.spec.scopes or quota.spec.scopeSelector)
        used = {
            name: Amount.of(0 if scoped else len(self._listing.entries(self._counted[name], namespace)))
            for name in wanted & self._counted.keys()
        }
        of_pods = {name for name in wanted if is_pod_resource(name)}
        return used | (self._of_pods(quota, of_pods) if of_pods else {})

    def forget(self, namespace: str) -> None:
        """Drop what was remembered of a namespace that has no quotas any more."""
        self._charges.pop(namespace, None)

    def next_change(self, namespace: str) -> float | None:
        """Seconds until a pod stops to count although nothing is written; None if none will."""
        now = self._now()
        ends = [charge.until for charge in self._of(namespace) if charge.until and charge.counts(now)]
        return (min(ends) - now).total_seconds() if ends else None

    def _of_pods(self, quota: ResourceQuota, names: set[str]) -> dict[str, Amount]:
        now = self._now()
        sums, formats = dict.fromkeys(names, 0), dict[str, Format]()
        for charge in self._of(quota.metadata.namespace):
            if pods.in_scope(quota, charge):
                for name, amount in charge.at(now).items():
                    if name in names and amount:
                        sums[name] += amount.nanos
                        formats.setdefault(name, amount.format)
        return {name: Amount(nanos, formats.get(name, Format.DECIMAL_SI)) for name, nanos in sums.items()}

    def _of(self, namespace: str) -> Iterable[Charge]:
        known = self._charges.get(namespace, {})
        current: dict[str, tuple[int, Charge]] = {}
        for entry in self._listing.entries(PODS, namespace):
            remembered = known.get(entry.name)
            if remembered is None or remembered[0] != entry.revision:
                remembered = (entry.revision, _read(entry))
            current[entry.name] = remembered
        self._charges[namespace] = current
        return [charge for _, charge in current.values()]


_UNREADABLE = Charge(frozenset(), "", {pods.COUNT: Amount.of(1), pods.PODS: Amount.of(1)})
"""What a pod costs whose bytes are no pod any more: it exists, more is not known."""


def _read(entry: Entry) -> Charge:
    try:
        return pods.charge(Pod.from_json(entry.data))
    except ValidationError:
        return _UNREADABLE


def is_pod_resource(name: str) -> bool:
    """Whether pods use this resource."""
    return name in _OF_PODS or (name.startswith(_PREFIXES) and name != _OF_CLAIMS)


_OF_PODS = {pods.PODS, pods.COUNT, "cpu", "memory", "ephemeral-storage"}
_PREFIXES = ("requests.", "limits.", "hugepages-")
_OF_CLAIMS = "requests.storage"


def render(amounts: Mapping[str, Amount]) -> str:
    """Write amounts as quota's errors do: ``cpu=1,pods=3``."""
    return ",".join(f"{name}={amounts[name]}" for name in sorted(amounts))
