"""Which kind is shown by which printer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from edgeorch.api.custom.kind import CustomObject
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch_server.apiserver.printers import (
    autoscaling,
    batch,
    certificates,
    claims,
    core,
    networking,
    policies,
    rbac,
    services,
    storage,
    workloads,
)
from edgeorch_server.apiserver.printers.columns import JsonObject, Printer
from edgeorch_server.apiserver.printers.custom import DEFINITIONS, custom_printer
from edgeorch_server.apiserver.printers.events import EVENTS
from edgeorch_server.apiserver.printers.nodes import NODES
from edgeorch_server.apiserver.printers.pods import PODS

PRINTERS: Mapping[str, Printer] = {
    "customresourcedefinitions.apiextensions.k8s.io": DEFINITIONS,
    "pods": PODS,
    "nodes": NODES,
    "namespaces": core.NAMESPACES,
    "configmaps": core.CONFIG_MAPS,
    "persistentvolumes": storage.PERSISTENT_VOLUMES,
    "podtemplates": workloads.POD_TEMPLATES,
    "persistentvolumeclaims": claims.PERSISTENT_VOLUME_CLAIMS,
    "resourcequotas": core.RESOURCE_QUOTAS,
    "endpoints": services.ENDPOINTS,
    "secrets": core.SECRETS,
    "serviceaccounts": core.SERVICE_ACCOUNTS,
    "services": services.SERVICES,
    "events": EVENTS,
    "controllerrevisions.apps": workloads.CONTROLLER_REVISIONS,
    "daemonsets.apps": workloads.DAEMON_SETS,
    "deployments.apps": workloads.DEPLOYMENTS,
    "replicasets.apps": workloads.REPLICA_SETS,
    "replicationcontrollers": workloads.REPLICATION_CONTROLLERS,
    "statefulsets.apps": workloads.STATEFUL_SETS,
    "scales.autoscaling": workloads.SCALES,
    "horizontalpodautoscalers.autoscaling": autoscaling.HORIZONTAL_POD_AUTOSCALERS,
    "cronjobs.batch": batch.CRON_JOBS,
    "jobs.batch": batch.JOBS,
    "endpointslices.discovery.k8s.io": services.ENDPOINT_SLICES,
    "certificatesigningrequests.certificates.k8s.io": certificates.CERTIFICATE_SIGNING_REQUESTS,
    "leases.coordination.k8s.io": core.LEASES,
    "nodes.metrics.k8s.io": autoscaling.NODE_METRICS,
    "pods.metrics.k8s.io": autoscaling.POD_METRICS,
    "poddisruptionbudgets.policy": policies.POD_DISRUPTION_BUDGETS,
    "clusterrolebindings.rbac.authorization.k8s.io": rbac.BINDINGS,
    "clusterroles.rbac.authorization.k8s.io": rbac.ROLES,
    "rolebindings.rbac.authorization.k8s.io": rbac.BINDINGS,
    "roles.rbac.authorization.k8s.io": rbac.ROLES,
    "ingresses.networking.k8s.io": networking.INGRESSES,
    "ingressclasses.networking.k8s.io": networking.INGRESS_CLASSES,
    "networkpolicies.networking.k8s.io": networking.NETWORK_POLICIES,
    "storageclasses.storage.k8s.io": storage.STORAGE_CLASSES,
    "runtimeclasses.node.k8s.io": core.RUNTIME_CLASSES,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": core.WEBHOOKS,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": core.WEBHOOKS,
    "priorityclasses.scheduling.k8s.io": policies.PRIORITY_CLASSES,
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
        if issubclass(resource.model, CustomObject):
            return custom_printer(resource.model.version)
        return self._printers.get(resource.key, core.OTHERS)
