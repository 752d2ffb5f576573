"""The scheduler's loop: takes pods from the queue, places them, binds them, and says why when it cannot.

Deciding is serial and pure (:mod:`~edgeorch_server.scheduler.framework`); a placement is *assumed* in the
picture of the cluster at once, and the binding, which waits for the disk, goes on beside the next decision, so
that many bindings share one sync.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_status import PodCondition
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.meta import format_time
from edgeorch.errors import ApiError, Conflict, NotFound
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.follow import Listed, follow
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.scheduler.framework import Placement, Profile, Rejected, place
from edgeorch_server.scheduler.queue import SchedulingQueue
from edgeorch_server.scheduler.snapshot import Cluster, PodInfo
from edgeorch_server.store.base import EventType

logger = logging.getLogger(__name__)

NAME = "default-scheduler"
MAX_BINDINGS = 256
"""Bindings under way at once."""


class Scheduler:
    """Gives every pod of ours a node. :meth:`run` is its task."""

    def __init__(
        self, client: Client, profile: Profile, recorder: EventRecorder, now: Callable[[], dt.datetime]
    ) -> None:
        self._client = client
        self._profile = profile
        self._recorder = recorder
        self._now = now
        self._cluster = Cluster()
        self._queue = SchedulingQueue()
        self._bindings = asyncio.Semaphore(MAX_BINDINGS)
        self._nodes_known = asyncio.Event()
        self._pods_known = asyncio.Event()

    async def run(self) -> None:
        """Run for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_nodes(), name="scheduler-nodes")
            group.create_task(self._follow_pods(), name="scheduler-pods")
            # Deciding on half a picture would overcommit nodes whose pods are not known yet.
            await self._nodes_known.wait()
            await self._pods_known.wait()
            while True:
                pod = await self._queue.get()
                await self._bindings.acquire()
                decision = place(pod, self._cluster.nodes, self._profile)
                if isinstance(decision, Placement):
                    self._cluster.place(PodInfo.of(pod), decision.node)
                    finish = self._bind(pod, decision)
                else:
                    self._queue.park(pod.metadata.uid)
                    finish = self._explain(pod, decision)
                task = group.create_task(finish, name=f"scheduler-{pod.metadata.name}")
                task.add_done_callback(lambda _: self._bindings.release())
                await asyncio.sleep(0)  # a long queue must not keep the loop from its other work

    async def _bind(self, pod: Pod, placement: Placement) -> None:
        meta = pod.metadata
        try:
            await self._client.bind(pod, placement.node)
        except (NotFound, Conflict) as exc:
            logger.info("pod %s/%s was not bound: %s", meta.namespace, meta.name, exc)
            self._give_back(pod)
        except Exception:
            logger.exception("binding pod %s/%s failed", meta.namespace, meta.name)
            self._give_back(pod)
        else:
            message = f"Successfully assigned {meta.namespace}/{meta.name} to {placement.node}"
            await self._recorder.event(pod, "Normal", "Scheduled", message)

    def _give_back(self, pod: Pod) -> None:
        """Undo an assumption. Whoever deleted or bound the pod meanwhile is heard of through the watch."""
        self._cluster.remove_pod(pod.metadata.uid)
        self._queue.retry(pod.metadata.uid)

    async def _explain(self, pod: Pod, rejected: Rejected) -> None:
        """Write the reason into the pod's PodScheduled condition, once per reason, and as an event."""
        message = str(rejected)
        try:
            current = self._client.get(PODS, pod.metadata.namespace, pod.metadata.name)
            if current.metadata.uid != pod.metadata.uid or current.spec.nodeName:
                return
            if _set_unschedulable(current, message, format_time(self._now())):
                await self._client.update_status(PODS, current)
        except ApiError as exc:
            logger.info("pod %s/%s: no condition: %s", pod.metadata.namespace, pod.metadata.name, exc)
            return
        await self._recorder.event(current, "Warning", "FailedScheduling", message)

    async def _follow_nodes(self) -> None:
        async for news in follow(self._client, NODES):
            if isinstance(news, Listed):
                for name in set(self._cluster.nodes) - {node.metadata.name for node in news.objects}:
                    self._cluster.remove_node(name)
                for node in news.objects:
                    self._cluster.set_node(node)
                self._nodes_known.set()
            elif news.type is EventType.DELETED:
                self._cluster.remove_node(news.object.metadata.name)
            else:
                self._cluster.set_node(news.object)
            self._queue.move_all()

    async def _follow_pods(self) -> None:
        async for news in follow(self._client, PODS):
            if isinstance(news, Listed):
                listed = {pod.metadata.uid for pod in news.objects}
                for uid in self._cluster.placed() - listed:
                    self._gone(uid)
                for pod in news.objects:
                    self._heard(pod)
                self._pods_known.set()
            elif news.type is EventType.DELETED:
                self._gone(news.object.metadata.uid)
            else:
                self._heard(news.object)

    def _gone(self, uid: str) -> None:
        self._queue.remove(uid)
        if self._cluster.remove_pod(uid):
            self._queue.move_all()

    def _heard(self, pod: Pod) -> None:
        uid = pod.metadata.uid
        if pod.status.phase in {"Succeeded", "Failed"}:
            self._gone(uid)  # nothing of it runs: it reserves nothing any more
        elif pod.spec.nodeName:
            self._queue.remove(uid)
            self._cluster.place(PodInfo.of(pod), pod.spec.nodeName)
        elif pod.metadata.deletionTimestamp or pod.spec.schedulerName != NAME or pod.spec.schedulingGates:
            self._queue.remove(uid)
        elif uid not in self._cluster.placed():  # else a binding is under way
            self._queue.put(pod)


def _set_unschedulable(pod: Pod, message: str, stamp: str) -> bool:
    """Set the condition; False when it says the same already."""
    condition = next((c for c in pod.status.conditions if c.type == "PodScheduled"), None)
    if condition is None:
        condition = PodCondition(type="PodScheduled")
        pod.status.conditions.append(condition)
    if (condition.status, condition.message) == ("False", message):
        return False
    if condition.status != "False":
        condition.lastTransitionTime = stamp
    condition.status = "False"
    condition.reason = "Unschedulable"
    condition.message = message
    return True
