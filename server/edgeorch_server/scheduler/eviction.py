"""Removes the victims of preemption, gracefully."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

from edgeorch.api.core.pod_status import PodCondition
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import DeleteOptions, Preconditions, format_time
from edgeorch.errors import ApiError
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.subresources.binding import set_condition
from edgeorch_server.scheduler.reports import Reports
from edgeorch_server.scheduler.shape import PodInfo
from edgeorch_server.scheduler.victims import Victims

logger = logging.getLogger(__name__)


class Eviction:
    """Says on every victim why it goes, deletes it, and records the event."""

    def __init__(
        self, client: Client, reports: Reports, scheduler_name: str, now: Callable[[], dt.datetime]
    ) -> None:
        self._client = client
        self._reports = reports
        self._scheduler_name = scheduler_name
        self._now = now

    async def remove(self, victims: Victims, pod: PodInfo) -> None:
        """Remove them all; one that cannot be removed is left for the next attempt."""
        for victim in victims.pods:
            if victim.leaving:
                continue
            try:
                await self._remove(victim)
            except ApiError as exc:
                logger.info("pod %s/%s was not preempted: %s", victim.namespace, victim.name, exc)
            else:
                message = f"Preempted by pod {pod.uid} on node {victims.node}"
                self._reports.event(victim, "Normal", "Preempted", message)

    async def clear_nomination(self, pod: PodInfo) -> None:
        """Take back a promise to a less important pod: the room on that node goes to another now."""
        try:
            current = self._client.get(PODS, pod.namespace, pod.name)
            if current.metadata.uid == pod.uid and current.status.nominatedNodeName:
                current.status.nominatedNodeName = ""
                await self._client.update_status(PODS, current)
        except ApiError as exc:
            logger.info("nomination of pod %s/%s stays: %s", pod.namespace, pod.name, exc)

    async def _remove(self, victim: PodInfo) -> None:
        current = self._client.get(PODS, victim.namespace, victim.name)
        condition = PodCondition(
            type="DisruptionTarget",
            status="True",
            reason="PreemptionByScheduler",
            message=f"{self._scheduler_name}: preempting to accommodate a higher priority pod",
            lastTransitionTime=format_time(self._now()),
        )
        if current.metadata.uid == victim.uid:
            set_condition(current.status, condition)
            await self._client.update_status(PODS, current)
        this_one = DeleteOptions(preconditions=Preconditions(uid=victim.uid))
        await self._client.delete(PODS, victim.namespace, victim.name, this_one)
