"""Takes pod statuses from the agents into the store, and removes pods that have ended as they should."""

from __future__ import annotations

import asyncio
import logging

from pydantic import ValidationError

from edgeorch.api.core.pod_status import PodStatus
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import DeleteOptions, Preconditions
from edgeorch.errors import ApiError, Conflict, Invalid, NotFound
from edgeorch.mqtt.bus import Bus, Message
from edgeorch.mqtt.messages import PodStatusReport
from edgeorch.mqtt.topics import PodStatusTopic, Topics
from edgeorch_server.fleet.desired import BoundPod, DesiredIndex
from edgeorch_server.fleet.garbage import Garbage
from edgeorch_server.fleet.presence import PresenceTracker
from edgeorch_server.fleet.statuses import ReportOrder, merge_status
from edgeorch_server.fleet.workers import work
from edgeorch_server.registry.base import Client
from edgeorch_server.workqueue import WorkQueue

logger = logging.getLogger(__name__)

WORKERS = 8
MAX_CLEARS = 4096
"""Topics of unknown pods that wait to be cleared; beyond it they stay, and come again after a reconnect."""


class StatusIngest:
    """Pod statuses. What waits is at most one report per bound pod, so it needs no other bound.

    A report counts only when the pod is bound to the node that sent it. The index knows every bound pod
    before its node does, because the node learns of it through the index.
    """

    def __init__(
        self,
        bus: Bus,
        topics: Topics,
        client: Client,
        index: DesiredIndex,
        presence: PresenceTracker,
        garbage: Garbage,
    ) -> None:
        self._bus = bus
        self._topics = topics
        self._client = client
        self._index = index
        self._presence = presence
        self._garbage = garbage
        self._order = ReportOrder()
        self._reports: dict[str, PodStatusReport] = {}
        self._queue: WorkQueue[str] = WorkQueue()
        self._clears: WorkQueue[str] = WorkQueue()

    async def run(self) -> None:
        """Ingest, for ever; the index must be loaded."""
        await self._bus.subscribe(self._topics.pattern("nodes/+/pods/+/status"), self._receive)
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(work(self._queue, self._ingest), name="pod-statuses")
            group.create_task(work(self._clears, self._clear), name="pod-status-clears")

    def _receive(self, message: Message) -> None:
        topic = self._topics.find(message.topic)
        if not isinstance(topic, PodStatusTopic):
            return
        pod = self._index.pod(topic.uid)
        if not message.payload:
            if pod is None:
                self._order.forget(topic.uid)
            return
        if pod is None or pod.node != topic.node:
            self._refuse(message.topic, topic, pod)
            return
        try:
            report = PodStatusReport.decode(message.payload)
        except ValueError as exc:
            self._garbage.add(topic.node, "malformed status", exc)
            return
        if (report.namespace, report.name) != (pod.ref.namespace, pod.ref.name):
            self._garbage.add(topic.node, "status with a wrong name", f"{report.namespace}/{report.name}")
            return
        alive = self._presence.of(topic.node)
        if not self._order.is_newer(topic.uid, report, alive.session if alive is not None else None):
            self._garbage.counts["stale status"] += 1
            return
        self._reports[topic.uid] = report
        self._queue.add(topic.uid)

    def _refuse(self, name: str, topic: PodStatusTopic, pod: BoundPod | None) -> None:
        """Clear the status of a pod that is not on this node: of one that is gone, as a rule."""
        if pod is None:
            self._garbage.counts["status of an unknown pod"] += 1
            self._order.forget(topic.uid)
        else:
            self._garbage.add(topic.node, "status of a pod of another node", pod.ref.key)
        if len(self._clears) < MAX_CLEARS:
            self._clears.add(name)

    async def _ingest(self, uid: str) -> None:
        report, pod = self._reports.get(uid), self._index.pod(uid)
        if report is None or pod is None:
            self._done(uid, report)
            return
        try:
            await self._write(pod, report)
        except (ValidationError, Invalid) as exc:
            self._garbage.add(pod.node, "invalid status", exc)
        except NotFound:
            pass  # deleted meanwhile; the watch says so
        self._done(uid, report)

    def _done(self, uid: str, report: PodStatusReport | None) -> None:
        """Drop a report that is dealt with, unless a newer one has come in."""
        if self._reports.get(uid) is report:
            self._reports.pop(uid, None)
        if self._index.pod(uid) is None:
            self._order.forget(uid)

    async def _write(self, bound: BoundPod, report: PodStatusReport) -> None:
        pod = self._client.get(PODS, bound.ref.namespace, bound.ref.name)
        if pod.metadata.uid != bound.uid:
            return
        merged = merge_status(pod.status, PodStatus.from_dict(dict(report.status)))
        if merged is not None:
            pod = await self._client.update_status(PODS, pod.model_copy(update={"status": merged}))
        if report.terminated and pod.metadata.deletionTimestamp is not None:
            await self._delete(bound)

    async def _delete(self, bound: BoundPod) -> None:
        """Remove the object of a pod of which nothing runs any more."""
        options = DeleteOptions(gracePeriodSeconds=0, preconditions=Preconditions(uid=bound.uid))
        try:
            await self._client.delete(PODS, bound.ref.namespace, bound.ref.name, options)
        except Conflict as exc:
            logger.info("pod %s is not the one that ended: %s", bound.ref.key, exc)

    async def _clear(self, topic: str) -> None:
        """Clear the status of a pod that does not exist (any more)."""
        parsed = self._topics.find(topic)
        pod = self._index.pod(parsed.uid) if isinstance(parsed, PodStatusTopic) else None
        if pod is not None and isinstance(parsed, PodStatusTopic) and pod.node == parsed.node:
            return
        try:
            await self._bus.publish(topic, b"", retain=True)
        except ApiError as exc:  # it comes again when we subscribe again
            logger.debug("could not clear %s: %s", topic, exc)
