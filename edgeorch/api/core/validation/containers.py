"""Validation of containers and init containers."""

from __future__ import annotations

from collections.abc import Sequence

from edgeorch.api.core.container import Container, ContainerPort, VolumeMount
from edgeorch.api.core.pod import PodOS, PodSpec
from edgeorch.api.core.validation.env import validate_env, validate_env_from
from edgeorch.api.core.validation.probes import validate_probes
from edgeorch.api.core.validation.resources import validate_requirements
from edgeorch.api.core.validation.security import validate_security_context
from edgeorch.api.core.validation.volumes import validate_descending_path
from edgeorch.api.meta_validation import validate_enum
from edgeorch.api.names import dns_label_problems, port_name_problems, port_problems
from edgeorch.api.validation import (
    FieldError,
    Path,
    bad,
    duplicate,
    forbidden,
    not_found,
    not_supported,
    required,
)

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
PROTOCOLS = ("SCTP", "TCP", "UDP")
PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")

_ONLY_SIDECARS = "may not be set for init containers without restartPolicy=Always"


def validate_containers(spec: PodSpec, path: Path) -> list[FieldError]:
    """Check all containers of a pod; ``path`` is that of its spec."""
    volumes = {volume.name for volume in spec.volumes}
    grace = max(spec.terminationGracePeriodSeconds or 0, 0)
    names: set[str] = set()
    errors: list[FieldError] = []
    containers, inits = path.child("containers"), path.child("initContainers")
    if not spec.containers:
        errors.append(required(containers))
    for number, container in enumerate(spec.containers):
        here = containers.at(number)
        errors += _validate_container(container, volumes, names, here)
        errors += validate_probes(container, spec.os, grace, here)
        if container.restartPolicy is not None:
            errors.append(forbidden(here.child("restartPolicy"), "may not be set for non-init containers"))
    errors += _host_port_conflicts(spec.containers, containers)
    for number, container in enumerate(spec.initContainers):
        here = inits.at(number)
        errors += _validate_container(container, volumes, names, here)
        errors += _validate_init(container, spec.os, grace, here)
        errors += _host_port_conflicts([container], inits, first=number)
    if spec.hostNetwork:
        errors += _validate_host_network(spec.containers, containers)
    return errors


def validate_image(image: str, path: Path) -> list[FieldError]:
    """Check an image reference; whether there is such an image is found out when it is pulled."""
    if not image:
        return [required(path)]
    return [bad(path, image, "must not have leading or trailing whitespace")] if image != image.strip() else []


def _validate_container(
    container: Container, volumes: set[str], names: set[str], path: Path
) -> list[FieldError]:
    name = path.child("name")
    errors: list[FieldError] = []
    if not container.name:
        errors.append(required(name))
    else:
        errors += [bad(name, container.name, p) for p in dns_label_problems(container.name)]
        if container.name in names:
            errors.append(duplicate(name, container.name))
        names.add(container.name)
    message_policy = path.child("terminationMessagePolicy")
    return [
        *errors,
        *validate_image(container.image, path.child("image")),
        *validate_enum(container.terminationMessagePolicy, message_policy, MESSAGE_POLICIES),
        *_validate_ports(container.ports, path.child("ports")),
        *validate_env(container.env, path.child("env")),
        *validate_env_from(container.envFrom, path.child("envFrom")),
        *_validate_mounts(container, volumes, path.child("volumeMounts")),
        *validate_enum(container.imagePullPolicy, path.child("imagePullPolicy"), PULL_POLICIES),
        *validate_requirements(container.resources, path.child("resources")),
        *validate_security_context(container.securityContext, path.child("securityContext")),
    ]


def _validate_init(container: Container, os: PodOS | None, grace: int, path: Path) -> list[FieldError]:
    if container.restartPolicy == "Always":
        return validate_probes(container, os, grace, path)
    errors: list[FieldError] = []
    if container.restartPolicy is not None:
        errors.append(not_supported(path.child("restartPolicy"), container.restartPolicy, ("Always",)))
    return errors + [
        forbidden(path.child(name), _ONLY_SIDECARS)
        for name in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
        if getattr(container, name) is not None
    ]


def _validate_ports(ports: Sequence[ContainerPort], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    for number, port in enumerate(ports):
        here = path.at(number)
        if port.name:
            if problems := port_name_problems(port.name):
                errors += [bad(here.child("name"), port.name, p) for p in problems]
            elif port.name in names:
                errors.append(duplicate(here.child("name"), port.name))
            names.add(port.name)
        if not port.containerPort:
            errors.append(required(here.child("containerPort")))
        else:
            where = here.child("containerPort")
            errors += [bad(where, port.containerPort, p) for p in port_problems(port.containerPort)]
        if port.hostPort:
            errors += [bad(here.child("hostPort"), port.hostPort, p) for p in port_problems(port.hostPort)]
        errors += validate_enum(port.protocol, here.child("protocol"), PROTOCOLS)
    return errors


def _host_port_conflicts(containers: Sequence[Container], path: Path, *, first: int = 0) -> list[FieldError]:
    errors: list[FieldError] = []
    taken: set[str] = set()
    for number, container in enumerate(containers, first):
        for place, port in enumerate(container.ports):
            if not port.hostPort:
                continue
            text = f"{port.protocol}/{port.hostIP}/{port.hostPort}"
            if text in taken:
                errors.append(duplicate(path.at(number).child("ports").at(place).child("hostPort"), text))
            taken.add(text)
    return errors


def _validate_host_network(containers: Sequence[Container], path: Path) -> list[FieldError]:
    # A template may leave the host port open: it is filled in for the pods made of it.
    return [
        bad(
            path.at(number).child("ports").at(place).child("hostPort"),
            port.hostPort,
            "must match `containerPort` when `hostNetwork` is true",
        )
        for number, container in enumerate(containers)
        for place, port in enumerate(container.ports)
        if port.hostPort and port.hostPort != port.containerPort
    ]


def _validate_mounts(container: Container, volumes: set[str], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    taken: set[str] = set()
    for number, mount in enumerate(container.volumeMounts):
        here = path.at(number)
        if not mount.name:
            errors.append(required(here.child("name")))
        if mount.name not in volumes:
            errors.append(not_found(here.child("name"), mount.name))
        if not mount.mountPath:
            errors.append(required(here.child("mountPath")))
        if mount.mountPath in taken:
            errors.append(bad(here.child("mountPath"), mount.mountPath, "must be unique"))
        taken.add(mount.mountPath)
        errors += _validate_sub_path(mount, here)
        errors += _validate_propagation(mount, container, here.child("mountPropagation"))
    return errors


def _validate_sub_path(mount: VolumeMount, path: Path) -> list[FieldError]:
    errors = validate_descending_path(mount.subPath, path.child("subPath"))
    if mount.subPathExpr:
        where = path.child("subPathExpr")
        if mount.subPath:
            errors.append(bad(where, mount.subPathExpr, "subPathExpr and subPath are mutually exclusive"))
        errors += validate_descending_path(mount.subPathExpr, where)
    return errors


def _validate_propagation(mount: VolumeMount, container: Container, path: Path) -> list[FieldError]:
    mode = mount.mountPropagation
    if mode is None:
        return []
    if mode not in PROPAGATIONS:
        return [not_supported(path, mode, PROPAGATIONS)]
    privileged = container.securityContext is not None and container.securityContext.privileged
    if mode == "Bidirectional" and not privileged:
        why = "Bidirectional mount propagation is available only to privileged containers"
        return [forbidden(path, why)]
    return []
