"""What Kubernetes' built-in mutating admission does to every new pod.

The plug-ins DefaultTolerationSeconds, Priority and ServiceAccount as pure functions. They change the pod in
place and are idempotent.
"""

from __future__ import annotations

from edgeorch.api.core.pod import PodSpec
from edgeorch.api.core.scheduling import Toleration
from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.scheduling.priority_class import PREEMPT, PriorityClass

NOT_READY_TAINT = "node.kubernetes.io/not-ready"
UNREACHABLE_TAINT = "node.kubernetes.io/unreachable"

DEFAULT_TOLERATION_SECONDS = 300
"""Seconds a pod stays on a node that is not ready or cannot be reached."""

DEFAULT_SERVICE_ACCOUNT = "default"


def default_tolerations(spec: PodSpec) -> None:
    """Let a pod put up with a lost node for five minutes, unless it says how long."""
    for key in (NOT_READY_TAINT, UNREACHABLE_TAINT):
        said = any(t.key in {"", key} and t.effect in {"", "NoExecute"} for t in spec.tolerations)
        if not said:
            spec.tolerations.append(
                Toleration(
                    key=key,
                    operator="Exists",
                    effect="NoExecute",
                    tolerationSeconds=DEFAULT_TOLERATION_SECONDS,
                )
            )


def resolve_priority(spec: PodSpec, chosen: PriorityClass | None) -> None:
    """Set class, priority and preemption policy from the class a pod gets; None where it gets none (Priority).

    Raises ValueError with the plug-in's sentence when the pod brings another number or policy than its class
    has.
    """
    priority, policy = (chosen.value, chosen.preemptionPolicy) if chosen else (0, PREEMPT)
    computed = "priority admission controller computed {} from the given PriorityClass name"
    if spec.priority is not None and spec.priority != priority:
        raise ValueError(
            f"the integer value of priority ({spec.priority}) must not be provided in pod spec; "
            + computed.format(priority)
        )
    if policy is not None and spec.preemptionPolicy not in {None, policy}:
        raise ValueError(
            f"the string value of PreemptionPolicy ({spec.preemptionPolicy}) must not be provided in pod spec; "
            + computed.format(policy)
        )
    spec.priorityClassName = chosen.metadata.name if chosen else ""
    spec.priority = priority
    spec.preemptionPolicy = spec.preemptionPolicy or policy


def default_service_account(spec: PodSpec) -> None:
    """Let the pod run as ``default`` unless it says otherwise (ServiceAccount)."""
    spec.serviceAccountName = spec.serviceAccountName or DEFAULT_SERVICE_ACCOUNT
    spec.serviceAccount = spec.serviceAccountName


def apply_service_account(spec: PodSpec, account: ServiceAccount) -> None:
    """Give a pod without pull secrets those of its service account (ServiceAccount)."""
    if not spec.imagePullSecrets:
        spec.imagePullSecrets = [secret.model_copy() for secret in account.imagePullSecrets]
