"""Pure: whether the rollout of a DaemonSet that asks for auto-rollback gets on.

Kubernetes watches the progress of Deployments only (``deployment/progress.go``). This is the same for the nodes
of a DaemonSet, with one difference: boards come and go, and a board that is away says nothing about a template.
While a rollout waits for such boards alone, its deadline does not run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from edgeorch.api import conditions
from edgeorch.api.apps.daemon_set import DaemonSet, DaemonSetCondition, DaemonSetStatus
from edgeorch.api.apps.deployment import ROLLING_UPDATE
from edgeorch.api.meta import format_time, parse_time
from edgeorch_server.controllers import auto_rollback
from edgeorch_server.controllers.daemon_sets.plan import Aim, Counts, Place

DEADLINE = "edgeorch.io/progress-deadline-seconds"
"""Annotation: what ``spec.progressDeadlineSeconds`` is to a Deployment; a DaemonSet has no such field."""

DEFAULT_DEADLINE = 600
"""Seconds, as of a Deployment (``SetDefaults_Deployment``)."""

PROGRESSING = "Progressing"

UPDATING = "RolloutProgressing"
WAITING = "WaitingForNodes"
COMPLETE = "RolloutComplete"
TIMED_OUT = "ProgressDeadlineExceeded"

_SAID = {
    UPDATING: ("True", "is progressing."),
    WAITING: ("Unknown", "waits for nodes that are not ready."),
    COMPLETE: ("True", "has successfully progressed."),
    TIMED_OUT: ("False", "has timed out progressing."),
}


def is_watched(owner: DaemonSet) -> bool:
    """Whether anybody asks how the rollout gets on; with ``OnDelete`` it is a person who makes it."""
    return auto_rollback.is_wanted(owner) and owner.spec.updateStrategy.type == ROLLING_UPDATE


def deadline_of(owner: DaemonSet) -> int:
    """Give the seconds without progress after which a rollout has failed; what is no such number is ignored."""
    text = owner.metadata.annotations.get(DEADLINE, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else DEFAULT_DEADLINE


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far the present revision has come."""

    revision: str
    """Name of its ControllerRevision."""
    complete: bool
    """Every node that is there has its pod, available."""
    busy: bool
    """A node that is there is on its way from pod to pod."""
    advanced: bool
    """More nodes than before have a new pod, or one that is available."""

    @classmethod
    def of(
        cls, revision: str, places: Sequence[Place], aim: Aim, before: DaemonSetStatus, counts: Counts
    ) -> Rollout:
        """Look at the nodes."""
        here = [place.pods for place in places if place.wanted and not place.away]
        calm = [len(pods) == 1 and not pods[0].deleted and aim.is_available(pods[0]) for pods in here]
        return cls(
            revision,
            complete=bool(here) and all(calm) and all(aim.is_new(pods[0]) for pods in here),
            busy=not all(calm),
            advanced=counts.updated > before.updatedNumberScheduled
            or counts.available > before.numberAvailable,
        )

    def condition(self, reason: str, now: dt.datetime) -> DaemonSetCondition:
        """Say how it gets on.

        The transition time moves with every step: it is from there that the deadline runs, and conditions of
        DaemonSets have no ``lastUpdateTime`` for that.
        """
        status, text = _SAID[reason]
        return DaemonSetCondition(
            type=PROGRESSING,
            status=status,
            reason=reason,
            message=f"{self._subject} {text}",
            lastTransitionTime=format_time(now),
        )

    @property
    def _subject(self) -> str:
        return f'ControllerRevision "{self.revision}"'

    def is_about(self, condition: DaemonSetCondition) -> bool:
        """Whether a condition speaks of this revision, and not of an earlier one."""
        return condition.message.startswith(self._subject)


def assess(status: DaemonSetStatus, rollout: Rollout, deadline: int, now: dt.datetime) -> DaemonSetCondition:
    """Give what is to be said of the progress made; a rollout that was complete once stays so."""
    known = progressing(status)
    if known is None or not rollout.is_about(known):
        return rollout.condition(COMPLETE if rollout.complete else UPDATING, now)
    if known.reason == COMPLETE:
        return known
    if rollout.complete:
        return rollout.condition(COMPLETE, now)
    if rollout.advanced:
        return rollout.condition(UPDATING, now)
    if known.reason == TIMED_OUT:
        return known
    if not rollout.busy:
        return known if known.reason == WAITING else rollout.condition(WAITING, now)
    if known.reason == WAITING:
        return rollout.condition(UPDATING, now)
    return rollout.condition(TIMED_OUT, now) if _seconds_left(known, deadline, now) <= 0 else known


def progressing(status: DaemonSetStatus) -> DaemonSetCondition | None:
    """Give the condition that tells how the rollout gets on."""
    return conditions.find(status.conditions, PROGRESSING)


def has_timed_out(status: DaemonSetStatus) -> bool:
    """Whether the rollout has missed its deadline, and has not got on since."""
    condition = progressing(status)
    return condition is not None and condition.reason == TIMED_OUT


def was_completed(status: DaemonSetStatus) -> bool:
    """Whether all nodes that are there had their new pods at some time of this rollout."""
    condition = progressing(status)
    return condition is not None and condition.reason == COMPLETE


def seconds_to_deadline(status: DaemonSetStatus, deadline: int, now: dt.datetime) -> float | None:
    """Give when to look again whether the deadline is missed; None when that cannot be."""
    condition = progressing(status)
    if condition is None or condition.reason != UPDATING:
        return None
    # A second more, because times are stored in whole seconds.
    return max(_seconds_left(condition, deadline, now), 0) + 1


def _seconds_left(condition: DaemonSetCondition, deadline: int, now: dt.datetime) -> float:
    if condition.lastTransitionTime is None:
        return 0
    return deadline - (now - parse_time(condition.lastTransitionTime)).total_seconds()
