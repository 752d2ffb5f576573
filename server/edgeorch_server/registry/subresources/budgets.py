"""What the disruption budgets of a pod say to its eviction (``EvictionREST``, ``checkAndDecrement``)."""

from __future__ import annotations

from dataclasses import replace

from edgeorch.api.core.pod import Pod
from edgeorch.api.meta import format_time
from edgeorch.api.policy import disruptions
from edgeorch.api.policy.pod_disruption_budget import ALWAYS_ALLOW, PodDisruptionBudget
from edgeorch.api.policy.resources import POD_DISRUPTION_BUDGETS
from edgeorch.api.selectors import Selector
from edgeorch.errors import ApiError, Cause, InternalError, TooManyRequests
from edgeorch_server.registry import messages
from edgeorch_server.registry.base import WriteOptions
from edgeorch_server.registry.codec import Codec
from edgeorch_server.registry.kinds import Kind
from edgeorch_server.registry.steps import unasked
from edgeorch_server.registry.strategies.budgets import PodDisruptionBudgetStrategy
from edgeorch_server.registry.subresources.status import Status
from edgeorch_server.registry.writes import Writes
from edgeorch_server.store.base import Entry

MOST_DISRUPTED = 2000
"""Evictions that are granted before the controller has seen any of them go (``MaxDisruptedPodSize``)."""

RETRY_SECONDS = 10
"""How long to wait for the controller to count anew."""

_NOT_GUARDED = frozenset({"Succeeded", "Failed", "Pending"})


class EvictionBudgets:
    """Grants evictions, and takes note of those that were granted."""

    def __init__(self) -> None:
        budgets = POD_DISRUPTION_BUDGETS
        self._kind = Kind(budgets, PodDisruptionBudgetStrategy(), Codec(budgets))

    def grant(self, writes: Writes, pod: Pod) -> PodDisruptionBudget | None:
        """Give the budget that the eviction is charged to, or None if it is to none.

        Raises TooManyRequests when the budget does not allow it, and InternalError when there are several.
        """
        if pod.metadata.deletionTimestamp or pod.status.phase in _NOT_GUARDED:
            return None
        found = self._of(writes, pod)
        if len(found) > 1:
            raise InternalError(
                "This pod has more than one PodDisruptionBudget, "
                "which the eviction subresource does not support."
            )
        if not found or _counts_for_nothing(pod, found[0]):
            return None
        if refusal := _refusal(found[0]):
            raise refusal
        return found[0]

    def charge(self, writes: Writes, budget: PodDisruptionBudget, pod: str, options: WriteOptions) -> None:
        """Count an eviction that was granted; the controller counts the pod as gone from now on."""

        def take(_entry: Entry, old: PodDisruptionBudget) -> PodDisruptionBudget:
            new = old.model_copy(deep=True)
            new.status.disruptionsAllowed -= 1
            if not new.status.disruptionsAllowed:
                disruptions.tell_allowed(new.status, writes.now)
            new.status.disruptedPods[pod] = format_time(writes.now)
            return new

        meta = budget.metadata
        ours = replace(options, field_manager="")
        unasked(writes.update(self._kind, meta.namespace, meta.name, Status(), take, ours))

    def _of(self, writes: Writes, pod: Pod) -> list[PodDisruptionBudget]:
        entries = writes.entries(POD_DISRUPTION_BUDGETS, pod.metadata.namespace)
        budgets = map(self._kind.codec.decode, entries)
        return [budget for budget in budgets if _selects(budget, pod)]


def _selects(budget: PodDisruptionBudget, pod: Pod) -> bool:
    try:
        return Selector.of(budget.spec.selector).matches(pod.metadata.labels)
    except ApiError:
        return False


def _counts_for_nothing(pod: Pod, budget: PodDisruptionBudget) -> bool:
    """Whether a pod is not ready, and may go since the others suffice or need not (``IsPodReady``)."""
    if any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions):
        return False
    status = budget.status
    enough = status.currentHealthy >= status.desiredHealthy > 0
    return enough or budget.spec.unhealthyPodEvictionPolicy == ALWAYS_ALLOW


def _refusal(budget: PodDisruptionBudget) -> ApiError | None:
    status, name = budget.status, budget.metadata.name
    if status.observedGeneration < budget.metadata.generation:
        why = f"The disruption budget {name} is still being processed by the server."
        return _too_many(why, retry_after=RETRY_SECONDS)
    if len(status.disruptedPods) > MOST_DISRUPTED:
        return messages.forbidden(
            POD_DISRUPTION_BUDGETS,
            name,
            "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
        )
    if status.disruptionsAllowed > 0:
        return None
    failed = disruptions.failure(status)
    if failed is not None:
        return _too_many(
            f"The disruption budget {name} does not allow evicting pods currently "
            f"because it failed sync: {failed}"
        )
    needs, has = status.desiredHealthy, status.currentHealthy
    return _too_many(f"The disruption budget {name} needs {needs} healthy pods and has {has} currently")


def _too_many(why: str, *, retry_after: int = 0) -> TooManyRequests:
    return TooManyRequests(
        "Cannot evict pod as it would violate the pod's disruption budget.",
        causes=(Cause("DisruptionBudget", why),),
        retry_after=retry_after,
    )
