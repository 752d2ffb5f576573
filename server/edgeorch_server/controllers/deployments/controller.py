"""The Deployment controller: reads, lets the plan decide, writes.

Deployments own ReplicaSets, which own pods. A reconcile takes one step; the changes it makes wake it for the
next.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from edgeorch.api.apps.deployment import Deployment
from edgeorch.api.apps.replica_set import ReplicaSet
from edgeorch.api.apps.resources import DEPLOYMENTS, REPLICA_SETS
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import DeleteOptions, Preconditions
from edgeorch.api.selectors import Selector
from edgeorch.errors import AlreadyExists, ApiError, NotFound
from edgeorch_server.controllers import auto_rollback
from edgeorch_server.controllers.deployments import plan, progress, revisions, rollback
from edgeorch_server.controllers.deployments.plan import Aim, Group, Sizes
from edgeorch_server.controllers.deployments.progress import Clock
from edgeorch_server.controllers.ownership import Adoption, controls
from edgeorch_server.controllers.pod_facts import ENDED, PodReader
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.controllers.selecting import Selecting
from edgeorch_server.registry.base import Client, Entries, Objects, WriteOptions
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.store.base import Entry


@dataclass(slots=True)
class _Rollout:
    """A Deployment with its ReplicaSets, as they are now: every write is followed up here."""

    deployment: Deployment
    """Status and annotations are changed here first, and written at the end."""
    stored: Deployment
    """As it was read."""
    new: ReplicaSet | None
    """The ReplicaSet of the present template."""
    olds: list[ReplicaSet]
    clock: Clock
    aim: Aim = field(init=False)

    def __post_init__(self) -> None:
        self.aim = Aim.of(self.deployment.spec)

    @property
    def sets(self) -> list[ReplicaSet]:
        """All ReplicaSets."""
        return [*self.olds, *([self.new] if self.new else [])]

    def replace(self, written: ReplicaSet) -> None:
        """Go on with what has been written of a ReplicaSet."""
        uid = written.metadata.uid
        if self.new is not None and self.new.metadata.uid == uid:
            self.new = written
        else:
            self.olds = [written if old.metadata.uid == uid else old for old in self.olds]


def sources(objects: Entries) -> tuple[Source, ...]:
    """Give what wakes the controller: its own, their ReplicaSets, and pods that end.

    Only with ``Recreate`` does a Deployment wait for the end of pods, of which their ReplicaSet says nothing.
    """

    def owner_of_ending_pod(entry: Entry) -> list[Key]:
        owner = entry.controller
        if owner is None or owner.kind != REPLICA_SETS.kind or b'"deletionTimestamp"' not in entry.data:
            return []
        try:
            replica_set = objects.get_entry(REPLICA_SETS, entry.namespace, owner.name)
        except NotFound:
            return []
        manager = replica_set.controller
        mine = manager is not None and manager.kind == DEPLOYMENTS.kind
        return [Key(entry.namespace, manager.name)] if manager is not None and mine else []

    return (
        Source(DEPLOYMENTS),
        Source(REPLICA_SETS, Selecting(objects, DEPLOYMENTS).keys),
        Source(PODS, owner_of_ending_pod),
    )


class Deployments:
    """Reconciles one Deployment."""

    def __init__(
        self,
        client: Client,
        objects: Objects,
        recorder: EventRecorder,
        pods: PodReader,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._client = client
        self._objects = objects
        self._recorder = recorder
        self._adoption = Adoption(objects)
        self._pods = pods
        self._now = now

    async def reconcile(self, key: Key) -> Result:
        """Take the next step of whatever is under way, and say how far it is (``syncDeployment``)."""
        try:
            stored = self._client.get(DEPLOYMENTS, key.namespace, key.name)
        except NotFound:
            return DONE
        await self._adoption.settle(REPLICA_SETS, stored, Selector.of(stored.spec.selector))
        rollout = self._read(stored)
        if stored.metadata.deletionTimestamp:
            return await self._report(rollout, rolling=False)
        progress.note_pause(rollout.deployment, rollout.clock)
        await self._sync_new(rollout)
        if stored.spec.paused or plan.is_scaling(rollout.aim, map(revisions.group_of, rollout.sets)):
            await self._rescale(rollout)
            return await self._report(rollout, rolling=False)
        if rollout.aim.rolling:
            await self._roll(rollout)
        else:
            await self._recreate(rollout)
        result = await self._report(rollout, rolling=True)
        await self._go_back(rollout)
        return result

    def _groups(self, rollout: _Rollout) -> tuple[Group | None, list[Group]]:
        """Give the new ReplicaSet and the old ones for planning.

        While there are several, their pods are counted here and now: a status is as old as its writing, and
        a decision on an old one could take a pod too many.
        """
        rolling = any(old.spec.replicas or old.status.replicas for old in rollout.olds)
        group = self._counted if rolling else revisions.group_of
        return group(rollout.new) if rollout.new else None, [group(old) for old in rollout.olds]

    def _counted(self, of: ReplicaSet) -> Group:
        pods = [pod for pod in self._pods.owned(of.metadata.uid) if pod.active]
        available = sum(pod.available(of.spec.minReadySeconds, self._now()) for pod in pods)
        return replace(revisions.group_of(of), pods=len(pods), available=available)

    def _read(self, stored: Deployment) -> _Rollout:
        owned = self._client.owned(REPLICA_SETS, stored.metadata.uid)
        sets = [one for one in owned if controls(stored, one)]
        new = revisions.find_new(stored, sets)
        olds = [s for s in sets if new is None or s.metadata.uid != new.metadata.uid]
        return _Rollout(stored.model_copy(deep=True), stored, new, olds, Clock(self._now()))

    # Steps

    async def _roll(self, rollout: _Rollout) -> None:
        await self._ensure_new(rollout)
        new, olds = self._groups(rollout)
        if new is not None:
            await self._resize(rollout, plan.roll(rollout.aim, new, olds))

    async def _recreate(self, rollout: _Rollout) -> None:
        """End the old pods first, all of them (``rolloutRecreate``)."""
        _, olds = self._groups(rollout)
        if sizes := plan.empty(olds):
            await self._resize(rollout, sizes)
        elif not self._old_pods_run(rollout):
            await self._ensure_new(rollout)
            new, olds = self._groups(rollout)
            if new is not None and (size := plan.size_of_new(rollout.aim, new, olds)) != new.size:
                await self._resize(rollout, {new.name: size})

    def _old_pods_run(self, rollout: _Rollout) -> bool:
        """Whether any old pod is still there, be it in its grace period (``oldPodsRunning``)."""
        return any(
            old.status.replicas > 0 or any(p.phase not in ENDED for p in self._pods.owned(old.metadata.uid))
            for old in rollout.olds
        )

    async def _rescale(self, rollout: _Rollout) -> None:
        new, olds = self._groups(rollout)
        sizes = plan.rescale(rollout.aim, new, olds)
        await self._resize(rollout, sizes)
        # Those whose size is right already must say what they are right for, else this would never end.
        for replica_set in rollout.sets:
            if replica_set.spec.replicas:
                await self._annotate(rollout, replica_set, revisions.size_annotations(rollout.aim))

    async def _resize(self, rollout: _Rollout, sizes: Sizes) -> None:
        for replica_set in rollout.sets:
            size = sizes.get(replica_set.metadata.name)
            if size is None or size == replica_set.spec.replicas:
                continue
            before = replica_set.spec.replicas or 0
            replica_set.spec.replicas = size
            replica_set.metadata.annotations |= revisions.size_annotations(rollout.aim)
            written = await self._client.update(REPLICA_SETS, replica_set)
            rollout.replace(written)
            await self._tell_scaling(rollout, written, before, size)

    async def _tell_scaling(self, rollout: _Rollout, of: ReplicaSet, before: int, size: int) -> None:
        way = "up" if size > before else "down"
        message = f"Scaled {way} replica set {of.metadata.name} from {before} to {size}"
        await self._recorder.event(rollout.deployment, "Normal", "ScalingReplicaSet", message)

    # The ReplicaSet of the present template

    async def _sync_new(self, rollout: _Rollout) -> None:
        """Keep what the Deployment says up to date on its ReplicaSet, and its revision on the Deployment."""
        new, spec = rollout.new, rollout.deployment.spec
        if new is None:
            return
        annotations = revisions.new_annotations(rollout.deployment, new, rollout.olds)
        annotations.pop(auto_rollback.ROLLED_BACK, None)
        if annotations != new.metadata.annotations or new.spec.minReadySeconds != spec.minReadySeconds:
            new.metadata.annotations = annotations
            new.spec.minReadySeconds = spec.minReadySeconds
            rollout.replace(new := await self._client.update(REPLICA_SETS, new))
        _take_revision(rollout.deployment, new)
        if progress.progressing(rollout.deployment.status) is None:
            message = f'Found new replica set "{new.metadata.name}"'
            progress.note(rollout.deployment, rollout.clock, "True", progress.FOUND, message)

    async def _ensure_new(self, rollout: _Rollout) -> None:
        """Create the ReplicaSet of the present template unless it is there (``getNewReplicaSet``)."""
        if rollout.new is not None:
            return
        deployment = rollout.deployment
        wanted = revisions.make_new(deployment, rollout.olds)
        _, olds = self._groups(rollout)
        size = plan.size_of_new(rollout.aim, revisions.group_of(wanted), olds)
        wanted.spec.replicas = size
        wanted.metadata.annotations |= revisions.size_annotations(rollout.aim)
        name = wanted.metadata.name
        try:
            rollout.new = await self._client.create(REPLICA_SETS, wanted)
        except AlreadyExists:
            # Ours would have been found: another template has the same hash, so the next name is another.
            deployment.status.collisionCount = (deployment.status.collisionCount or 0) + 1
            await self._write_status(rollout)
            raise
        except ApiError as exc:
            await self._tell_failure(rollout, f'Failed to create new replica set "{name}": {exc.message}')
            raise
        if size > 0:
            await self._tell_scaling(rollout, rollout.new, 0, size)
        _take_revision(deployment, rollout.new)
        message = f'Created new replica set "{name}"'
        progress.note(deployment, rollout.clock, "True", progress.CREATED, message)

    async def _tell_failure(self, rollout: _Rollout, message: str) -> None:
        progress.note(rollout.deployment, rollout.clock, "False", progress.CREATE_ERROR, message)
        await self._write_status(rollout)
        await self._recorder.event(rollout.deployment, "Warning", progress.CREATE_ERROR, message)

    async def _annotate(self, rollout: _Rollout, replica_set: ReplicaSet, notes: Mapping[str, str]) -> None:
        if notes.items() <= replica_set.metadata.annotations.items():
            return
        replica_set.metadata.annotations |= notes
        rollout.replace(await self._client.update(REPLICA_SETS, replica_set))

    # The end of a step

    async def _report(self, rollout: _Rollout, *, rolling: bool) -> Result:
        """Write the status, and clean up behind a rollout that is complete or held back."""
        deployment, clock = rollout.deployment, rollout.clock
        status = progress.counted(deployment, rollout.new, rollout.olds, clock)
        complete = progress.is_complete(deployment, status)
        if rolling:
            status.conditions = progress.assess(deployment, status, rollout.new, clock)
            status.conditions = progress.failures(status.conditions, rollout.new, rollout.olds)
            status.conditions = rollback.with_condition(status.conditions, rollout.new, rollout.olds, clock)
        if not deployment.metadata.deletionTimestamp and (complete or deployment.spec.paused):
            await self._clean_up(rollout)
        deployment.status = status
        if complete and rolling and rollout.new is not None and auto_rollback.is_wanted(deployment):
            await self._annotate(rollout, rollout.new, {auto_rollback.WAS_COMPLETE: "true"})
        await self._write_status(rollout)
        return Result(requeue_after=progress.seconds_to_deadline(deployment, status, clock))

    async def _write_status(self, rollout: _Rollout) -> None:
        """Write status and annotations in one go, if they have changed."""
        if rollout.deployment == rollout.stored:
            return
        meta = rollout.deployment.metadata
        written = await self._objects.update_entry(
            DEPLOYMENTS,
            meta.namespace,
            meta.name,
            rollout.deployment.to_dict(),
            WriteOptions(),
            subresource="status",
        )
        rollout.stored = Deployment.from_json(written.entry.data)
        rollout.deployment = rollout.stored.model_copy(deep=True)

    async def _clean_up(self, rollout: _Rollout) -> None:
        """Delete what the history has no room for (``cleanupDeployment``)."""
        for old in revisions.superfluous(rollout.deployment, rollout.olds):
            meta = old.metadata
            options = DeleteOptions(preconditions=Preconditions(uid=meta.uid))
            await self._client.delete(REPLICA_SETS, meta.namespace, meta.name, options)

    async def _go_back(self, rollout: _Rollout) -> None:
        """Return to the last complete revision, if the rollout has failed and that is asked for."""
        deployment, failed = rollout.deployment, rollout.new
        if failed is None or not auto_rollback.is_wanted(deployment):
            return
        if not progress.has_timed_out(deployment.status):
            return
        target = rollback.target(failed, rollout.olds)
        if target is None:
            return
        await self._annotate(rollout, failed, {auto_rollback.ROLLED_BACK: "true"})
        await self._annotate(rollout, target, {auto_rollback.WAS_COMPLETE: "true"})
        deployment.spec.template = revisions.without_hash(target.spec.template)
        await self._client.update(DEPLOYMENTS, deployment)
        revision = revisions.revision_of(target.metadata.annotations)
        message = (
            f'Rolled back deployment "{deployment.metadata.name}" to revision {revision}: '
            f'ReplicaSet "{failed.metadata.name}" has timed out progressing.'
        )
        await self._recorder.event(deployment, "Warning", "DeploymentRollback", message)


def _take_revision(deployment: Deployment, new: ReplicaSet) -> None:
    """Note the revision of the present template on the Deployment (``SetDeploymentRevision``)."""
    deployment.metadata.annotations[revisions.REVISION] = new.metadata.annotations[revisions.REVISION]
