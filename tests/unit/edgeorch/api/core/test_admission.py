"""The built-in mutating admission."""

from typing import Any

import pytest

from edgeorch.api.core.admission import (
    apply_service_account,
    default_service_account,
    default_tolerations,
    resolve_priority,
)
from edgeorch.api.core.pod import PodSpec
from edgeorch.api.core.service_account import ServiceAccount


def lost_node(key: str) -> dict[str, Any]:
    """Write a toleration that every pod gets."""
    return {
        "key": f"node.kubernetes.io/{key}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    }


NOT_READY = lost_node("not-ready")
UNREACHABLE = lost_node("unreachable")


@pytest.mark.parametrize(
    ("given", "added"),
    [
        pytest.param([], [NOT_READY, UNREACHABLE], id="nothing said"),
        pytest.param([{**NOT_READY, "tolerationSeconds": 5}], [UNREACHABLE], id="one said"),
        pytest.param([{"operator": "Exists"}], [], id="everything tolerated"),
        pytest.param(
            [{"operator": "Exists", "effect": "NoSchedule"}], [NOT_READY, UNREACHABLE], id="another effect"
        ),
        pytest.param(
            [{"key": "node.kubernetes.io/unreachable", "operator": "Exists"}],
            [NOT_READY],
            id="any effect of one",
        ),
    ],
)
def test_tolerations(given: list[dict[str, Any]], added: list[dict[str, Any]]) -> None:
    """A pod stays five minutes on a lost node unless it says how long (DefaultTolerationSeconds)."""
    spec = PodSpec.from_dict({"tolerations": given})
    default_tolerations(spec)
    default_tolerations(spec)
    assert [t.to_dict() for t in spec.tolerations] == [*given, *added]


@pytest.mark.parametrize(
    ("given", "priority", "policy"),
    [
        pytest.param({}, 0, "PreemptLowerPriority", id="none"),
        pytest.param(
            {"priorityClassName": "system-node-critical"}, 2_000_001_000, "PreemptLowerPriority", id="built in"
        ),
        pytest.param({"priority": 0, "preemptionPolicy": "Never"}, 0, "Never", id="computed before"),
    ],
)
def test_priority(given: dict[str, Any], priority: int, policy: str) -> None:
    """The number comes from the class (Priority)."""
    spec = PodSpec.from_dict(given)
    resolve_priority(spec)
    assert (spec.priority, spec.preemptionPolicy) == (priority, policy)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(
            {"priorityClassName": "gold"}, "no PriorityClass with name gold was found", id="unknown class"
        ),
        pytest.param(
            {"priority": 7},
            "the integer value of priority (7) must not be provided in pod spec; "
            "priority admission controller computed 0 from the given PriorityClass name",
            id="own number",
        ),
    ],
)
def test_priority_refused(given: dict[str, Any], message: str) -> None:
    """A pod cannot give itself a priority."""
    with pytest.raises(ValueError, match=r"priority|Priority") as caught:
        resolve_priority(PodSpec.from_dict(given))
    assert str(caught.value) == message


def test_service_account() -> None:
    """A pod runs as ``default`` unless it says otherwise."""
    spec = PodSpec()
    default_service_account(spec)
    assert (spec.serviceAccountName, spec.serviceAccount) == ("default", "default")
    spec = PodSpec(serviceAccountName="robot")
    default_service_account(spec)
    assert (spec.serviceAccountName, spec.serviceAccount) == ("robot", "robot")


def test_pull_secrets() -> None:
    """A pod without pull secrets gets its account's; one that names some keeps just those."""
    account = ServiceAccount.from_dict({"imagePullSecrets": [{"name": "registry"}]})
    spec = PodSpec()
    apply_service_account(spec, account)
    assert [s.name for s in spec.imagePullSecrets] == ["registry"]
    spec = PodSpec.from_dict({"imagePullSecrets": [{"name": "own"}]})
    apply_service_account(spec, account)
    assert [s.name for s in spec.imagePullSecrets] == ["own"]
