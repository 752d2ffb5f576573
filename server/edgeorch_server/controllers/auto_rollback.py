"""Auto-rollback: a workload whose rollout misses its deadline goes back by itself, if it asks for that.

Kubernetes leaves a failed rollout as it is until somebody comes. On the edge nobody comes: with the annotation
``edgeorch.io/auto-rollback: "true"`` a Deployment or DaemonSet returns to the last revision that was ever
complete. What that needs to know is noted on the objects that keep the revisions (ReplicaSets,
ControllerRevisions), so that a server that stops in the middle goes on where it was.
"""

from __future__ import annotations

from edgeorch.api.meta import Object

AUTO_ROLLBACK = "edgeorch.io/auto-rollback"
"""Annotation of a Deployment or DaemonSet: ``"true"`` asks for it."""

WAS_COMPLETE = "edgeorch.io/rollout-complete"
"""Note on a revision: all its pods were available once."""

ROLLED_BACK = "edgeorch.io/rolled-back"
"""Note on a revision: its workload has gone back from it."""

CONDITION = "RolledBack"
"""Type of the condition that tells of it, as long as the revision gone back to is the present one."""


def is_wanted(owner: Object) -> bool:
    """Whether a workload asks for it."""
    return owner.metadata.annotations.get(AUTO_ROLLBACK) == "true"
