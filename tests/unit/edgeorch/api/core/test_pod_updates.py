"""What may change of a pod, and what may not."""

from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_defaults import default_pod
from edgeorch.api.core.validation import validate_pod_status_update, validate_pod_update

RULE = (
    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
TOLERATION = {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
GATE = {"name": "example.com/wait"}


def pod(status: dict[str, Any] | None = None, **spec: Any) -> Pod:
    """Make a defaulted pod."""
    made = Pod.from_dict(
        {
            "metadata": {"name": "x", "namespace": "default"},
            "spec": {
                "containers": [{"name": "web", "image": "a:1"}],
                "initContainers": [{"name": "init", "image": "a:1"}],
                **spec,
            },
            "status": status or {},
        }
    )
    default_pod(made)
    return made


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({}, {"containers": [{"name": "web", "image": "a:2"}]}, id="image"),
        pytest.param(
            {}, {"initContainers": [{"name": "init", "image": "a:2"}]}, id="image of an init container"
        ),
        pytest.param({}, {"activeDeadlineSeconds": 5}, id="deadline is set"),
        pytest.param({"activeDeadlineSeconds": 5}, {"activeDeadlineSeconds": 4}, id="deadline is nearer"),
        pytest.param({}, {"tolerations": [TOLERATION]}, id="toleration is added"),
        pytest.param(
            {"tolerations": [TOLERATION]},
            {"tolerations": [{**TOLERATION, "tolerationSeconds": 9}]},
            id="its seconds",
        ),
        pytest.param(
            {"terminationGracePeriodSeconds": -1},
            {"terminationGracePeriodSeconds": 1},
            id="negative grace is mended",
        ),
        pytest.param({"schedulingGates": [GATE]}, {}, id="gate is removed"),
        pytest.param(
            {"schedulingGates": [GATE], "nodeSelector": {"a": "b"}},
            {"schedulingGates": [GATE], "nodeSelector": {"a": "b", "c": "d"}},
            id="gated pod is narrowed down",
        ),
    ],
)
def test_allowed(old: dict[str, Any], new: dict[str, Any]) -> None:
    """These few things of a pod's spec may change."""
    assert validate_pod_update(pod(**new), pod(**old)) == []


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        pytest.param({}, {"nodeName": "pi"}, f"{RULE}\n  spec.nodeName: unset -> 'pi'", id="node"),
        pytest.param(
            {},
            {"containers": [{"name": "web", "image": "a:1", "env": [{"name": "A", "value": "b"}]}]},
            f"{RULE}\n  spec.containers[0].env: unset -> [{{'name': 'A', 'value': 'b'}}]",
            id="environment",
        ),
        pytest.param(
            {"hostNetwork": True},
            {"restartPolicy": "Never"},
            f"{RULE}\n  spec.hostNetwork: True -> unset\n  spec.restartPolicy: 'Always' -> 'Never'",
            id="every change is named",
        ),
        pytest.param(
            {},
            {"terminationGracePeriodSeconds": 1},
            f"{RULE}\n  spec.terminationGracePeriodSeconds: 30 -> 1",
            id="grace that was not negative",
        ),
        pytest.param(
            {},
            {"containers": [{"name": "web", "image": "a:1"}, {"name": "b", "image": "a:1"}]},
            "spec.containers: Forbidden: pod updates may not add or remove containers",
            id="container is added",
        ),
        pytest.param(
            {},
            {"initContainers": []},
            "spec.initContainers: Forbidden: pod updates may not add or remove containers",
            id="init container is removed",
        ),
        pytest.param(
            {},
            {"containers": [{"name": "web", "image": ""}]},
            "spec.containers[0].image: Required value",
            id="image is emptied",
        ),
        pytest.param(
            {"activeDeadlineSeconds": 5},
            {"activeDeadlineSeconds": 6},
            "spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value",
            id="deadline is farther",
        ),
        pytest.param(
            {"activeDeadlineSeconds": 5},
            {},
            "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value",
            id="deadline is removed",
        ),
        pytest.param(
            {"tolerations": [TOLERATION]},
            {"tolerations": []},
            "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds",
            id="toleration is removed",
        ),
        pytest.param(
            {"schedulingGates": [GATE]},
            {"schedulingGates": [GATE, {"name": "b/c"}]},
            "spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'b/c'",
            id="gate is added",
        ),
        pytest.param(
            {"schedulingGates": [GATE], "nodeSelector": {"a": "b"}},
            {"schedulingGates": [GATE], "nodeSelector": {"a": "c"}},
            'spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
            id="gated pod is sent elsewhere",
        ),
        pytest.param(
            {"nodeSelector": {"a": "b"}},
            {"nodeSelector": {"a": "b", "c": "d"}},
            f"{RULE}\n  spec.nodeSelector.c: unset -> 'd'",
            id="a pod that is not gated is not narrowed down",
        ),
    ],
)
def test_refused(old: dict[str, Any], new: dict[str, Any], error: str) -> None:
    """Everything else is fixed once the pod is made, and the answer names what differs."""
    assert [str(e) for e in validate_pod_update(pod(**new), pod(**old))] == [error]


def statuses(name: str, *, exit_code: int | None) -> dict[str, Any]:
    """Make a status in which container ``c`` has ended so, or runs."""
    state = {"running": {}} if exit_code is None else {"terminated": {"exitCode": exit_code}}
    return {
        name: [{"name": "c", "state": state, "ready": False, "restartCount": 0, "image": "", "imageID": ""}]
    }


@pytest.mark.parametrize(
    ("policy", "exit_code", "allowed"),
    [
        pytest.param("Always", 0, True, id="always"),
        pytest.param("OnFailure", 1, True, id="failed, on failure"),
        pytest.param("OnFailure", 0, False, id="succeeded, on failure"),
        pytest.param("Never", 1, False, id="never"),
    ],
)
@pytest.mark.parametrize("name", ["containerStatuses", "initContainerStatuses"])
def test_restarts(name: str, policy: str, exit_code: int, allowed: bool) -> None:
    """A container that has ended for good does not run again (``ValidateContainerStateTransition``)."""
    old = pod(statuses(name, exit_code=exit_code), restartPolicy=policy)
    new = pod(statuses(name, exit_code=None), restartPolicy=policy)
    errors = [str(e) for e in validate_pod_status_update(new, old)]
    refusal = f"status.{name}[0].state: Forbidden: may not be transitioned to non-terminated state"
    assert errors == ([] if allowed else [refusal])


def test_sidecars_restart() -> None:
    """A sidecar is started again whatever the pod's restart policy."""
    spec = {
        "restartPolicy": "Never",
        "initContainers": [{"name": "c", "image": "a", "restartPolicy": "Always"}],
    }
    old = pod(statuses("initContainerStatuses", exit_code=1), **spec)
    new = pod(statuses("initContainerStatuses", exit_code=None), **spec)
    assert validate_pod_status_update(new, old) == []


@pytest.mark.parametrize(
    ("old", "new", "errors"),
    [
        pytest.param({}, {"phase": "Running", "podIPs": [{"ip": "10.42.0.2"}]}, [], id="progress"),
        pytest.param({}, {"podIPs": [{"ip": "x"}]}, ["status.podIPs[0]"], id="no address"),
        pytest.param({}, {"nominatedNodeName": "Pi"}, ["status.nominatedNodeName"], id="no node name"),
        pytest.param(
            {"qosClass": "Burstable"}, {"qosClass": "BestEffort"}, ["status.qosClass"], id="QoS class"
        ),
    ],
)
def test_status(old: dict[str, Any], new: dict[str, Any], errors: list[str]) -> None:
    """A status follows ``ValidatePodStatusUpdate``."""
    assert [e.field for e in validate_pod_status_update(pod(new), pod(old))] == errors
