"""Validation of changes to pods: nearly all of a pod's spec is fixed once it is made."""

from __future__ import annotations

from collections.abc import Sequence

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod, PodSpec
from edgeorch.api.core.scheduling import Toleration
from edgeorch.api.core.validation.differences import differences
from edgeorch.api.core.validation.pods import SPEC, validate_pod_spec
from edgeorch.api.meta_validation import immutable, validate_meta_update
from edgeorch.api.names import dns_subdomain_problems, ip_problems
from edgeorch.api.validation import FieldError, Path, bad, forbidden

UPDATABLE = (
    "`spec.containers[*].image`",
    "`spec.initContainers[*].image`",
    "`spec.activeDeadlineSeconds`",
    "`spec.tolerations` (only additions to existing tolerations)",
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
)

_STATUS = Path("status")


def validate_pod_update(new: Pod, old: Pod) -> list[FieldError]:
    """Check a change of a pod's spec or metadata, defaulted before (``ValidatePodUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata) + validate_pod_spec(new.spec, SPEC)
    for name in ("containers", "initContainers"):
        if len(getattr(new.spec, name)) != len(getattr(old.spec, name)):
            # Nothing else can be told apart then.
            why = "pod updates may not add or remove containers"
            return [*errors, forbidden(SPEC.child(name), why)]
    errors += _validate_deadline_change(new.spec, old.spec)
    errors += _validate_added_tolerations(new.spec.tolerations, old.spec.tolerations)
    errors += _validate_removed_gates(new.spec, old.spec)
    if old.spec.schedulingGates:
        errors += _validate_narrowed_selector(new.spec, old.spec)
    changes = list(differences(old.spec.to_dict(), _with_mutable_of(old.spec, new.spec).to_dict(), SPEC))
    if changes:
        rule = f"pod updates may not change fields other than {','.join(UPDATABLE)}"
        errors.append(forbidden(SPEC, "\n".join((rule, *changes))))
    return errors


def _validate_deadline_change(new: PodSpec, old: PodSpec) -> list[FieldError]:
    path = SPEC.child("activeDeadlineSeconds")
    mine, theirs = new.activeDeadlineSeconds, old.activeDeadlineSeconds
    if mine is None:
        if theirs is None:
            return []
        return [bad(path, None, "must not update from a positive integer to nil value")]
    if theirs is not None and mine > theirs:
        return [bad(path, mine, "must be less than or equal to previous value")]
    return []


def _validate_added_tolerations(new: Sequence[Toleration], old: Sequence[Toleration]) -> list[FieldError]:
    path = SPEC.child("tolerations")
    kept = {_without_seconds(toleration) for toleration in new}
    if any(_without_seconds(toleration) not in kept for toleration in old):
        return [forbidden(path, "existing toleration can not be modified except its tolerationSeconds")]
    return []


def _without_seconds(toleration: Toleration) -> tuple[str, str, str, str]:
    return toleration.key, toleration.operator, toleration.value, toleration.effect


def _validate_removed_gates(new: PodSpec, old: PodSpec) -> list[FieldError]:
    known = {gate.name for gate in old.schedulingGates}
    return [
        forbidden(
            SPEC.child("schedulingGates").at(number).child("name"),
            f"only deletion is allowed, but found new scheduling gate '{gate.name}'",
        )
        for number, gate in enumerate(new.schedulingGates)
        if gate.name not in known
    ]


def _validate_narrowed_selector(new: PodSpec, old: PodSpec) -> list[FieldError]:
    # While a pod is gated, whoever holds the gate may narrow down where it goes.
    if old.nodeSelector.items() <= new.nodeSelector.items():
        return []
    why = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
    return [bad(SPEC.child("nodeSelector"), new.nodeSelector, why)]


def _with_mutable_of(old: PodSpec, new: PodSpec) -> PodSpec:
    """Give the new spec with everything put back that may change, so that what differs may not."""
    munged = new.model_copy(
        update={
            "containers": _with_images_of(old.containers, new.containers),
            "initContainers": _with_images_of(old.initContainers, new.initContainers),
            "activeDeadlineSeconds": old.activeDeadlineSeconds,
            "tolerations": old.tolerations,
            "schedulingGates": old.schedulingGates,
        }
    )
    if old.schedulingGates:
        munged.nodeSelector = old.nodeSelector
    grace = old.terminationGracePeriodSeconds
    if grace is not None and grace < 0 and new.terminationGracePeriodSeconds == 1:
        munged.terminationGracePeriodSeconds = grace
    return munged


def _with_images_of(old: Sequence[Container], new: Sequence[Container]) -> list[Container]:
    return [mine.model_copy(update={"image": theirs.image}) for theirs, mine in zip(old, new, strict=True)]


def validate_pod_status_update(new: Pod, old: Pod) -> list[FieldError]:
    """Check a change of a pod's status (``ValidatePodStatusUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata)
    if old.status.qosClass:
        errors += immutable(_STATUS.child("qosClass"), new.status.qosClass, old.status.qosClass)
    if nominated := new.status.nominatedNodeName:
        path = _STATUS.child("nominatedNodeName")
        errors += [bad(path, nominated, p) for p in dns_subdomain_problems(nominated)]
    for name in ("podIPs", "hostIPs"):
        for number, address in enumerate(getattr(new.status, name)):
            path = _STATUS.child(name).at(number)
            errors += [bad(path, address.ip, p) for p in ip_problems(address.ip)]
    sidecars = {c.name for c in old.spec.initContainers if c.restartPolicy == "Always"}
    errors += _validate_transitions(new, old, "containerStatuses", set())
    return errors + _validate_transitions(new, old, "initContainerStatuses", sidecars)


def _validate_transitions(new: Pod, old: Pod, name: str, restartable: set[str]) -> list[FieldError]:
    """Check that a container that has ended for good stays ended (``ValidateContainerStateTransition``)."""
    policy = old.spec.restartPolicy
    if policy == "Always":
        return []
    running = {status.name for status in getattr(new.status, name) if status.state.terminated is None}
    return [
        forbidden(
            _STATUS.child(name).at(number).child("state"), "may not be transitioned to non-terminated state"
        )
        for number, status in enumerate(getattr(old.status, name))
        if status.name in running - restartable
        and status.state.terminated is not None
        and not (policy == "OnFailure" and status.state.terminated.exitCode != 0)
    ]
