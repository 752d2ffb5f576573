"""What Podman answers, in our own types. Pure; tolerant of fields that a version leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from edgeorch_agent.runtime.base import (
    LABEL_CONTAINER,
    LABEL_NAME,
    LABEL_NAMESPACE,
    LABEL_NODE,
    LABEL_UID,
    ContainerInfo,
    ContainerState,
    EventKind,
    ImageFault,
    ImageInfo,
    InvalidImageName,
    NoSpace,
    RegistryUnavailable,
    RuntimeEvent,
    RuntimeInfo,
    SandboxInfo,
)
from edgeorch_agent.runtime.rfc3339 import epoch

_STATES: Final = {
    "configured": ContainerState.CREATED,
    "created": ContainerState.CREATED,
    "initialized": ContainerState.CREATED,
    "running": ContainerState.RUNNING,
    "paused": ContainerState.RUNNING,
    "stopping": ContainerState.RUNNING,
    "stopped": ContainerState.EXITED,
    "exited": ContainerState.EXITED,
    "removing": ContainerState.EXITED,
}
_EVENTS: Final = {"start": EventKind.STARTED, "died": EventKind.DIED, "remove": EventKind.REMOVED}
_LOST: Final = 255
_UNREACHABLE: Final = (
    "connection refused",
    "connection reset",
    "no such host",
    "no route to host",
    "network is unreachable",
    "i/o timeout",
    "TLS handshake timeout",
    "deadline exceeded",
    "server misbehaving",
    "500 Internal Server Error",
    "502 Bad Gateway",
    "503 Service Unavailable",
    "504 Gateway Timeout",
)


@dataclass(frozen=True, slots=True)
class Inspected:
    """All we want to know of one container."""

    info: ContainerInfo
    ips: tuple[str, ...]
    stop_signal: str
    log_path: str
    memory_limit: int


def inspected(answer: Mapping[str, Any]) -> Inspected:
    """Read ``GET /containers/ID/json``."""
    state, config = answer["State"], answer["Config"]
    labels = config.get("Labels") or {}
    started_at = _time(state.get("StartedAt"))
    info = ContainerInfo(
        id=answer["Id"],
        name=labels.get(LABEL_CONTAINER, ""),
        state=_STATES.get(state["Status"], ContainerState.UNKNOWN),
        labels=labels,
        image=answer.get("ImageName") or "",
        image_id=answer.get("Image") or "",
        created_at=_time(answer.get("Created")),
        started_at=started_at,
        finished_at=_time(state.get("FinishedAt")),
        exit_code=int(state.get("ExitCode") or 0),
        oom_killed=bool(state.get("OOMKilled")),
        error=state.get("Error") or "",
        pid=int(state.get("Pid") or 0),
    )
    if info.state is ContainerState.CREATED and started_at:
        # A reboot sets what ran back to "created": it ended, and nobody saw how.
        info = replace(info, state=ContainerState.EXITED, exit_code=_LOST, pid=0)
    host = answer.get("HostConfig") or {}
    return Inspected(
        info=info,
        ips=_addresses(answer.get("NetworkSettings") or {}),
        stop_signal=str(config.get("StopSignal") or "SIGTERM"),
        log_path=(host.get("LogConfig") or {}).get("Path") or "",
        memory_limit=int(host.get("Memory") or 0),
    )


def sandbox(
    pod: Mapping[str, Any], infra: Inspected | None, containers: tuple[ContainerInfo, ...]
) -> SandboxInfo:
    """Put an entry of ``GET /pods/json`` and its containers together."""
    labels = pod.get("Labels") or {}
    ready = infra is not None and infra.info.state is ContainerState.RUNNING
    return SandboxInfo(
        id=pod["Id"],
        uid=labels[LABEL_UID],
        namespace=labels.get(LABEL_NAMESPACE, ""),
        name=labels.get(LABEL_NAME, ""),
        labels=labels,
        ready=ready,
        created_at=_time(pod.get("Created")),
        ips=infra.ips if infra is not None and ready else (),
        containers=tuple(sorted(containers, key=lambda c: c.created_at)),
    )


def is_ours(entry: Mapping[str, Any], node: str) -> bool:
    """Tell whether a listed pod or container was made by this node's agent."""
    labels = entry.get("Labels") or {}
    return bool(labels.get(LABEL_NODE) == node and labels.get(LABEL_UID))


def event(message: Mapping[str, Any], node: str) -> RuntimeEvent | None:
    """Read a line of ``GET /events``; None when it is not about the life of a container of ours."""
    kind = _EVENTS.get(str(message.get("Action") or message.get("status") or ""))
    actor = message.get("Actor") or {}
    labels = actor.get("Attributes") or {}
    if kind is None or message.get("Type") != "container" or not is_ours({"Labels": labels}, node):
        return None
    return RuntimeEvent(kind, labels[LABEL_UID], str(actor.get("ID") or ""))


def image(answer: Mapping[str, Any]) -> ImageInfo:
    """Read ``GET /images/NAME/json``."""
    config = answer.get("Config") or {}
    return ImageInfo(
        id=str(answer["Id"]).removeprefix("sha256:"),
        names=image_names(answer),
        size=int(answer.get("Size") or 0),
        architecture=answer.get("Architecture") or "",
        os=answer.get("Os") or "linux",
        user=answer.get("User") or config.get("User") or "",
    )


def image_names(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Give an image's tags and then its digests, as a Node's ``status.images`` does."""
    return (*(answer.get("RepoTags") or ()), *(answer.get("RepoDigests") or ()))


def runtime_info(answer: Mapping[str, Any]) -> RuntimeInfo:
    """Read ``GET /info``."""
    return RuntimeInfo(
        version=f"podman://{answer['version']['Version']}",
        cgroup_version=2 if answer["host"].get("cgroupVersion") == "v2" else 1,
        memory_cgroup="memory" in controllers(answer),
        image_root=answer["store"]["graphRoot"],
    )


def controllers(answer: Mapping[str, Any]) -> frozenset[str]:
    """Give the cgroup controllers from ``GET /info``."""
    return frozenset(answer["host"].get("cgroupControllers") or ())


def pull_fault(message: str) -> ImageFault:
    """Sort what a failed pull says into the kinds of failure that the kubelet tells apart."""
    if "invalid reference format" in message:
        return InvalidImageName(message)
    if "no space left on device" in message:
        return NoSpace(message)
    if any(sign in message for sign in _UNREACHABLE):
        return RegistryUnavailable(message)
    return ImageFault(message)


def _addresses(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """IPv4 before IPv6 for each network, as in ``status.podIPs``."""
    found: list[str] = []
    for network in (settings.get("Networks") or {}).values():
        found += filter(None, (network.get("IPAddress"), network.get("GlobalIPv6Address")))
    return tuple(found)


def _time(text: str | None) -> float:
    return epoch((text or "").encode())
