"""What an autoscaler asks of the pods of its target."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from edgeorch.api.meta import parse_time
from edgeorch.api.quantity import Amount
from edgeorch_server.metrics.pod_usage import PodUsage
from edgeorch_server.store.base import Entry


@dataclass(frozen=True, slots=True)
class ScaledPod:
    """One pod."""

    name: str
    phase: str
    deleted: bool
    """Its deletion has been asked for."""
    ready: bool | None
    """What the Ready condition says; None when there is none."""
    ready_since: dt.datetime | None
    """When that last changed."""
    started: dt.datetime | None
    """When its node took it on."""
    requests: Mapping[str, Mapping[str, int]]
    """Container's name -> resource -> thousandths; the containers that run as long as the pod does."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one pod, or one container of it, uses of one resource."""

    value: int
    """Thousandths: millicores of processors, thousandths of a byte."""
    at: dt.datetime
    window: dt.timedelta
    """The time before that over which it was measured."""


def read_pod(entry: Entry) -> ScaledPod:
    """Read a stored pod."""
    pod = orjson.loads(entry.data)
    spec, status = pod.get("spec", {}), pod.get("status", {})
    ready = next((c for c in status.get("conditions", ()) if c["type"] == "Ready"), None)
    sidecars = (c for c in spec.get("initContainers", ()) if c.get("restartPolicy") == "Always")
    return ScaledPod(
        name=entry.name,
        phase=status.get("phase", ""),
        deleted="deletionTimestamp" in pod["metadata"],
        ready=None if ready is None else ready.get("status") != "False",
        ready_since=_time(ready.get("lastTransitionTime")) if ready else None,
        started=_time(status.get("startTime")),
        requests={c["name"]: _requests(c) for c in (*spec.get("containers", ()), *sidecars)},
    )


def _requests(container: Mapping[str, Any]) -> Mapping[str, int]:
    requests = container.get("resources", {}).get("requests", {})
    return {name: Amount.parse(text).milli_value() for name, text in requests.items()}


def _time(text: str | None) -> dt.datetime | None:
    return parse_time(text) if text else None


class NotMeasurable(Exception):
    """A number of pods cannot be derived; the message says why, in Kubernetes' words."""


def measured_of(usages: Sequence[PodUsage], resource: str, container: str = "") -> dict[str, Measured]:
    """Give what each pod uses of a resource, all of it or one container (``GetResourceMetric``).

    Raises :class:`NotMeasurable` when nothing was measured, or a pod has no such container.
    """
    if not usages:
        raise NotMeasurable("no metrics returned from resource metrics API")
    found: dict[str, Measured] = {}
    for usage in usages:
        names = tuple(usage.containers) if not container else (container,)
        if container and container not in usage.containers:
            pod = f"{usage.pod.namespace}/{usage.pod.name}"
            raise NotMeasurable(
                f"failed to get container metrics: container {container} not present in metrics for pod {pod}"
            )
        values = [_value(usage, name, resource) for name in names]
        known = [value for value in values if value is not None]
        if known and len(known) == len(values):
            found[usage.pod.name] = Measured(sum(known), usage.measured, usage.window)
    return found


def _value(usage: PodUsage, container: str, resource: str) -> int | None:
    stats = usage.containers[container]
    match resource:
        case "cpu":
            return Amount(stats.cpu_nanocores).milli_value()
        case "memory":
            return stats.memory_bytes * 1000
    return None
