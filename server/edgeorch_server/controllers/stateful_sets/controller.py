"""The StatefulSet controller: reads, lets the plan decide, writes."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from edgeorch.api.apps.controller_revision import ControllerRevision
from edgeorch.api.apps.resources import CONTROLLER_REVISIONS, STATEFUL_SETS
from edgeorch.api.apps.stateful_set import StatefulSet
from edgeorch.api.core.resources import PODS
from edgeorch.api.selectors import Selector
from edgeorch.errors import ApiError, NotFound
from edgeorch_server.controllers.history import Histories, History, template_of
from edgeorch_server.controllers.ownership import Adoption
from edgeorch_server.controllers.pod_control import BURST, side_by_side, start_slowly
from edgeorch_server.controllers.pod_facts import PodFacts, PodReader
from edgeorch_server.controllers.runner import DONE, Key, Result, Source, controller_key
from edgeorch_server.controllers.selecting import Selecting
from edgeorch_server.controllers.stateful_sets.plan import Aim, Counts, count, plan, revision_of
from edgeorch_server.controllers.stateful_sets.pods import number_of, stateful_pod
from edgeorch_server.controllers.stateful_sets.writes import Claims, Pods
from edgeorch_server.registry.base import Client, Entries, Objects
from edgeorch_server.registry.recorder import EventRecorder

HASH_LABEL = "controller.kubernetes.io/hash"
"""Label of a ControllerRevision: what its name ends with."""

BLOCKED_SECONDS = 1.0
"""How soon to look again whether the claims of an earlier pod are gone: nothing else would tell."""


def sources(objects: Entries) -> tuple[Source, ...]:
    """Give what wakes the controller: its own, their pods and revisions."""
    return (
        Source(STATEFUL_SETS),
        Source(PODS, Selecting(objects, STATEFUL_SETS).keys),
        Source(CONTROLLER_REVISIONS, controller_key(STATEFUL_SETS.kind)),
    )


@dataclass(frozen=True, slots=True)
class _Revisions:
    """The two revisions that pods are made from; they are the same unless a rollout is under way."""

    current: ControllerRevision
    update: ControllerRevision

    @classmethod
    def of(cls, history: History, owner: StatefulSet) -> _Revisions:
        """Find what the status calls the current one; what cannot be found any more is over."""
        name = owner.status.currentRevision
        current = (old for old in history.olds if old.metadata.name == name)
        return cls(next(current, history.current), history.current)

    def aim(self, owner: StatefulSet, now: dt.datetime) -> Aim:
        """Say what is wanted."""
        return Aim.of(owner.spec, self.current.metadata.name, self.update.metadata.name, now)


class StatefulSets:
    """Reconciles one StatefulSet."""

    def __init__(
        self,
        client: Client,
        objects: Objects,
        recorder: EventRecorder,
        facts: PodReader,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._client = client
        self._adoption = Adoption(objects)
        self._histories = Histories(client, objects, STATEFUL_SETS, HASH_LABEL)
        self._claims = Claims(client, objects, recorder)
        self._pods = Pods(client, objects, recorder, self._claims)
        self._facts = facts
        self._now = now

    async def reconcile(self, key: Key) -> Result:
        """Take the next step with the pods, and say how many there are.

        Raises what a pod was refused with, once the status says all there is to say.
        """
        try:
            owner = self._client.get(STATEFUL_SETS, key.namespace, key.name)
        except NotFound:
            return DONE
        if owner.metadata.deletionTimestamp:
            return DONE
        selector = Selector.of(owner.spec.selector)
        history = await self._histories.sync(owner, selector)
        if history is None:
            return Result(requeue_after=0)
        await self._adoption.settle(
            PODS, owner, selector, lambda entry: number_of(owner, entry.name) is not None
        )
        revisions = _Revisions.of(history, owner)
        failure, wait = await self._act(owner, revisions)
        pods, aim = self._read(owner), revisions.aim(owner, self._now())
        counts = count(pods.values(), aim)
        await self._set_status(owner, aim, counts)
        await self._clean_up(owner, history, pods)
        if failure is not None:
            raise failure
        waits = [seconds for seconds in (wait, counts.next_available) if seconds is not None]
        return Result(requeue_after=min(waits, default=None))

    def _read(self, owner: StatefulSet) -> dict[int, PodFacts]:
        """Give the pods by their numbers."""
        numbered = ((number_of(owner, pod.name), pod) for pod in self._facts.owned(owner.metadata.uid))
        return {number: pod for number, pod in numbered if number is not None}

    async def _act(self, owner: StatefulSet, revisions: _Revisions) -> tuple[ApiError | None, float | None]:
        """Take the next step; gives what went wrong, and in how many seconds to look again."""
        pods, aim = self._read(owner), revisions.aim(owner, self._now())
        missing = (number for number in aim.numbers if number not in pods)
        blocked = self._claims.blocked(owner, itertools.islice(missing, BURST))
        changes = plan(pods, aim, blocked)
        try:
            await self._keep(owner, pods, aim)
            await side_by_side(lambda pod: self._pods.delete(owner, pod), changes.delete)
            await start_slowly(lambda number: self._create(owner, revisions, aim, number), changes.create)
            if changes.create:
                await self._keep(owner, self._read(owner), aim)
        except ApiError as exc:
            return exc, None
        return None, BLOCKED_SECONDS if blocked else None

    async def _keep(self, owner: StatefulSet, pods: Mapping[int, PodFacts], aim: Aim) -> None:
        """See that pods have their labels and their claims, and the claims their owners."""
        for number, pod in pods.items():
            wanted = number in aim.numbers
            if wanted and not pod.deleted:
                await self._pods.identify(owner, number, pod)
                if pod.phase == "Pending":
                    await self._claims.ensure(owner, number)
            await self._claims.settle(owner, number, pod, wanted=wanted)

    async def _create(self, owner: StatefulSet, revisions: _Revisions, aim: Aim, number: int) -> None:
        name = aim.revision_for(number)
        is_update = name == revisions.update.metadata.name
        template = owner.spec.template if is_update else template_of(revisions.current)
        await self._pods.create(owner, number, stateful_pod(owner, template, number, name))

    async def _set_status(self, owner: StatefulSet, aim: Aim, counts: Counts) -> None:
        complete = counts.is_complete(aim)
        status = owner.status.model_copy(
            update={
                "observedGeneration": owner.metadata.generation,
                "replicas": counts.replicas,
                "readyReplicas": counts.ready,
                "availableReplicas": counts.available,
                "currentReplicas": counts.updated if complete else counts.current,
                "updatedReplicas": counts.updated,
                "currentRevision": aim.update if complete else aim.current,
                "updateRevision": aim.update,
                "collisionCount": owner.status.collisionCount or 0,
            }
        )
        if status != owner.status:
            owner.status = status
            await self._client.update_status(STATEFUL_SETS, owner)

    async def _clean_up(self, owner: StatefulSet, history: History, pods: Mapping[int, PodFacts]) -> None:
        """Delete revisions that neither pods nor the status refer to (``truncateHistory``)."""
        live = {owner.status.currentRevision, *map(revision_of, pods.values())}
        idle = [old for old in history.olds if old.metadata.name not in live]
        await self._histories.clean_up(replace(history, olds=idle), (), owner.spec.revisionHistoryLimit)
