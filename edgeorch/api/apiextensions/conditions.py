"""The conditions of a definition."""

from __future__ import annotations

from collections.abc import Iterable

from edgeorch.api.apiextensions.definition import CustomResourceDefinitionCondition

NAMES_ACCEPTED = "NamesAccepted"
ESTABLISHED = "Established"
TERMINATING = "Terminating"


def with_condition(
    conditions: Iterable[CustomResourceDefinitionCondition], new: CustomResourceDefinitionCondition
) -> list[CustomResourceDefinitionCondition]:
    """Put a condition in, in its place; the time moves only with the status (``SetCRDCondition``)."""
    before = list(conditions)
    old = next((condition for condition in before if condition.type == new.type), None)
    if old is None:
        return [*before, new]
    if old.status == new.status:
        new = new.model_copy(update={"lastTransitionTime": old.lastTransitionTime})
    return [new if condition is old else condition for condition in before]
