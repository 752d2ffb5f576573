"""The DaemonSet controller: reads, lets the plan decide, writes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from edgeorch.api import conditions
from edgeorch.api.apps.daemon_set import DaemonSet, DaemonSetCondition
from edgeorch.api.apps.deployment import ROLLING_UPDATE
from edgeorch.api.apps.resources import CONTROLLER_REVISIONS, DAEMON_SETS
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.selectors import Selector
from edgeorch.errors import ApiError, NotFound
from edgeorch_server.controllers.auto_rollback import CONDITION, ROLLED_BACK, WAS_COMPLETE
from edgeorch_server.controllers.daemon_sets import progress, rollback
from edgeorch_server.controllers.daemon_sets.plan import (
    HASH_LABEL,
    Aim,
    Changes,
    Counts,
    Place,
    count,
    manage,
    replace,
)
from edgeorch_server.controllers.daemon_sets.pods import daemon_pod, fits, is_away
from edgeorch_server.controllers.history import Histories, History, template_of
from edgeorch_server.controllers.node_facts import NodeReader
from edgeorch_server.controllers.ownership import Adoption
from edgeorch_server.controllers.pod_control import BURST, PodControl
from edgeorch_server.controllers.pod_facts import ENDED, PodFacts, PodReader
from edgeorch_server.controllers.runner import DONE, Key, Result, Source, controller_key
from edgeorch_server.controllers.selecting import Selecting
from edgeorch_server.registry.base import Client, Entries, ListOptions, Objects
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.store.base import Entry

FIRST_BACKOFF = 1.0
LAST_BACKOFF = 900.0
"""Seconds between two pods that fail on the same node; doubled each time (``failedPodsBackoff``)."""


def sources(objects: Entries) -> tuple[Source, ...]:
    """Give what wakes the controller: its own, their pods and revisions, and every node."""

    def everyone(_node: Entry) -> list[Key]:
        entries = objects.list_entries(DAEMON_SETS, ListOptions()).entries
        return [Key(entry.namespace, entry.name) for entry in entries]

    return (
        Source(DAEMON_SETS),
        Source(PODS, Selecting(objects, DAEMON_SETS).keys),
        Source(CONTROLLER_REVISIONS, controller_key(DAEMON_SETS.kind)),
        Source(NODES, everyone),
    )


class DaemonSets:
    """Reconciles one DaemonSet."""

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
        self._adoption = Adoption(objects)
        self._histories = Histories(client, objects, DAEMON_SETS, HASH_LABEL)
        self._control = PodControl(client, recorder)
        self._recorder = recorder
        self._pods = pods
        self._nodes = NodeReader(objects)
        self._now = now
        self._failed: dict[tuple[str, str], tuple[dt.datetime, float]] = {}
        """By uid and node: since when, and for how long, a pod that failed there is left alone."""

    async def reconcile(self, key: Key) -> Result:
        """Bring pods to nodes and take them away, replace old ones, and say on how many nodes all is well."""
        try:
            owner = self._client.get(DAEMON_SETS, key.namespace, key.name)
        except NotFound:
            return DONE
        if owner.metadata.deletionTimestamp:
            return DONE
        selector = Selector.of(owner.spec.selector)
        history = await self._histories.sync(owner, selector)
        if history is None:
            return Result(requeue_after=0)
        await self._adoption.settle(PODS, owner, selector)
        digest = history.current.metadata.labels[HASH_LABEL]
        failure, wait = await self._act(owner, digest)
        places = self._places(owner)
        aim = Aim.of(owner.spec, digest, places, self._now())
        await self._clean_up(owner, history, places, aim)
        counts = count(places, aim)
        rollout = progress.Rollout.of(history.current.metadata.name, places, aim, owner.status, counts)
        owner = await self._set_status(owner, counts, self._conditions(owner, history, rollout))
        await self._go_back(owner, history, places, aim)
        if failure is not None:
            raise failure
        deadline = progress.seconds_to_deadline(owner.status, progress.deadline_of(owner), self._now())
        waits = [seconds for seconds in (wait, counts.next_available, deadline) if seconds is not None]
        return Result(requeue_after=min(waits, default=None))

    def _places(self, owner: DaemonSet) -> list[Place]:
        """Look at all nodes with the pods of the DaemonSet on them."""
        by_node: defaultdict[str, list[PodFacts]] = defaultdict(list)
        for pod in self._pods.owned(owner.metadata.uid):
            # One that has ended and is to go has nothing left to wait for.
            if not (pod.deleted and pod.phase in ENDED):
                by_node[pod.node or pod.meant_for].append(pod)
        spec = owner.spec.template.spec
        places = [
            Place(node.name, *fits(spec, node), sorted(by_node.pop(node.name, ()), key=_age), is_away(node))
            for node in self._nodes.all()
        ]
        # Pods meant for a node that is gone would never be scheduled; bound ones are not ours to judge.
        lost = [pod for pods in by_node.values() for pod in pods if not pod.node]
        return [*places, Place("", wanted=False, tolerated=False, pods=lost)] if lost else places

    async def _act(self, owner: DaemonSet, digest: str) -> tuple[ApiError | None, float | None]:
        """Take the next step; gives what went wrong, and in how many seconds a failed pod may be replaced."""
        places = self._places(owner)
        aim = Aim.of(owner.spec, digest, places, self._now())
        changes = manage(places, aim)
        wait = await self._forgive(owner, changes)
        if not changes and owner.spec.updateStrategy.type == ROLLING_UPDATE:
            changes = replace(places, aim)
        try:
            await self._control.delete_many(changes.delete[:BURST], owner)
            pods = [daemon_pod(owner, node, digest) for node in changes.create[:BURST]]
            await self._control.create_many(pods, owner)
        except ApiError as exc:
            return exc, wait
        return None, wait

    async def _forgive(self, owner: DaemonSet, changes: Changes) -> float | None:
        """Delete pods that have ended, but not again and again, where a node refuses them each time."""
        waits = []
        for pod in changes.ended:
            wait = self._wait(owner.metadata.uid, pod) if pod.phase == "Failed" else 0.0
            if wait > 0:
                waits.append(wait)
                continue
            await self._tell_end(owner, pod)
            changes.delete.append(pod)
        changes.ended.clear()
        return min(waits, default=None)

    def _wait(self, uid: str, pod: PodFacts) -> float:
        key, now = (uid, pod.node), self._now()
        since, delay = self._failed.get(key, (now, 0.0))
        passed = (now - since).total_seconds()
        if passed < delay:
            return delay - passed
        # What has been calm for long enough begins anew, and is not remembered.
        oldest = now - dt.timedelta(seconds=2 * LAST_BACKOFF)
        self._failed = {known: value for known, value in self._failed.items() if value[0] >= oldest}
        again = key in self._failed
        self._failed[key] = (now, min(2 * delay, LAST_BACKOFF) if again else FIRST_BACKOFF)
        return 0.0

    async def _tell_end(self, owner: DaemonSet, pod: PodFacts) -> None:
        failed = pod.phase == "Failed"
        kind: Literal["Normal", "Warning"] = "Warning" if failed else "Normal"
        verb = "kill" if failed else "delete"
        message = (
            f"Found {pod.phase.lower()} daemon pod {pod.namespace}/{pod.name} on node {pod.node}, "
            f"will try to {verb} it"
        )
        await self._recorder.event(owner, kind, f"{pod.phase}DaemonPod", message)

    async def _clean_up(self, owner: DaemonSet, history: History, places: Iterable[Place], aim: Aim) -> None:
        digests = {pod.labels.get(HASH_LABEL) for place in places for pod in place.pods}
        live = {old.metadata.name for old in history.olds if old.metadata.labels.get(HASH_LABEL) in digests}
        if progress.is_watched(owner) and (target := rollback.target(history, _working(places, aim))):
            live.add(target.metadata.name)
        await self._histories.clean_up(history, live, owner.spec.revisionHistoryLimit)

    def _conditions(
        self, owner: DaemonSet, history: History, rollout: progress.Rollout
    ) -> list[DaemonSetCondition]:
        found = conditions.without(owner.status.conditions, progress.PROGRESSING)
        if not progress.is_watched(owner):
            return conditions.without(found, CONDITION)
        now = self._now()
        assessed = progress.assess(owner.status, rollout, progress.deadline_of(owner), now)
        return rollback.with_condition([assessed, *found], history, now)

    async def _set_status(
        self, owner: DaemonSet, counts: Counts, found: Sequence[DaemonSetCondition]
    ) -> DaemonSet:
        status = owner.status.model_copy(
            update={
                "currentNumberScheduled": counts.current,
                "numberMisscheduled": counts.misscheduled,
                "desiredNumberScheduled": counts.desired,
                "numberReady": counts.ready,
                "observedGeneration": owner.metadata.generation,
                "updatedNumberScheduled": counts.updated,
                "numberAvailable": counts.available,
                "numberUnavailable": counts.desired - counts.available,
                "conditions": found,
            }
        )
        if status == owner.status:
            return owner
        owner.status = status
        return await self._client.update_status(DAEMON_SETS, owner)

    async def _go_back(self, owner: DaemonSet, history: History, places: Iterable[Place], aim: Aim) -> None:
        """Return to the last complete revision, if the rollout has failed and that is asked for."""
        if not progress.is_watched(owner):
            return
        failed = history.current
        if not progress.has_timed_out(owner.status):
            complete = {WAS_COMPLETE: "true"} if progress.was_completed(owner.status) else {}
            await self._histories.note(failed, {ROLLED_BACK: None, **complete})
            return
        target = rollback.target(history, _working(places, aim))
        if target is None:
            return
        await self._histories.note(failed, {ROLLED_BACK: "true"})
        await self._histories.note(target, {WAS_COMPLETE: "true", ROLLED_BACK: None})
        owner.spec.template = template_of(target)
        await self._client.update(DAEMON_SETS, owner)
        message = (
            f'Rolled back daemon set "{owner.metadata.name}" to revision {target.revision}: '
            f'ControllerRevision "{failed.metadata.name}" has timed out progressing.'
        )
        await self._recorder.event(owner, "Warning", "DaemonSetRollback", message)


def _working(places: Iterable[Place], aim: Aim) -> set[str]:
    """Give the hash labels of pods that are available."""
    return {pod.labels.get(HASH_LABEL, "") for place in places for pod in place.pods if aim.is_available(pod)}


def _age(pod: PodFacts) -> tuple[bool, str, str]:
    """Order pods: those that are bound first, and by age (``podByCreationTimestampAndPhase``)."""
    return not pod.node, pod.created, pod.name
