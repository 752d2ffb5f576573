"""Taint based evictions: pods leave a node whose taints they do not tolerate, or not for any longer.

Kubernetes, "Taint based Evictions". A pod's time begins when this process first sees the taints: a clock that
is set makes no difference, and a server that was away itself gives everybody the full time again.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence

from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod, PodCondition
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.core.scheduling import Taint
from edgeorch.api.core.tolerations import NO_EXECUTE, patience
from edgeorch.api.meta import DeleteOptions, Preconditions, format_time
from edgeorch.errors import NotFound
from edgeorch_server.controllers.node_pods import pods_on
from edgeorch_server.controllers.runner import DONE, Key, Result
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.codec import is_marked
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.registry.subresources.binding import set_condition

logger = logging.getLogger(__name__)

REASON = "TaintManagerEviction"


class TaintEviction:
    """Reconciles the pods of one node."""

    def __init__(self, client: Client, recorder: EventRecorder, *, now: Callable[[], dt.datetime]) -> None:
        self._client = client
        self._recorder = recorder
        self._now = now
        self._waiting: dict[str, dict[str, float]] = {}
        """By node and by uid of the pod: since when its time runs, on the loop's clock."""

    async def reconcile(self, key: Key) -> Result:
        """Delete the pods whose time is over; come again when the next one's is."""
        before = self._waiting.get(key.name, {})
        taints = self._taints(key.name)
        if not taints and not before:
            return DONE
        clock = asyncio.get_running_loop().time()
        waiting: dict[str, float] = {}
        over: list[Pod] = []
        reprieved: list[Pod] = []
        lefts: list[float] = []
        for pod in self._pods(key.name):
            uid = pod.metadata.uid
            time = patience(pod.spec.tolerations, taints)
            since = before.get(uid, clock)
            if time == float("inf"):
                reprieved += [pod] if uid in before else []
                continue
            waiting[uid] = since
            if (left := since + time - clock) > 0:
                lefts.append(left)
            else:
                over.append(pod)
        if waiting:
            self._waiting[key.name] = waiting
        else:
            self._waiting.pop(key.name, None)
        for pod in reprieved:
            await self._tell(pod, "Cancelling deletion of Pod")
        for pod in over:
            await self._evict(pod)
        return Result(requeue_after=min(lefts, default=None))

    def _taints(self, node: str) -> Sequence[Taint]:
        try:
            entry = self._client.get_entry(NODES, "", node)
        except NotFound:
            return ()  # its pods are the garbage collection's
        # Pods report often, and hardly ever a node is tainted so: most are not even parsed.
        if NO_EXECUTE.encode() not in entry.data:
            return ()
        return [taint for taint in Node.from_json(entry.data).spec.taints if taint.effect == NO_EXECUTE]

    def _pods(self, node: str) -> Iterator[Pod]:
        """Give the pods of a node that nobody has deleted yet."""
        for entry in pods_on(self._client, node):
            if not is_marked(entry):
                yield Pod.from_json(entry.data)

    async def _evict(self, pod: Pod) -> None:
        meta = pod.metadata
        await self._tell(pod, "Marking for deletion Pod")
        set_condition(
            pod.status,
            PodCondition(
                type="DisruptionTarget",
                status="True",
                reason="DeletionByTaintManager",
                message="Taint manager: deleting due to NoExecute taint",
                lastTransitionTime=format_time(self._now()),
            ),
        )
        await self._client.update_status(PODS, pod)
        this_one = DeleteOptions(preconditions=Preconditions(uid=meta.uid))
        await self._client.delete(PODS, meta.namespace, meta.name, this_one)

    async def _tell(self, pod: Pod, what: str) -> None:
        await self._recorder.event(
            pod, "Normal", REASON, f"{what} {pod.metadata.namespace}/{pod.metadata.name}"
        )
