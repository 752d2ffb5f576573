"""What a Job asks of its pods, and what makes a pod one of a Job's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from edgeorch.api.batch.job import FAILED, Job
from edgeorch.api.core.container import EnvVar, EnvVarSource
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.references import ObjectFieldSelector
from edgeorch_server.controllers.pod_control import pod_from
from edgeorch_server.controllers.pod_facts import ENDED, PodFacts, facts_of
from edgeorch_server.store.base import Entry

TRACKING = "batch.kubernetes.io/job-tracking"
"""Finalizer: keeps a pod until the Job's counters know how it ended."""

COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index"
"""Annotation and label: the number of a pod of an Indexed Job."""
INDEX_VARIABLE = "JOB_COMPLETION_INDEX"

FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"
"""Annotations: how many pods of the same index failed before this one, with ``backoffLimitPerIndex``."""

_LONGEST_PREFIX = 58
"""Of a generated name; five random characters follow, which makes a DNS label."""


@dataclass(frozen=True, slots=True)
class JobPod:
    """One version of a pod of a Job."""

    facts: PodFacts
    tracked: bool
    """It bears the finalizer: its end has not been counted yet."""
    gone: bool
    """It is deleted, and only finalizers keep it."""
    index: int | None
    failures: int
    ignored: int
    """Failures of its index before it."""
    restarts: int
    """Of all its containers together."""
    ended: str
    """When it ended (meta/v1 Time); when it was created, if nobody knows."""
    exits: tuple[tuple[str, int], ...]
    """Containers that have ended, init containers too, with their exit codes."""
    conditions: frozenset[tuple[str, str]]
    """Type and status."""

    @property
    def uid(self) -> str:
        """Identity of the pod."""
        return self.facts.uid

    @property
    def succeeded(self) -> bool:
        """It has done its work, even if it is being deleted."""
        return self.facts.phase == "Succeeded"

    @property
    def terminating(self) -> bool:
        """It is being deleted and still runs."""
        return self.facts.deleted and not self.gone and self.facts.phase not in ENDED

    def failed(self, job: Job) -> bool:
        """Whether it is taken for failed (``isPodFailed``).

        With ``TerminatingOrFailed`` it is as soon as it is deleted. A pod of which only finalizers are left,
        because somebody has removed it by force or its node is gone, can never report its end, and has failed
        in any case.
        """
        if self.facts.phase == "Failed":
            return True
        if self.succeeded or not self.facts.deleted:
            return False
        return self.gone or job.spec.podReplacementPolicy != FAILED


def read_job_pod(entry: Entry) -> JobPod:
    """Read what a Job asks of a stored pod."""
    pod: Mapping[str, Any] = orjson.loads(entry.data)
    meta, status = pod["metadata"], pod.get("status", {})
    notes: Mapping[str, str] = meta.get("annotations", {})
    return JobPod(
        facts=facts_of(entry, pod),
        tracked=TRACKING in meta.get("finalizers", ()),
        gone="deletionTimestamp" in meta and not meta.get("deletionGracePeriodSeconds"),
        index=_number(notes.get(COMPLETION_INDEX)),
        failures=_number(notes.get(FAILURES)) or 0,
        ignored=_number(notes.get(IGNORED_FAILURES)) or 0,
        restarts=sum(c.get("restartCount", 0) for c in _containers(status)),
        ended=_end(meta, status),
        exits=tuple((c.get("name", ""), end.get("exitCode", 0)) for c, end in _ends(status)),
        conditions=frozenset((c["type"], c.get("status", "")) for c in status.get("conditions", ())),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _containers(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from status.get("initContainerStatuses", ())
    yield from status.get("containerStatuses", ())


def _ends(status: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for container in _containers(status):
        if end := container.get("state", {}).get("terminated"):
            yield container, end


def _end(meta: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    """Tell when a pod ended, as well as it can be known (``getFinishedTime``)."""
    if ends := [end["finishedAt"] for _, end in _ends(status) if end.get("finishedAt")]:
        return str(max(ends))
    ready: Mapping[str, str] = next((c for c in status.get("conditions", ()) if c["type"] == "Ready"), {})
    if ready.get("status") == "False" and ready.get("lastTransitionTime"):
        return str(ready["lastTransitionTime"])
    return str(meta.get("deletionTimestamp") or meta.get("creationTimestamp") or "")


@dataclass(frozen=True, slots=True)
class NewPod:
    """A pod to be made."""

    index: int | None = None
    failures: int = 0
    ignored: int = 0
    """Failures of its index so far."""


def make_pod(job: Job, new: NewPod) -> Pod:
    """Build a pod of a Job; one with an index knows it in four ways (Job, "Completion mode")."""
    pod = pod_from(job.spec.template, job)
    meta = pod.metadata
    meta.finalizers = [*(name for name in meta.finalizers if name != TRACKING), TRACKING]
    if new.index is None:
        return pod
    meta.labels[COMPLETION_INDEX] = meta.annotations[COMPLETION_INDEX] = str(new.index)
    suffix = f"-{new.index}-"
    meta.generateName = job.metadata.name[: _LONGEST_PREFIX - len(suffix)] + suffix
    pod.spec.hostname = f"{job.metadata.name}-{new.index}"
    field = ObjectFieldSelector(fieldPath=f"metadata.labels['{COMPLETION_INDEX}']")
    for container in (*pod.spec.initContainers, *pod.spec.containers):
        if all(variable.name != INDEX_VARIABLE for variable in container.env):
            container.env.append(EnvVar(name=INDEX_VARIABLE, valueFrom=EnvVarSource(fieldRef=field)))
    if job.spec.backoffLimitPerIndex is not None:
        meta.annotations[FAILURES] = str(new.failures)
        if new.ignored:
            meta.annotations[IGNORED_FAILURES] = str(new.ignored)
    return pod
