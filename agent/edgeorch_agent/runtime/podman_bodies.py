"""What we ask of Podman: request bodies of its REST API (``specgen``) from our own types. Pure."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from edgeorch_agent.runtime.base import (
    LABEL_CONTAINER,
    LABEL_NAME,
    LABEL_NAMESPACE,
    LABEL_NODE,
    LABEL_RESTARTS,
    LABEL_UID,
    ContainerSpec,
    Limits,
    Mount,
    RuntimeFault,
    SandboxSpec,
)
from edgeorch_agent.runtime.privileges import LOWEST_OOM_SCORE

_DEFAULT_NETWORK: Final = "default"
"""Podman's word for whichever network its configuration names."""


def pod_name(namespace: str, name: str, uid: str) -> str:
    """Name a pod so that ``podman pod ps`` can be read and no two pods clash: ``default_web_1f3a9c02``."""
    return f"{namespace}_{name}_{uid.replace('-', '')[:8]}"


def pod_labels(spec: SandboxSpec, node: str) -> dict[str, str]:
    """Give a sandbox's labels, ours over those of the spec."""
    return {
        **spec.labels,
        LABEL_UID: spec.uid,
        LABEL_NAMESPACE: spec.namespace,
        LABEL_NAME: spec.name,
        LABEL_NODE: node,
    }


def container_labels(spec: ContainerSpec, pod: Mapping[str, str]) -> dict[str, str]:
    """Give a container's labels: the spec's, and whose it is."""
    whose = {label: pod[label] for label in (LABEL_UID, LABEL_NAMESPACE, LABEL_NAME, LABEL_NODE)}
    return {**spec.labels, **whose, LABEL_CONTAINER: spec.name}


def container_name(spec: ContainerSpec, pod: str) -> str:
    """Name one attempt of a container: ``default_web_1f3a9c02_nginx_0``."""
    return f"{pod}_{spec.name}_{spec.labels.get(LABEL_RESTARTS, '0')}"


def pod_body(spec: SandboxSpec, node: str, *, infra_image: str = "") -> dict[str, Any]:
    """Give the body of ``POST /pods/create``.

    Containers share the infra container's network, IPC and host name, as in Kubernetes, and on request its
    process ids. A pod on the host's network has the host's name, and its ports are the host's already.
    """
    shared = ["net", "ipc", "uts"]
    if spec.share_pid or spec.host_pid:
        shared.append("pid")
    body: dict[str, Any] = {
        "name": pod_name(spec.namespace, spec.name, spec.uid),
        "labels": pod_labels(spec, node),
        "shared_namespaces": shared,
        "exit_policy": "continue",
        "dns_server": list(spec.dns_servers),
        "dns_search": list(spec.dns_search),
        "dns_option": list(spec.dns_options),
        "hostadd": [f"{name}:{address}" for name, address in spec.host_aliases],
        "sysctl": dict(spec.sysctls),
    }
    if infra_image:
        body["infra_image"] = infra_image
    if spec.host_pid:
        body["pidns"] = {"nsmode": "host"}
    if spec.host_ipc:
        body["ipcns"] = {"nsmode": "host"}
    if spec.host_network:
        body["netns"] = {"nsmode": "host"}
        body["utsns"] = {"nsmode": "host"}
        return _without_empty(body)
    body["hostname"] = spec.hostname
    body["portmappings"] = [
        _without_empty(
            {
                "container_port": port.container_port,
                "host_port": port.host_port,
                "protocol": port.protocol,
                "host_ip": port.host_ip,
            }
        )
        for port in spec.ports
    ]
    if spec.network or spec.ip:
        body["netns"] = {"nsmode": "bridge"}
        options = {"static_ips": [spec.ip]} if spec.ip else {}
        body["networks"] = {spec.network or _DEFAULT_NETWORK: options}
    return _without_empty(body)


@dataclass(frozen=True, slots=True)
class Permits:
    """What this node lets a container have."""

    controllers: frozenset[str]
    """The cgroup controllers there are."""
    lowest_oom_score: int = LOWEST_OOM_SCORE


def container_body(
    spec: ContainerSpec,
    *,
    pod_id: str,
    pod: str,
    labels: Mapping[str, str],
    permits: Permits,
    log_size: int,
) -> dict[str, Any]:
    """Give the body of ``POST /containers/create``.

    What the node does not permit is left out, since the runtime would refuse to start the container at all. The
    log goes to a file of its own (journald would need systemd, and is not bounded per container) of at most
    ``log_size`` bytes.

    Restarts, health checks and systemd's conventions are switched off: the agent decides, and Kubernetes does
    not know them.
    """
    body: dict[str, Any] = {
        "name": container_name(spec, pod),
        "pod": pod_id,
        "image": spec.image,
        "labels": dict(labels),
        "env": dict(spec.env),
        "work_dir": spec.working_dir,
        "create_working_dir": True,
        "entrypoint": list(spec.entrypoint or ()),
        "command": list(spec.args or ()),
        "mounts": [_mount(m) for m in spec.mounts],
        "user": spec.user,
        "groups": [str(g) for g in spec.groups],
        "privileged": spec.privileged,
        "read_only_filesystem": spec.read_only_root,
        "no_new_privileges": spec.no_new_privileges,
        "cap_add": [_capability(c) for c in spec.cap_add],
        "cap_drop": [_capability(c) for c in spec.cap_drop],
        "seccomp_profile_path": "unconfined" if spec.seccomp_unconfined else spec.seccomp_profile,
        "devices": [{"path": device} for device in spec.devices],
        "stdin": spec.stdin,
        "terminal": spec.tty,
        "log_configuration": {"driver": "k8s-file", "size": log_size},
        "restart_policy": "no",
        "systemd": "false",
        "healthconfig": {"Test": ["NONE"]},
        "resource_limits": _resources(spec.limits, permits.controllers),
        "oom_score_adj": _oom_score(spec.limits, permits),
    }
    if spec.stop_signal:
        body["stop_signal"] = signal_number(spec.stop_signal)
    # ``httpproxy`` is on by default and must be said: containers do not inherit the node's proxy here.
    return {**_without_empty(body), "httpproxy": False}


def signal_number(name: str) -> int:
    """Give a signal's number: ``SIGTERM``, ``TERM``, ``15``, ``SIGRTMIN+3``."""
    text = name.upper().removeprefix("SIG")
    if text.isdecimal():
        return int(text)
    base, plus, offset = text.partition("+")
    try:
        return signal.Signals[f"SIG{base}"] + (int(offset) if plus else 0)
    except (KeyError, ValueError) as exc:
        raise RuntimeFault(f"unknown signal {name}") from exc


def _mount(mount: Mount) -> dict[str, Any]:
    access = "ro" if mount.read_only else "rw"
    if mount.source:
        return {
            "type": "bind",
            "source": mount.source,
            "destination": mount.destination,
            "options": ["rbind", access, mount.propagation],
        }
    # Kubernetes' memory volumes begin empty, are open to all users and may hold programs; Podman's tmpfs
    # would copy the image's files up and be noexec.
    options = [access, "notmpcopyup", "nosuid", "nodev", "exec", "mode=0777"]
    if mount.tmpfs_size is not None:
        options.append(f"size={mount.tmpfs_size}")
    return {"type": "tmpfs", "source": "tmpfs", "destination": mount.destination, "options": options}


def _capability(name: str) -> str:
    """Podman wants ``CAP_NET_ADMIN`` where Kubernetes says ``NET_ADMIN``; ``ALL`` is both."""
    return name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}"


def _resources(limits: Limits, controllers: frozenset[str]) -> dict[str, Any]:
    resources: dict[str, Any] = {}
    if "cpu" in controllers:
        cpu = {"shares": limits.cpu_shares}
        if limits.cpu_quota is not None:
            cpu |= {"quota": limits.cpu_quota, "period": limits.cpu_period}
        resources["cpu"] = _without_empty(cpu)
    if "memory" in controllers and limits.memory is not None:
        # Kubernetes does not let containers swap: memory and swap together are the limit.
        resources["memory"] = {"limit": limits.memory, "swap": limits.memory}
    if "pids" in controllers and limits.pids is not None:
        resources["pids"] = {"limit": limits.pids}
    return _without_empty(resources)


def _oom_score(limits: Limits, permits: Permits) -> int | None:
    wanted = limits.oom_score_adj
    return None if wanted is None else max(wanted, permits.lowest_oom_score)


def _without_empty(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value not in (None, "", [], {}, False)}
