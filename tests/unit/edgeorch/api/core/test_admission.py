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
from edgeorch.api.meta import ObjectMeta
from edgeorch.api.scheduling.priority_class import PriorityClass


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


GOLD = PriorityClass(metadata=ObjectMeta(name="gold"), value=1000, preemptionPolicy="Never")


@pytest.mark.parametrize(
    ("given", "chosen", "resolved"),
    [
        pytest.param({}, None, ("", 0, "PreemptLowerPriority"), id="no class"),
        pytest.param({"priorityClassName": "gold"}, GOLD, ("gold", 1000, "Never"), id="its class"),
        pytest.param({}, GOLD, ("gold", 1000, "Never"), id="the default one"),
        pytest.param(
            {"priority": 1000, "preemptionPolicy": "Never"}, GOLD, ("gold", 1000, "Never"), id="computed before"
        ),
    ],
)
def test_priority(given: dict[str, Any], chosen: PriorityClass | None, resolved: tuple[str, int, str]) -> None:
    """Class, number and policy are copied into the pod (Priority)."""
    spec = PodSpec.from_dict(given)
    resolve_priority(spec, chosen)
    assert (spec.priorityClassName, spec.priority, spec.preemptionPolicy) == resolved


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(
            {"priority": 7},
            "the integer value of priority (7) must not be provided in pod spec; "
            "priority admission controller computed 0 from the given PriorityClass name",
            id="own number",
        ),
        pytest.param(
            {"preemptionPolicy": "Never"},
            "the string value of PreemptionPolicy (Never) must not be provided in pod spec; "
            "priority admission controller computed PreemptLowerPriority from the given PriorityClass name",
            id="own policy",
        ),
    ],
)
def test_priority_refused(given: dict[str, Any], message: str) -> None:
    """A pod cannot give itself what its class does not have."""
    with pytest.raises(ValueError, match="must not be provided") as caught:
        resolve_priority(PodSpec.from_dict(given), None)
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
