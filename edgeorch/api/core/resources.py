"""Resource table entries of core/v1."""

from __future__ import annotations

from edgeorch.api.autoscaling.resources import SCALE
from edgeorch.api.core.binding import Binding
from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.endpoints import Endpoints
from edgeorch.api.core.event import Event
from edgeorch.api.core.limit_range import LimitRange
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.node import Node
from edgeorch.api.core.persistent_volume import PersistentVolume
from edgeorch.api.core.persistent_volume_claim import PersistentVolumeClaim
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_template_object import PodTemplate
from edgeorch.api.core.quota import ResourceQuota
from edgeorch.api.core.replication_controller import ReplicationController
from edgeorch.api.core.service import Service
from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.policy.eviction import Eviction
from edgeorch.api.resources import ResourceInfo, Subresource

_STATUS = Subresource("status", ("get", "patch", "update"))


def _paths(*labels: str) -> dict[str, str]:
    """Field labels that are spelled as the path they select."""
    return {label: label for label in labels}


NAMESPACES = ResourceInfo(
    group="",
    version="v1",
    kind="Namespace",
    plural="namespaces",
    singular="namespace",
    model=Namespace,
    namespaced=False,
    short_names=("ns",),
    # Kubernetes has no deletecollection here either: a mistyped command must not empty the cluster.
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    subresources=(_STATUS, Subresource("finalize", ("update",))),
    field_labels=_paths("status.phase"),
)

NODES = ResourceInfo(
    group="",
    version="v1",
    kind="Node",
    plural="nodes",
    singular="node",
    model=Node,
    namespaced=False,
    short_names=("no",),
    subresources=(_STATUS,),
    field_labels=_paths("spec.unschedulable"),
)

PODS = ResourceInfo(
    group="",
    version="v1",
    kind="Pod",
    plural="pods",
    singular="pod",
    model=Pod,
    short_names=("po",),
    categories=("all",),
    subresources=(
        _STATUS,
        Subresource("log", ("get",)),
        Subresource("binding", ("create",), kind="Binding", version="v1", model=Binding),
        Subresource("eviction", ("create",), kind="Eviction", group="policy", version="v1", model=Eviction),
    ),
    field_labels=_paths(
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
)

REPLICATION_CONTROLLERS = ResourceInfo(
    group="",
    version="v1",
    kind="ReplicationController",
    plural="replicationcontrollers",
    singular="replicationcontroller",
    model=ReplicationController,
    short_names=("rc",),
    categories=("all",),
    subresources=(SCALE, _STATUS),
    field_labels=_paths("status.replicas"),
)

CONFIG_MAPS = ResourceInfo(
    group="",
    version="v1",
    kind="ConfigMap",
    plural="configmaps",
    singular="configmap",
    model=ConfigMap,
    short_names=("cm",),
)

SECRETS = ResourceInfo(
    group="",
    version="v1",
    kind="Secret",
    plural="secrets",
    singular="secret",
    model=Secret,
    field_labels=_paths("type"),
)

SERVICE_ACCOUNTS = ResourceInfo(
    group="",
    version="v1",
    kind="ServiceAccount",
    plural="serviceaccounts",
    singular="serviceaccount",
    model=ServiceAccount,
    short_names=("sa",),
    subresources=(Subresource("token", ("create",), "TokenRequest", "authentication.k8s.io", "v1"),),
)

EVENTS = ResourceInfo(
    group="",
    version="v1",
    kind="Event",
    plural="events",
    singular="event",
    model=Event,
    short_names=("ev",),
    field_labels={
        **_paths(
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "type",
        ),
        "source": "source.component",
    },
)

PERSISTENT_VOLUME_CLAIMS = ResourceInfo(
    group="",
    version="v1",
    kind="PersistentVolumeClaim",
    plural="persistentvolumeclaims",
    singular="persistentvolumeclaim",
    model=PersistentVolumeClaim,
    short_names=("pvc",),
    subresources=(_STATUS,),
)

PERSISTENT_VOLUMES = ResourceInfo(
    group="",
    version="v1",
    kind="PersistentVolume",
    plural="persistentvolumes",
    singular="persistentvolume",
    model=PersistentVolume,
    namespaced=False,
    short_names=("pv",),
    subresources=(_STATUS,),
)

POD_TEMPLATES = ResourceInfo(
    group="",
    version="v1",
    kind="PodTemplate",
    plural="podtemplates",
    singular="podtemplate",
    model=PodTemplate,
)

SERVICES = ResourceInfo(
    group="",
    version="v1",
    kind="Service",
    plural="services",
    singular="service",
    model=Service,
    short_names=("svc",),
    categories=("all",),
    subresources=(_STATUS,),
    field_labels=_paths("spec.clusterIP", "spec.type"),
)

BINDINGS = ResourceInfo(
    group="",
    version="v1",
    kind="Binding",
    plural="bindings",
    singular="binding",
    model=Binding,
    verbs=("create",),
)

ENDPOINTS = ResourceInfo(
    group="",
    version="v1",
    kind="Endpoints",
    plural="endpoints",
    singular="endpoints",
    model=Endpoints,
    short_names=("ep",),
)

RESOURCE_QUOTAS = ResourceInfo(
    group="",
    version="v1",
    kind="ResourceQuota",
    plural="resourcequotas",
    singular="resourcequota",
    model=ResourceQuota,
    short_names=("quota",),
    subresources=(_STATUS,),
)

LIMIT_RANGES = ResourceInfo(
    group="",
    version="v1",
    kind="LimitRange",
    plural="limitranges",
    singular="limitrange",
    model=LimitRange,
    short_names=("limits",),
)
