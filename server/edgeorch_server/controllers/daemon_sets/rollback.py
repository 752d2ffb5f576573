"""Pure: where a DaemonSet goes back to when its rollout fails, and what it says of that (auto-rollback)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from edgeorch.api import conditions
from edgeorch.api.apps.controller_revision import ControllerRevision
from edgeorch.api.apps.daemon_set import DaemonSetCondition
from edgeorch.api.meta import format_time
from edgeorch_server.controllers.auto_rollback import CONDITION, ROLLED_BACK, WAS_COMPLETE
from edgeorch_server.controllers.daemon_sets.plan import HASH_LABEL
from edgeorch_server.controllers.daemon_sets.progress import TIMED_OUT
from edgeorch_server.controllers.history import History


def target(history: History, working: Collection[str]) -> ControllerRevision | None:
    """Choose where to go back to; None when the rollout was complete once, or nothing before it was.

    Revisions that were complete before the DaemonSet asked for rollbacks bear no note: such a one is known by
    pods that are still available. ``working`` has the hash labels of those.
    """
    if WAS_COMPLETE in history.current.metadata.annotations:
        return None
    noted = [old for old in history.olds if WAS_COMPLETE in old.metadata.annotations]
    candidates = noted or [old for old in history.olds if old.metadata.labels.get(HASH_LABEL) in working]
    alive = [old for old in candidates if not old.metadata.deletionTimestamp]
    return max(alive, key=lambda old: old.revision, default=None)


def with_condition(
    found: Sequence[DaemonSetCondition], history: History, now: dt.datetime
) -> list[DaemonSetCondition]:
    """Say that the present revision is one that was gone back to, as long as it is.

    The one it came back from is then the revision just before it.
    """
    current = history.current
    failed = next(
        (
            old
            for old in history.olds
            if ROLLED_BACK in old.metadata.annotations and old.revision == current.revision - 1
        ),
        None,
    )
    if failed is None:
        return conditions.without(found, CONDITION)
    message = (
        f'ControllerRevision "{failed.metadata.name}" has timed out progressing; '
        f'returned to ControllerRevision "{current.metadata.name}".'
    )
    condition = DaemonSetCondition(
        type=CONDITION, status="True", reason=TIMED_OUT, message=message, lastTransitionTime=format_time(now)
    )
    return conditions.with_condition(found, condition)
