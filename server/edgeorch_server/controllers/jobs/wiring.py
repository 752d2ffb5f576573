"""The controllers of Jobs, put together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from edgeorch_server.controllers.jobs import controller, ttl
from edgeorch_server.controllers.jobs.release import PodRelease
from edgeorch_server.controllers.relief import RELIEFS
from edgeorch_server.controllers.runner import Controller
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.registry.registry import Registry


def job_controllers(
    registry: Registry, recorder: EventRecorder, now: Callable[[], dt.datetime]
) -> tuple[Controller, ...]:
    """Make all that Jobs need."""
    release = PodRelease(registry)
    jobs = controller.Jobs(registry, registry, recorder, now=now)
    return (
        Controller("job", jobs, controller.sources(registry), registry, RELIEFS),
        Controller("job-pod-release", release, release.sources(), registry),
        Controller("ttl-after-finished", ttl.FinishedJobs(registry, now=now), ttl.SOURCES, registry),
    )
