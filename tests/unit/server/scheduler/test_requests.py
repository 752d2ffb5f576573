from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch_server.scheduler.requests import pod_request, scoring_request


def container(name: str, cpu: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "i", "resources": {"requests": {"cpu": cpu}}, **more}


def pod(containers: list[dict[str, Any]], inits: list[dict[str, Any]] | None = None) -> Pod:
    return Pod.from_dict({"spec": {"containers": containers, "initContainers": inits or []}})


SIDECAR = {"restartPolicy": "Always"}


@pytest.mark.parametrize(
    ("inits", "milli_cpu"),
    [
        pytest.param([], 300, id="sum-of-containers"),
        pytest.param([container("i", "200m")], 300, id="small-init-container-is-covered"),
        pytest.param([container("i", "1"), container("j", "500m")], 1000, id="largest-init-container-counts"),
        pytest.param([container("s", "100m", **SIDECAR)], 400, id="sidecar-adds-to-containers"),
        pytest.param(
            [container("s", "100m", **SIDECAR), container("i", "1")], 1100, id="sidecar-runs-beside-later-inits"
        ),
        pytest.param(
            [container("i", "1"), container("s", "100m", **SIDECAR)], 1000, id="but-not-beside-earlier-ones"
        ),
    ],
)
def test_the_effective_request_of_a_pod(inits: list[dict[str, Any]], milli_cpu: int) -> None:
    """Kubernetes, "Resource sharing within containers": the higher of running sum and initialisation peak."""
    assert pod_request(pod([container("a", "100m"), container("b", "200m")], inits)) == {"cpu": milli_cpu}


def test_containers_without_requests_count_a_little_for_scoring() -> None:
    """kube-scheduler takes 100m CPU and 200 MB for a container that asks for nothing."""
    bare = pod([{"name": "a", "image": "i"}, {"name": "b", "image": "i"}])
    assert pod_request(bare) == {}
    assert scoring_request(bare) == (200, 2 * 200 * 1024 * 1024)
