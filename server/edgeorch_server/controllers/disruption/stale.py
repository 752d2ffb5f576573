"""Takes ``DisruptionTarget`` back where the disruption never came (``syncStalePodDisruption``).

Whoever disrupts a pod says so in its condition first, and deletes it then. Where the second step never comes,
the condition would say for ever that the pod is about to go, and pod failure policies would believe it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from edgeorch.api.core.pod import Pod, PodCondition
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import format_time, parse_time
from edgeorch.errors import NotFound
from edgeorch_server.controllers.pod_facts import ENDED
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.subresources.binding import set_condition
from edgeorch_server.store.base import Entry

STALE_AFTER = 120.0
"""Seconds after which a pod that was not deleted is not going to be (``stalePodDisruptionTimeout``)."""

_TARGET = "DisruptionTarget"
_BY_KUBELET = "TerminationByKubelet"
"""The node ends such a pod itself, however long that takes, and nobody deletes it."""


def announced(entry: Entry) -> tuple[Key, ...]:
    """Map pods that have the condition, whatever it says; most have not, and are never parsed."""
    return (Key(entry.namespace, entry.name),) if _TARGET.encode() in entry.data else ()


SOURCES = (Source(PODS, announced),)


class StaleDisruptions:
    """Reconciles one pod's condition."""

    def __init__(self, client: Client, *, now: Callable[[], dt.datetime]) -> None:
        self._client = client
        self._now = now

    async def reconcile(self, key: Key) -> Result:
        """Say that the pod is no target any more, once it has stayed for long enough."""
        try:
            pod = self._client.get(PODS, key.namespace, key.name)
        except NotFound:
            return DONE
        target = _waiting(pod)
        if target is None:
            return DONE
        left = STALE_AFTER - self._age(target)
        if left > 0:
            return Result(requeue_after=left)
        reset = PodCondition(type=_TARGET, status="False", lastTransitionTime=format_time(self._now()))
        set_condition(pod.status, reset)
        await self._client.update_status(PODS, pod)
        return DONE

    def _age(self, condition: PodCondition) -> float:
        """Seconds since the condition came; one that does not say is as old as can be."""
        if condition.lastTransitionTime is None:
            return STALE_AFTER
        return (self._now() - parse_time(condition.lastTransitionTime)).total_seconds()


def _waiting(pod: Pod) -> PodCondition | None:
    """Give the condition of a pod that somebody was going to delete, and has not."""
    if pod.metadata.deletionTimestamp or pod.status.phase in ENDED:
        return None
    told = (c for c in pod.status.conditions if c.type == _TARGET)
    return next((c for c in told if c.status == "True" and c.reason != _BY_KUBELET), None)
