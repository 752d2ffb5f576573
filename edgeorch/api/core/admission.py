"""What Kubernetes' built-in mutating admission does to every new pod.

The plug-ins DefaultTolerationSeconds, Priority and ServiceAccount as pure functions. They change the pod in
place and are idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgeorch.api.core.pod import PodSpec
from edgeorch.api.core.scheduling import Toleration
from edgeorch.api.core.service_account import ServiceAccount

NOT_READY_TAINT = "node.kubernetes.io/not-ready"
UNREACHABLE_TAINT = "node.kubernetes.io/unreachable"

DEFAULT_TOLERATION_SECONDS = 300
"""Seconds a pod stays on a node that is not ready or cannot be reached."""

DEFAULT_SERVICE_ACCOUNT = "default"

SYSTEM_PRIORITIES: Mapping[str, int] = {
    "system-cluster-critical": 2_000_000_000,
    "system-node-critical": 2_000_001_000,
}
"""The PriorityClasses every cluster has, and their values."""


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


def resolve_priority(spec: PodSpec, classes: Mapping[str, int] = SYSTEM_PRIORITIES) -> None:
    """Set priority and preemption policy from the priority class (Priority).

    Raises ValueError with the plug-in's sentence when there is no such class, or when the pod brings
    another number than its class has.
    """
    priority = classes.get(spec.priorityClassName, 0)
    if spec.priorityClassName and spec.priorityClassName not in classes:
        raise ValueError(f"no PriorityClass with name {spec.priorityClassName} was found")
    if spec.priority is not None and spec.priority != priority:
        raise ValueError(
            f"the integer value of priority ({spec.priority}) must not be provided in pod spec; "
            f"priority admission controller computed {priority} from the given PriorityClass name"
        )
    spec.priority = priority
    spec.preemptionPolicy = spec.preemptionPolicy or "PreemptLowerPriority"


def default_service_account(spec: PodSpec) -> None:
    """Let the pod run as ``default`` unless it says otherwise (ServiceAccount)."""
    spec.serviceAccountName = spec.serviceAccountName or DEFAULT_SERVICE_ACCOUNT
    spec.serviceAccount = spec.serviceAccountName


def apply_service_account(spec: PodSpec, account: ServiceAccount) -> None:
    """Give a pod without pull secrets those of its service account (ServiceAccount)."""
    if not spec.imagePullSecrets:
        spec.imagePullSecrets = [secret.model_copy() for secret in account.imagePullSecrets]
