"""Validation of the core kinds, as in Kubernetes' ``pkg/apis/core/validation``.

Every function takes a defaulted object and returns what is wrong with it, in Kubernetes' words; nothing is
changed and nothing is raised. Clauses Kubernetes states for what does nothing here (Windows, resource
claims, cloud volumes) are left out, except for values without which an object makes no sense. Where
Kubernetes drops an index from a path (``envFrom``, ``subPath``), we name the element.
"""

from __future__ import annotations

from edgeorch.api.core.validation.claims import (
    validate_claim,
    validate_claim_spec,
    validate_claim_status_update,
    validate_claim_update,
)
from edgeorch.api.core.validation.config import (
    validate_config_map,
    validate_config_map_update,
    validate_secret,
    validate_secret_update,
    validate_service_account,
    validate_service_account_update,
)
from edgeorch.api.core.validation.events import validate_binding, validate_event, validate_event_update
from edgeorch.api.core.validation.limit_ranges import validate_limit_range, validate_limit_range_update
from edgeorch.api.core.validation.namespaces import (
    validate_namespace,
    validate_namespace_finalize,
    validate_namespace_status_update,
    validate_namespace_update,
)
from edgeorch.api.core.validation.nodes import validate_node, validate_node_update
from edgeorch.api.core.validation.pod_templates import (
    validate_no_deadline,
    validate_pod_template,
    validate_restart_policy,
    validate_selected,
)
from edgeorch.api.core.validation.pod_updates import validate_pod_status_update, validate_pod_update
from edgeorch.api.core.validation.pods import validate_pod, validate_pod_spec
from edgeorch.api.core.validation.quotas import (
    validate_quota,
    validate_quota_status_update,
    validate_quota_update,
)
from edgeorch.api.core.validation.replication_controllers import (
    validate_replication_controller,
    validate_replication_controller_status_update,
    validate_replication_controller_update,
)

__all__ = [
    "validate_binding",
    "validate_claim",
    "validate_claim_spec",
    "validate_claim_status_update",
    "validate_claim_update",
    "validate_config_map",
    "validate_config_map_update",
    "validate_event",
    "validate_event_update",
    "validate_limit_range",
    "validate_limit_range_update",
    "validate_namespace",
    "validate_namespace_finalize",
    "validate_namespace_status_update",
    "validate_namespace_update",
    "validate_no_deadline",
    "validate_node",
    "validate_node_update",
    "validate_pod",
    "validate_pod_spec",
    "validate_pod_status_update",
    "validate_pod_template",
    "validate_pod_update",
    "validate_quota",
    "validate_quota_status_update",
    "validate_quota_update",
    "validate_replication_controller",
    "validate_replication_controller_status_update",
    "validate_replication_controller_update",
    "validate_restart_policy",
    "validate_secret",
    "validate_secret_update",
    "validate_selected",
    "validate_service_account",
    "validate_service_account_update",
]
