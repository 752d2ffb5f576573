"""The disruption budgets as preemption sees them."""

from __future__ import annotations

from collections.abc import Sequence

from edgeorch.api.policy.resources import POD_DISRUPTION_BUDGETS
from edgeorch.api.selectors import Selector
from edgeorch.errors import ApiError
from edgeorch_server.registry.base import Reader
from edgeorch_server.scheduler.victims import Budget


class StoredBudgets:
    """Reads the budgets whenever somebody is to be preempted, which is rare."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def all(self) -> Sequence[Budget]:
        """Give all budgets as they are now; one whose selector cannot be read protects nobody."""
        found = []
        for budget in self._reader.list(POD_DISRUPTION_BUDGETS):
            try:
                selector = Selector.of(budget.spec.selector)
            except ApiError:
                continue
            status = budget.status
            names = frozenset(status.disruptedPods)
            found.append(Budget(budget.metadata.namespace, selector, status.disruptionsAllowed, names))
        return found
