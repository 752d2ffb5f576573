"""Pure: how large each ReplicaSet of a Deployment should be next.

The steps are those of Kubernetes' deployment controller (``rolling.go``, ``recreate.go``, ``sync.go``). Where
Kubernetes trusts counts that may be older than its last decision, these functions take the careful reading, so
that the two promises hold at every moment of a rollout: there are never more pods than ``maxSurge`` allows,
and none is taken away that leaves fewer than ``maxUnavailable`` allows. While the user changes the number of
replicas they hold for the sizes that ReplicaSets are told to have; pods on their way out may come on top.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgeorch.api.apps.deployment import ROLLING_UPDATE, DeploymentSpec
from edgeorch.api.int_or_string import scaled

Sizes = Mapping[str, int]
"""New sizes, by the ReplicaSet's name; only of those that change."""


@dataclass(frozen=True, slots=True)
class Group:
    """What planning needs to know of a ReplicaSet."""

    name: str
    created: str
    """When, as meta/v1 Time, which sorts as text."""
    size: int
    """Pods it is told to have."""
    pods: int = 0
    """Pods it had when it last said so."""
    available: int = 0
    """Those among them that were available."""
    total_before: int | None = None
    """The Deployment's replicas when it was last scaled (annotation ``desired-replicas``)."""
    most_before: int | None = None
    """The most pods the Deployment might have then (annotation ``max-replicas``)."""

    @property
    def safe(self) -> int:
        """Pods that will be available whatever is going on: of too many, the worst go first."""
        return min(self.available, self.size)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a Deployment wants."""

    replicas: int
    surge: int
    """Pods there may be above that."""
    unavailable: int
    """Pods that may be missing of that."""
    rolling: bool = True
    """False: the old pods end before the new ones start."""

    @classmethod
    def of(cls, spec: DeploymentSpec) -> Aim:
        """Resolve percentages (``ResolveFenceposts``).

        Both may come to nothing by rounding, and then one pod may be unavailable: else nothing could move.
        """
        replicas, rolling = spec.replicas or 0, spec.strategy.rollingUpdate
        if spec.strategy.type != ROLLING_UPDATE or rolling is None:
            return cls(replicas, 0, 0, rolling=False)
        surge = scaled(rolling.maxSurge or 0, replicas, round_up=True)
        unavailable = scaled(rolling.maxUnavailable or 0, replicas, round_up=False)
        if surge == 0 and unavailable == 0:
            unavailable = 1
        return cls(replicas, surge, min(unavailable, replicas))

    @property
    def most(self) -> int:
        """Pods there may be in all."""
        return self.replicas + self.surge

    @property
    def least(self) -> int:
        """Pods that must be available."""
        return self.replicas - self.unavailable


def is_scaling(aim: Aim, groups: Iterable[Group]) -> bool:
    """Whether the number of replicas has changed since they were last scaled (``isScalingEvent``)."""
    befores = (group.total_before for group in groups if group.size > 0)
    return any(before is not None and before != aim.replicas for before in befores)


def size_of_new(aim: Aim, new: Group, olds: Iterable[Group]) -> int:
    """Give the size that the new ReplicaSet may have (``NewRSNewReplicas``, ``reconcileNewReplicaSet``)."""
    if new.size >= aim.replicas or not aim.rolling:
        return aim.replicas
    # What is told to go and is still there counts.
    there = sum(max(group.size, group.pods) for group in (new, *olds))
    return new.size + max(0, min(aim.most - there, aim.replicas - new.size))


def roll(aim: Aim, new: Group, olds: Sequence[Group]) -> Sizes:
    """Take the next step of a rolling update: first up, then down (``rolloutRolling``)."""
    size = size_of_new(aim, new, olds)
    return {new.name: size} if size != new.size else _shrink_old(aim, new, olds)


def _shrink_old(aim: Aim, new: Group, olds: Sequence[Group]) -> Sizes:
    """Make the old ReplicaSets smaller, by as much as availability allows (``reconcileOldReplicaSets``)."""
    active = sorted((group for group in olds if group.size > 0), key=lambda group: (group.created, group.name))
    # Of all pods, those of the new one that are not available yet cannot stand in for old ones.
    spare = new.size + sum(group.size for group in olds) - aim.least - (new.size - new.safe)
    sizes = {group.name: group.size for group in active}
    for group in active:
        # Pods that are not available go first: they are no loss, and would hold everything up for ever.
        gone = max(0, min(spare, group.size - group.safe))
        sizes[group.name] -= gone
        spare -= gone
    spare = min(spare, new.safe + sum(group.safe for group in olds) - aim.least)
    for group in active:
        gone = max(0, min(spare, sizes[group.name]))
        sizes[group.name] -= gone
        spare -= gone
    return {group.name: sizes[group.name] for group in active if sizes[group.name] != group.size}


def empty(olds: Iterable[Group]) -> Sizes:
    """Take all old pods away (``scaleDownOldReplicaSetsForRecreate``)."""
    return {group.name: 0 for group in olds if group.size > 0}


def rescale(aim: Aim, new: Group | None, olds: Sequence[Group]) -> Sizes:
    """Bring the ReplicaSets to a changed number of replicas (``scale``).

    Deployment, "Proportional scaling": in the middle of a rollout, all that have pods get their share.
    """
    only = _active_or_latest(new, olds)
    if only is not None:
        return {only.name: aim.replicas} if only.size != aim.replicas else {}
    if new is not None and _is_saturated(aim, new):
        return empty(olds)
    if not aim.rolling:
        return {}
    groups = [group for group in (*olds, *([new] if new else [])) if group.size > 0]
    shares = _shares(aim, groups)
    return {group.name: shares[group.name] for group in groups if shares[group.name] != group.size}


def _active_or_latest(new: Group | None, olds: Sequence[Group]) -> Group | None:
    """Give the only ReplicaSet with pods, or the newest if none has any (``FindActiveOrLatest``)."""
    groups = [*([new] if new else []), *olds]
    active = [group for group in groups if group.size > 0]
    if active:
        return active[0] if len(active) == 1 else None
    return new or max(olds, key=lambda group: (group.created, group.name), default=None)


def _is_saturated(aim: Aim, new: Group) -> bool:
    """Whether the new ReplicaSet has all pods that are wanted (``IsSaturated``)."""
    return new.size == new.total_before == new.available == aim.replicas


def _shares(aim: Aim, groups: Sequence[Group]) -> dict[str, int]:
    """Divide what there may be in all among ReplicaSets, each by its size (``GetReplicaSetProportion``)."""
    to_add = (aim.most if aim.replicas > 0 else 0) - sum(group.size for group in groups)
    # The largest gets what rounding leaves (and the next, where that is more than it has); of equals the newer
    # one grows first, and the older one shrinks.
    by_age = sorted(groups, key=lambda group: (group.created, group.name), reverse=to_add > 0)
    ordered = sorted(by_age, key=lambda group: -group.size)
    shares = {group.name: group.size for group in groups}
    added = 0
    for group in ordered:
        share = _share(aim, group, sum(g.pods for g in groups))
        left = to_add - added
        share = max(0, min(share, left)) if to_add > 0 else min(0, max(share, left))
        shares[group.name] += share
        added += share
    left = to_add - added
    for group in ordered:
        rest = max(0, shares[group.name] + left)
        left -= rest - shares[group.name]
        shares[group.name] = rest
    return shares


def _share(aim: Aim, group: Group, pods: int) -> int:
    """Give by how much one ReplicaSet should change (``getReplicaSetFraction``)."""
    if aim.replicas == 0:
        return -group.size
    before = group.most_before or pods
    if before == 0:
        return 0
    # Half a pod is rounded up, as Go does; Python would round to even.
    return (2 * group.size * aim.most + before) // (2 * before) - group.size
