"""Pods (``pkg/registry/core/pod/strategy.go``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.core.defaults import default_pod
from edgeorch.api.core.pod import Pod, PodCondition, PodStatus
from edgeorch.api.core.qos import qos_class
from edgeorch.api.core.validation import validate_pod, validate_pod_status_update, validate_pod_update
from edgeorch.api.validation import FieldError, bad
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability

_ENDED = {"Succeeded", "Failed"}


class PodStrategy(Strategy[Pod]):
    """Pods know grace and generations; their status is written often and can be rebuilt from the nodes."""

    counts_generations: ClassVar[bool] = True
    status_durability: ClassVar[Durability] = Durability.SOFT

    def default(self, obj: Pod) -> None:
        """Fill in the defaults of the pod and its containers."""
        default_pod(obj)

    def prepare_create(self, obj: Pod) -> None:
        """Start as Pending; a gated pod says why nobody schedules it."""
        obj.status = PodStatus(phase="Pending", qosClass=qos_class(obj.spec))
        if obj.spec.schedulingGates:
            obj.status.conditions.append(
                PodCondition(
                    type="PodScheduled",
                    status="False",
                    reason="SchedulingGated",
                    message="Scheduling is blocked due to non-empty scheduling gates",
                )
            )

    def prepare_update(self, new: Pod, old: Pod) -> None:
        """Leave the status to its own subresource."""
        new.status = old.status

    def prepare_status(self, new: Pod, old: Pod) -> None:
        """Leave everything but the status, labels and annotations."""
        new.spec = old.spec
        new.metadata.ownerReferences = old.metadata.ownerReferences
        new.status.qosClass = new.status.qosClass or old.status.qosClass
        new.status.observedGeneration = new.status.observedGeneration or old.status.observedGeneration

    def validate(self, obj: Pod) -> list[FieldError]:
        """Check a new pod."""
        return validate_pod(obj)

    def validate_update(self, new: Pod, old: Pod) -> list[FieldError]:
        """Check that only what may change has changed."""
        return validate_pod_update(new, old)

    def validate_status(self, new: Pod, old: Pod) -> list[FieldError]:
        """Check the status, and that an ended pod stays ended.

        The kubelet keeps the second rule in Kubernetes; here a late or doubled report must not break it.
        """
        errors = validate_pod_status_update(new, old)
        phase = old.status.phase
        if phase in _ENDED and new.status.phase != phase:
            errors.append(bad("status.phase", new.status.phase, f"may not change once it is {phase}"))
        return errors

    def grace(self, obj: Pod, asked: int | None) -> int | None:
        """Give what is asked or the pod's own; nothing where no node has anything to stop."""
        if not obj.spec.nodeName or obj.status.phase in _ENDED:
            return 0
        if asked is not None:
            return asked
        own = obj.spec.terminationGracePeriodSeconds
        return 1 if own is not None and own < 0 else own or 0
