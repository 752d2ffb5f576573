"""ResourceQuota: a namespace may hold and use only so much.

Kubernetes counts a create in the quota's status first, with optimistic concurrency between its API servers, and
corrects the status later. Here everything that is written goes through one process, one step at a time, so what
is used is counted when it is asked: creates that come together cannot get past a limit together, and a status
that lags behind admits nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from edgeorch.api import resource_math
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.quota import ResourceQuota
from edgeorch.api.core.resources import RESOURCE_QUOTAS
from edgeorch.api.quantity import Amount
from edgeorch.api.resources import ResourceTable
from edgeorch_server.registry.admission.base import Attributes, Lookup, Operation
from edgeorch_server.registry.quota import objects, pods
from edgeorch_server.registry.quota.usage import Usage, count_names, render


class QuotaAdmission:
    """Refuses what a quota leaves no room for."""

    def __init__(self, objects: Lookup, table: ResourceTable, now: Callable[[], dt.datetime]) -> None:
        self._objects = objects
        self._usage = Usage(objects, table, now)

    def admit(self, write: Attributes) -> None:
        """Check a new object, or what it grows by, against every quota of its namespace; raises Forbidden."""
        if write.operation is Operation.DELETE or write.subresource or not write.resource.namespaced:
            return
        costs, charge = _costs(write)
        if not costs:
            return
        quotas = self._objects.list(RESOURCE_QUOTAS, write.namespace)
        if not quotas:
            self._usage.forget(write.namespace)
            return
        for quota in sorted(quotas, key=lambda quota: quota.metadata.name):
            if charge is None and (quota.spec.scopes or quota.spec.scopeSelector):
                continue
            if charge is None or pods.in_scope(quota, charge):
                self._check(write, quota, costs)

    def _check(self, write: Attributes, quota: ResourceQuota, costs: Mapping[str, Amount]) -> None:
        hard, name = resource_math.parse(quota.spec.hard), quota.metadata.name
        if isinstance(write.obj, Pod) and (missing := pods.missing_requests(write.obj.spec, hard)):
            raise write.forbidden(f"failed quota: {name}: must specify {missing}")
        requested = {what: amount for what, amount in costs.items() if what in hard and amount}
        if negative := sorted(what for what, amount in requested.items() if amount.nanos < 0):
            raise write.forbidden(f"quota usage is negative for resource(s): {','.join(negative)}")
        if not requested:
            return
        used = self._usage.of(quota, requested)
        exceeded = [what for what, amount in requested.items() if used[what] + amount > hard[what]]
        if exceeded:
            requests, uses, limits = (
                render({what: amounts[what] for what in exceeded}) for amounts in (requested, used, hard)
            )
            raise write.forbidden(
                f"exceeded quota: {name}, requested: {requests}, used: {uses}, limited: {limits}"
            )


def _costs(write: Attributes) -> tuple[Mapping[str, Amount], pods.Charge | None]:
    """Give what a write costs, and for a new pod also what scopes it is in; a change of a pod costs nothing."""
    if write.obj is not None and write.old is not None:
        return objects.increase(write.obj, write.old), None
    if isinstance(write.obj, Pod):
        charge = pods.charge(write.obj)
        return charge.amounts, charge
    counted = dict.fromkeys(count_names(write.resource), Amount.of(1))
    return counted | (dict(objects.costs(write.obj)) if write.obj else {}), None
