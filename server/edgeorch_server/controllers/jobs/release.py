"""Frees pods of the Job controller's finalizer once nobody is going to count them (``syncOrphanPod``).

That is so when their Job is gone, is being deleted, or has ended, and when they belong to no Job at all.
"""

from __future__ import annotations

from collections.abc import Iterable

from edgeorch.api.batch.job import Job
from edgeorch.api.batch.resources import JOBS
from edgeorch.api.core.resources import PODS
from edgeorch.errors import Conflict, NotFound
from edgeorch_server.controllers.jobs.job_pods import TRACKING, read_job_pod
from edgeorch_server.controllers.pod_facts import PodFacts
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.registry.base import Objects, PatchType, WriteOptions
from edgeorch_server.store.base import Entry

_MARK = TRACKING.encode()


async def take_finalizer(objects: Objects, pod: PodFacts) -> None:
    """Take the finalizer off this very pod; one that is gone already is fine."""
    # The uid makes sure that it is this very object.
    patch = {"metadata": {"uid": pod.uid, "$deleteFromPrimitiveList/finalizers": [TRACKING]}}
    try:
        await objects.patch_entry(PODS, pod.namespace, pod.name, PatchType.STRATEGIC, patch, WriteOptions())
    except NotFound:
        return
    except Conflict:
        # Another one of the same name means that this one has gone; else the pod keeps changing.
        try:
            entry = objects.get_entry(PODS, pod.namespace, pod.name)
        except NotFound:
            return
        if entry.uid == pod.uid:
            raise


def _bearers(entry: Entry) -> Iterable[Key]:
    """Map a pod that bears the finalizer to itself."""
    return (Key(entry.namespace, entry.name),) if _MARK in entry.data else ()


class PodRelease:
    """Reconciles one pod."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def sources(self) -> tuple[Source, ...]:
        """Give what wakes the controller: pods with the finalizer, and changes of Jobs that have some."""
        return Source(PODS, _bearers), Source(JOBS, self._pods_of)

    def _pods_of(self, job: Entry) -> Iterable[Key]:
        for pod in self._objects.owned_entries(PODS, job.uid):
            yield from _bearers(pod)

    async def reconcile(self, key: Key) -> Result:
        """Take the finalizer off, unless a Job is still counting."""
        try:
            entry = self._objects.get_entry(PODS, key.namespace, key.name)
        except NotFound:
            return DONE
        if _MARK in entry.data and not self._counts(entry):
            pod = read_job_pod(entry)
            if pod.tracked:
                await take_finalizer(self._objects, pod.facts)
        return DONE

    def _counts(self, pod: Entry) -> bool:
        owner = pod.controller
        if owner is None or owner.kind != JOBS.kind or owner.api_version != JOBS.api_version:
            return False
        try:
            entry = self._objects.get_entry(JOBS, pod.namespace, owner.name)
        except NotFound:
            return False
        job = Job.from_json(entry.data)
        return entry.uid == owner.uid and not job.metadata.deletionTimestamp and not job.finished
