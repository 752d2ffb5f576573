"""``pods/binding``: the scheduler's decision, made once (``BindingREST``)."""

from __future__ import annotations

from edgeorch.api import validation
from edgeorch.api.core.binding import Binding
from edgeorch.api.core.pod import Pod, PodCondition, PodStatus
from edgeorch.api.core.validation import validate_binding
from edgeorch.api.meta import format_time
from edgeorch.errors import BadRequest
from edgeorch_server.registry import messages
from edgeorch_server.registry.base import WriteOptions
from edgeorch_server.registry.kinds import Kind
from edgeorch_server.registry.subresources.base import Done, success
from edgeorch_server.registry.writes import Writes


class BindPod:
    """Puts a pod on a node."""

    def run(
        self,
        writes: Writes,
        kind: Kind[Pod],
        namespace: str,
        name: str,
        given: Binding,
        options: WriteOptions,
    ) -> Done:
        """Bind; raises NotFound, BadRequest, Invalid, and Conflict when the pod cannot be bound any more."""
        if given.metadata.name != name:
            raise BadRequest("name in URL does not match name in Binding object")
        if given.metadata.namespace not in {"", namespace}:
            raise BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        if errors := validate_binding(given):
            raise validation.invalid("Binding", name, errors)
        entry = writes.find(kind, namespace, name)
        pod = kind.codec.decode(entry)
        if why := _refusal(given, pod):
            raise messages.conflict(kind.resource, name, why, subject="pods/binding")
        pod.spec.nodeName = given.target.name
        pod.metadata.annotations.update(given.metadata.annotations)
        set_condition(
            pod.status,
            PodCondition(type="PodScheduled", status="True", lastTransitionTime=format_time(writes.now)),
        )
        result = writes.replace(kind, entry, pod, options)
        return Done(success(), result.written.entry.revision)


def _refusal(binding: Binding, pod: Pod) -> str:
    """Say why this pod cannot be bound; empty when it can."""
    name = pod.metadata.name
    if binding.metadata.uid not in {"", pod.metadata.uid}:
        return (
            f"Precondition failed: UID in precondition: {binding.metadata.uid}, "
            f"UID in object meta: {pod.metadata.uid}"
        )
    if binding.metadata.resourceVersion not in {"", pod.metadata.resourceVersion}:
        return messages.MODIFIED
    if pod.metadata.deletionTimestamp is not None:
        return f"pod {name} is being deleted, cannot be assigned to a host"
    if pod.spec.nodeName:
        return f'pod {name} is already assigned to node "{pod.spec.nodeName}"'
    if pod.spec.schedulingGates:
        return f"pod {name} has non-empty .spec.schedulingGates"
    return ""


def set_condition(status: PodStatus, condition: PodCondition) -> None:
    """Add or replace the condition of that type; its transition time moves only with its status."""
    for index, there in enumerate(status.conditions):
        if there.type == condition.type:
            if there.status == condition.status:
                condition.lastTransitionTime = there.lastTransitionTime
            status.conditions[index] = condition
            return
    status.conditions.append(condition)
