"""Defaults of the workload kinds, as in Kubernetes' ``pkg/apis/apps/v1/defaults.go``.

All functions fill in what is missing, in place, and are idempotent.
"""

from __future__ import annotations

from edgeorch.api.apps.replica_set import ReplicaSet
from edgeorch.api.core.defaults import default_pod_template


def default_replica_set(replica_set: ReplicaSet) -> None:
    """Want one pod, and fill in the template."""
    spec = replica_set.spec
    if spec.replicas is None:
        spec.replicas = 1
    default_pod_template(spec.template)
