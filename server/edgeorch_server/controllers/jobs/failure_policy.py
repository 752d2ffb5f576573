"""What a Job's ``podFailurePolicy`` says of a failed pod (``pod_failure_policy.go``)."""

from __future__ import annotations

from dataclasses import dataclass

from edgeorch.api.batch.job import (
    Job,
    PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyOnPodConditionsPattern,
)
from edgeorch_server.controllers.jobs.job_pods import JobPod


@dataclass(frozen=True, slots=True)
class Judgement:
    """The consequence of one failure."""

    action: str = "Count"
    message: str = ""
    """Why the Job fails, with ``FailJob``."""

    @property
    def counts(self) -> bool:
        """Whether the failure goes into the counters."""
        return self.action != "Ignore"


_USUAL = Judgement()


def judge(job: Job, pod: JobPod) -> Judgement:
    """Find the first rule that applies to a failed pod; without one it counts as usual."""
    policy = job.spec.podFailurePolicy
    per_index = job.spec.backoffLimitPerIndex is not None
    for number, rule in enumerate(policy.rules if policy else ()):
        if rule.action == "FailIndex" and not per_index:
            continue
        if rule.onExitCodes is not None:
            why = _exit(pod, rule.onExitCodes)
        else:
            why = _condition(pod, rule.onPodConditions)
        if why:
            name = f"{pod.facts.namespace}/{pod.facts.name}"
            message = why.format(pod=name) + f" matching {rule.action} rule at index {number}"
            return Judgement(rule.action, message)
    return _USUAL


def _exit(pod: JobPod, wanted: PodFailurePolicyOnExitCodesRequirement) -> str:
    for container, code in pod.exits:
        if code == 0 or wanted.containerName not in {None, container}:
            continue
        if (code in wanted.values) == (wanted.operator == "In"):
            return f"Container {container} for pod {{pod}} failed with exit code {code}"
    return ""


def _condition(pod: JobPod, patterns: list[PodFailurePolicyOnPodConditionsPattern]) -> str:
    for pattern in patterns:
        if (pattern.type, pattern.status) in pod.conditions:
            return f"Pod {{pod}} has condition {pattern.type}"
    return ""
