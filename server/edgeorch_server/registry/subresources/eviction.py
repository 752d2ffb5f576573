"""``pods/eviction``: a delete that disruption budgets may hold up (``EvictionREST``)."""

from __future__ import annotations

from edgeorch.api.core.pod import Pod, PodCondition
from edgeorch.api.meta import DeleteOptions, format_time
from edgeorch.api.policy.eviction import Eviction
from edgeorch.errors import BadRequest
from edgeorch_server.registry.base import WriteOptions
from edgeorch_server.registry.kinds import Kind
from edgeorch_server.registry.steps import unasked
from edgeorch_server.registry.subresources.base import Done, success
from edgeorch_server.registry.subresources.binding import set_condition
from edgeorch_server.registry.subresources.budgets import EvictionBudgets
from edgeorch_server.registry.writes import Writes

_ENDED = {"Succeeded", "Failed"}


class EvictPod:
    """Deletes a pod if its disruption budget allows, and notes on it that it was evicted."""

    def __init__(self) -> None:
        self._budgets = EvictionBudgets()

    def run(
        self,
        writes: Writes,
        kind: Kind[Pod],
        namespace: str,
        name: str,
        given: Eviction,
        options: WriteOptions,
    ) -> Done:
        """Evict; raises TooManyRequests where a budget is in the way, and whatever a delete raises."""
        if given.metadata.name not in {"", name}:
            raise BadRequest("name in URL does not match name in Eviction object")
        if given.metadata.namespace not in {"", namespace}:
            raise BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        delete = given.deleteOptions or DeleteOptions()

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

        budget = self._budgets.grant(writes, kind.codec.decode(writes.find(kind, namespace, name)))
        # webhooks were asked about the eviction; as in Kubernetes it is no DELETE to them
        written = unasked(writes.delete(kind, namespace, name, delete, options, note=note))
        if budget is not None and not delete.dryRun:
            self._budgets.charge(writes, budget, name, options)
        return Done(success(), written.entry.revision)
