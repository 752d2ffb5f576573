"""The plugins that are active, in their order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from edgeorch.api.resources import ResourceTable
from edgeorch_server.registry.admission.base import Chain, Lookup
from edgeorch_server.registry.admission.default_tolerations import DefaultTolerations
from edgeorch_server.registry.admission.limit_ranger import LimitRanger
from edgeorch_server.registry.admission.namespace_lifecycle import NamespaceLifecycle
from edgeorch_server.registry.admission.priority import Priority
from edgeorch_server.registry.admission.resource_quota import QuotaAdmission
from edgeorch_server.registry.admission.service_account import DefaultServiceAccount


def default_chain(objects: Lookup, table: ResourceTable, now: Callable[[], dt.datetime]) -> Chain:
    """Build the chain with every plugin, in Kubernetes' order."""
    return Chain(
        (
            NamespaceLifecycle(objects),
            LimitRanger(objects),
            DefaultServiceAccount(objects),
            Priority(),
            DefaultTolerations(),
            QuotaAdmission(objects, table, now),
        )
    )
