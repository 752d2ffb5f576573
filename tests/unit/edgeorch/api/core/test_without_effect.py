"""Fields that are kept and have no effect here."""

from typing import Any

import pytest

from edgeorch.api.core.admission import default_service_account, default_tolerations, resolve_priority
from edgeorch.api.core.persistent_volume_claim import PersistentVolumeClaim
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_defaults import default_pod
from edgeorch.api.field_check import check


def warned(**spec: Any) -> list[str]:
    """Give the paths a writer of this spec is warned about."""
    return [finding.path for finding in check(Pod, {"spec": spec}).without_effect]


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        pytest.param({"runtimeClassName": "kata"}, "spec.runtimeClassName", id="runtime class"),
        pytest.param({"subdomain": "a"}, "spec.subdomain", id="subdomain"),
        pytest.param({"hostnameOverride": "a"}, "spec.hostnameOverride", id="host name"),
        pytest.param(
            {"securityContext": {"windowsOptions": {"hostProcess": True}}},
            "spec.securityContext.windowsOptions",
            id="Windows",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "nfs": {"server": "b"}}]}, "spec.volumes[0].nfs", id="network volume"
        ),
        pytest.param(
            {"volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "b"}}]},
            "spec.volumes[0].persistentVolumeClaim",
            id="claim",
        ),
        pytest.param(
            {"containers": [{"volumeDevices": [{"name": "a"}]}]},
            "spec.containers[0].volumeDevices",
            id="block device",
        ),
    ],
)
def test_warned(spec: dict[str, Any], path: str) -> None:
    """Whoever relies on what edgeorch does not do is told so."""
    assert warned(**spec) == [path]


def test_claims() -> None:
    """Whoever asks for a volume is told that there will be none."""
    [finding] = check(PersistentVolumeClaim, {"spec": {"accessModes": ["ReadWriteOnce"]}}).without_effect
    assert (finding.path, finding.why) == (
        "spec",
        "claims are not bound to volumes yet: they stay Pending, and so do the pods that use them",
    )


def test_nothing_of_ours() -> None:
    """What defaulting and admission fill in warns nobody: every later write would repeat it."""
    pod = Pod.from_dict(
        {
            "spec": {
                "containers": [{"name": "a", "image": "b", "ports": [{"containerPort": 1}]}],
                "volumes": [{"name": "v"}],
            }
        }
    )
    default_pod(pod)
    default_tolerations(pod.spec)
    resolve_priority(pod.spec, None)
    default_service_account(pod.spec)
    assert warned(**pod.to_dict()["spec"]) == []
