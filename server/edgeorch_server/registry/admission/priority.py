"""Priority: turns a pod's priority class into a number, and looks after the classes."""

from __future__ import annotations

from edgeorch.api.core.admission import resolve_priority
from edgeorch.api.core.pod import Pod
from edgeorch.api.scheduling.priority_class import PriorityClass, default_class, system_classes
from edgeorch.api.scheduling.resources import PRIORITY_CLASSES
from edgeorch_server.registry.admission.base import Attributes, Lookup, Operation


class Priority:
    """Sets ``priority`` and ``preemptionPolicy`` from ``priorityClassName``; keeps classes unambiguous."""

    def __init__(self, objects: Lookup) -> None:
        self._objects = objects
        self._system = frozenset(one.metadata.name for one in system_classes())

    def admit(self, write: Attributes) -> None:
        """Complete a pod, check a class; raises Forbidden."""
        if write.subresource:
            return
        if write.resource.key == PRIORITY_CLASSES.key:
            self._check_class(write)
        elif isinstance(write.obj, Pod):
            self._complete(write, write.obj)

    def _complete(self, write: Attributes, pod: Pod) -> None:
        if isinstance(write.old, Pod):
            _keep(pod, write.old)
            return
        try:
            resolve_priority(pod.spec, self._chosen(write, pod.spec.priorityClassName))
        except ValueError as exc:
            raise write.forbidden(str(exc)) from exc

    def _chosen(self, write: Attributes, name: str) -> PriorityClass | None:
        if not name:
            return default_class(self._objects.list(PRIORITY_CLASSES, ""))
        found = self._objects.find(PRIORITY_CLASSES, "", name)
        if found is None:
            raise write.forbidden(f"no PriorityClass with name {name} was found")
        return found

    def _check_class(self, write: Attributes) -> None:
        if write.operation is Operation.DELETE and write.name in self._system:
            raise write.forbidden("this is a system priority class and cannot be deleted")
        if not isinstance(write.obj, PriorityClass) or not write.obj.globalDefault:
            return
        there = default_class(self._objects.list(PRIORITY_CLASSES, ""))
        if there is None or (write.operation is Operation.UPDATE and there.metadata.name == write.name):
            return
        name = there.metadata.name
        raise write.forbidden(f"PriorityClass {name} is already marked as default. Only one default can exist")


def _keep(pod: Pod, old: Pod) -> None:
    """Keep what the class once meant, where a client sends a manifest without it."""
    if pod.spec.priorityClassName != old.spec.priorityClassName:
        return
    if pod.spec.priority is None:
        pod.spec.priority = old.spec.priority
    if pod.spec.preemptionPolicy is None:
        pod.spec.preemptionPolicy = old.spec.preemptionPolicy
