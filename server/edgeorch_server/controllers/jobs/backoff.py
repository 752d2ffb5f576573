"""How long a Job waits before it replaces failed pods (Job, "Pod backoff failure policy").

Kubernetes remembers failures in memory. Here they are read from the pods themselves, which stay until their
Job ends: a restart of the server changes nothing. A pod that somebody has removed altogether delays nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from edgeorch.api.batch.job import Job
from edgeorch.api.meta import parse_time
from edgeorch_server.controllers.jobs.job_pods import JobPod

FIRST_DELAY = 10.0
MAX_DELAY = 360.0
"""Seconds: twice as long after each failure, up to six minutes."""
_DOUBLINGS = 10


def delay_after(failures: int) -> float:
    """Give the seconds to wait after so many failures in a row."""
    return min(FIRST_DELAY * 2.0 ** min(failures - 1, _DOUBLINGS), MAX_DELAY) if failures > 0 else 0.0


def remaining(job: Job, pods: Iterable[JobPod], now: dt.datetime) -> float:
    """Give the seconds until pods may be made again; a success ends the row of failures."""
    # Times are whole seconds: of two in the same second, the failure is taken for the later one.
    ended = [pod for pod in pods if pod.succeeded or pod.failed(job)]
    ended.sort(key=lambda pod: (pod.ended, not pod.succeeded), reverse=True)
    failures = next((number for number, pod in enumerate(ended) if pod.succeeded), len(ended))
    return _left(ended[0], delay_after(failures), now) if failures else 0.0


def remaining_of_index(last: JobPod, now: dt.datetime) -> float:
    """Give the seconds until the last failed pod of an index may be replaced."""
    return _left(last, delay_after(last.failures + last.ignored + 1), now)


def _left(last: JobPod, delay: float, now: dt.datetime) -> float:
    if not last.ended:
        return 0.0
    return max(0.0, delay - (now - min(parse_time(last.ended), now)).total_seconds())
