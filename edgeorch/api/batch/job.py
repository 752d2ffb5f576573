"""Jobs: pods of one template that run until enough of them have succeeded."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.conditions import WorkloadCondition
from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.meta import Int32, Int64, LabelSelector, ListKeys, MergeKey, Model, Object, Required, Time

INDEXED = "Indexed"
NON_INDEXED = "NonIndexed"

FAILED = "Failed"
TERMINATING_OR_FAILED = "TerminatingOrFailed"
"""Values of ``podReplacementPolicy``."""

CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
JOB_NAME = "batch.kubernetes.io/job-name"
LEGACY_CONTROLLER_UID = "controller-uid"
LEGACY_JOB_NAME = "job-name"
"""Labels of the pods of a Job; those without a domain are the ones of old."""

JOB_CONTROLLER = "kubernetes.io/job-controller"
"""``managedBy`` of a Job that our own controller manages; the same as none."""


class PodFailurePolicyOnExitCodesRequirement(Model):
    """Exit codes of containers of a failed pod."""

    containerName: str | None = None
    """The container or init container; any one when absent."""
    operator: Required[str] = ""
    """``In`` or ``NotIn``; an exit code of 0 never matches."""
    values: Required[Annotated[list[Int32], ListKeys()]] = Field(default_factory=list)
    """The exit codes, in ascending order."""


class PodFailurePolicyOnPodConditionsPattern(Model):
    """A condition of a failed pod."""

    type: Required[str] = ""
    """The condition's type."""
    status: str = ""
    """Its status; ``True`` by default."""


class PodFailurePolicyRule(Model):
    """What to do about a pod that failed in some way."""

    action: Required[str] = ""
    """``FailJob``, ``FailIndex``, ``Ignore`` (does not count) or ``Count`` (the usual)."""
    onExitCodes: PodFailurePolicyOnExitCodesRequirement | None = None
    """Applies to pods with these exit codes."""
    onPodConditions: list[PodFailurePolicyOnPodConditionsPattern] = Field(default_factory=list)
    """Applies to pods with any of these conditions."""


class PodFailurePolicy(Model):
    """How failed pods influence the back-off limit."""

    rules: Required[list[PodFailurePolicyRule]] = Field(default_factory=list)
    """The first one that applies to a pod counts; a pod that none applies to counts as usual."""


class SuccessPolicyRule(Model):
    """One way for an Indexed Job to have succeeded."""

    succeededIndexes: str | None = None
    """Indexes that must have succeeded, as ``1,3-5``; all of them unless ``succeededCount`` says how many."""
    succeededCount: Int32 | None = None
    """How many indexes, of those named or of all, must have succeeded."""


class SuccessPolicy(Model):
    """When a Job has succeeded although not all of its indexes have."""

    rules: Required[list[SuccessPolicyRule]] = Field(default_factory=list)
    """The first one that is met ends the Job."""


class JobSpec(Model):
    """What a Job is to do."""

    parallelism: Int32 | None = None
    """The most pods that run at a time; 1 by default."""
    completions: Int32 | None = None
    """How many pods have to succeed; absent, one success ends the Job as soon as no pod runs any more."""
    activeDeadlineSeconds: Int64 | None = None
    """Seconds since its start after which the Job fails, whatever it does."""
    podFailurePolicy: PodFailurePolicy | None = None
    """How failed pods influence the back-off limit."""
    successPolicy: SuccessPolicy | None = None
    """When an Indexed Job has succeeded although not all indexes have."""
    backoffLimit: Int32 | None = None
    """Failed pods after which the Job fails; 6 by default, without limit if there is one per index."""
    backoffLimitPerIndex: Int32 | None = None
    """Failed pods of an index after which the index fails; only with ``Indexed``."""
    maxFailedIndexes: Int32 | None = None
    """Failed indexes after which the Job fails; any number by default."""
    selector: LabelSelector | None = None
    """Which pods belong to it; made by the server unless ``manualSelector`` is set."""
    manualSelector: bool | None = None
    """Whether labels and selector are left as they are, for the client to get right."""
    template: Required[PodTemplateSpec] = Field(default_factory=PodTemplateSpec)
    """What pods are made from; their ``restartPolicy`` is ``Never`` or ``OnFailure``."""
    ttlSecondsAfterFinished: Int32 | None = None
    """Seconds after its end when the Job is deleted; absent, it stays."""
    completionMode: str | None = None
    """``NonIndexed`` (the default), or ``Indexed``: each pod has a number that one pod must succeed with."""
    suspend: bool | None = None
    """Whether no pods run, those that do are deleted, and the deadline does not count."""
    podReplacementPolicy: str | None = None
    """When a pod is replaced: ``TerminatingOrFailed``, once it is deleted or has failed, or ``Failed``."""
    managedBy: str | None = None
    """Controller that manages the Job; ours leaves those alone that name another one."""


class JobCondition(WorkloadCondition):
    """One aspect of a Job's state."""

    lastProbeTime: Time | None = None
    """When it was last looked at."""


class UncountedTerminatedPods(Model):
    """Pods that have ended and are not in the counters yet."""

    succeeded: Annotated[list[str], ListKeys()] = Field(default_factory=list)
    """UIDs of those that succeeded."""
    failed: Annotated[list[str], ListKeys()] = Field(default_factory=list)
    """UIDs of those that failed."""


class JobStatus(Model):
    """How far a Job has come."""

    conditions: Annotated[list[JobCondition], MergeKey("type")] = Field(default_factory=list)
    """``Complete``, ``Failed``, ``Suspended``, and why it is about to end: ``SuccessCriteriaMet``,
    ``FailureTarget``."""
    startTime: Time | None = None
    """When it was started or last resumed."""
    completionTime: Time | None = None
    """When it was complete; absent if it failed."""
    active: Int32 = 0
    """Pods that run or will run, and are not being deleted."""
    succeeded: Int32 = 0
    """Pods that have succeeded; of an Indexed Job, the indexes."""
    failed: Int32 = 0
    """Pods that have failed."""
    terminating: Int32 | None = None
    """Pods that are being deleted and still run."""
    completedIndexes: str = ""
    """Indexes that have succeeded, as ``1,3-5``."""
    failedIndexes: str | None = None
    """Indexes that have failed for good; only with ``backoffLimitPerIndex``."""
    uncountedTerminatedPods: UncountedTerminatedPods | None = None
    """Pods that have ended, on their way into the counters."""
    ready: Int32 | None = None
    """Active pods that are ready."""


class Job(Object):
    """Runs pods until enough of them have succeeded."""

    spec: JobSpec = Field(default_factory=JobSpec)
    """What it is to do."""
    status: JobStatus = Field(default_factory=JobStatus)
    """How far it has come."""

    @property
    def indexed(self) -> bool:
        """Whether each pod has a number."""
        return self.spec.completionMode == INDEXED

    @property
    def suspended(self) -> bool:
        """Whether it is not to run now."""
        return bool(self.spec.suspend)

    def has(self, condition: str) -> bool:
        """Whether a condition is true of it."""
        return any(c.type == condition and c.status == "True" for c in self.status.conditions)

    @property
    def finished(self) -> bool:
        """Whether it has ended, well or not (``IsJobFinished``)."""
        return self.has("Complete") or self.has("Failed")
