"""All kinds that are served, put together."""

from __future__ import annotations

from edgeorch.api.admissionregistration.resources import MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS
from edgeorch.api.apiextensions.resources import CUSTOM_RESOURCE_DEFINITIONS
from edgeorch.api.apps.resources import (
    CONTROLLER_REVISIONS,
    DAEMON_SETS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
)
from edgeorch.api.authentication.resources import SELF_SUBJECT_REVIEWS, SELF_SUBJECT_REVIEWS_BETA, TOKEN_REVIEWS
from edgeorch.api.authorization.resources import (
    LOCAL_SUBJECT_ACCESS_REVIEWS,
    SELF_SUBJECT_ACCESS_REVIEWS,
    SELF_SUBJECT_RULES_REVIEWS,
    SUBJECT_ACCESS_REVIEWS,
)
from edgeorch.api.autoscaling.resources import HORIZONTAL_POD_AUTOSCALERS, HORIZONTAL_POD_AUTOSCALERS_V1
from edgeorch.api.batch.resources import CRON_JOBS, JOBS
from edgeorch.api.certificates.resources import CERTIFICATE_SIGNING_REQUESTS
from edgeorch.api.coordination.resources import LEASES
from edgeorch.api.core.resources import (
    BINDINGS,
    CONFIG_MAPS,
    ENDPOINTS,
    EVENTS,
    LIMIT_RANGES,
    NAMESPACES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    POD_TEMPLATES,
    PODS,
    REPLICATION_CONTROLLERS,
    RESOURCE_QUOTAS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
)
from edgeorch.api.discovery.resources import ENDPOINT_SLICES
from edgeorch.api.events.resources import EVENTS as NEW_EVENTS
from edgeorch.api.metrics.resources import NODE_METRICS, POD_METRICS
from edgeorch.api.networking.resources import INGRESS_CLASSES, INGRESSES, NETWORK_POLICIES
from edgeorch.api.node.resources import RUNTIME_CLASSES
from edgeorch.api.policy.resources import POD_DISRUPTION_BUDGETS
from edgeorch.api.rbac.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from edgeorch.api.resources import ResourceTable
from edgeorch.api.scheduling.resources import PRIORITY_CLASSES
from edgeorch.api.storage.resources import STORAGE_CLASSES


def served_table() -> ResourceTable:
    """Give a table of all that edgeorch serves, in the order discovery lists it.

    Beyond what is stored that is other versions of the same kinds, and what is made when it is asked for.
    """
    return ResourceTable(
        (
            *default_table(),
            BINDINGS,
            HORIZONTAL_POD_AUTOSCALERS_V1,
            NEW_EVENTS,
            SELF_SUBJECT_REVIEWS,
            SELF_SUBJECT_REVIEWS_BETA,
            TOKEN_REVIEWS,
            LOCAL_SUBJECT_ACCESS_REVIEWS,
            SELF_SUBJECT_ACCESS_REVIEWS,
            SELF_SUBJECT_RULES_REVIEWS,
            SUBJECT_ACCESS_REVIEWS,
            NODE_METRICS,
            POD_METRICS,
        )
    )


def default_table() -> ResourceTable:
    """Give a table of every kind edgeorch stores, each in the version it is stored in."""
    return ResourceTable(
        (
            CONFIG_MAPS,
            ENDPOINTS,
            EVENTS,
            LIMIT_RANGES,
            NAMESPACES,
            NODES,
            PERSISTENT_VOLUME_CLAIMS,
            PERSISTENT_VOLUMES,
            POD_TEMPLATES,
            PODS,
            REPLICATION_CONTROLLERS,
            RESOURCE_QUOTAS,
            SECRETS,
            SERVICE_ACCOUNTS,
            SERVICES,
            CONTROLLER_REVISIONS,
            DAEMON_SETS,
            DEPLOYMENTS,
            REPLICA_SETS,
            STATEFUL_SETS,
            MUTATING_WEBHOOKS,
            VALIDATING_WEBHOOKS,
            CUSTOM_RESOURCE_DEFINITIONS,
            HORIZONTAL_POD_AUTOSCALERS,
            CRON_JOBS,
            JOBS,
            CERTIFICATE_SIGNING_REQUESTS,
            LEASES,
            ENDPOINT_SLICES,
            INGRESS_CLASSES,
            INGRESSES,
            NETWORK_POLICIES,
            RUNTIME_CLASSES,
            POD_DISRUPTION_BUDGETS,
            CLUSTER_ROLE_BINDINGS,
            CLUSTER_ROLES,
            ROLE_BINDINGS,
            ROLES,
            PRIORITY_CLASSES,
            STORAGE_CLASSES,
        ),
    )
