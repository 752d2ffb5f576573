"""Pod garbage collection: pods on nodes that are gone, and more ended pods than anybody will look at.

Kubernetes, "Garbage collection of Pods" and "Non-graceful node shutdown". Its controller also removes pods that
were deleted before they got a node; here such a pod goes at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

import orjson

from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod, PodCondition
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.meta import DeleteOptions, Preconditions, format_time
from edgeorch.errors import InternalError, NotFound
from edgeorch_server.controllers.node_pods import pods_on
from edgeorch_server.controllers.pod_facts import ENDED
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.registry.base import Client, ListOptions
from edgeorch_server.registry.codec import is_marked
from edgeorch_server.registry.subresources.binding import set_condition
from edgeorch_server.store.base import Entry

logger = logging.getLogger(__name__)

QUARANTINE = 40.0
"""Seconds that a node may be missing: one that is registered anew keeps its pods."""

MAX_ENDED = 12_500
"""Ended pods that are kept (``--terminated-pod-gc-threshold``)."""

OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
"""Taint with which a person says that a node is down for sure: nothing runs there any more."""


class LostPods:
    """Reconciles the pods of one node."""

    def __init__(self, client: Client, *, now: Callable[[], dt.datetime]) -> None:
        self._client = client
        self._now = now
        self._missing_since: dict[str, float] = {}

    async def reconcile(self, key: Key) -> Result:
        """Remove the pods of a node that is gone, and those that wait to end on one that is out of service."""
        try:
            node = self._client.get_entry(NODES, "", key.name)
        except NotFound:
            return await self._missing(key.name)
        self._missing_since.pop(key.name, None)
        # Pods report often, and hardly ever a node is out of service: most are not even parsed.
        if OUT_OF_SERVICE.encode() in node.data and _is_out_of_service(Node.from_json(node.data)):
            for entry in pods_on(self._client, key.name):
                if is_marked(entry):
                    await self._remove(entry, None)
        return DONE

    async def _missing(self, node: str) -> Result:
        pods = pods_on(self._client, node)
        if not pods:
            self._missing_since.pop(node, None)
            return DONE
        clock = asyncio.get_running_loop().time()
        left = self._missing_since.setdefault(node, clock) + QUARANTINE - clock
        if left > 0:
            return Result(requeue_after=left)
        condition = PodCondition(
            type="DisruptionTarget",
            status="True",
            reason="DeletionByPodGC",
            message="PodGC: node no longer exists",
            lastTransitionTime=format_time(self._now()),
        )
        for entry in pods:
            logger.info("pod %s/%s is removed: its node %s is gone", entry.namespace, entry.name, node)
            await self._remove(entry, condition)
        return DONE

    async def _remove(self, entry: Entry, condition: PodCondition | None) -> None:
        """Let a pod fail that nobody reports on any more, then remove it without waiting for its node."""
        if entry.fields["status.phase"] not in ENDED:
            # What cannot be read cannot be marked, and must go all the same.
            with contextlib.suppress(NotFound, InternalError):
                await self._let_fail(self._client.get(PODS, entry.namespace, entry.name), condition)
        await _delete(self._client, entry)

    async def _let_fail(self, pod: Pod, condition: PodCondition | None) -> None:
        pod.status.phase = "Failed"
        if condition:
            set_condition(pod.status, condition)
        await self._client.update_status(PODS, pod)


def _is_out_of_service(node: Node) -> bool:
    ready = any(c.type == "Ready" and c.status == "True" for c in node.status.conditions)
    return not ready and any(taint.key == OUT_OF_SERVICE for taint in node.spec.taints)


ENDED_KEY = Key("", "ended")


def ended(entry: Entry) -> tuple[Key, ...]:
    """Map every pod that has ended to the one key there is."""
    return (ENDED_KEY,) if entry.fields["status.phase"] in ENDED else ()


ENDED_SOURCES = (Source(PODS, ended),)


class EndedPods:
    """Reconciles the number of all pods that have ended."""

    def __init__(self, client: Client, *, most: int = MAX_ENDED) -> None:
        self._client = client
        self._most = most

    async def reconcile(self, _key: Key) -> Result:
        """Remove what is too much: evicted pods first, then the oldest."""
        every = self._client.list_entries(PODS, ListOptions()).entries
        if len(every) <= self._most:
            return DONE
        found = [entry for entry in every if ended(entry)]
        excess = len(found) - self._most
        if excess <= 0:
            return DONE
        logger.info("%d pods have ended: %d of them are removed", len(found), excess)
        for entry in sorted(found, key=_worth)[:excess]:
            await _delete(self._client, entry)
        return DONE


def _worth(entry: Entry) -> tuple[bool, str, str]:
    pod: dict[str, Any] = orjson.loads(entry.data)
    status = pod.get("status", {})
    evicted = status.get("phase") == "Failed" and status.get("reason") == "Evicted"
    return not evicted, pod["metadata"].get("creationTimestamp", ""), entry.name


async def _delete(client: Client, entry: Entry) -> None:
    """Remove one pod at once; that it has gone meanwhile is just as well."""
    at_once = DeleteOptions(gracePeriodSeconds=0, preconditions=Preconditions(uid=entry.uid))
    with contextlib.suppress(NotFound):
        await client.delete(PODS, entry.namespace, entry.name, at_once)
