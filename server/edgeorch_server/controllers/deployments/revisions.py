"""Revisions: which ReplicaSet is of which template, and what is noted on it (``deployment_util.go``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edgeorch.api.apps.deployment import Deployment
from edgeorch.api.apps.replica_set import ReplicaSet, ReplicaSetSpec
from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.meta import LabelSelector, ObjectMeta
from edgeorch_server.controllers.deployments.plan import Aim, Group
from edgeorch_server.controllers.history import canonical, safe_hash, with_defaults
from edgeorch_server.controllers.ownership import controller_reference

HASH_LABEL = "pod-template-hash"
"""Deployment, "Pod-template-hash label": keeps the pods of its ReplicaSets apart."""

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"

_NOT_COPIED = {
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    "deprecated.deployment.rollback.to",
}
_OWN_PREFIX = "edgeorch.io/"
"""What the Deployment says of itself is no business of its ReplicaSets, which have notes of their own."""

_HISTORY_CHARACTERS = 2000
_MAX_NAME = 253


def template_hash(template: PodTemplateSpec, collisions: int | None) -> str:
    """Make the value of the hash label."""
    return safe_hash(canonical(template), collisions)


def without_hash(template: PodTemplateSpec) -> PodTemplateSpec:
    """Give the template as the Deployment has it."""
    labels = {key: value for key, value in template.metadata.labels.items() if key != HASH_LABEL}
    meta = template.metadata.model_copy(update={"labels": labels})
    return template.model_copy(update={"metadata": meta})


def find_new(deployment: Deployment, sets: Sequence[ReplicaSet]) -> ReplicaSet | None:
    """Find the ReplicaSet of the present template; of several the oldest (``FindNewReplicaSet``)."""
    ordered = sorted(sets, key=lambda s: (s.metadata.creationTimestamp or "", s.metadata.name))
    wanted = without_hash(deployment.spec.template)
    found = next((s for s in ordered if without_hash(s.spec.template) == wanted), None)
    if found is not None:
        return found
    # A version of edgeorch that knows more defaults must not start a rollout by filling them in.
    wanted = with_defaults(wanted)
    return next((s for s in ordered if with_defaults(without_hash(s.spec.template)) == wanted), None)


def revision_of(annotations: Mapping[str, str]) -> int:
    """Read a revision; 0 where there is none."""
    text = annotations.get(REVISION, "")
    return int(text) if text.isdecimal() else 0


def _number(annotations: Mapping[str, str], key: str) -> int | None:
    text = annotations.get(key, "")
    return int(text) if text.isdecimal() else None


def group_of(replica_set: ReplicaSet) -> Group:
    """Give what planning needs to know of a ReplicaSet."""
    meta, status = replica_set.metadata, replica_set.status
    return Group(
        name=meta.name,
        created=meta.creationTimestamp or "",
        size=replica_set.spec.replicas or 0,
        pods=status.replicas,
        available=status.availableReplicas,
        total_before=_number(meta.annotations, DESIRED_REPLICAS),
        most_before=_number(meta.annotations, MAX_REPLICAS),
    )


def size_annotations(aim: Aim) -> dict[str, str]:
    """Note what the Deployment wants at the time its ReplicaSets are scaled (``SetReplicasAnnotations``)."""
    return {DESIRED_REPLICAS: str(aim.replicas), MAX_REPLICAS: str(aim.most)}


def make_new(deployment: Deployment, olds: Sequence[ReplicaSet]) -> ReplicaSet:
    """Build the ReplicaSet of the present template, without pods yet."""
    spec, meta = deployment.spec, deployment.metadata
    digest = template_hash(spec.template, deployment.status.collisionCount)
    template = spec.template.model_copy(deep=True)
    template.metadata.labels[HASH_LABEL] = digest
    selector = (spec.selector or LabelSelector()).model_copy(deep=True)
    selector.matchLabels[HASH_LABEL] = digest
    made = ReplicaSet(
        metadata=ObjectMeta(
            name=f"{meta.name[: _MAX_NAME - len(digest) - 1]}-{digest}",
            namespace=meta.namespace,
            labels=dict(template.metadata.labels),
            ownerReferences=[controller_reference(deployment)],
        ),
        spec=ReplicaSetSpec(
            replicas=0, minReadySeconds=spec.minReadySeconds, selector=selector, template=template
        ),
    )
    made.metadata.annotations = new_annotations(deployment, made, olds)
    return made


def new_annotations(deployment: Deployment, new: ReplicaSet, olds: Sequence[ReplicaSet]) -> dict[str, str]:
    """Give what the ReplicaSet of the present template should have noted (``SetNewReplicaSetAnnotations``).

    It has the highest revision. One that had an earlier revision (a rollback) keeps that in its history.
    """
    copied = {
        key: value
        for key, value in deployment.metadata.annotations.items()
        if key not in _NOT_COPIED and not key.startswith(_OWN_PREFIX)
    }
    annotations = new.metadata.annotations | copied
    revision = max((revision_of(old.metadata.annotations) for old in olds), default=0) + 1
    had = annotations.get(REVISION, "")
    if revision_of(annotations) < revision:
        annotations[REVISION] = str(revision)
        if had:
            annotations[REVISION_HISTORY] = _with_past(annotations.get(REVISION_HISTORY, ""), had)
    return annotations


def _with_past(history: str, revision: str) -> str:
    past = [*(text for text in history.split(",") if text), revision]
    while len(",".join(past)) > _HISTORY_CHARACTERS:
        past.pop(0)
    return ",".join(past)


def superfluous(deployment: Deployment, olds: Sequence[ReplicaSet]) -> list[ReplicaSet]:
    """Choose the old ReplicaSets that the history has no room for (``cleanupDeployment``)."""
    limit = deployment.spec.revisionHistoryLimit
    if limit is None:
        return []
    kept = [old for old in olds if not old.metadata.deletionTimestamp]
    kept.sort(key=lambda old: (revision_of(old.metadata.annotations), old.metadata.creationTimestamp or ""))
    return [old for old in kept[: max(0, len(kept) - limit)] if _is_done(old)]


def _is_done(old: Any) -> bool:
    seen = old.status.observedGeneration >= old.metadata.generation
    return seen and not old.spec.replicas and not old.status.replicas
