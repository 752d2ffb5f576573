"""The Leases of nodes, which ``kubectl describe node`` shows: made of connections, stored nowhere.

On Kubernetes each kubelet renews its Lease every ten seconds. Here the broker knows who is connected, and a
write per node and heartbeat would wear out the card for a time stamp that hardly anybody looks at. Those who
watch Leases of nodes see none.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Callable

import orjson

from edgeorch.api.coordination.lease import Lease, LeaseSpec
from edgeorch.api.coordination.resources import LEASES
from edgeorch.api.core.resources import NODES
from edgeorch.api.meta import ObjectMeta, OwnerReference, format_micro_time
from edgeorch.errors import NotFound
from edgeorch_server.registry.base import Entries, ListOptions, NodeLiveness, Page
from edgeorch_server.registry.selection import matcher
from edgeorch_server.store.base import Entry

NAMESPACE = "kube-node-lease"


class NodeLeases:
    """Implements :class:`edgeorch_server.registry.base.Computed` for Leases: those of nodes, and all others."""

    def __init__(
        self, objects: Entries, liveness: NodeLiveness, *, now: Callable[[], dt.datetime], grace: float
    ) -> None:
        self._objects = objects
        self._liveness = liveness
        self._now = now
        self._grace = grace
        """Seconds of silence after which a node counts as lost."""

    async def get_entry(self, namespace: str, name: str) -> Entry:
        """Read a Lease that somebody made, else that of a node; raises NotFound."""
        try:
            return self._objects.get_entry(LEASES, namespace, name)
        except NotFound:
            node = self._node(name) if namespace == NAMESPACE else None
            if node is None:
                raise
            return self._lease(node)

    async def list_entries(self, options: ListOptions) -> Page:
        """Read those that are selected; those of nodes come last."""
        stored = self._objects.list_entries(LEASES, options)
        if options.namespace not in {"", NAMESPACE} or stored.continue_:
            return stored
        # whatever the page and the selectors leave out of them: what somebody made is never made up
        made_by_others = self._objects.list_entries(LEASES, ListOptions(namespace=NAMESPACE))
        there = {entry.name for entry in made_by_others.entries}
        nodes = self._objects.list_entries(NODES, ListOptions()).entries
        made = [self._lease(node) for node in nodes if node.name not in there]
        if matches := matcher(options.labels, options.fields):
            made = [entry for entry in made if matches(entry)]
        return Page([*stored.entries, *made], stored.revision)

    def _node(self, name: str) -> Entry | None:
        try:
            return self._objects.get_entry(NODES, "", name)
        except NotFound:
            return None

    def _lease(self, node: Entry) -> Entry:
        uid = str(uuid.uuid5(uuid.UUID(int=0), f"lease/{node.uid}"))
        owner = OwnerReference(apiVersion=NODES.api_version, kind=NODES.kind, name=node.name, uid=node.uid)
        lease = Lease(
            apiVersion=LEASES.api_version,
            kind=LEASES.kind,
            metadata=ObjectMeta(
                name=node.name,
                namespace=NAMESPACE,
                uid=uid,
                resourceVersion=str(node.revision),
                creationTimestamp=orjson.loads(node.data)["metadata"].get("creationTimestamp"),
                ownerReferences=[owner],
            ),
            spec=LeaseSpec(
                holderIdentity=node.name,
                leaseDurationSeconds=round(self._grace),
                renewTime=self._renewed(node.name),
            ),
        )
        return Entry(NAMESPACE, node.name, node.revision, lease.to_json(), uid, {}, {})

    def _renewed(self, node: str) -> str | None:
        """Tell when a node was heard last; None when that was before the server started."""
        seen = self._liveness.of(node)
        if seen is None:
            return None
        silence = asyncio.get_running_loop().time() - seen.last_seen
        return format_micro_time(self._now() - dt.timedelta(seconds=silence))
