"""The controllers of workloads, put together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from edgeorch_server.controllers.cron_jobs.controller import SOURCES as CRON_SOURCES
from edgeorch_server.controllers.cron_jobs.controller import CronJobs
from edgeorch_server.controllers.daemon_sets.controller import DaemonSets
from edgeorch_server.controllers.daemon_sets.controller import sources as daemon_set_sources
from edgeorch_server.controllers.deployments.controller import Deployments
from edgeorch_server.controllers.deployments.controller import sources as deployment_sources
from edgeorch_server.controllers.disruption.controller import COMPONENT as DISRUPTION
from edgeorch_server.controllers.disruption.controller import Disruptions
from edgeorch_server.controllers.disruption.controller import sources as disruption_sources
from edgeorch_server.controllers.jobs.wiring import job_controllers
from edgeorch_server.controllers.pod_facts import PodReader
from edgeorch_server.controllers.relief import RELIEFS
from edgeorch_server.controllers.replica_set import REPLICA_SET, REPLICATION_CONTROLLER, ReplicaKind, Replicas
from edgeorch_server.controllers.runner import Controller
from edgeorch_server.controllers.stateful_sets.controller import StatefulSets
from edgeorch_server.controllers.stateful_sets.controller import sources as stateful_set_sources
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.registry.registry import Registry


def workload_controllers(
    registry: Registry, now: Callable[[], dt.datetime], zone: dt.tzinfo = dt.UTC
) -> tuple[Controller, ...]:
    """Make the controllers of everything that makes pods, or says how many of them may go.

    ``zone`` is where schedules are at home that name no time zone.
    """

    def recorder(component: str) -> EventRecorder:
        return EventRecorder(registry, component, now)

    pods = PodReader(registry)

    def replicas(name: str, kind: ReplicaKind, component: str) -> Controller:
        reconciler = Replicas(kind, registry, registry, recorder(component), pods, now=now)
        return Controller(name, reconciler, kind.sources(registry), registry, RELIEFS)

    deployments = Deployments(registry, registry, recorder("deployment-controller"), pods, now=now)
    daemon_sets = DaemonSets(registry, registry, recorder("daemonset-controller"), pods, now=now)
    cron_jobs = CronJobs(registry, recorder("cronjob-controller"), now=now, zone=zone)
    disruptions = Disruptions(registry, registry, recorder(DISRUPTION), pods, now=now)
    stateful_sets = StatefulSets(registry, registry, recorder("statefulset-controller"), pods, now=now)
    return (
        replicas("replica-set", REPLICA_SET, "replicaset-controller"),
        replicas("replication-controller", REPLICATION_CONTROLLER, "replication-controller"),
        Controller("deployment", deployments, deployment_sources(registry), registry),
        Controller("daemon-set", daemon_sets, daemon_set_sources(registry), registry, RELIEFS),
        Controller("disruption", disruptions, disruption_sources(registry), registry),
        Controller("cron-job", cron_jobs, CRON_SOURCES, registry),
        Controller("stateful-set", stateful_sets, stateful_set_sources(registry), registry, RELIEFS),
        *job_controllers(registry, recorder("job-controller"), now),
    )
