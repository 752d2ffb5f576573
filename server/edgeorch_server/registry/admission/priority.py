"""Priority: turns a pod's priority class into a number."""

from __future__ import annotations

from collections.abc import Mapping

from edgeorch.api.core.admission import SYSTEM_PRIORITIES, resolve_priority
from edgeorch.api.core.pod import Pod
from edgeorch_server.registry.admission.base import Attributes, Operation


class Priority:
    """Sets ``priority`` and ``preemptionPolicy`` from ``priorityClassName``."""

    def __init__(self, classes: Mapping[str, int] = SYSTEM_PRIORITIES) -> None:
        self._classes = classes

    def admit(self, write: Attributes) -> None:
        """Complete a pod; raises Forbidden."""
        pod = write.obj
        if write.subresource or not isinstance(pod, Pod):
            return
        if write.operation is Operation.CREATE:
            try:
                resolve_priority(pod.spec, self._classes)
            except ValueError as exc:
                raise write.forbidden(str(exc)) from exc
        elif isinstance(write.old, Pod):
            _keep(pod, write.old)


def _keep(pod: Pod, old: Pod) -> None:
    """Keep what the class once meant, where a client sends a manifest without it."""
    if pod.spec.priorityClassName != old.spec.priorityClassName:
        return
    if pod.spec.priority is None:
        pod.spec.priority = old.spec.priority
    if pod.spec.preemptionPolicy is None:
        pod.spec.preemptionPolicy = old.spec.preemptionPolicy
