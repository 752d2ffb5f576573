"""What a pod worker knows: the desired pod, what was observed of it, and what the worker remembers.

Everything here is frozen. The worker replaces its :class:`Memory` as it learns; ``plan`` and ``status`` read
one consistent picture. Times are seconds since the epoch, durations seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

from edgeorch.api import meta
from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod, PodStatus
from edgeorch_agent.runtime.base import ContainerInfo, ImageInfo, SandboxInfo

T = TypeVar("T")

DEFAULT_GRACE = 30.0
"""``terminationGracePeriodSeconds`` of a pod that does not say."""

MINIMUM_GRACE = 2.0
"""kubelet's minimumGracePeriodInSeconds: even a forced deletion gives a process this long to go."""

VOLUMES = "/volumes"
SANDBOX = "/sandbox"
"""Keys of failures that concern the pod as a whole; no container can have such a name."""

TERMINAL_PHASES = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class DesiredPod:
    """One pod as the server wants it."""

    pod: Pod
    dropped: bool = False
    """The server no longer knows this pod: stop it in good order and forget it."""
    inputs: str = ""
    """Fingerprint of the ConfigMaps and Secrets it refers to; a new one means: look at them again."""

    @property
    def uid(self) -> str:
        """The pod's identity."""
        return self.pod.metadata.uid

    @property
    def full_name(self) -> str:
        """``name_namespace(uid)``: how kubelet names a pod in messages."""
        meta = self.pod.metadata
        return f"{meta.name}_{meta.namespace}({meta.uid})"

    @property
    def restart_policy(self) -> str:
        """``Always``, ``OnFailure`` or ``Never``."""
        return self.pod.spec.restartPolicy or "Always"

    @property
    def ending(self) -> bool:
        """The pod is being deleted, or was dropped."""
        return self.dropped or self.pod.metadata.deletionTimestamp is not None

    @property
    def grace(self) -> float:
        """Seconds the containers get to end: the deletion's own period, else the spec's."""
        given = self.pod.metadata.deletionGracePeriodSeconds
        if given is None:
            given = self.pod.spec.terminationGracePeriodSeconds
        return max(MINIMUM_GRACE, DEFAULT_GRACE if given is None else float(given))

    @property
    def sidecars(self) -> list[Container]:
        """Init containers that keep running: ``restartPolicy: Always`` of their own."""
        return [c for c in self.pod.spec.initContainers if is_sidecar(c)]

    def containers(self) -> list[Container]:
        """All containers, init containers first, in the order of the spec."""
        return [*self.pod.spec.initContainers, *self.pod.spec.containers]

    def container(self, name: str) -> Container | None:
        """Find a container in the spec."""
        return next((container for container in self.containers() if container.name == name), None)


def is_sidecar(container: Container) -> bool:
    """Whether an init container is a sidecar (meaningless for app containers)."""
    return container.restartPolicy == "Always"


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be done, and when it is tried again."""

    reason: str
    """As in a waiting container's state: ``CreateContainerConfigError``..."""
    message: str
    at: float
    count: int
    """Failures in a row, from 1."""
    delay: float
    """Seconds after ``at`` until the next try."""
    inputs: str = ""
    """The inputs it was tried with; other inputs are a reason to try at once."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A container that we stop or have stopped."""

    since: float
    grace: float
    limit: float
    """The pod's grace period when it was decided; a shorter one later cuts the stop short."""
    replace: bool = False
    """It is stopped to be started anew, whatever the restart policy says."""
    final: bool = False
    """It is stopped because the pod ends."""
    done: bool = False
    """The runtime has reported the end."""
    failed_at: float | None = None
    """The runtime refused; it is tried again a little later."""


@dataclass(frozen=True, slots=True)
class ImageState:
    """How far the image of one container is."""

    image: str
    """The reference as the spec has it: a state for another one is void."""
    info: ImageInfo | None = None
    """The image, once it is here."""
    busy: bool = False
    """It is being looked for or pulled; reason and message are those of the try before."""
    reason: str = ""
    """Why it is not here: ``ErrImagePull``, ``ErrImageNeverPull``, ``InvalidImageName``..."""
    message: str = ""
    at: float = 0.0
    """When it failed."""
    delay: float = 0.0
    """Seconds after ``at`` until the next try."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The pod's end, decided by us rather than by its containers (a deadline, an eviction)."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Probes:
    """What the prober knows of one container. A container without probes is started and ready."""

    started: bool = True
    ready: bool = True
    failed: str = ""
    """``liveness`` or ``startup`` when that probe gave up: the container must be restarted."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the runtime cannot tell; rebuilt from nothing after a restart of the agent."""

    prior: PodStatus | None = None
    """The status reported last (by this agent, or before its restart as the server or the disk has it)."""
    failures: Mapping[str, Failure] = field(default_factory=dict)
    """By container name, :data:`VOLUMES` or :data:`SANDBOX`."""
    start_errors: Mapping[str, str] = field(default_factory=dict)
    """By container id: why it could not be started."""
    last_words: Mapping[str, str] = field(default_factory=dict)
    """By container id: the termination message of one that has ended."""
    stops: Mapping[str, Stop] = field(default_factory=dict)
    """By container id."""
    images: Mapping[str, ImageState] = field(default_factory=dict)
    """By container name."""
    mounted: str | None = None
    """The inputs that the pod's volumes were set up with; None before the first time."""
    verdict: Verdict | None = None

    def with_failure(self, key: str, reason: str, message: str, now: float, *, inputs: str = "") -> Self:
        """Remember a failure; one after another waits longer (1 s doubling to a minute)."""
        earlier = self.failures.get(key)
        count = earlier.count + 1 if earlier and earlier.inputs == inputs else 1
        failure = Failure(reason, message, now, count, min(2.0 ** (count - 1), 60.0), inputs)
        return replace(self, failures={**self.failures, key: failure})

    def without_failure(self, key: str) -> Self:
        """Forget a failure: it worked."""
        return replace(self, failures=_without(self.failures, key)) if key in self.failures else self

    def with_start_error(self, container_id: str, message: str) -> Self:
        """Remember why a container could not be started."""
        return replace(self, start_errors={**self.start_errors, container_id: message})

    def with_last_words(self, container_id: str, message: str) -> Self:
        """Remember a termination message, empty ones too: it is read once."""
        return replace(self, last_words={**self.last_words, container_id: message})

    def with_stop(self, container_id: str, stop: Stop) -> Self:
        """Remember how far the stop of a container is."""
        return replace(self, stops={**self.stops, container_id: stop})

    def with_image(self, name: str, state: ImageState) -> Self:
        """Remember how far a container's image is."""
        return replace(self, images={**self.images, name: state})

    def without_image(self, name: str) -> Self:
        """Forget it, so that the next start looks again."""
        return replace(self, images=_without(self.images, name)) if name in self.images else self

    def only(self, container_ids: frozenset[str]) -> Self:
        """Forget containers that are gone."""
        if self.stops.keys() | self.start_errors.keys() | self.last_words.keys() <= container_ids:
            return self
        return replace(
            self,
            stops={k: v for k, v in self.stops.items() if k in container_ids},
            start_errors={k: v for k, v in self.start_errors.items() if k in container_ids},
            last_words={k: v for k, v in self.last_words.items() if k in container_ids},
        )


def _without(mapping: Mapping[str, T], key: str) -> Mapping[str, T]:
    return {k: v for k, v in mapping.items() if k != key}


@dataclass(frozen=True, slots=True)
class ObservedPod:
    """One look at a pod: what the runtime has, and what the worker remembers."""

    sandbox: SandboxInfo | None = None
    memory: Memory = field(default_factory=Memory)
    probes: Mapping[str, Probes] = field(default_factory=dict)
    """By container name."""

    def attempts(self, name: str) -> tuple[ContainerInfo, ...]:
        """All containers the runtime has under a name, newest last."""
        return tuple(c for c in self.sandbox.containers if c.name == name) if self.sandbox else ()

    def newest(self, name: str) -> ContainerInfo | None:
        """Give the newest container under a name."""
        attempts = self.attempts(name)
        return attempts[-1] if attempts else None

    def since(self) -> float | None:
        """Give when the node took the pod on: as reported, else when its sandbox was made."""
        if self.memory.prior is not None and self.memory.prior.startTime:
            return meta.parse_time(self.memory.prior.startTime).timestamp()
        return self.sandbox.created_at if self.sandbox else None

    def probe(self, name: str) -> Probes:
        """Give what the prober knows of a container."""
        return self.probes.get(name, Probes())
