"""What pods that failed have taught: which image is not made for which architecture.

Nodes report the names of the images they hold, and nobody asks registries; but a pull that finds no image for
the board, and a program that the board cannot execute, say so in the pod's status. That is enough to keep the
replacement, and all other replicas, off boards of that kind. The first pod has to fail, though.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_status import ContainerStatus

REMEMBERED = 3600.0
"""Seconds after which an image gets another chance: a tag may be pushed again with more architectures."""

_MISMATCH = re.compile(
    r"no image found in (?:manifest list|image index) for architecture"  # containers/image, so Podman
    r"|no matching manifest for"  # Docker's words, from registries that proxy it
    r"|exec format error",  # execve(2): ENOEXEC, as runc and crun pass it on
    re.IGNORECASE,
)


class KnownArchitectures:
    """Learns from pod statuses. ``clock`` gives seconds that only go forward."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lacking: dict[str, dict[str, float]] = {}

    def lacking(self, image: str) -> frozenset[str]:
        """Give the architectures (Go's names) that an image is known not to be made for."""
        return frozenset(self._lacking.get(image, ()))

    def learn(self, pod: Pod, architecture: str) -> bool:
        """Look at the status of a pod on a node; True when something new is known."""
        if not architecture:
            return False
        images = {c.name: c.image for c in (*pod.spec.initContainers, *pod.spec.containers)}
        news = False
        for status in (*pod.status.initContainerStatuses, *pod.status.containerStatuses):
            image = images.get(status.name)
            if image is None:
                continue
            if status.state is not None and status.state.running is not None:
                news = self._forget(image, architecture) or news
            elif _says_mismatch(status):
                known = self._lacking.setdefault(image, {})
                news = news or architecture not in known
                known[architecture] = self._clock()
        return news

    def expire(self) -> bool:
        """Forget what was learnt long ago; True when that was something."""
        long_ago = self._clock() - REMEMBERED
        old = [(i, a) for i, known in self._lacking.items() for a, at in known.items() if at <= long_ago]
        for image, architecture in old:
            self._forget(image, architecture)
        return bool(old)

    def _forget(self, image: str, architecture: str) -> bool:
        known = self._lacking.get(image)
        if known is None or known.pop(architecture, None) is None:
            return False
        if not known:
            del self._lacking[image]
        return True


def _says_mismatch(status: ContainerStatus) -> bool:
    for state in (status.state, status.lastState):
        if state is None:
            continue
        if state.waiting is not None and _MISMATCH.search(state.waiting.message):
            return True
        if state.terminated is not None and _MISMATCH.search(state.terminated.message):
            return True
    return False
