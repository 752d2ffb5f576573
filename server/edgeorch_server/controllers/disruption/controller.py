"""Keeps the status of disruption budgets right: what evictions may count on (``DisruptionController``).

A budget that cannot be met, or not be understood, allows nothing and says so in its status; it is looked at
again when it or one of its pods changes, not before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, MutableSequence, Sequence

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import ObjectMeta
from edgeorch.api.policy import disruptions
from edgeorch.api.policy.pod_disruption_budget import PodDisruptionBudget, PodDisruptionBudgetStatus
from edgeorch.api.policy.resources import POD_DISRUPTION_BUDGETS
from edgeorch.api.selectors import Selector
from edgeorch.errors import NotFound
from edgeorch_server.controllers.disruption import count
from edgeorch_server.controllers.disruption.expected import Scales, Unknown
from edgeorch_server.controllers.news import Note, Told
from edgeorch_server.controllers.pod_facts import PodFacts, PodReader
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.controllers.selecting import Selecting
from edgeorch_server.registry.base import Client, Entries, ListOptions, Objects
from edgeorch_server.registry.recorder import EventRecorder

COMPONENT = "controllermanager"
"""Who reports the events, in Kubernetes' word."""


def sources(objects: Entries) -> tuple[Source, ...]:
    """Give what wakes the controller."""
    return Source(POD_DISRUPTION_BUDGETS), Source(PODS, Selecting(objects, POD_DISRUPTION_BUDGETS).selecting)


class Disruptions:
    """Reconciles one budget."""

    def __init__(
        self,
        client: Client,
        objects: Objects,
        recorder: EventRecorder,
        pods: PodReader,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._client = client
        self._objects = objects
        self._recorder = recorder
        self._pods = pods
        self._scales = Scales(objects)
        self._now = now
        self._told = Told()

    async def reconcile(self, key: Key) -> Result:
        """Count the pods; come back when one whose eviction was granted has had its time to go."""
        try:
            budget = self._client.get(POD_DISRUPTION_BUDGETS, key.namespace, key.name)
        except NotFound:
            self._told.forget(key)
            return DONE
        pods = self._selected(budget)
        notes = [] if pods else [Note("Normal", "NoPods", "No matching pods found")]
        try:
            expected = self._expected(budget, pods, notes)
        except Unknown as exc:
            why = f"Failed to calculate the number of expected pods: {exc}"
            notes.append(Note("Warning", "CalculateExpectedPodCountFailed", why))
            await self._tell_news(budget, key, notes)
            failed = budget.status.model_copy(deep=True)
            disruptions.tell_failed(failed, str(exc), self._now())
            await self._write(budget, failed)
            return DONE
        await self._tell_news(budget, key, notes)
        now = self._now()
        gone = count.disrupted(budget.status, pods, now)
        await self._tell_stayed(budget, gone.stayed)
        await self._write(budget, count.status_of(budget, pods, expected, gone.waiting, now))
        return Result(requeue_after=gone.recheck)

    def _selected(self, budget: PodDisruptionBudget) -> Sequence[PodFacts]:
        options = ListOptions(namespace=budget.metadata.namespace, labels=Selector.of(budget.spec.selector))
        return self._pods.of(self._objects.list_entries(PODS, options).entries)

    def _expected(
        self, budget: PodDisruptionBudget, pods: Sequence[PodFacts], notes: MutableSequence[Note]
    ) -> int:
        if not count.needs_scale(budget):
            return len(pods) if budget.spec.minAvailable is not None else 0
        expected = self._scales.of(pods)
        if expected.unmanaged:
            message = (
                "Pods selected by this PodDisruptionBudget "
                f"(selector: {Selector.of(budget.spec.selector)}) were found to be unmanaged. As a result, the "
                "status of the PDB cannot be calculated correctly, which may result in undefined behavior. To "
                'account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
            )
            notes.append(Note("Warning", "UnmanagedPods", message))
        return expected.pods

    async def _tell_news(self, budget: PodDisruptionBudget, key: Key, notes: Iterable[Note]) -> None:
        """Record events, but not with each look as Kubernetes does: pods change often, what is told seldom."""
        for note in self._told.news(key, notes):
            await self._recorder.event(budget, note.type, note.reason, note.message)

    async def _tell_stayed(self, budget: PodDisruptionBudget, pods: Iterable[PodFacts]) -> None:
        meta = budget.metadata
        for pod in pods:
            about = Pod(
                apiVersion=PODS.api_version,
                kind=PODS.kind,
                metadata=ObjectMeta(name=pod.name, namespace=pod.namespace, uid=pod.uid),
            )
            why = f"Pod was expected by PDB {meta.namespace}/{meta.name} to be deleted but it wasn't"
            await self._recorder.event(about, "Warning", "NotDeleted", why)

    async def _write(self, budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus) -> None:
        """Write a status that has changed. The version it was counted from must still be the newest.

        An eviction that was granted meanwhile is in none of these numbers.
        """
        if status != budget.status:
            budget.status = status
            await self._client.update_status(POD_DISRUPTION_BUDGETS, budget)
