"""Jobs: pods that run until enough of them have succeeded (``pkg/controller/job``)."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence

from edgeorch.api import conditions
from edgeorch.api.batch.job import JOB_CONTROLLER, Job, JobCondition, JobStatus
from edgeorch.api.batch.resources import JOBS
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import format_time
from edgeorch.api.selectors import Selector
from edgeorch.errors import ApiError, NotFound
from edgeorch_server.controllers.jobs import ledger, outcome
from edgeorch_server.controllers.jobs.job_pods import TRACKING, JobPod, make_pod, read_job_pod
from edgeorch_server.controllers.jobs.plan import plan
from edgeorch_server.controllers.jobs.release import take_finalizer
from edgeorch_server.controllers.jobs.tally import Tally, tally
from edgeorch_server.controllers.ownership import Adoption
from edgeorch_server.controllers.pod_control import PodControl
from edgeorch_server.controllers.pod_facts import FactsReader
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.controllers.selecting import Selecting
from edgeorch_server.registry.base import Client, Entries, Objects
from edgeorch_server.registry.recorder import EventRecorder


def sources(objects: Entries) -> tuple[Source, ...]:
    """Give what wakes the controller."""
    return Source(JOBS), Source(PODS, Selecting(objects, JOBS).keys)


class Jobs:
    """Reconciles one Job."""

    def __init__(
        self,
        client: Client,
        objects: Objects,
        recorder: EventRecorder,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._client = client
        self._objects = objects
        self._recorder = recorder
        self._adoption = Adoption(objects, TRACKING)
        self._control = PodControl(client, recorder)
        self._pods = FactsReader(objects, read_job_pod)
        self._now = now

    async def reconcile(self, key: Key) -> Result:
        """Take the next step: make or delete pods, count those that have ended, and say how far it is.

        Raises what a pod was refused with, once the status says all there is to say.
        """
        try:
            job = self._client.get(JOBS, key.namespace, key.name)
        except NotFound:
            return DONE
        if job.finished or job.spec.managedBy not in {None, JOB_CONTROLLER}:
            return DONE
        await self._adoption.settle(PODS, job, Selector.of(job.spec.selector))
        now = self._now()
        if job.status.startTime is None and not job.suspended:
            job.status.startTime = format_time(now)
        pods = self._read(job)
        job.status = ledger.fold(job.status, ledger.tracked(pods), indexed=job.indexed)
        counted = tally(job, pods)
        target = outcome.target_of(job, pods, counted, now)
        wait, failure = await self._act(job, pods, counted, target, now)
        if target is None:
            active = sum(pod.facts.active for pod in self._read(job))
            target = outcome.completion(job, counted, active, now)
        if target is None and not job.metadata.deletionTimestamp:
            await self._note_suspension(job, now)
        await self._settle(job, pods, counted, target, now)
        if failure is not None:
            raise failure
        return self._again(job, wait, now)

    def _read(self, job: Job) -> list[JobPod]:
        return self._pods.owned(job.metadata.uid)

    def _again(self, job: Job, wait: float | None, now: dt.datetime) -> Result:
        if job.has(outcome.SUCCESS) or job.has(outcome.FAILURE):
            return DONE  # its last pods wake us
        left = outcome.seconds_to_deadline(job, now)
        waits = [seconds for seconds in (wait, left) if seconds is not None]
        return Result(requeue_after=min(waits, default=None))

    # Pods

    async def _act(
        self,
        job: Job,
        pods: Sequence[JobPod],
        counted: Tally,
        target: JobCondition | None,
        now: dt.datetime,
    ) -> tuple[float | None, ApiError | None]:
        """Make or delete pods; gives how long to wait until there is more to do, and what went wrong."""
        try:
            if target is not None:
                active = [pod.facts for pod in pods if pod.facts.active]
                await self._control.delete_many(active, job)
            elif not job.metadata.deletionTimestamp:
                wanted = plan(job, pods, counted, now)
                await self._remove(job, wanted.delete)
                await self._control.create_many([make_pod(job, new) for new in wanted.create], job)
                return wanted.wait, None
        except ApiError as exc:
            # A namespace that is going takes no pods, and that will not change.
            gone = any(cause.reason == "NamespaceTerminating" for cause in exc.causes)
            return None, None if gone else exc
        return None, None

    async def _remove(self, job: Job, surplus: Sequence[JobPod]) -> None:
        """Delete pods that are too many; without the finalizer they count for nothing."""
        await self._release([pod for pod in surplus if pod.tracked])
        await self._control.delete_many([pod.facts for pod in surplus], job)

    async def _release(self, pods: Sequence[JobPod]) -> None:
        """Take the finalizers off, side by side, so that the writes share a disk sync."""
        await asyncio.gather(*(take_finalizer(self._objects, pod.facts) for pod in pods))

    # Status

    async def _note_suspension(self, job: Job, now: dt.datetime) -> None:
        """Say that the Job is suspended, or resumed, when that is news; its time starts anew then."""
        old = conditions.find(job.status.conditions, outcome.SUSPENDED)
        if job.suspended == (old is not None and old.status == "True"):
            return
        word = "suspended" if job.suspended else "resumed"
        new = outcome.condition(
            outcome.SUSPENDED,
            f"Job{word.capitalize()}",
            f"Job {word}",
            now,
            "True" if job.suspended else "False",
        )
        job.status.conditions = conditions.with_condition(job.status.conditions, new)
        if not job.suspended:
            job.status.startTime = format_time(now)
        await self._recorder.event(job, "Normal", word.capitalize(), f"Job {word}")

    async def _settle(
        self,
        job: Job,
        seen: Sequence[JobPod],
        counted: Tally,
        target: JobCondition | None,
        now: dt.datetime,
    ) -> None:
        """Count what has ended, and end the Job once all is counted (see :mod:`.ledger`).

        Only what was ``seen`` is counted: it is what all was decided from. A pod that has ended since then
        might be one that the failure policy has something to say about.
        """
        entry = ledger.enter(job, seen, counted, target.type if target else "")
        status = _counting(entry.status, self._read(job))
        if target is not None:
            status.conditions = conditions.with_condition(status.conditions, target)
        await self._write(job, status)
        await self._release(entry.release)
        pods = self._read(job)
        status = _counting(ledger.fold(job.status, ledger.tracked(pods), indexed=job.indexed), pods)
        ends = target is not None and entry.whole and _all_over(status)
        if target is not None and ends:
            end = outcome.final(target, now)
            status.conditions = conditions.with_condition(status.conditions, end)
            if end.type == outcome.COMPLETE:
                status.completionTime = end.lastTransitionTime
        await self._write(job, status)
        if target is not None and ends:
            await self._tell_end(job, target)

    async def _write(self, job: Job, status: JobStatus) -> None:
        """Write a status that has changed; the Job goes on with what was stored."""
        job.status = status
        stored = self._client.get(JOBS, job.metadata.namespace, job.metadata.name)
        if stored.status == status and stored.metadata.uid == job.metadata.uid:
            return
        written = await self._client.update_status(JOBS, job)
        job.metadata, job.status = written.metadata, written.status

    async def _tell_end(self, job: Job, target: JobCondition) -> None:
        if target.type == outcome.FAILURE:
            await self._recorder.event(job, "Warning", target.reason, target.message)
            return
        wanted = job.spec.completions
        if wanted is not None and job.status.succeeded > wanted:
            message = "Too many succeeded pods running after completion count reached"
            await self._recorder.event(job, "Warning", "TooManySucceededPods", message)
        await self._recorder.event(job, "Normal", "Completed", "Job completed")


def _counting(status: JobStatus, pods: Sequence[JobPod]) -> JobStatus:
    """Count the pods that there are into a status."""
    active = [pod for pod in pods if pod.facts.active]
    return status.model_copy(
        update={
            "active": len(active),
            "ready": sum(pod.facts.ready for pod in active),
            "terminating": sum(pod.terminating for pod in pods),
        }
    )


def _all_over(status: JobStatus) -> bool:
    return not (status.active or status.terminating or status.uncountedTerminatedPods)
