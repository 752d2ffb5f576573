"""One container as the runtime has it: whether it lives, how it ended, how often it was started."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from edgeorch.api.core.container import Container
from edgeorch_agent.pods.model import Memory
from edgeorch_agent.runtime.base import LABEL_HASH, LABEL_RESTARTS, ContainerInfo, ContainerState

EXIT_START_ERROR = 128
"""What containerd reports for a container whose process could not be started."""

EXIT_UNKNOWN = 137
"""What kubelet assumes of a container that is gone without an exit code."""

REASON_UNKNOWN = "ContainerStatusUnknown"
LOST_MESSAGE = "The container could not be located when the pod was terminated"


@dataclass(frozen=True, slots=True)
class End:
    """How a container ended; times are seconds since the epoch, 0 when unknown."""

    exit_code: int
    reason: str
    message: str = ""
    started_at: float = 0.0
    finished_at: float = 0.0


def spec_hash(container: Container) -> str:
    """Fingerprint what of a container makes a running one outdated when it changes.

    Kubernetes lets nothing but the image change in place (besides ``resize``), and kubelet hashes just name and
    image: a newer agent that knows more fields must not restart what an older one started.
    """
    text = json.dumps([container.name, container.image])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def restarts(info: ContainerInfo) -> int:
    """Read the restart count from the label; a damaged one counts as 0."""
    text = info.labels.get(LABEL_RESTARTS, "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def is_current(info: ContainerInfo, container: Container) -> bool:
    """Whether a container was made from this spec."""
    return info.labels.get(LABEL_HASH) == spec_hash(container)


def lives(info: ContainerInfo, memory: Memory) -> bool:
    """Whether a process may be running; unknown counts as alive until it was stopped."""
    if info.state is ContainerState.UNKNOWN:
        stop = memory.stops.get(info.id)
        return stop is None or not stop.done
    return info.state is ContainerState.RUNNING


def end(info: ContainerInfo, memory: Memory) -> End | None:
    """Give how a container ended; None while it lives or waits to be started."""
    if lives(info, memory):
        return None
    error = info.error or memory.start_errors.get(info.id, "")
    if error and not info.started_at:
        at = info.finished_at or info.created_at
        return End(EXIT_START_ERROR, "StartError", error, 0.0, at)
    if info.state is ContainerState.CREATED:
        return None
    if info.state is ContainerState.UNKNOWN or not info.finished_at:
        return End(EXIT_UNKNOWN, REASON_UNKNOWN, LOST_MESSAGE, info.started_at, info.finished_at)
    reason = "OOMKilled" if info.oom_killed else "Error" if info.exit_code else "Completed"
    message = memory.last_words.get(info.id) or info.error
    return End(info.exit_code, reason, message, info.started_at, info.finished_at)


def should_restart(policy: str, how: End) -> bool:
    """Apply a restart policy (pod-lifecycle, "Container restart policy")."""
    return policy == "Always" or (policy == "OnFailure" and how.exit_code != 0)
