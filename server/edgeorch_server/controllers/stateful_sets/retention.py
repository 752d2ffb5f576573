"""Pure: whom a claim of a StatefulSet's pod belongs to, and so with what it is deleted.

``persistentVolumeClaimRetentionPolicy`` works by owner references alone (``isClaimOwnerUpToDate``): a claim
that is to go with the StatefulSet belongs to it, one that is to go with a pod that is one too many belongs to
that pod. The garbage collector does the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgeorch.api.apps.resources import STATEFUL_SETS
from edgeorch.api.apps.stateful_set import DELETE, StatefulSet
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import OwnerReference
from edgeorch_server.controllers.ownership import controller_reference
from edgeorch_server.controllers.pod_facts import PodFacts
from edgeorch_server.store.base import Owner


@dataclass(frozen=True, slots=True)
class Change:
    """How the owners of a claim should change."""

    add: Sequence[OwnerReference] = ()
    remove: Sequence[str] = ()
    """By uid."""
    conflict: bool = False
    """Something else manages the claim: the policy does not hold for it."""

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


def goes_when_scaled(owner: StatefulSet) -> bool:
    """Whether claims go with pods that are one too many."""
    policy = owner.spec.persistentVolumeClaimRetentionPolicy
    return policy is not None and policy.whenScaled == DELETE


def goes_when_deleted(owner: StatefulSet) -> bool:
    """Whether claims go with the StatefulSet."""
    policy = owner.spec.persistentVolumeClaimRetentionPolicy
    return policy is not None and policy.whenDeleted == DELETE


def decide(found: Sequence[Owner], owner: StatefulSet, pod: PodFacts, *, wanted: bool) -> Change:
    """Compare the owners of a claim with those it should have; ``wanted`` is whether its pod is."""
    of_set, of_pod = _of_set(owner), _reference_to(pod)
    namesakes = [other for other in found if _names(other, of_set) or _names(other, of_pod)]
    uids = {of_set.uid, of_pod.uid}
    if any(other.uid not in uids for other in namesakes):
        # It belongs to one that is gone: it is the garbage collector's.
        return Change()
    governed = goes_when_scaled(owner) or goes_when_deleted(owner)
    conflict = governed and any(other.controller for other in found if other.uid not in uids)
    right: list[OwnerReference] = []
    if not conflict:
        if goes_when_scaled(owner) and not wanted:
            right.append(of_pod)
        elif goes_when_deleted(owner):
            right.append(of_set)
    ours = {other.uid for other in found if other.uid in uids}
    managing = {other.uid for other in found if other.uid in uids and other.controller}
    return Change(
        add=[reference for reference in right if reference.uid not in managing],
        remove=sorted(ours - {reference.uid for reference in right}),
        conflict=conflict,
    )


def is_of_another_pod(found: Sequence[Owner], name: str) -> bool:
    """Whether a claim still belongs to an earlier pod of this name, and must go (``PodClaimIsStale``)."""
    return any((other.kind, other.name) == (PODS.kind, name) for other in found)


def _of_set(owner: StatefulSet) -> OwnerReference:
    reference = controller_reference(owner)
    reference.apiVersion, reference.kind = STATEFUL_SETS.api_version, STATEFUL_SETS.kind
    return reference


def _reference_to(pod: PodFacts) -> OwnerReference:
    return OwnerReference(
        apiVersion=PODS.api_version,
        kind=PODS.kind,
        name=pod.name,
        uid=pod.uid,
        controller=True,
        blockOwnerDeletion=True,
    )


def _names(found: Owner, reference: OwnerReference) -> bool:
    return (found.api_version, found.kind, found.name) == (
        reference.apiVersion,
        reference.kind,
        reference.name,
    )
