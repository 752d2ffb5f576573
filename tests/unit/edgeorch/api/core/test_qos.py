"""Quality of service classes."""

from typing import Any

import pytest

from edgeorch.api.core.pod import PodSpec
from edgeorch.api.core.qos import qos_class

FULL = {"cpu": "1", "memory": "1Gi"}


def resources(limits: dict[str, str] | None = None, requests: dict[str, str] | None = None) -> dict[str, Any]:
    """Make a container with these resources."""
    return {"resources": {"limits": limits or {}, "requests": requests or {}}}


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        pytest.param([resources()], "BestEffort", id="nothing"),
        pytest.param([resources({"cpu": "0"}, {"memory": "0"})], "BestEffort", id="zero is nothing"),
        pytest.param([resources({"example.com/gpu": "1"})], "BestEffort", id="devices do not count"),
        pytest.param([resources(FULL, FULL)], "Guaranteed", id="requests equal limits"),
        pytest.param(
            [resources(FULL, {"cpu": "1000m", "memory": "1024Mi"})], "Guaranteed", id="equal in value"
        ),
        pytest.param([resources(FULL, {"cpu": "1"})], "Burstable", id="a request is missing"),
        pytest.param(
            [resources(FULL, {"cpu": "500m", "memory": "1Gi"})], "Burstable", id="request below limit"
        ),
        pytest.param([resources({"cpu": "1"}, {"cpu": "1"})], "Burstable", id="only cpu"),
        pytest.param([resources(None, FULL)], "Burstable", id="only requests"),
        pytest.param([resources(FULL, FULL), resources()], "Burstable", id="one container says nothing"),
        pytest.param([resources(FULL, FULL), resources(FULL, FULL)], "Guaranteed", id="two containers"),
    ],
)
def test_class(containers: list[dict[str, Any]], expected: str) -> None:
    """The class follows ``ComputePodQOS``."""
    assert qos_class(PodSpec.from_dict({"containers": containers})) == expected


def test_init_containers_count() -> None:
    """An init container without limits makes the pod burstable."""
    spec = PodSpec.from_dict({"containers": [resources(FULL, FULL)], "initContainers": [resources()]})
    assert qos_class(spec) == "Burstable"
