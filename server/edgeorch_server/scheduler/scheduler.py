"""The scheduler's loop: takes pods from the queue, places them, binds them, and says why when it cannot.

Deciding is serial and pure (:mod:`~edgeorch_server.scheduler.decider`); a placement is *assumed* in the
picture of the cluster at once, and the binding, which waits for the disk, goes on beside the next decision, so
that many bindings share one sync.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable

from edgeorch.errors import Conflict, NotFound
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.decider import Decider
from edgeorch_server.scheduler.framework import Helps, Placement, Profile, Rejected
from edgeorch_server.scheduler.hints import Hints
from edgeorch_server.scheduler.news import News
from edgeorch_server.scheduler.queue import SchedulingQueue
from edgeorch_server.scheduler.reports import Reports, reference
from edgeorch_server.scheduler.shape import PodInfo

logger = logging.getLogger(__name__)

NAME = "default-scheduler"
MAX_BINDINGS = 256
"""Bindings under way at once."""
FLUSH_SECONDS = 30.0
"""How often pods are looked for that have been parked for too long (kube-scheduler's own)."""


class Scheduler:
    """Gives every pod of ours a node. :meth:`run` is its task."""

    def __init__(
        self, client: Client, profile: Profile, recorder: EventRecorder, now: Callable[[], dt.datetime]
    ) -> None:
        self._client = client
        self._cluster = Cluster()
        self._queue = SchedulingQueue()
        self._decider = Decider(self._cluster, profile)
        self._reports = Reports(client, recorder, now)
        hints = Hints(self._cluster, profile)
        self._news = News(client, self._cluster, self._queue, hints, scheduler_name=NAME)
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
                pod = await self._queue.get()
                await self._bindings.acquire()
                task = group.create_task(self._schedule(pod), name=f"scheduler-{pod.name}")
                task.add_done_callback(lambda _: self._bindings.release())
                # The decision is made when the task starts; and a long queue must not keep the loop busy.
                await asyncio.sleep(0)

    async def _schedule(self, pod: PodInfo) -> None:
        decision = self._decider.decide(pod)
        if isinstance(decision, Placement):
            self._cluster.place(pod, decision.node)
            await self._bind(pod, decision.node)
        else:
            await self._refuse(pod, decision)

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

    async def _refuse(self, pod: PodInfo, rejected: Rejected) -> None:
        self._queue.park(pod.uid, frozenset(rejected.tally.plugins))
        await self._reports.unschedulable(pod, str(rejected), self._cluster.changes.position)

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self._queue.wake_oldest()
