"""Pure: the status of a Deployment, and whether its rollout gets on (``sync.go``, ``progress.go``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgeorch.api import conditions
from edgeorch.api.apps.deployment import NO_DEADLINE, Deployment, DeploymentCondition, DeploymentStatus
from edgeorch.api.apps.replica_set import REPLICA_FAILURE, ReplicaSet
from edgeorch.api.meta import format_time, parse_time
from edgeorch_server.controllers.deployments.plan import Aim

AVAILABLE = "Available"
PROGRESSING = "Progressing"

PAUSED = "DeploymentPaused"
RESUMED = "DeploymentResumed"
CREATED = "NewReplicaSetCreated"
FOUND = "FoundNewReplicaSet"
CREATE_ERROR = "ReplicaSetCreateError"
UPDATED = "ReplicaSetUpdated"
COMPLETE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"


@dataclass(frozen=True, slots=True)
class Clock:
    """Makes conditions as of one moment."""

    now: dt.datetime

    def condition(self, kind: str, status: str, reason: str, message: str) -> DeploymentCondition:
        """Make a condition that has changed just now (``NewDeploymentCondition``)."""
        stamp = format_time(self.now)
        return DeploymentCondition(
            type=kind,
            status=status,
            reason=reason,
            message=message,
            lastUpdateTime=stamp,
            lastTransitionTime=stamp,
        )


def has_deadline(deployment: Deployment) -> bool:
    """Whether anybody asks how the rollout gets on (``HasProgressDeadline``)."""
    return deployment.spec.progressDeadlineSeconds not in {None, NO_DEADLINE}


def progressing(status: DeploymentStatus) -> DeploymentCondition | None:
    """Give the condition that tells how the rollout gets on."""
    return conditions.find(status.conditions, PROGRESSING)


def has_timed_out(status: DeploymentStatus) -> bool:
    """Whether the rollout has missed its deadline, and has not got on since."""
    condition = progressing(status)
    return condition is not None and condition.reason == TIMED_OUT


def note(deployment: Deployment, clock: Clock, status: str, reason: str, message: str) -> None:
    """Say how the rollout gets on, in place, if anybody asks."""
    if has_deadline(deployment):
        new = clock.condition(PROGRESSING, status, reason, message)
        deployment.status.conditions = conditions.with_condition(deployment.status.conditions, new)


def note_pause(deployment: Deployment, clock: Clock) -> None:
    """Say that rollouts are held back, or no longer, in place (``checkPausedConditions``).

    This also starts the deadline anew when the Deployment is resumed.
    """
    known = progressing(deployment.status)
    if known is not None and known.reason == TIMED_OUT:
        return
    was_paused = known is not None and known.reason == PAUSED
    if deployment.spec.paused and not was_paused:
        note(deployment, clock, "Unknown", PAUSED, "Deployment is paused")
    elif was_paused and not deployment.spec.paused:
        note(deployment, clock, "Unknown", RESUMED, "Deployment is resumed")


def counted(
    deployment: Deployment, new: ReplicaSet | None, olds: Sequence[ReplicaSet], clock: Clock
) -> DeploymentStatus:
    """Add the ReplicaSets up (``calculateStatus``)."""
    sets = [*olds, *([new] if new else [])]
    available = sum(s.status.availableReplicas for s in sets)
    wanted = sum(s.spec.replicas or 0 for s in sets)
    status = deployment.status.model_copy(
        update={
            "observedGeneration": deployment.metadata.generation,
            "replicas": sum(s.status.replicas for s in sets),
            "updatedReplicas": new.status.replicas if new else 0,
            "readyReplicas": sum(s.status.readyReplicas for s in sets),
            "availableReplicas": available,
            "unavailableReplicas": max(0, wanted - available),
        }
    )
    if available >= Aim.of(deployment.spec).least:
        condition = clock.condition(
            AVAILABLE, "True", "MinimumReplicasAvailable", "Deployment has minimum availability."
        )
    else:
        condition = clock.condition(
            AVAILABLE, "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
        )
    status.conditions = conditions.with_condition(status.conditions, condition)
    return status


def is_complete(deployment: Deployment, status: DeploymentStatus) -> bool:
    """Whether all pods are of the present template and available, and no others are left."""
    counts = (status.updatedReplicas, status.replicas, status.availableReplicas)
    seen = status.observedGeneration >= deployment.metadata.generation
    return seen and all(count == deployment.spec.replicas for count in counts)


def _gets_on(old: DeploymentStatus, new: DeploymentStatus) -> bool:
    return (
        new.updatedReplicas > old.updatedReplicas
        or new.replicas - new.updatedReplicas < old.replicas - old.updatedReplicas
        or new.readyReplicas > old.readyReplicas
        or new.availableReplicas > old.availableReplicas
    )


def assess(
    deployment: Deployment, status: DeploymentStatus, new: ReplicaSet | None, clock: Clock
) -> list[DeploymentCondition]:
    """Give the conditions with what is to be said of the progress made (``syncRolloutStatus``)."""
    if not has_deadline(deployment):
        return conditions.without(status.conditions, PROGRESSING)
    known = progressing(deployment.status)
    if status.replicas == status.updatedReplicas and known is not None and known.reason == COMPLETE:
        return status.conditions
    name = f'ReplicaSet "{new.metadata.name}"' if new else f'Deployment "{deployment.metadata.name}"'
    if is_complete(deployment, status):
        condition = clock.condition(PROGRESSING, "True", COMPLETE, f"{name} has successfully progressed.")
    elif _gets_on(deployment.status, status):
        condition = clock.condition(PROGRESSING, "True", UPDATED, f"{name} is progressing.")
        if known is not None and known.status == "True":
            condition.lastTransitionTime = known.lastTransitionTime
        # Each step counts, and so moves the time from which the deadline runs.
        return [*conditions.without(status.conditions, PROGRESSING), condition]
    elif known is not None and known.reason != COMPLETE and _seconds_left(deployment, known, clock) < 0:
        condition = clock.condition(PROGRESSING, "False", TIMED_OUT, f"{name} has timed out progressing.")
    else:
        return status.conditions
    return conditions.with_condition(status.conditions, condition)


def _seconds_left(deployment: Deployment, condition: DeploymentCondition, clock: Clock) -> float:
    if condition.reason == TIMED_OUT or condition.lastUpdateTime is None:
        return -1
    since = (clock.now - parse_time(condition.lastUpdateTime)).total_seconds()
    return (deployment.spec.progressDeadlineSeconds or 0) - since


def seconds_to_deadline(deployment: Deployment, status: DeploymentStatus, clock: Clock) -> float | None:
    """Give when to look again whether the deadline is missed; None when that cannot be."""
    condition = progressing(status)
    if condition is None or not has_deadline(deployment) or deployment.spec.paused:
        return None
    if condition.reason in {TIMED_OUT, COMPLETE} or is_complete(deployment, status):
        return None
    # A second more, because times are stored in whole seconds.
    return max(_seconds_left(deployment, condition, clock), 0) + 1


def failures(
    found: Iterable[DeploymentCondition], new: ReplicaSet | None, olds: Sequence[ReplicaSet]
) -> list[DeploymentCondition]:
    """Say of the Deployment what its ReplicaSets say of pods they could not make (``getReplicaFailures``)."""
    for replica_set in [*([new] if new else []), *olds]:
        failure = conditions.find(replica_set.status.conditions, REPLICA_FAILURE)
        if failure is not None:
            mine = DeploymentCondition(**failure.model_dump(), lastUpdateTime=failure.lastTransitionTime)
            return conditions.with_condition(found, mine)
    return conditions.without(found, REPLICA_FAILURE)
