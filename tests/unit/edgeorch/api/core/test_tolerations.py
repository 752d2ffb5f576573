"""Which taints are tolerated, and for how long."""

from __future__ import annotations

import math

import pytest

from edgeorch.api.core.scheduling import Taint, Toleration
from edgeorch.api.core.tolerations import patience, tolerates

DISK = Taint(key="disk", value="full", effect="NoExecute")


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        pytest.param(Toleration(key="disk", value="full", effect="NoExecute"), True, id="all the same"),
        pytest.param(Toleration(key="disk", value="full"), True, id="any effect"),
        pytest.param(Toleration(key="disk", operator="Exists"), True, id="any value"),
        pytest.param(Toleration(operator="Exists"), True, id="any taint"),
        pytest.param(Toleration(key="disk", value="empty"), False, id="another value"),
        pytest.param(Toleration(key="disk", value="full", effect="NoSchedule"), False, id="another effect"),
        pytest.param(Toleration(key="other", operator="Exists"), False, id="another key"),
        pytest.param(Toleration(value="full"), False, id="no key without Exists"),
    ],
)
def test_tolerates(toleration: Toleration, expected: bool) -> None:
    """Kubernetes, "Taints and Tolerations", "Concepts"."""
    assert tolerates([Toleration(key="x"), toleration], DISK) is expected


def for_seconds(seconds: int | None, key: str = "disk") -> Toleration:
    return Toleration(key=key, operator="Exists", tolerationSeconds=seconds)


@pytest.mark.parametrize(
    ("tolerations", "taints", "seconds"),
    [
        pytest.param([], [], math.inf, id="no taint"),
        pytest.param([], [DISK], 0, id="not tolerated"),
        pytest.param([for_seconds(None)], [DISK], math.inf, id="for ever"),
        pytest.param([for_seconds(300)], [DISK], 300, id="for a while"),
        pytest.param([for_seconds(-1)], [DISK], 0, id="negative is not at all"),
        pytest.param([for_seconds(300), for_seconds(60)], [DISK], 60, id="the shortest of two"),
        pytest.param([for_seconds(None), for_seconds(60)], [DISK], 60, id="the shortest, beside for ever"),
        pytest.param(
            [for_seconds(300)], [DISK, Taint(key="b", effect="NoExecute")], 0, id="one of two not tolerated"
        ),
        pytest.param(
            [for_seconds(5, "other")], [Taint(key="c", effect="NoSchedule")], math.inf, id="NoSchedule"
        ),
    ],
)
def test_patience(tolerations: list[Toleration], taints: list[Taint], seconds: float) -> None:
    """Kubernetes, "Taint based Evictions": the shortest tolerationSeconds of what is made use of."""
    assert patience(tolerations, taints) == seconds
