"""Security settings of pods and containers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.meta import Int64, Model, Required, Unsupported

NO_WINDOWS = Unsupported("nodes run Linux")
NO_SELINUX = Unsupported("nodes run without SELinux")
NO_APPARMOR = Unsupported("containers run with Podman's own AppArmor profile")


class Capabilities(Model):
    """Linux capabilities on top of, or taken from, the runtime's default set."""

    add: list[str] = Field(default_factory=list)
    """Capabilities to add, without ``CAP_``."""
    drop: list[str] = Field(default_factory=list)
    """Capabilities to drop; ``ALL`` drops every one."""


class SELinuxOptions(Model):
    """SELinux label of a process."""

    user: str = ""
    """User part of the label."""
    role: str = ""
    """Role part of the label."""
    type: str = ""
    """Type part of the label."""
    level: str = ""
    """Level part of the label."""


class SeccompProfile(Model):
    """Filter for system calls."""

    type: Required[str] = ""
    """``RuntimeDefault``, ``Unconfined`` or ``Localhost``."""
    localhostProfile: str | None = None
    """Path of the profile on the node, below the agent's seccomp folder; only for ``Localhost``."""


class AppArmorProfile(Model):
    """AppArmor confinement."""

    type: Required[str] = ""
    """``RuntimeDefault``, ``Unconfined`` or ``Localhost``."""
    localhostProfile: str | None = None
    """Name of a profile loaded on the node; only for ``Localhost``."""


class WindowsSecurityContextOptions(Model):
    """Settings for Windows containers."""

    gmsaCredentialSpecName: str | None = None
    """Name of the GMSA credential spec."""
    gmsaCredentialSpec: str | None = None
    """The GMSA credential spec itself."""
    runAsUserName: str | None = None
    """Windows user that runs the container."""
    hostProcess: bool | None = None
    """Whether to run as a host process container."""


class Sysctl(Model):
    """A kernel parameter of the pod's namespaces."""

    name: Required[str] = ""
    """Name, such as ``net.core.somaxconn``."""
    value: str
    """Value to set."""


class SecurityContext(Model):
    """Security settings of one container; they win over the pod's."""

    capabilities: Capabilities | None = None
    """Capabilities to add and drop."""
    privileged: bool | None = None
    """Whether the container is as powerful as root on the node; false when absent."""
    seLinuxOptions: Annotated[SELinuxOptions | None, NO_SELINUX] = None
    """SELinux label of the container."""
    windowsOptions: Annotated[WindowsSecurityContextOptions | None, NO_WINDOWS] = None
    """Windows settings."""
    runAsUser: Int64 | None = None
    """UID of the first process; the image's user when absent."""
    runAsGroup: Int64 | None = None
    """Primary GID of the first process."""
    runAsNonRoot: bool | None = None
    """Refuse to start the container when it would run as UID 0."""
    readOnlyRootFilesystem: bool | None = None
    """Whether the root file system is read-only; false when absent."""
    allowPrivilegeEscalation: bool | None = None
    """Whether a process may gain more privileges than its parent (false sets ``no_new_privs``)."""
    procMount: Annotated[str | None, Unsupported("/proc is always masked")] = None
    """``Default`` masks parts of /proc, ``Unmasked`` does not."""
    seccompProfile: SeccompProfile | None = None
    """Filter for the container's system calls."""
    appArmorProfile: Annotated[AppArmorProfile | None, NO_APPARMOR] = None
    """AppArmor confinement of the container."""


class PodSecurityContext(Model):
    """Security settings of all containers of a pod."""

    seLinuxOptions: Annotated[SELinuxOptions | None, NO_SELINUX] = None
    """SELinux label of all containers."""
    windowsOptions: Annotated[WindowsSecurityContextOptions | None, NO_WINDOWS] = None
    """Windows settings."""
    runAsUser: Int64 | None = None
    """UID of the first processes; each image's user when absent."""
    runAsGroup: Int64 | None = None
    """Primary GID of the first processes."""
    runAsNonRoot: bool | None = None
    """Refuse to start containers that would run as UID 0."""
    supplementalGroups: list[Int64] = Field(default_factory=list)
    """GIDs that the first processes have besides their primary one."""
    supplementalGroupsPolicy: Annotated[
        str | None, Unsupported("groups of the image's /etc/group are always merged")
    ] = None
    """``Merge`` adds the groups the image defines for the user, ``Strict`` does not."""
    fsGroup: Int64 | None = None
    """Supplemental GID that also owns the pod's volumes."""
    sysctls: list[Sysctl] = Field(default_factory=list)
    """Namespaced kernel parameters."""
    fsGroupChangePolicy: Annotated[
        str | None, Unsupported("the ownership of volumes is set whenever they are mounted")
    ] = None
    """``Always`` or ``OnRootMismatch``: when the ownership of volumes is changed to ``fsGroup``."""
    seccompProfile: SeccompProfile | None = None
    """Filter for system calls of all containers."""
    appArmorProfile: Annotated[AppArmorProfile | None, NO_APPARMOR] = None
    """AppArmor confinement of all containers."""
    seLinuxChangePolicy: Annotated[str | None, NO_SELINUX] = None
    """``MountOption`` or ``Recursive``: how volumes get their SELinux label."""
