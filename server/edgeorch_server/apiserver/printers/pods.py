"""Pods: ``printPod``, whose STATUS column is the one people look at most."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from edgeorch.api.meta import parse_time
from edgeorch_server.apiserver.printers.columns import (
    AGE,
    NAME,
    NONE,
    Column,
    JsonObject,
    Printer,
    age_of,
    name_of,
    since,
)

_COLUMNS = (
    NAME,
    Column("Ready", "How many of the pod's containers are ready."),
    Column("Status", "What the pod as a whole is doing."),
    Column("Restarts", "How often the pod's containers were restarted, and when last."),
    AGE,
    Column("IP", "Address of the pod.", priority=1),
    Column("Node", "Node the pod is bound to.", priority=1),
    Column("Nominated Node", "Node that preemption makes room on.", priority=1),
    Column("Readiness Gates", "How many of the conditions that readiness depends on are true.", priority=1),
)

_TERMINAL = {"Succeeded", "Failed"}


@dataclass(slots=True)
class _Summary:
    """What the containers add up to."""

    reason: str
    ready: int = 0
    restarts: int = 0
    last_restart: str = ""

    def count_restarts(self, container: JsonObject) -> None:
        self.restarts += container.get("restartCount") or 0
        finished = ((container.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or ""
        if finished and (not self.last_restart or parse_time(finished) > parse_time(self.last_restart)):
            self.last_restart = finished


def _cells(pod: JsonObject, now: dt.datetime) -> list[Any]:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    summary = _summarise(pod, spec, status)
    restarts = str(summary.restarts)
    if summary.restarts and summary.last_restart:
        restarts = f"{summary.restarts} ({since(summary.last_restart, now)} ago)"
    total = len(spec.get("containers") or ()) + len(_sidecars(spec))
    addresses = status.get("podIPs") or [{}]
    return [
        name_of(pod),
        f"{summary.ready}/{total}",
        summary.reason,
        restarts,
        age_of(pod, now),
        addresses[0].get("ip") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(spec, status),
    ]


def _summarise(pod: JsonObject, spec: JsonObject, status: JsonObject) -> _Summary:
    phase = status.get("phase") or ""
    summary = _Summary(_initial_reason(status))
    sidecars = _sidecars(spec)
    init_reason = _summarise_init(summary, spec, status, sidecars)
    if init_reason:
        summary.reason = init_reason
    if not init_reason or _condition(status, "Initialized") == "True":
        # Once initialised, the restarts of init containers that are over are no longer of interest.
        summary.restarts, summary.last_restart = 0, ""
        for container in status.get("initContainerStatuses") or ():
            if container.get("name") in sidecars:
                summary.count_restarts(container)
        _summarise_containers(summary, status)
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            summary.reason = "Unknown"
        elif phase not in _TERMINAL:
            summary.reason = "Terminating"
    return summary


def _initial_reason(status: JsonObject) -> str:
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            return "SchedulingGated"
    return status.get("reason") or status.get("phase") or ""


def _summarise_init(summary: _Summary, spec: JsonObject, status: JsonObject, sidecars: set[str]) -> str:
    """Count init containers; give what the first one that is not through does, nothing if all are."""
    total = len(spec.get("initContainers") or ())
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        summary.count_restarts(container)
        state = container.get("state") or {}
        terminated = state.get("terminated")
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if container.get("name") in sidecars and container.get("started"):
            summary.ready += bool(container.get("ready"))
            continue
        if terminated is not None:
            return f"Init:{_end(terminated)}"
        waiting = (state.get("waiting") or {}).get("reason")
        return f"Init:{waiting}" if waiting and waiting != "PodInitializing" else f"Init:{index}/{total}"
    return ""


def _summarise_containers(summary: _Summary, status: JsonObject) -> None:
    running = False
    # From the last to the first: the first container's reason is the one that stays.
    for container in reversed(status.get("containerStatuses") or []):
        summary.count_restarts(container)
        state = container.get("state") or {}
        if reason := (state.get("waiting") or {}).get("reason"):
            summary.reason = reason
        elif (terminated := state.get("terminated")) is not None:
            summary.reason = _end(terminated)
        elif container.get("ready") and state.get("running") is not None:
            running = True
            summary.ready += 1
    if summary.reason == "Completed" and running:
        summary.reason = "Running" if _condition(status, "Ready") == "True" else "NotReady"


def _end(terminated: JsonObject) -> str:
    if reason := terminated.get("reason"):
        return str(reason)
    if signal := terminated.get("signal"):
        return f"Signal:{signal}"
    return f"ExitCode:{terminated.get('exitCode') or 0}"


def _sidecars(spec: JsonObject) -> set[str]:
    """Names of the init containers that keep running next to the containers."""
    return {c.get("name") or "" for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}


def _condition(status: JsonObject, kind: str) -> str:
    for condition in status.get("conditions") or ():
        if condition.get("type") == kind:
            return str(condition.get("status") or "")
    return ""


def _readiness_gates(spec: JsonObject, status: JsonObject) -> str:
    gates = spec.get("readinessGates")
    if not gates:
        return NONE
    true = sum(_condition(status, gate.get("conditionType") or "") == "True" for gate in gates)
    return f"{true}/{len(gates)}"


PODS = Printer(_COLUMNS, _cells)
