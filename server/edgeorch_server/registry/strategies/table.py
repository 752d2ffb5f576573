"""The strategies of all served kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.registry.strategies.config import ConfigMapStrategy, SecretStrategy
from edgeorch_server.registry.strategies.daemon_sets import ControllerRevisionStrategy, DaemonSetStrategy
from edgeorch_server.registry.strategies.deployments import DeploymentStrategy
from edgeorch_server.registry.strategies.events import EventStrategy
from edgeorch_server.registry.strategies.leases import LeaseStrategy
from edgeorch_server.registry.strategies.namespaces import NamespaceStrategy
from edgeorch_server.registry.strategies.nodes import NodeStrategy
from edgeorch_server.registry.strategies.pods import PodStrategy
from edgeorch_server.registry.strategies.quotas import LimitRangeStrategy, ResourceQuotaStrategy
from edgeorch_server.registry.strategies.replica_sets import ReplicaSetStrategy
from edgeorch_server.registry.strategies.replication_controllers import ReplicationControllerStrategy
from edgeorch_server.registry.strategies.service_accounts import ServiceAccountStrategy


def default_strategies() -> Mapping[str, Strategy[Any]]:
    """Give the strategy of every served kind, by :attr:`edgeorch.api.resources.ResourceInfo.key`."""
    return {
        CONFIG_MAPS.key: ConfigMapStrategy(),
        CONTROLLER_REVISIONS.key: ControllerRevisionStrategy(),
        DAEMON_SETS.key: DaemonSetStrategy(),
        DEPLOYMENTS.key: DeploymentStrategy(),
        EVENTS.key: EventStrategy(),
        LEASES.key: LeaseStrategy(),
        LIMIT_RANGES.key: LimitRangeStrategy(),
        NAMESPACES.key: NamespaceStrategy(),
        NODES.key: NodeStrategy(),
        PODS.key: PodStrategy(),
        REPLICA_SETS.key: ReplicaSetStrategy(),
        REPLICATION_CONTROLLERS.key: ReplicationControllerStrategy(),
        RESOURCE_QUOTAS.key: ResourceQuotaStrategy(),
        SECRETS.key: SecretStrategy(),
        SERVICE_ACCOUNTS.key: ServiceAccountStrategy(),
    }
