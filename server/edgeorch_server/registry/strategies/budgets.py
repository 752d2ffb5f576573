"""Disruption budgets (``pkg/registry/policy/poddisruptionbudget``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.policy.pod_disruption_budget import PodDisruptionBudget, nothing_counted
from edgeorch.api.policy.validation import (
    validate_budget,
    validate_budget_status_update,
    validate_budget_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability


class PodDisruptionBudgetStrategy(Strategy[PodDisruptionBudget]):
    """What there is room for is counted, and can be counted again."""

    unconditional_update: ClassVar[bool] = False
    counts_generations: ClassVar[bool] = True
    status_durability: ClassVar[Durability] = Durability.SOFT

    def prepare_create(self, obj: PodDisruptionBudget) -> None:
        """Start with nothing counted, and nothing allowed."""
        obj.status = nothing_counted()

    def prepare_update(self, new: PodDisruptionBudget, old: PodDisruptionBudget) -> None:
        """Leave the status to its own subresource."""
        new.status = old.status

    def prepare_status(self, new: PodDisruptionBudget, old: PodDisruptionBudget) -> None:
        """Leave everything but the status."""
        new.spec = old.spec

    def validate(self, obj: PodDisruptionBudget) -> list[FieldError]:
        """Check a new budget."""
        return validate_budget(obj)

    def validate_update(self, new: PodDisruptionBudget, old: PodDisruptionBudget) -> list[FieldError]:
        """Check a changed budget."""
        return validate_budget_update(new, old)

    def validate_status(self, new: PodDisruptionBudget, old: PodDisruptionBudget) -> list[FieldError]:
        """Check a changed status."""
        return validate_budget_status_update(new, old)
