"""Validation of the workload kinds, as in Kubernetes' ``pkg/apis/apps/validation``.

Every function takes a defaulted object and returns what is wrong with it, in Kubernetes' words; nothing is
changed and nothing is raised.
"""

from __future__ import annotations

from edgeorch.api.apps.validation.daemon_sets import (
    validate_controller_revision,
    validate_controller_revision_update,
    validate_daemon_set,
    validate_daemon_set_status_update,
    validate_daemon_set_update,
)
from edgeorch.api.apps.validation.deployments import (
    validate_deployment,
    validate_deployment_status_update,
    validate_deployment_update,
)
from edgeorch.api.apps.validation.replica_sets import (
    validate_replica_set,
    validate_replica_set_status_update,
    validate_replica_set_update,
)
from edgeorch.api.apps.validation.stateful_sets import (
    validate_stateful_set,
    validate_stateful_set_status_update,
    validate_stateful_set_update,
)

__all__ = [
    "validate_controller_revision",
    "validate_controller_revision_update",
    "validate_daemon_set",
    "validate_daemon_set_status_update",
    "validate_daemon_set_update",
    "validate_deployment",
    "validate_deployment_status_update",
    "validate_deployment_update",
    "validate_replica_set",
    "validate_replica_set_status_update",
    "validate_replica_set_update",
    "validate_stateful_set",
    "validate_stateful_set_status_update",
    "validate_stateful_set_update",
]
