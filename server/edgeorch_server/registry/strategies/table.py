"""The strategies of all served kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgeorch.api.admissionregistration.resources import MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS
from edgeorch.api.admissionregistration.validation import (
    default_webhooks,
    validate_webhooks,
    validate_webhooks_update,
)
from edgeorch.api.apiextensions.resources import CUSTOM_RESOURCE_DEFINITIONS
from edgeorch.api.apps.resources import (
    CONTROLLER_REVISIONS,
    DAEMON_SETS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
)
from edgeorch.api.autoscaling.resources import HORIZONTAL_POD_AUTOSCALERS
from edgeorch.api.batch.resources import CRON_JOBS, JOBS
from edgeorch.api.certificates.resources import CERTIFICATE_SIGNING_REQUESTS
from edgeorch.api.coordination.resources import LEASES
from edgeorch.api.core.resources import (
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
from edgeorch.api.core.service_defaults import default_endpoints
from edgeorch.api.core.validation.endpoints import validate_endpoints, validate_endpoints_update
from edgeorch.api.core.validation.template_objects import (
    default_template_object,
    validate_template_object,
    validate_template_object_update,
)
from edgeorch.api.discovery.resources import ENDPOINT_SLICES
from edgeorch.api.discovery.validation import default_slice, validate_slice, validate_slice_update
from edgeorch.api.networking.defaults import default_ingress_class, default_network_policy
from edgeorch.api.networking.policy_validation import validate_network_policy, validate_network_policy_update
from edgeorch.api.networking.resources import INGRESS_CLASSES, INGRESSES, NETWORK_POLICIES
from edgeorch.api.networking.validation import validate_ingress_class, validate_ingress_class_update
from edgeorch.api.node.resources import RUNTIME_CLASSES
from edgeorch.api.node.validation import validate_runtime_class, validate_runtime_class_update
from edgeorch.api.policy.resources import POD_DISRUPTION_BUDGETS
from edgeorch.api.rbac.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from edgeorch.api.scheduling.resources import PRIORITY_CLASSES
from edgeorch.api.storage.resources import STORAGE_CLASSES
from edgeorch.api.storage.validation import (
    default_storage_class,
    validate_storage_class,
    validate_storage_class_update,
)
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.registry.strategies.budgets import PodDisruptionBudgetStrategy
from edgeorch_server.registry.strategies.checked import (
    Checked,
    CheckedAndCounted,
    CountedNeverUnseen,
    NeverUnseen,
)
from edgeorch_server.registry.strategies.claims import PersistentVolumeClaimStrategy
from edgeorch_server.registry.strategies.config import ConfigMapStrategy, SecretStrategy
from edgeorch_server.registry.strategies.cron_jobs import CronJobStrategy
from edgeorch_server.registry.strategies.daemon_sets import ControllerRevisionStrategy, DaemonSetStrategy
from edgeorch_server.registry.strategies.definitions import DefinitionStrategy
from edgeorch_server.registry.strategies.deployments import DeploymentStrategy
from edgeorch_server.registry.strategies.events import EventStrategy
from edgeorch_server.registry.strategies.horizontal_pod_autoscalers import (
    HorizontalPodAutoscalerStrategy,
)
from edgeorch_server.registry.strategies.ingresses import IngressStrategy
from edgeorch_server.registry.strategies.jobs import JobStrategy
from edgeorch_server.registry.strategies.leases import LeaseStrategy
from edgeorch_server.registry.strategies.namespaces import NamespaceStrategy
from edgeorch_server.registry.strategies.nodes import NodeStrategy
from edgeorch_server.registry.strategies.pods import PodStrategy
from edgeorch_server.registry.strategies.priority_classes import PriorityClassStrategy
from edgeorch_server.registry.strategies.quotas import LimitRangeStrategy, ResourceQuotaStrategy
from edgeorch_server.registry.strategies.rbac import (
    ClusterRoleBindingStrategy,
    ClusterRoleStrategy,
    RoleBindingStrategy,
    RoleStrategy,
)
from edgeorch_server.registry.strategies.replica_sets import ReplicaSetStrategy
from edgeorch_server.registry.strategies.replication_controllers import ReplicationControllerStrategy
from edgeorch_server.registry.strategies.service_accounts import ServiceAccountStrategy
from edgeorch_server.registry.strategies.services import ServiceStrategy
from edgeorch_server.registry.strategies.signing_requests import SigningRequestStrategy
from edgeorch_server.registry.strategies.stateful_sets import StatefulSetStrategy
from edgeorch_server.registry.strategies.volumes import PersistentVolumeStrategy


def default_strategies() -> Mapping[str, Strategy[Any]]:
    """Give the strategy of every served kind, by :attr:`edgeorch.api.resources.ResourceInfo.key`."""
    return {
        CERTIFICATE_SIGNING_REQUESTS.key: SigningRequestStrategy(),
        CLUSTER_ROLE_BINDINGS.key: ClusterRoleBindingStrategy(),
        CLUSTER_ROLES.key: ClusterRoleStrategy(),
        CONFIG_MAPS.key: ConfigMapStrategy(),
        CONTROLLER_REVISIONS.key: ControllerRevisionStrategy(),
        CRON_JOBS.key: CronJobStrategy(),
        CUSTOM_RESOURCE_DEFINITIONS.key: DefinitionStrategy(),
        DAEMON_SETS.key: DaemonSetStrategy(),
        DEPLOYMENTS.key: DeploymentStrategy(),
        ENDPOINTS.key: Checked(validate_endpoints, validate_endpoints_update, default_endpoints),
        ENDPOINT_SLICES.key: CheckedAndCounted(validate_slice, validate_slice_update, default_slice),
        EVENTS.key: EventStrategy(),
        HORIZONTAL_POD_AUTOSCALERS.key: HorizontalPodAutoscalerStrategy(),
        INGRESSES.key: IngressStrategy(),
        INGRESS_CLASSES.key: CheckedAndCounted(
            validate_ingress_class, validate_ingress_class_update, default_ingress_class
        ),
        JOBS.key: JobStrategy(),
        LEASES.key: LeaseStrategy(),
        LIMIT_RANGES.key: LimitRangeStrategy(),
        MUTATING_WEBHOOKS.key: CountedNeverUnseen(
            validate_webhooks, validate_webhooks_update, default_webhooks
        ),
        NETWORK_POLICIES.key: CheckedAndCounted(
            validate_network_policy, validate_network_policy_update, default_network_policy
        ),
        NAMESPACES.key: NamespaceStrategy(),
        NODES.key: NodeStrategy(),
        PERSISTENT_VOLUME_CLAIMS.key: PersistentVolumeClaimStrategy(),
        PERSISTENT_VOLUMES.key: PersistentVolumeStrategy(),
        POD_TEMPLATES.key: CheckedAndCounted(
            validate_template_object, validate_template_object_update, default_template_object
        ),
        PODS.key: PodStrategy(),
        POD_DISRUPTION_BUDGETS.key: PodDisruptionBudgetStrategy(),
        PRIORITY_CLASSES.key: PriorityClassStrategy(),
        REPLICA_SETS.key: ReplicaSetStrategy(),
        REPLICATION_CONTROLLERS.key: ReplicationControllerStrategy(),
        RESOURCE_QUOTAS.key: ResourceQuotaStrategy(),
        ROLE_BINDINGS.key: RoleBindingStrategy(),
        ROLES.key: RoleStrategy(),
        RUNTIME_CLASSES.key: NeverUnseen(validate_runtime_class, validate_runtime_class_update),
        SECRETS.key: SecretStrategy(),
        SERVICE_ACCOUNTS.key: ServiceAccountStrategy(),
        SERVICES.key: ServiceStrategy(),
        STATEFUL_SETS.key: StatefulSetStrategy(),
        STORAGE_CLASSES.key: Checked(
            validate_storage_class, validate_storage_class_update, default_storage_class
        ),
        VALIDATING_WEBHOOKS.key: CountedNeverUnseen(
            validate_webhooks, validate_webhooks_update, default_webhooks
        ),
    }
