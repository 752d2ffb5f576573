"""``pods/eviction``: a delete that disruption budgets may hold up (``EvictionREST``)."""

from __future__ import annotations

from typing import Any

from edgeorch.api.core.pod import Pod, PodCondition
from edgeorch.api.meta import DeleteOptions, format_time
from edgeorch.api.policy.eviction import Eviction
from edgeorch.errors import BadRequest
from edgeorch_server.registry.base import WriteOptions
from edgeorch_server.registry.decoding import decode_foreign
from edgeorch_server.registry.kinds import Kind
from edgeorch_server.registry.subresources.base import Done, success
from edgeorch_server.registry.subresources.binding import set_condition
from edgeorch_server.registry.writes import Writes

_ENDED = {"Succeeded", "Failed"}


class EvictPod:
    """Deletes a pod, and notes on it that it was evicted. Disruption budgets are not served yet."""

    def run(
        self,
        writes: Writes,
        kind: Kind[Pod],
        namespace: str,
        name: str,
        body: dict[str, Any],
        options: WriteOptions,
    ) -> Done:
        """Evict; raises whatever a delete raises."""
        eviction = decode_foreign(Eviction, body, "policy/v1", "Eviction", options)
        if eviction.metadata.name not in {"", name}:
            raise BadRequest("name in URL does not match name in Eviction object")
        if eviction.metadata.namespace not in {"", namespace}:
            raise BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        delete = eviction.deleteOptions or DeleteOptions()

        def note(pod: Pod) -> None:
            if pod.status.phase not in _ENDED and pod.metadata.deletionTimestamp is None:
                set_condition(
                    pod.status,
                    PodCondition(
                        type="DisruptionTarget",
                        status="True",
                        reason="EvictionByEvictionAPI",
                        message="Eviction API: evicting",
                        lastTransitionTime=format_time(writes.now),
                    ),
                )

        written = writes.delete(kind, namespace, name, delete, options, note=note)
        return Done(success(), written.entry.revision)
