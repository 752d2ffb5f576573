"""Which kind is shown by which printer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch_server.apiserver.printers import core, workloads
from edgeorch_server.apiserver.printers.columns import JsonObject, Printer
from edgeorch_server.apiserver.printers.events import EVENTS
from edgeorch_server.apiserver.printers.nodes import NODES
from edgeorch_server.apiserver.printers.pods import PODS

PRINTERS: Mapping[str, Printer] = {
    "pods": PODS,
    "nodes": NODES,
    "namespaces": core.NAMESPACES,
    "configmaps": core.CONFIG_MAPS,
    "resourcequotas": core.RESOURCE_QUOTAS,
    "secrets": core.SECRETS,
    "serviceaccounts": core.SERVICE_ACCOUNTS,
    "events": EVENTS,
    "controllerrevisions.apps": workloads.CONTROLLER_REVISIONS,
    "daemonsets.apps": workloads.DAEMON_SETS,
    "deployments.apps": workloads.DEPLOYMENTS,
    "replicasets.apps": workloads.REPLICA_SETS,
    "replicationcontrollers": workloads.REPLICATION_CONTROLLERS,
    "scales.autoscaling": workloads.SCALES,
    "leases.coordination.k8s.io": core.LEASES,
}
"""By :attr:`edgeorch.api.resources.ResourceInfo.key`; any other kind shows name and creation."""


class KubernetesPrinter:
    """Prints every kind the way Kubernetes does; ages are as of ``now()``."""

    def __init__(self, now: Callable[[], dt.datetime], printers: Mapping[str, Printer] = PRINTERS) -> None:
        self._now = now
        self._printers = printers

    def columns(self, resource: ResourceInfo[Object]) -> list[JsonObject]:
        """Give the Table's ``columnDefinitions``."""
        return [column.to_dict() for column in self._of(resource).columns]

    def cells(self, resource: ResourceInfo[Object], body: JsonObject) -> list[Any]:
        """Give one object's row, as many cells as there are columns."""
        return self._of(resource).cells(body, self._now())

    def _of(self, resource: ResourceInfo[Object]) -> Printer:
        return self._printers.get(resource.key, core.OTHERS)
