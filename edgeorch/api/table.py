"""All kinds that are served, put together."""

from __future__ import annotations

from edgeorch.api.apps.resources import CONTROLLER_REVISIONS, DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS
from edgeorch.api.coordination.resources import LEASES
from edgeorch.api.core.resources import (
    CONFIG_MAPS,
    EVENTS,
    LIMIT_RANGES,
    NAMESPACES,
    NODES,
    PODS,
    REPLICATION_CONTROLLERS,
    RESOURCE_QUOTAS,
    SECRETS,
    SERVICE_ACCOUNTS,
)
from edgeorch.api.resources import ResourceTable


def default_table() -> ResourceTable:
    """Give a table of every kind edgeorch serves, in the order discovery lists them."""
    return ResourceTable(
        (
            CONFIG_MAPS,
            EVENTS,
            LIMIT_RANGES,
            NAMESPACES,
            NODES,
            PODS,
            REPLICATION_CONTROLLERS,
            RESOURCE_QUOTAS,
            SECRETS,
            SERVICE_ACCOUNTS,
            CONTROLLER_REVISIONS,
            DAEMON_SETS,
            DEPLOYMENTS,
            REPLICA_SETS,
            LEASES,
        ),
    )
