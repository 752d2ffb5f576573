"""The container runtime seam: what a pod worker needs of Podman, in our own types.

``podman.py`` is the real runtime, ``fake.py`` a scripted one; ``tests/contracts`` runs one suite against
both. All calls are coroutines on the agent's event loop and raise only :class:`RuntimeFault` and its
subclasses.

Labels that every sandbox and container of ours carries (:data:`LABEL_UID` and the rest) let the agent rebuild
what it knows from the runtime alone. Nothing without them is ever listed or touched.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from edgeorch.errors import EdgeorchError

LABEL_UID = "io.edgeorch.pod.uid"
LABEL_NAMESPACE = "io.edgeorch.pod.namespace"
LABEL_NAME = "io.edgeorch.pod.name"
LABEL_CONTAINER = "io.edgeorch.container.name"
LABEL_HASH = "io.edgeorch.container.hash"
LABEL_RESTARTS = "io.edgeorch.container.restarts"
LABEL_NODE = "io.edgeorch.node"
"""Name of the node whose agent made it: several agents may share one Podman."""


class RuntimeFault(EdgeorchError):
    """The runtime refused or failed; the message is the runtime's own."""


class RuntimeUnavailable(RuntimeFault):
    """The runtime's service cannot be reached right now; try again."""


class NoSuchObject(RuntimeFault):
    """The sandbox, container or image is not there (any more)."""


class ImageFault(RuntimeFault):
    """An image could not be pulled."""


class InvalidImageName(ImageFault):
    """The reference cannot be parsed."""


class RegistryUnavailable(ImageFault):
    """The registry could not be reached."""


class NoSpace(ImageFault):
    """There is not enough room on the image store's file system."""


class ContainerState(enum.Enum):
    """Life of a container; the order is the only one possible."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PortMapping:
    """One published port of a sandbox."""

    container_port: int
    host_port: int
    protocol: str = "tcp"
    """``tcp``, ``udp`` or ``sctp``."""
    host_ip: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """One bind mount or tmpfs of a container."""

    destination: str
    source: str = ""
    """Path on the node; empty for tmpfs."""
    read_only: bool = False
    tmpfs_size: int | None = None
    """Bytes; only for tmpfs."""
    propagation: str = "rprivate"


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """A pod's shell: network namespace, host name, published ports, held by an infra container."""

    uid: str
    namespace: str
    name: str
    hostname: str
    labels: Mapping[str, str]
    ports: tuple[PortMapping, ...] = ()
    host_network: bool = False
    host_pid: bool = False
    host_ipc: bool = False
    share_pid: bool = False
    dns_servers: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    host_aliases: tuple[tuple[str, str], ...] = ()
    """Pairs of host name and address for ``/etc/hosts``."""
    sysctls: Mapping[str, str] = field(default_factory=dict)
    network: str = ""
    """Podman network to join; empty for the default one."""
    ip: str = ""
    """Fixed address; empty lets the network choose."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Cgroup limits of a container; ``None`` leaves one unset."""

    cpu_shares: int | None = None
    cpu_quota: int | None = None
    """Microseconds of CPU per ``cpu_period``."""
    cpu_period: int = 100_000
    memory: int | None = None
    """Bytes."""
    pids: int | None = None
    oom_score_adj: int | None = None


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container, ready to be made: everything is resolved (env values, mount sources, image id)."""

    name: str
    image: str
    """Reference or id of an image that is present."""
    labels: Mapping[str, str]
    entrypoint: tuple[str, ...] | None = None
    """Kubernetes' ``command``; ``None`` keeps the image's."""
    args: tuple[str, ...] | None = None
    """Kubernetes' ``args``; ``None`` keeps the image's, unless ``entrypoint`` is given."""
    env: Mapping[str, str] = field(default_factory=dict)
    working_dir: str = ""
    mounts: tuple[Mount, ...] = ()
    limits: Limits = field(default_factory=Limits)
    user: str = ""
    """``uid``, ``uid:gid`` or empty for the image's."""
    groups: tuple[int, ...] = ()
    privileged: bool = False
    read_only_root: bool = False
    no_new_privileges: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    seccomp_unconfined: bool = False
    seccomp_profile: str = ""
    devices: tuple[str, ...] = ()
    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False
    stop_signal: str = ""


@dataclass(frozen=True, slots=True)
class ContainerInfo:
    """One container as the runtime sees it. Times are seconds since the epoch, 0 when not yet."""

    id: str
    name: str
    """The Kubernetes container name (from the label)."""
    state: ContainerState
    labels: Mapping[str, str]
    image: str
    image_id: str
    created_at: float
    started_at: float = 0.0
    finished_at: float = 0.0
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    """What the runtime says about a failed start."""
    pid: int = 0
    """Process id on the node while running."""


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """One sandbox with its containers, newest attempt of each container last."""

    id: str
    uid: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    ready: bool
    """The infra container runs: network and address are there."""
    created_at: float
    ips: tuple[str, ...] = ()
    containers: tuple[ContainerInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """One image that is present."""

    id: str
    names: tuple[str, ...]
    size: int
    """Bytes."""
    architecture: str
    """``amd64``, ``arm64``, ``arm``... as in the OCI image config."""
    os: str = "linux"
    user: str = ""
    """User of the image config; empty is root."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Log-in for a registry."""

    username: str
    password: str


class EventKind(enum.Enum):
    """What a runtime event says happened to a container."""

    STARTED = "started"
    DIED = "died"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class RuntimeEvent:
    """A hint to look at a pod again; what is true is what a listing says."""

    kind: EventKind
    uid: str
    container_id: str


@dataclass(frozen=True, slots=True)
class RuntimeInfo:
    """What the node's runtime is."""

    version: str
    """As in ``nodeInfo.containerRuntimeVersion``: ``podman://4.3.1``."""
    cgroup_version: int
    memory_cgroup: bool
    """Whether memory limits take effect (Raspberry Pi OS ships with that controller off)."""
    image_root: str
    """Folder of the image store, whose file system must have room."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one running container has used."""

    uid: str
    """Of its pod."""
    container: str
    """The Kubernetes container name."""
    container_id: str
    """A container that was started anew is another one, and counts from zero."""
    started_at: float
    """Seconds since the epoch."""
    cpu_nanoseconds: int
    """Time on processors since it started."""
    memory_bytes: int
    """Its working set: the memory that could not be given back at once."""


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A running container of which nothing could be read: it has just ended, or hides."""

    uid: str
    container: str


class Runtime(Protocol):
    """What a pod worker may ask. Every call is safe to repeat."""

    async def info(self) -> RuntimeInfo:
        """Describe the runtime."""
        ...

    async def list(self) -> tuple[SandboxInfo, ...]:
        """Give all sandboxes of this node that are ours, with their containers."""
        ...

    async def get(self, uid: str) -> SandboxInfo | None:
        """Give the sandbox of a pod, or None."""
        ...

    async def create_sandbox(self, spec: SandboxSpec) -> SandboxInfo:
        """Create and start a sandbox. When one for this uid exists, start it if needed and return it."""
        ...

    async def stop_sandbox(self, uid: str) -> None:
        """Let go of a sandbox's network, addresses and ports; nothing happens when it is stopped or gone.

        To be called when its containers have ended. They stay, with their logs, and creating the sandbox again
        starts it.
        """
        ...

    async def remove_sandbox(self, uid: str) -> None:
        """Kill and remove a sandbox with all its containers; nothing happens when it is gone."""
        ...

    async def create_container(self, uid: str, spec: ContainerSpec) -> ContainerInfo:
        """Create a container in a pod's sandbox, not yet started. Raises NoSuchObject without sandbox."""
        ...

    async def start_container(self, container_id: str) -> None:
        """Start a created container; nothing happens when it runs. RuntimeFault says why it cannot start."""
        ...

    async def stop_container(self, container_id: str, grace: float) -> None:
        """Send the stop signal, wait at most ``grace`` seconds for the end, then kill. 0 kills at once.

        Returns when the container has exited; nothing happens when it is gone or has exited already.
        Several calls may overlap: the shortest grace wins.
        """
        ...

    async def remove_container(self, container_id: str) -> None:
        """Remove an exited or created container with its log; nothing happens when it is gone."""
        ...

    def logs(
        self,
        container_id: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: float | None = None,
        timestamps: bool = False,
    ) -> AsyncIterator[bytes]:
        """Stream stdout and stderr, merged in the order written; chunks end anywhere.

        ``since`` is in seconds since the epoch. With ``follow`` it ends when the container has exited and
        everything was read. ``timestamps`` puts an RFC 3339 time and a blank before each line.
        """
        ...

    def events(self) -> AsyncIterator[RuntimeEvent]:
        """Stream what happens to our containers from now on; ends when the runtime's service goes away."""
        ...

    async def image(self, reference: str) -> ImageInfo | None:
        """Find a present image, or None."""
        ...

    async def images(self) -> tuple[ImageInfo, ...]:
        """Give all present images."""
        ...

    async def pull(self, reference: str, credentials: Credentials | None = None) -> ImageInfo:
        """Pull an image. Raises ImageFault or a subclass. Free space is checked by the caller."""
        ...

    async def remove_image(self, reference: str) -> None:
        """Remove an image that no container uses."""
        ...

    async def usage(self) -> Sequence[Usage | NotMeasured]:
        """Measure all running containers of this node that are ours."""
        ...
