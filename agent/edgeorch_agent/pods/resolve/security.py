"""Security contexts: what of the pod's and the container's applies, and what that means for Podman."""

from __future__ import annotations

from dataclasses import dataclass

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.security import PodSecurityContext, SeccompProfile, SecurityContext
from edgeorch_agent.pods.resolve.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Security:
    """The part of a ContainerSpec that security contexts decide."""

    user: str
    groups: tuple[int, ...]
    privileged: bool
    read_only_root: bool
    no_new_privileges: bool
    cap_add: tuple[str, ...]
    cap_drop: tuple[str, ...]
    seccomp_unconfined: bool
    seccomp_profile: str


def security(pod: Pod, container: Container, image_user: str, seccomp_root: str) -> Security:
    """Merge both contexts, the container's winning ("Configure a Security Context for a Pod or Container").

    Raises ConfigError when ``runAsNonRoot`` cannot be kept. ``seccomp_root`` is the folder of localhost
    profiles.
    """
    outer = pod.spec.securityContext or PodSecurityContext()
    own = container.securityContext or SecurityContext()
    user = outer.runAsUser if own.runAsUser is None else own.runAsUser
    group = outer.runAsGroup if own.runAsGroup is None else own.runAsGroup
    if outer.runAsNonRoot if own.runAsNonRoot is None else own.runAsNonRoot:
        _check_non_root(pod, container, user, image_user)
    groups = [*outer.supplementalGroups, *([] if outer.fsGroup is None else [outer.fsGroup])]
    profile = own.seccompProfile or outer.seccompProfile or SeccompProfile()
    added = own.capabilities.add if own.capabilities else []
    dropped = own.capabilities.drop if own.capabilities else []
    return Security(
        user=_user(user, group, image_user),
        groups=tuple(dict.fromkeys(groups)),
        privileged=bool(own.privileged),
        read_only_root=bool(own.readOnlyRootFilesystem),
        no_new_privileges=own.allowPrivilegeEscalation is False,
        cap_add=tuple(_capability(c) for c in added),
        cap_drop=tuple(_capability(c) for c in dropped),
        seccomp_unconfined=profile.type == "Unconfined",
        seccomp_profile=f"{seccomp_root}/{profile.localhostProfile}" if profile.type == "Localhost" else "",
    )


def _user(user: int | None, group: int | None, image_user: str) -> str:
    if user is None and group is None:
        return ""
    name = str(user) if user is not None else image_user.partition(":")[0] or "0"
    return name if group is None else f"{name}:{group}"


def _check_non_root(pod: Pod, container: Container, user: int | None, image_user: str) -> None:
    """Refuse root in kubelet's words (verifyRunAsNonRoot)."""
    meta = pod.metadata
    about = f'(pod: "{meta.name}_{meta.namespace}({meta.uid})", container: {container.name})'
    if user is not None:
        if user == 0:
            raise ConfigError(f"container's runAsUser breaks non-root policy {about}")
        return
    name = image_user.partition(":")[0]
    if name and not name.isdecimal():
        raise ConfigError(
            f"container has runAsNonRoot and image has non-numeric user ({name}), "
            f"cannot verify user is non-root {about}"
        )
    if not name or int(name) == 0:
        raise ConfigError(f"container has runAsNonRoot and image will run as root {about}")


def _capability(name: str) -> str:
    """Podman wants ``CAP_NET_ADMIN`` where Kubernetes writes ``NET_ADMIN``; ``ALL`` is the same for both."""
    upper = name.upper()
    return upper if upper == "ALL" or upper.startswith("CAP_") else f"CAP_{upper}"
