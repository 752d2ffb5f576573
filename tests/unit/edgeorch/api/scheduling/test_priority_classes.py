"""Defaults and validation of priority classes."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.scheduling.priority_class import (
    PriorityClass,
    default_class,
    default_priority_class,
    system_classes,
)
from edgeorch.api.scheduling.validation import validate_priority_class, validate_priority_class_update


def made(name: str = "gold", value: int = 7, **more: Any) -> PriorityClass:
    obj = PriorityClass.from_dict({"metadata": {"name": name}, "value": value, **more})
    default_priority_class(obj)
    return obj


def test_defaults() -> None:
    """``SetDefaults_PriorityClass``: its pods preempt others."""
    assert made().preemptionPolicy == "PreemptLowerPriority"
    assert made(preemptionPolicy="Never").preemptionPolicy == "Never"


def test_the_system_s_own_classes_are_valid() -> None:
    """Kubernetes, "Marking pod as critical": system-cluster-critical and system-node-critical exist."""
    values = {one.metadata.name: one.value for one in system_classes()}
    assert values == {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
    assert [validate_priority_class(one) for one in system_classes()] == [[], []]


RESERVED = "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "
UNKNOWN = 'preemptionPolicy: Unsupported value: "Sometimes": supported values: "PreemptLowerPriority", "Never"'


@pytest.mark.parametrize(
    ("obj", "errors"),
    [
        pytest.param(made(), [], id="fine"),
        pytest.param(made(value=-5), [], id="below those without a class"),
        pytest.param(made(value=1_000_000_000), [], id="as high as users get"),
        pytest.param(
            made(value=1_000_000_001),
            ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
            id="too high",
        ),
        pytest.param(
            made("system-x"), [RESERVED + "system-x is not a known system priority class"], id="a reserved name"
        ),
        pytest.param(
            made("system-node-critical"),
            [RESERVED + "value of system-node-critical PriorityClass must be 2000001000"],
            id="another value",
        ),
        pytest.param(
            made("system-node-critical", 2_000_001_000, globalDefault=True),
            [RESERVED + "globalDefault of system-node-critical PriorityClass must be false"],
            id="for everybody",
        ),
        pytest.param(
            made(preemptionPolicy="Sometimes"),
            [UNKNOWN],
            id="an unknown policy",
        ),
    ],
)
def test_validation(obj: PriorityClass, errors: list[str]) -> None:
    """``ValidatePriorityClass``."""
    assert [str(error) for error in validate_priority_class(obj)] == errors


@pytest.mark.parametrize(
    ("new", "errors"),
    [
        pytest.param(made(description="for gold", globalDefault=True), [], id="what no pod has copied"),
        pytest.param(made(value=8), ["value: Forbidden: may not be changed in an update."], id="value"),
        pytest.param(
            made(preemptionPolicy="Never"),
            ['preemptionPolicy: Invalid value: "Never": field is immutable'],
            id="policy",
        ),
    ],
)
def test_updates(new: PriorityClass, errors: list[str]) -> None:
    """``ValidatePriorityClassUpdate``."""
    assert [str(error) for error in validate_priority_class_update(new, made())] == errors


def test_of_several_defaults_the_least_important_counts() -> None:
    """There is one at most; should there be two after all, pods do not get important by accident."""
    high, low = made("high", 9, globalDefault=True), made("low", 3, globalDefault=True)
    assert default_class([high, made("none", 1), low]) is low
    assert default_class([made()]) is None
