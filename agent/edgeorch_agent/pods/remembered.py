"""The last reported status of each pod, kept where a restarted agent finds it.

Every report goes to a tmpfs, which outlives the agent but not a reboot. What must outlive a reboot too goes to
disk, once: that a pod has ended, and which of its containers have ended for good, so that nothing that was to
run once runs twice.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_status import PodStatus
from edgeorch_agent.pods.model import TERMINAL_PHASES

logger = logging.getLogger(__name__)

FILE = "status.json"


@dataclass(frozen=True, slots=True)
class Remembered:
    """Statuses in files; blocking, but small."""

    disk_root: Path
    memory_root: Path

    def load(self, uid: str) -> PodStatus | None:
        """Read the newest status of a pod; a damaged file counts as none."""
        for root in (self.memory_root, self.disk_root):
            path = root / uid / FILE
            try:
                return PodStatus.from_json(path.read_bytes())
            except FileNotFoundError:
                continue
            except (OSError, ValidationError) as exc:
                logger.warning("ignoring remembered pod status %s: %s", path, exc)
        return None

    def save(self, pod: Pod, status: PodStatus, before: PodStatus | None) -> None:
        """Keep a status that was reported; a full disk costs the memory, not the pod."""
        data = status.to_json()
        uid = pod.metadata.uid
        try:
            _write(self.memory_root / uid, data, sync=False)
            if _milestones(pod, status) - (_milestones(pod, before) if before else frozenset()):
                _write(self.disk_root / uid, data, sync=True)
        except OSError as exc:
            logger.warning("cannot remember the status of pod %s: %s", uid, exc)


def _milestones(pod: Pod, status: PodStatus) -> frozenset[str]:
    """Give what of a status must not be forgotten."""
    found = {status.phase} & set(TERMINAL_PHASES)
    if pod.spec.restartPolicy != "Always":
        for container in [*status.initContainerStatuses, *status.containerStatuses]:
            if container.state.terminated is not None:
                found.add(f"{container.name} {container.containerID}")
    return frozenset(found)


def _write(folder: Path, data: bytes, *, sync: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    staged = folder / f"{FILE}.tmp"
    with staged.open("wb") as file:
        file.write(data)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    staged.replace(folder / FILE)
