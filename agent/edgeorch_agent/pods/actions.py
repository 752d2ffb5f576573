"""What a plan can ask for. The executor does these things; nothing else changes a pod."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgeorch_agent.pods.model import Verdict


@dataclass(frozen=True, slots=True)
class SetUpVolumes:
    """Bring the pod's volumes on disk in line with its ConfigMaps and Secrets."""


@dataclass(frozen=True, slots=True)
class CreateSandbox:
    """Create the sandbox, or start the one that is there."""

    again: bool = False
    """The pod had one before."""


@dataclass(frozen=True, slots=True)
class EnsureImage:
    """Look for a container's image and pull it if need be; goes on in the background."""

    container: str


@dataclass(frozen=True, slots=True)
class StartContainer:
    """Create and start a container."""

    container: str
    restarts: int
    """Its restart count."""
    backoff: float
    """Seconds to wait after its end before the next one."""
    created_id: str = ""
    """One that was created already and just needs the start."""


@dataclass(frozen=True, slots=True)
class StopContainer:
    """Stop a container; goes on in the background."""

    container: str
    container_id: str
    grace: float
    limit: float
    replace: bool = False
    final: bool = False
    message: str = ""
    """Why, for the ``Killing`` event; empty for the usual words."""


@dataclass(frozen=True, slots=True)
class RemoveContainer:
    """Remove a container that has ended."""

    container: str
    container_id: str


@dataclass(frozen=True, slots=True)
class StopSandbox:
    """Let go of the pod's network, addresses and ports; its ended containers stay, for their logs."""


@dataclass(frozen=True, slots=True)
class RemoveSandbox:
    """Remove the sandbox with everything in it."""


@dataclass(frozen=True, slots=True)
class TearDown:
    """Remove the pod's volumes and what is kept about it on disk."""


Action = (
    SetUpVolumes
    | CreateSandbox
    | EnsureImage
    | StartContainer
    | StopContainer
    | RemoveContainer
    | StopSandbox
    | RemoveSandbox
    | TearDown
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a container is not running, in kubelet's words."""

    reason: str
    message: str = ""
    occasion: str = ""
    """Tells two waits for the same reason apart: one event is emitted per occasion."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, when to look again, and what it means for the status."""

    actions: tuple[Action, ...] = ()
    """In order; each is safe to repeat."""
    wake_at: float | None = None
    """When to look again at the latest, even if nothing happens (seconds since the epoch)."""
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    """By container name."""
    finished: bool = False
    """Nothing of the pod runs, and nothing will run again."""
    verdict: Verdict | None = None
    """The pod has failed for this reason, whatever its containers do."""
    gone: bool = False
    """Nothing is left but to carry out the actions and forget the pod."""
