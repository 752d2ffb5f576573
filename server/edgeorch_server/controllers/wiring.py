"""All controllers of the control plane but that of custom kinds, put together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial

from edgeorch.pki import Pair
from edgeorch.tasks import Start
from edgeorch_server.access.jwt import SigningKey
from edgeorch_server.controllers.account_token_secrets import SOURCES as TOKEN_SOURCES
from edgeorch_server.controllers.account_token_secrets import AccountTokenSecrets
from edgeorch_server.controllers.autoscaling.wiring import autoscaling_controller
from edgeorch_server.controllers.cluster_role_aggregation import SOURCES as AGGREGATION_SOURCES
from edgeorch_server.controllers.cluster_role_aggregation import ClusterRoleAggregation
from edgeorch_server.controllers.disruption.stale import SOURCES as STALE_SOURCES
from edgeorch_server.controllers.disruption.stale import StaleDisruptions
from edgeorch_server.controllers.event_expiry import SOURCES as EVENT_SOURCES
from edgeorch_server.controllers.event_expiry import EventExpiry
from edgeorch_server.controllers.garbage.collector import NAME as GARBAGE
from edgeorch_server.controllers.garbage.collector import GarbageCollector, run_garbage_collector
from edgeorch_server.controllers.namespace import SOURCES as NAMESPACE_SOURCES
from edgeorch_server.controllers.namespace import NamespaceDeletion
from edgeorch_server.controllers.node_lifecycle import NodeLifecycle, run_node_lifecycle
from edgeorch_server.controllers.node_pods import SOURCES as NODE_SOURCES
from edgeorch_server.controllers.pending_claims import NAME as CLAIMS
from edgeorch_server.controllers.pending_claims import SOURCES as CLAIM_SOURCES
from edgeorch_server.controllers.pending_claims import PendingClaims
from edgeorch_server.controllers.pod_garbage import ENDED_SOURCES, EndedPods, LostPods
from edgeorch_server.controllers.pod_readiness import PodReadiness
from edgeorch_server.controllers.resource_quota import QuotaStatus
from edgeorch_server.controllers.resource_quota import sources as quota_sources
from edgeorch_server.controllers.runner import Controller
from edgeorch_server.controllers.service_account import SOURCES as ACCOUNT_SOURCES
from edgeorch_server.controllers.service_account import DefaultServiceAccount
from edgeorch_server.controllers.signing_requests import SOURCES as REQUEST_SOURCES
from edgeorch_server.controllers.signing_requests import SigningRequests
from edgeorch_server.controllers.taint_eviction import TaintEviction
from edgeorch_server.controllers.workloads import workload_controllers
from edgeorch_server.metrics.pod_usage import PodUsages
from edgeorch_server.registry.base import NodeLiveness
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.registry.registry import Registry

_NODES = "node-controller"
"""Who reports events of nodes."""


def all_controllers(
    registry: Registry,
    liveness: NodeLiveness,
    usages: PodUsages,
    *,
    now: Callable[[], dt.datetime],
    node_grace: float,
    zone: dt.tzinfo,
) -> dict[str, Start]:
    """Make every controller that needs no keys, by name.

    ``node_grace`` is how many seconds a node may be silent; ``zone`` is where schedules are at home that name
    no time zone.
    """
    node_recorder = EventRecorder(registry, _NODES, now)
    node_lifecycle = NodeLifecycle(registry, liveness, node_recorder, now=now, grace=node_grace)
    garbage_collector = GarbageCollector(registry, EventRecorder(registry, GARBAGE, now))
    return {
        "node-lifecycle": partial(run_node_lifecycle, node_lifecycle, registry, liveness),
        GARBAGE: partial(run_garbage_collector, garbage_collector, registry),
        **{
            controller.name: controller.run
            for controller in plain_controllers(registry, liveness, usages, now=now, zone=zone)
        },
    }


def plain_controllers(
    registry: Registry,
    liveness: NodeLiveness,
    usages: PodUsages,
    *,
    now: Callable[[], dt.datetime],
    zone: dt.tzinfo,
) -> tuple[Controller, ...]:
    """Make the controllers that nothing but objects wakes; arguments as for :func:`all_controllers`."""

    def recorder(component: str) -> EventRecorder:
        return EventRecorder(registry, component, now)

    readiness = PodReadiness(registry, liveness, recorder(_NODES), now=now)
    evictions = TaintEviction(registry, recorder("taint-eviction-controller"), now=now)
    claims = PendingClaims(registry, recorder(CLAIMS))
    quotas = QuotaStatus(registry, registry.table, now)
    return (
        Controller("service-account", DefaultServiceAccount(registry), ACCOUNT_SOURCES, registry),
        Controller("namespace", NamespaceDeletion(registry, registry), NAMESPACE_SOURCES, registry),
        Controller("event-expiry", EventExpiry(registry, now=now), EVENT_SOURCES, registry),
        Controller("lost-pods", LostPods(registry, now=now), NODE_SOURCES, registry),
        Controller("pod-readiness", readiness, NODE_SOURCES, registry),
        Controller("taint-eviction", evictions, NODE_SOURCES, registry),
        Controller("stale-disruption", StaleDisruptions(registry, now=now), STALE_SOURCES, registry),
        autoscaling_controller(registry, usages, now),
        Controller("pending-claims", claims, CLAIM_SOURCES, registry),
        Controller("ended-pods", EndedPods(registry), ENDED_SOURCES, registry),
        Controller("resource-quota", quotas, quota_sources(registry.table), registry),
        *workload_controllers(registry, now, zone),
    )


def access_controllers(
    registry: Registry, key: SigningKey, ca: bytes, user_ca: Pair, *, now: Callable[[], dt.datetime]
) -> tuple[Controller, ...]:
    """Make the controllers of roles, tokens and certificates.

    ``key`` signs tokens, which come with the cluster's certificate ``ca`` (PEM); ``user_ca`` signs people's
    certificates.
    """
    tokens = AccountTokenSecrets(registry, key, ca)
    requests = SigningRequests(registry, user_ca, now)
    return (
        Controller("cluster-role-aggregation", ClusterRoleAggregation(registry), AGGREGATION_SOURCES, registry),
        Controller("service-account-token", tokens, TOKEN_SOURCES, registry),
        Controller("certificate-signing-request", requests, REQUEST_SOURCES, registry),
    )
