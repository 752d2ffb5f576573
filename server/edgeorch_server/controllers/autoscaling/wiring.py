"""The controller of HorizontalPodAutoscalers, put together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from edgeorch_server.controllers.autoscaling.controller import SOURCES, Autoscalers
from edgeorch_server.controllers.runner import Controller
from edgeorch_server.metrics.pod_usage import PodUsages
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.registry.registry import Registry

WORKERS = 5
"""``--concurrent-horizontal-pod-autoscaler-syncs``: a silent node holds up one autoscaler, not all."""


def autoscaling_controller(registry: Registry, usages: PodUsages, now: Callable[[], dt.datetime]) -> Controller:
    """Make all that autoscalers need."""
    recorder = EventRecorder(registry, "horizontal-pod-autoscaler", now)
    logic = Autoscalers(registry, registry, recorder, usages, now=now)
    return Controller("horizontal-pod-autoscaler", logic, SOURCES, registry, workers=WORKERS)
