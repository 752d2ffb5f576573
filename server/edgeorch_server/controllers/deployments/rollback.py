"""Pure: where a Deployment goes back to when its rollout fails, and what it says of that (auto-rollback)."""

from __future__ import annotations

from collections.abc import Sequence

from edgeorch.api import conditions
from edgeorch.api.apps.deployment import DeploymentCondition
from edgeorch.api.apps.replica_set import ReplicaSet
from edgeorch_server.controllers.auto_rollback import CONDITION, ROLLED_BACK, WAS_COMPLETE
from edgeorch_server.controllers.deployments.progress import TIMED_OUT, Clock
from edgeorch_server.controllers.deployments.revisions import revision_of


def target(new: ReplicaSet, olds: Sequence[ReplicaSet]) -> ReplicaSet | None:
    """Choose where to go back to; None when the rollout was complete once, or nothing before it was.

    ReplicaSets that had all their pods before the Deployment asked for rollbacks bear no note: such a one is
    known by pods that are still available.
    """
    if WAS_COMPLETE in new.metadata.annotations:
        return None
    noted = [old for old in olds if WAS_COMPLETE in old.metadata.annotations]
    candidates = noted or [old for old in olds if old.status.availableReplicas > 0]
    alive = [old for old in candidates if not old.metadata.deletionTimestamp]
    return max(alive, key=lambda old: revision_of(old.metadata.annotations), default=None)


def with_condition(
    found: Sequence[DeploymentCondition], new: ReplicaSet | None, olds: Sequence[ReplicaSet], clock: Clock
) -> list[DeploymentCondition]:
    """Say that the present revision is one that was gone back to, as long as it is.

    The one it came back from is then the revision just before it.
    """
    failed = _failed(new, olds) if new is not None else None
    if new is None or failed is None:
        return conditions.without(found, CONDITION)
    message = (
        f'ReplicaSet "{failed.metadata.name}" has timed out progressing; '
        f'returned to ReplicaSet "{new.metadata.name}".'
    )
    return conditions.with_condition(found, clock.condition(CONDITION, "True", TIMED_OUT, message))


def _failed(new: ReplicaSet, olds: Sequence[ReplicaSet]) -> ReplicaSet | None:
    before = revision_of(new.metadata.annotations) - 1
    return next(
        (
            old
            for old in olds
            if ROLLED_BACK in old.metadata.annotations and revision_of(old.metadata.annotations) == before
        ),
        None,
    )
