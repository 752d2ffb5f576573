"""Pods of a node that nobody hears of are not ready (node lifecycle controller, ``MarkPodsNotReady``).

Who counts ready pods (rollouts, budgets, Services) must not count on those. The agent knows nothing of this and
has no reason to report again when its link is back; so what was taken is remembered, and given back unless the
agent has said something else meanwhile. A server that was restarted remembers nothing, and need not: it takes
in all retained reports anew.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod, PodCondition
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.meta import format_time
from edgeorch.errors import NotFound
from edgeorch_server.controllers.node_health import is_unknown
from edgeorch_server.controllers.node_pods import pods_on
from edgeorch_server.controllers.runner import DONE, Key, Result
from edgeorch_server.registry.base import Client, NodeLiveness
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.registry.subresources.binding import set_condition
from edgeorch_server.store.base import Entry

GRACE = 10.0
"""Seconds that a node must be Unknown: a link that comes and goes must not touch every pod behind it."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What was done to a pod."""

    before: PodCondition
    after: PodCondition
    session: str
    """The agent's at that time: a new one reports all its pods by itself."""


class PodReadiness:
    """Reconciles the pods of one node."""

    def __init__(
        self,
        client: Client,
        liveness: NodeLiveness,
        recorder: EventRecorder,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._client = client
        self._liveness = liveness
        self._recorder = recorder
        self._now = now
        self._unknown_since: dict[str, float] = {}
        """By node, on the loop's clock."""
        self._taken: dict[str, dict[str, _Taken]] = {}
        """By node and by uid of the pod."""

    async def reconcile(self, key: Key) -> Result:
        """Take readiness from the pods of a lost node, or give it back."""
        try:
            node = self._client.get_entry(NODES, "", key.name)
        except NotFound:
            self._unknown_since.pop(key.name, None)
            self._taken.pop(key.name, None)
            return DONE
        if not _is_unknown(node):
            self._unknown_since.pop(key.name, None)
            if key.name in self._taken:
                await self._give_back(key.name)
                del self._taken[key.name]
            return DONE
        clock = asyncio.get_running_loop().time()
        left = self._unknown_since.setdefault(key.name, clock) + GRACE - clock
        if left > 0:
            return Result(requeue_after=left)
        await self._take(key.name)
        return DONE

    async def _take(self, node: str) -> None:
        liveness = self._liveness.of(node)
        for pod, ready in self._pods(node):
            if ready.status != "True":
                continue
            after = ready.model_copy(update={"status": "False", "lastTransitionTime": format_time(self._now())})
            set_condition(pod.status, after)
            await self._client.update_status(PODS, pod)
            taken = _Taken(ready, after, liveness.session if liveness else "")
            self._taken.setdefault(node, {})[pod.metadata.uid] = taken
            await self._recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready")

    async def _give_back(self, node: str) -> None:
        liveness = self._liveness.of(node)
        for pod, ready in self._pods(node):
            taken = self._taken[node].get(pod.metadata.uid)
            if taken is None or liveness is None or liveness.session != taken.session or ready != taken.after:
                continue
            set_condition(pod.status, taken.before)
            await self._client.update_status(PODS, pod)

    def _pods(self, node: str) -> Iterator[tuple[Pod, PodCondition]]:
        """Give the pods of a node that have a Ready condition, with it."""
        for entry in pods_on(self._client, node):
            pod = Pod.from_json(entry.data)
            if ready := next((c for c in pod.status.conditions if c.type == "Ready"), None):
                yield pod, ready


def _is_unknown(node: Entry) -> bool:
    # Pods report often, and hardly ever is a node lost: most are not even parsed.
    return b"Unknown" in node.data and is_unknown(Node.from_json(node.data))
