"""The scheduler's loop: takes pods from the queue, places them, binds them, and says why when it cannot.

Deciding is serial and pure (:mod:`~edgeorch_server.scheduler.decider`); a placement is *assumed* in the
picture of the cluster at once, and the binding, which waits for the disk, goes on beside the next decision, so
that many bindings share one sync.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from edgeorch.errors import Conflict, NotFound
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.scheduler.budgets import StoredBudgets
from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.decider import Decider
from edgeorch_server.scheduler.eviction import Eviction
from edgeorch_server.scheduler.framework import Helps, Placement, Rejected
from edgeorch_server.scheduler.hints import Hints
from edgeorch_server.scheduler.known_architectures import KnownArchitectures
from edgeorch_server.scheduler.news import News
from edgeorch_server.scheduler.plugins.profile import default_profile
from edgeorch_server.scheduler.preemption import Budgets, Preemption
from edgeorch_server.scheduler.queue import SchedulingQueue
from edgeorch_server.scheduler.reports import Reports, reference
from edgeorch_server.scheduler.shape import PodInfo
from edgeorch_server.scheduler.victims import Victims

logger = logging.getLogger(__name__)

NAME = "default-scheduler"
MAX_BINDINGS = 256
"""Bindings under way at once."""
FLUSH_SECONDS = 30.0
"""How often pods are looked for that have been parked for too long (kube-scheduler's own)."""


class Scheduler:
    """Gives every pod of ours a node. :meth:`run` is its task.

    ``pack`` fills nodes one after the other, where the default spreads work out.
    """

    def __init__(
        self,
        client: Client,
        recorder: EventRecorder,
        now: Callable[[], dt.datetime],
        *,
        pack: bool = False,
        budgets: Budgets | None = None,
    ) -> None:
        self._client = client
        self._images = KnownArchitectures(time.monotonic)
        profile = default_profile(images=self._images, pack=pack)
        self._cluster = Cluster()
        self._queue = SchedulingQueue()
        self._decider = Decider(self._cluster, profile)
        self._preemption = Preemption(self._cluster, profile, budgets or StoredBudgets(client))
        self._reports = Reports(client, recorder, now)
        self._eviction = Eviction(client, self._reports, NAME, now)
        hints = Hints(self._cluster, profile)
        self._news = News(client, self._cluster, self._queue, hints, scheduler_name=NAME, images=self._images)
        self._bindings = asyncio.Semaphore(MAX_BINDINGS)

    async def run(self) -> None:
        """Run for ever."""
        async with asyncio.TaskGroup() as group:
            self._news.start(group)
            group.create_task(self._reports.run(), name="scheduler-events")
            group.create_task(self._flush(), name="scheduler-flush")
            # Deciding on half a picture would overcommit nodes whose pods are not known yet.
            await self._news.complete()
            while True:
                await self._bindings.acquire()
                finish = self._decide(await self._queue.get())
                task = group.create_task(finish, name="scheduler-binding")
                task.add_done_callback(lambda _: self._bindings.release())
                await asyncio.sleep(0)  # a long queue must not keep the loop from its other work

    def _decide(self, pod: PodInfo) -> Coroutine[Any, Any, None]:
        """Decide, and let the decision count; gives what remains to be written."""
        kept = self._cluster.nominated(pod.uid)
        decision = self._decider.decide(pod)
        if isinstance(decision, Placement):
            self._cluster.place(pod, decision.node)
            if kept != decision.node:
                self._not_kept(kept)
            return self._bind(pod, decision.node)
        return self._refuse(pod, decision)

    async def _bind(self, pod: PodInfo, node: str) -> None:
        try:
            await self._client.bind(reference(pod), node)
        except (NotFound, Conflict) as exc:
            logger.info("pod %s/%s was not bound: %s", pod.namespace, pod.name, exc)
            self._give_back(pod)
        except Exception:
            logger.exception("binding pod %s/%s failed", pod.namespace, pod.name)
            self._give_back(pod)
        else:
            self._reports.scheduled(pod, node)

    def _give_back(self, pod: PodInfo) -> None:
        """Undo an assumption. Whoever deleted or bound the pod meanwhile is heard of through the watch."""
        node = self._cluster.where(pod.uid)
        self._cluster.remove_pod(pod.uid)
        self._queue.retry(pod.uid)
        self._news.happened(Helps.POD_GONE, node)

    def _refuse(self, pod: PodInfo, rejected: Rejected) -> Coroutine[Any, Any, None]:
        """Put a pod aside, and keep a place for it where room can be made."""
        outcome = self._preemption.find(pod, rejected) if rejected.nodes else None
        message = str(rejected)
        nominated = None
        displaced: list[PodInfo] = []
        if isinstance(outcome, Victims):
            displaced = self._nominate(pod, outcome)
            nominated = outcome.node
        elif outcome is not None:
            message = f"{message} preemption: {outcome.message}"
            if outcome.final and (kept := self._cluster.withdraw(pod.uid)) is not None:
                nominated = ""
                self._not_kept(kept)
        self._queue.park(pod.uid, frozenset(rejected.tally.plugins))
        as_of = self._cluster.changes.position
        told = self._reports.unschedulable(pod, message, as_of, nominated)
        return self._make_room(pod, outcome, displaced, told) if isinstance(outcome, Victims) else told

    async def _make_room(
        self, pod: PodInfo, victims: Victims, displaced: Sequence[PodInfo], told: Coroutine[Any, Any, None]
    ) -> None:
        await told
        for other in displaced:
            await self._eviction.clear_nomination(other)
        await self._eviction.remove(victims, pod)

    def _not_kept(self, node: str | None) -> None:
        """Let others have the room on a node that was kept for a pod which does not come, if it was."""
        if node is not None:
            self._news.happened(Helps.POD_GONE, node)

    def _nominate(self, pod: PodInfo, victims: Victims) -> list[PodInfo]:
        """Keep a place; gives the less important pods that it was kept for before."""
        if (kept := self._cluster.nominated(pod.uid)) != victims.node:
            self._cluster.withdraw(pod.uid)
            self._not_kept(kept)
        node = self._cluster.nodes[victims.node]
        displaced = [p for p in node.nominated.values() if p.shape.priority < pod.shape.priority]
        for other in displaced:
            self._cluster.withdraw(other.uid)
        self._cluster.nominate(pod, victims.node)
        return displaced

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self._queue.wake_oldest()
            if self._images.expire():
                self._news.images_changed()
