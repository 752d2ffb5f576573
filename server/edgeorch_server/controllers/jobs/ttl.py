"""Deletes Jobs some time after their end (Kubernetes, "Automatic Cleanup for Finished Jobs")."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from edgeorch.api.batch.job import Job
from edgeorch.api.batch.resources import JOBS
from edgeorch.api.meta import DeleteOptions, Preconditions, parse_time
from edgeorch.errors import NotFound
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.registry.base import Client

SOURCES = (Source(JOBS),)


class FinishedJobs:
    """Reconciles one Job."""

    def __init__(self, client: Client, *, now: Callable[[], dt.datetime]) -> None:
        self._client = client
        self._now = now

    async def reconcile(self, key: Key) -> Result:
        """Delete a Job whose time is over, its pods first; else come back when it is."""
        try:
            job = self._client.get(JOBS, key.namespace, key.name)
        except NotFound:
            return DONE
        left = self._seconds_left(job)
        if left is None:
            return DONE
        if left > 0:
            return Result(requeue_after=left)
        meta = job.metadata
        # The version as well: somebody may have given it more time just now.
        same = Preconditions(uid=meta.uid, resourceVersion=meta.resourceVersion)
        options = DeleteOptions(propagationPolicy="Foreground", preconditions=same)
        await self._client.delete(JOBS, meta.namespace, meta.name, options)
        return DONE

    def _seconds_left(self, job: Job) -> float | None:
        ttl = job.spec.ttlSecondsAfterFinished
        if ttl is None or job.metadata.deletionTimestamp:
            return None
        for condition in job.status.conditions:
            if condition.type in {"Complete", "Failed"} and condition.status == "True":
                end = parse_time(condition.lastTransitionTime) if condition.lastTransitionTime else self._now()
                return ttl - (self._now() - end).total_seconds()
        return None
