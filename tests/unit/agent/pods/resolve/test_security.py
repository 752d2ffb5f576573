"""Security contexts."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch_agent.pods.resolve.errors import ConfigError
from edgeorch_agent.pods.resolve.security import Security, security
from tests.unit.agent.pods.builders import container, pod


def resolved(outer: dict[str, Any], own: dict[str, Any], image_user: str = "") -> Security:
    """Merge the pod's context and the container's."""
    return security(pod(securityContext=outer), container(securityContext=own), image_user, "/profiles")


@pytest.mark.parametrize(
    ("outer", "own", "image_user", "user"),
    [
        ({}, {}, "", ""),
        ({"runAsUser": 1000}, {}, "", "1000"),
        ({"runAsUser": 1000}, {"runAsUser": 2000}, "", "2000"),
        ({"runAsUser": 1000}, {"runAsUser": 0}, "", "0"),
        ({"runAsUser": 1, "runAsGroup": 2}, {"runAsGroup": 3}, "", "1:3"),
        ({"runAsGroup": 5}, {}, "app:app", "app:5"),
        ({"runAsGroup": 5}, {}, "", "0:5"),
    ],
)
def test_user(outer: dict[str, Any], own: dict[str, Any], image_user: str, user: str) -> None:
    """The container's user and group win over the pod's, and both over the image's."""
    assert resolved(outer, own, image_user).user == user


@pytest.mark.parametrize(
    ("outer", "own", "image_user", "message"),
    [
        ({"runAsNonRoot": True}, {}, "", "container has runAsNonRoot and image will run as root"),
        ({}, {"runAsNonRoot": True}, "0", "container has runAsNonRoot and image will run as root"),
        ({"runAsNonRoot": True}, {}, "app", r"image has non-numeric user \(app\)"),
        ({"runAsNonRoot": True, "runAsUser": 0}, {}, "", "runAsUser breaks non-root policy"),
    ],
)
def test_run_as_non_root_is_kept(
    outer: dict[str, Any], own: dict[str, Any], image_user: str, message: str
) -> None:
    """A container that would run as root, or might, is refused in kubelet's words."""
    with pytest.raises(ConfigError, match=message):
        resolved(outer, own, image_user)


@pytest.mark.parametrize(
    ("outer", "own", "image_user"),
    [
        ({"runAsNonRoot": True}, {}, "1000"),
        ({"runAsNonRoot": True}, {}, "1000:1000"),
        ({"runAsNonRoot": True}, {"runAsUser": 7}, ""),
        ({"runAsNonRoot": True}, {"runAsNonRoot": False}, ""),
    ],
)
def test_run_as_non_root_is_met(outer: dict[str, Any], own: dict[str, Any], image_user: str) -> None:
    """A numeric user that is not 0 is enough."""
    resolved(outer, own, image_user)


def test_the_rest() -> None:
    """Capabilities, privileges, seccomp and groups as Podman wants them."""
    found = resolved(
        {"fsGroup": 20, "supplementalGroups": [10, 20], "seccompProfile": {"type": "Unconfined"}},
        {
            "capabilities": {"add": ["NET_ADMIN", "cap_sys_time"], "drop": ["ALL"]},
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "privileged": True,
            "seccompProfile": {"type": "Localhost", "localhostProfile": "strict.json"},
        },
    )
    assert (found.cap_add, found.cap_drop) == (("CAP_NET_ADMIN", "CAP_SYS_TIME"), ("ALL",))
    assert (found.no_new_privileges, found.read_only_root, found.privileged) == (True, True, True)
    assert found.groups == (10, 20)
    assert (found.seccomp_unconfined, found.seccomp_profile) == (False, "/profiles/strict.json")
