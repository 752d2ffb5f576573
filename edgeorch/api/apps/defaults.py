"""Defaults of the workload kinds, as in Kubernetes' ``pkg/apis/apps/v1/defaults.go``.

All functions fill in what is missing, in place, and are idempotent.
"""

from __future__ import annotations

from edgeorch.api.apps.daemon_set import DaemonSet, RollingUpdateDaemonSet
from edgeorch.api.apps.deployment import ROLLING_UPDATE, Deployment, RollingUpdateDeployment
from edgeorch.api.apps.replica_set import ReplicaSet
from edgeorch.api.apps.stateful_set import (
    ORDERED_READY,
    RETAIN,
    RollingUpdateStatefulSetStrategy,
    StatefulSet,
    StatefulSetPersistentVolumeClaimRetentionPolicy,
)
from edgeorch.api.core.defaults import default_claim, default_pod_template

DEFAULT_REVISIONS = 10
DEFAULT_SHARE = "25%"
DEFAULT_PROGRESS_SECONDS = 600


def default_replica_set(replica_set: ReplicaSet) -> None:
    """Want one pod, and fill in the template."""
    spec = replica_set.spec
    if spec.replicas is None:
        spec.replicas = 1
    default_pod_template(spec.template)


def default_daemon_set(daemon_set: DaemonSet) -> None:
    """Replace pods on one node at a time, and fill in the template."""
    spec, strategy = daemon_set.spec, daemon_set.spec.updateStrategy
    if spec.revisionHistoryLimit is None:
        spec.revisionHistoryLimit = DEFAULT_REVISIONS
    strategy.type = strategy.type or ROLLING_UPDATE
    if strategy.type == ROLLING_UPDATE:
        rolling = strategy.rollingUpdate = strategy.rollingUpdate or RollingUpdateDaemonSet()
        if rolling.maxUnavailable is None:
            rolling.maxUnavailable = 1
        if rolling.maxSurge is None:
            rolling.maxSurge = 0
    default_pod_template(spec.template)


def default_deployment(deployment: Deployment) -> None:
    """Want one pod, roll changes out a quarter at a time, and fill in the template."""
    spec = deployment.spec
    if spec.replicas is None:
        spec.replicas = 1
    if spec.revisionHistoryLimit is None:
        spec.revisionHistoryLimit = DEFAULT_REVISIONS
    if spec.progressDeadlineSeconds is None:
        spec.progressDeadlineSeconds = DEFAULT_PROGRESS_SECONDS
    strategy = spec.strategy
    strategy.type = strategy.type or ROLLING_UPDATE
    if strategy.type == ROLLING_UPDATE:
        rolling = strategy.rollingUpdate = strategy.rollingUpdate or RollingUpdateDeployment()
        if rolling.maxUnavailable is None:
            rolling.maxUnavailable = DEFAULT_SHARE
        if rolling.maxSurge is None:
            rolling.maxSurge = DEFAULT_SHARE
    default_pod_template(spec.template)


def default_stateful_set(stateful_set: StatefulSet) -> None:
    """Want one pod, one after the other, whose claims stay; fill in the templates."""
    spec, strategy = stateful_set.spec, stateful_set.spec.updateStrategy
    spec.podManagementPolicy = spec.podManagementPolicy or ORDERED_READY
    strategy.type = strategy.type or ROLLING_UPDATE
    if strategy.type == ROLLING_UPDATE:
        rolling = strategy.rollingUpdate = strategy.rollingUpdate or RollingUpdateStatefulSetStrategy()
        if rolling.partition is None:
            rolling.partition = 0
    policy = spec.persistentVolumeClaimRetentionPolicy = (
        spec.persistentVolumeClaimRetentionPolicy or StatefulSetPersistentVolumeClaimRetentionPolicy()
    )
    policy.whenDeleted = policy.whenDeleted or RETAIN
    policy.whenScaled = policy.whenScaled or RETAIN
    if spec.replicas is None:
        spec.replicas = 1
    if spec.revisionHistoryLimit is None:
        spec.revisionHistoryLimit = DEFAULT_REVISIONS
    default_pod_template(spec.template)
    for claim in spec.volumeClaimTemplates:
        # Kubernetes names the kind of what it keeps within another object, so that it reads back the same.
        claim.apiVersion, claim.kind = "v1", "PersistentVolumeClaim"
        default_claim(claim)
