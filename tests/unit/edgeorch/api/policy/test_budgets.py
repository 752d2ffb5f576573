"""Validation of disruption budgets."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.policy.pod_disruption_budget import PodDisruptionBudget
from edgeorch.api.policy.validation import (
    validate_budget,
    validate_budget_status_update,
    validate_budget_update,
)

PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
    "regex used for validation is '[0-9]+%')"
)
POLICY = (
    'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": '
    'supported values: "AlwaysAllow", "IfHealthyBudget"'
)
BOTH = (
    'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: '
    "minAvailable and maxUnavailable cannot be both set"
)


def budget(name: str = "web", status: dict[str, Any] | None = None, **spec: Any) -> PodDisruptionBudget:
    body: dict[str, Any] = {"metadata": {"name": name, "namespace": "default"}, "spec": spec}
    if status:
        zeros = dict.fromkeys(("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"), 0)
        body["status"] = zeros | status
    return PodDisruptionBudget.from_dict(body)


@pytest.mark.parametrize(
    ("made", "errors"),
    [
        pytest.param(budget(), [], id="no limit"),
        pytest.param(budget("Any_Name", minAvailable=0), [], id="none at all"),
        pytest.param(budget(maxUnavailable="100%", selector={}), [], id="all at once"),
        pytest.param(budget(unhealthyPodEvictionPolicy="AlwaysAllow"), [], id="policy"),
        pytest.param(budget(minAvailable=1, maxUnavailable=1), [BOTH], id="both"),
        pytest.param(
            budget(minAvailable=-1),
            ["spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"],
            id="negative",
        ),
        pytest.param(
            budget(maxUnavailable="many"), [f'spec.maxUnavailable: Invalid value: "many": {PERCENT}'], id="text"
        ),
        pytest.param(
            budget(minAvailable="101%"),
            ['spec.minAvailable: Invalid value: "101%": must not be greater than 100%'],
            id="more than all",
        ),
        pytest.param(budget(unhealthyPodEvictionPolicy="Never"), [POLICY], id="unknown policy"),
        pytest.param(
            budget(selector={"matchExpressions": [{"key": "a", "operator": "Is"}]}),
            [
                "spec.selector.matchExpressions[0].operator: "  # noqa: ISC004 - one sentence
                'Invalid value: "Is": not a valid selector operator'
            ],
            id="selector",
        ),
        pytest.param(
            budget("a/b"),
            ["metadata.name: Invalid value: \"a/b\": may not contain '/'"],
            id="no name for a path",
        ),
    ],
)
def test_validation(made: PodDisruptionBudget, errors: list[str]) -> None:
    """``ValidatePodDisruptionBudget``, and the same of a changed one: all of the spec may change."""
    assert [str(error) for error in validate_budget(made)] == errors
    if made.metadata.name == "web":
        assert [str(error) for error in validate_budget_update(made, budget(minAvailable=7))] == errors


def test_status() -> None:
    """``ValidatePodDisruptionBudgetStatusUpdate``: no count is negative."""
    wrong = budget(status={"disruptionsAllowed": -1, "expectedPods": 3})
    assert [str(error) for error in validate_budget_status_update(wrong, budget())] == [
        "status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0"
    ]
