"""Reading Podman's answers."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch_agent.runtime.base import (
    LABEL_CONTAINER,
    LABEL_NODE,
    LABEL_UID,
    ContainerState,
    EventKind,
    ImageFault,
    InvalidImageName,
    NoSpace,
    NoSuchObject,
    RegistryUnavailable,
    RuntimeEvent,
)
from edgeorch_agent.runtime.podman_api import PodmanRefusal, refusal
from edgeorch_agent.runtime.podman_views import event, image, inspected, pull_fault, runtime_info, sandbox

LABELS = {LABEL_UID: "u-1", LABEL_NODE: "pi-1", LABEL_CONTAINER: "main"}
NEVER = "0001-01-01T00:00:00Z"


def answer(status: str, **state: object) -> dict[str, Any]:
    times = {"StartedAt": NEVER, "FinishedAt": NEVER}
    return {
        "Id": "c1",
        "Created": "2024-03-01T12:00:00Z",
        "Image": "i1",
        "ImageName": "docker.io/library/nginx:1.27",
        "State": {"Status": status, **times, **state},
        "Config": {"Labels": LABELS, "StopSignal": 15},
        "NetworkSettings": {"Networks": {"podman": {"IPAddress": "10.88.0.2", "GlobalIPv6Address": ""}}},
        "HostConfig": {"LogConfig": {"Path": "/x/ctr.log"}, "Memory": 5},
    }


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("configured", ContainerState.CREATED),
        ("created", ContainerState.CREATED),
        ("initialized", ContainerState.CREATED),
        ("running", ContainerState.RUNNING),
        ("paused", ContainerState.RUNNING),
        ("stopping", ContainerState.RUNNING),
        ("stopped", ContainerState.EXITED),
        ("exited", ContainerState.EXITED),
        ("removing", ContainerState.EXITED),
        ("something new", ContainerState.UNKNOWN),
    ],
)
def test_states(status: str, state: ContainerState) -> None:
    """Podman's ten states are our three, and a process that is being stopped still runs."""
    assert inspected(answer(status)).info.state is state


def test_an_inspection() -> None:
    """Zero times are 0; the rest is where Podman says it."""
    seen = inspected(answer("running", StartedAt="2024-03-01T13:00:01.5+01:00", Pid=7))
    assert (seen.info.id, seen.info.name, seen.info.pid, seen.info.finished_at) == ("c1", "main", 7, 0.0)
    assert seen.info.started_at - seen.info.created_at == pytest.approx(1.5)
    assert (seen.ips, seen.stop_signal, seen.log_path, seen.memory_limit) == (
        ("10.88.0.2",),
        "15",
        "/x/ctr.log",
        5,
    )


def test_an_image_may_leave_out_the_stop_signal() -> None:
    """SIGTERM is everybody's default."""
    bare = answer("running")
    bare["Config"]["StopSignal"] = None
    assert inspected(bare).stop_signal == "SIGTERM"


def test_what_a_reboot_took_has_ended() -> None:
    """Podman sets it back to "created" but leaves the time of its start: nobody saw how it ended."""
    lost = inspected(answer("created", StartedAt="2024-03-01T12:00:01Z")).info
    assert (lost.state, lost.exit_code) == (ContainerState.EXITED, 255)


def test_a_sandbox_is_ready_while_its_infra_container_runs() -> None:
    """Without it there is no address either; containers come oldest first."""
    pod = {"Id": "p1", "Labels": LABELS, "Created": "2024-03-01T12:00:00Z"}
    assert sandbox(pod, inspected(answer("running")), ()).ips == ("10.88.0.2",)
    for infra in (inspected(answer("exited")), None):
        assert (sandbox(pod, infra, ()).ready, sandbox(pod, infra, ()).ips) == (False, ())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"Action": "start"}, RuntimeEvent(EventKind.STARTED, "u-1", "c1"), id="start"),
        pytest.param({"Action": "died"}, RuntimeEvent(EventKind.DIED, "u-1", "c1"), id="died"),
        pytest.param({"Action": "remove"}, RuntimeEvent(EventKind.REMOVED, "u-1", "c1"), id="remove"),
        pytest.param({"Action": "exec"}, None, id="of no interest"),
        pytest.param({"Action": "remove", "Type": "image"}, None, id="of something else"),
        pytest.param({"Action": "died", "Actor": {"ID": "c1", "Attributes": {}}}, None, id="not ours"),
        pytest.param(
            {"Action": "died", "Actor": {"ID": "c1", "Attributes": LABELS | {LABEL_NODE: "pi-2"}}},
            None,
            id="another agent's",
        ),
    ],
)
def test_events(changes: dict[str, Any], expected: RuntimeEvent | None) -> None:
    """Only what begins or ends a container of ours is a hint."""
    message = {"Type": "container", "Actor": {"ID": "c1", "Attributes": LABELS}}
    assert event({**message, **changes}, "pi-1") == expected


def test_images_have_tags_and_then_digests() -> None:
    """As in a Node's status; Podman 5 may write ids with their algorithm."""
    read = image(
        {"Id": "sha256:ab", "RepoTags": ["a:1"], "RepoDigests": ["a@sha256:x"], "Architecture": "arm64",
         "Os": "linux", "Size": 3, "Config": {"User": "nginx"}}
    )  # fmt: skip
    assert (read.id, read.names, read.user, read.size) == ("ab", ("a:1", "a@sha256:x"), "nginx", 3)


def test_runtime_info() -> None:
    """Raspberry Pi OS as shipped: cgroup v2 without the memory controller."""
    info = runtime_info(
        {
            "version": {"Version": "5.4.2"},
            "host": {"cgroupVersion": "v2", "cgroupControllers": ["cpuset", "cpu", "io", "pids"]},
            "store": {"graphRoot": "/var/lib/containers/storage"},
        }
    )
    assert (info.version, info.cgroup_version, info.memory_cgroup) == ("podman://5.4.2", 2, False)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("parsing reference: invalid reference format", InvalidImageName),
        (
            "pinging container registry x: dial tcp 1.2.3.4:443: connect: connection refused",
            RegistryUnavailable,
        ),
        ("dial tcp: lookup registry.example: no such host", RegistryUnavailable),
        ("Get https://x/v2/: dial tcp: i/o timeout", RegistryUnavailable),
        ("writing blob: storing blob to file: no space left on device", NoSpace),
        ("reading manifest 9 in docker.io/library/nginx: manifest unknown", ImageFault),
        ("reading manifest: denied: requested access to the resource is denied", ImageFault),
        ("unauthorized: authentication required", ImageFault),
    ],
)
def test_failed_pulls(message: str, kind: type[ImageFault]) -> None:
    """The kubelet's kinds of failure, with the registry's own words."""
    fault = pull_fault(message)
    assert type(fault) is kind
    assert str(fault) == message


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (404, b'{"cause": "no such container", "message": "no container x"}', NoSuchObject, "no container x"),
        (
            500,
            b'{"cause": "image not known", "message": "x: image not known"}',
            NoSuchObject,
            "x: image not known",
        ),
        (500, b'{"cause": "disk", "message": "disk on fire"}', PodmanRefusal, "disk on fire"),
        (502, b"<html>", PodmanRefusal, "<html>"),
        (500, b"", PodmanRefusal, "HTTP 500"),
    ],
)
def test_refusals(status: int, body: bytes, kind: type[Exception], message: str) -> None:
    """What is gone is told from what is refused, and garbage is an error with words too."""
    fault = refusal(status, body)
    assert type(fault) is kind
    assert str(fault) == message
