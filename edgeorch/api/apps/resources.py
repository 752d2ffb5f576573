"""Resource table entries of apps/v1."""

from __future__ import annotations

from edgeorch.api.apps.controller_revision import ControllerRevision
from edgeorch.api.apps.daemon_set import DaemonSet
from edgeorch.api.apps.deployment import Deployment
from edgeorch.api.apps.replica_set import ReplicaSet
from edgeorch.api.apps.stateful_set import StatefulSet
from edgeorch.api.autoscaling.resources import SCALE
from edgeorch.api.resources import ResourceInfo, Subresource

_STATUS = Subresource("status", ("get", "patch", "update"))

REPLICA_SETS = ResourceInfo(
    group="apps",
    version="v1",
    kind="ReplicaSet",
    plural="replicasets",
    singular="replicaset",
    model=ReplicaSet,
    short_names=("rs",),
    categories=("all",),
    subresources=(SCALE, _STATUS),
    field_labels={"status.replicas": "status.replicas"},
)

DEPLOYMENTS = ResourceInfo(
    group="apps",
    version="v1",
    kind="Deployment",
    plural="deployments",
    singular="deployment",
    model=Deployment,
    short_names=("deploy",),
    categories=("all",),
    subresources=(SCALE, _STATUS),
)

CONTROLLER_REVISIONS = ResourceInfo(
    group="apps",
    version="v1",
    kind="ControllerRevision",
    plural="controllerrevisions",
    singular="controllerrevision",
    model=ControllerRevision,
)

DAEMON_SETS = ResourceInfo(
    group="apps",
    version="v1",
    kind="DaemonSet",
    plural="daemonsets",
    singular="daemonset",
    model=DaemonSet,
    short_names=("ds",),
    categories=("all",),
    subresources=(_STATUS,),
)

STATEFUL_SETS = ResourceInfo(
    group="apps",
    version="v1",
    kind="StatefulSet",
    plural="statefulsets",
    singular="statefulset",
    model=StatefulSet,
    short_names=("sts",),
    categories=("all",),
    subresources=(SCALE, _STATUS),
)
