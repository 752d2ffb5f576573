"""The pod table: one case per branch of Kubernetes' printPod."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from edgeorch.api.core.resources import PODS
from edgeorch_server.apiserver.printers import KubernetesPrinter

NOW = dt.datetime(2026, 5, 1, 12, 0, 0, tzinfo=dt.UTC)
PRINTER = KubernetesPrinter(lambda: NOW)

READY = {"type": "Ready", "status": "True"}
INITIALIZED = {"type": "Initialized", "status": "True"}
RUNNING = {"running": {"startedAt": "2026-05-01T11:00:00Z"}}


def waiting(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason}}


def terminated(code: int = 0, reason: str = "", **more: Any) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, **({"reason": reason} if reason else {}), **more}}


def container(state: dict[str, Any], *, name: str = "c", ready: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "ready": ready, "restartCount": 0, "image": "", "imageID": "", **more}


def pod(
    phase: str = "Running",
    *statuses: dict[str, Any],
    init: list[dict[str, Any]] | None = None,
    spec_init: list[dict[str, Any]] | None = None,
    deleted: bool = False,
    spec: dict[str, Any] | None = None,
    **status: Any,
) -> dict[str, Any]:
    meta = {"name": "p", "creationTimestamp": "2026-05-01T11:54:48Z"}
    if deleted:
        meta["deletionTimestamp"] = "2026-05-01T12:00:30Z"
    inits = spec_init if spec_init is not None else [{"name": c["name"]} for c in init or []]
    return {
        "metadata": meta,
        "spec": {
            "containers": [{"name": c["name"]} for c in statuses] or [{"name": "c"}],
            "initContainers": inits,
            **(spec or {}),
        },
        "status": {
            "phase": phase,
            "containerStatuses": list(statuses),
            "initContainerStatuses": init or [],
            **status,
        },
    }


@pytest.mark.parametrize(
    ("body", "ready", "status", "restarts"),
    [
        pytest.param(pod("Pending"), "0/1", "Pending", "0", id="pending"),
        pytest.param(pod("Pending", container(waiting("ContainerCreating"))), "0/1", "ContainerCreating", "0", id="creating"),
        pytest.param(pod("Running", container(RUNNING, ready=True)), "1/1", "Running", "0", id="running"),
        pytest.param(pod("Running", container(RUNNING)), "0/1", "Running", "0", id="running but not ready"),
        pytest.param(pod("Running", container(waiting("CrashLoopBackOff"), restartCount=3)), "0/1", "CrashLoopBackOff", "3", id="crash loop"),
        pytest.param(
            pod("Running", container(RUNNING, ready=True, restartCount=2, lastState=terminated(1, "Error", finishedAt="2026-05-01T11:55:00Z"))),
            "1/1", "Running", "2 (5m ago)", id="restarted a while ago",
        ),
        pytest.param(
            pod(
                "Running",
                container(RUNNING, name="a", ready=True, restartCount=1, lastState=terminated(1, finishedAt="2026-05-01T11:59:30Z")),
                container(RUNNING, name="b", ready=True, restartCount=1, lastState=terminated(1, finishedAt="2026-05-01T11:00:00Z")),
            ),
            "2/2", "Running", "2 (30s ago)", id="the last restart of all counts",
        ),
        pytest.param(pod("Succeeded", container(terminated(0, "Completed"))), "0/1", "Completed", "0", id="completed"),
        pytest.param(pod("Failed", container(terminated(1, "Error"))), "0/1", "Error", "0", id="failed"),
        pytest.param(pod("Failed", container(terminated(137, "OOMKilled"))), "0/1", "OOMKilled", "0", id="out of memory"),
        pytest.param(pod("Failed", container(terminated(3))), "0/1", "ExitCode:3", "0", id="exit code without a reason"),
        pytest.param(pod("Succeeded", container(terminated(0))), "0/1", "ExitCode:0", "0", id="exit code zero without a reason"),
        pytest.param(pod("Failed", container(terminated(0, signal=9))), "0/1", "Signal:9", "0", id="signal without a reason"),
        pytest.param(pod("Failed", reason="Evicted"), "0/1", "Evicted", "0", id="evicted"),
        pytest.param(
            pod("Running", container(terminated(0, "Completed"), name="a"), container(RUNNING, name="b", ready=True), conditions=[READY]),
            "1/2", "Running", "0", id="one completed, one running, ready",
        ),
        pytest.param(
            pod("Running", container(terminated(0, "Completed"), name="a"), container(RUNNING, name="b", ready=True)),
            "1/2", "NotReady", "0", id="one completed, one running, not ready",
        ),
        pytest.param(
            pod("Running", container(waiting("ImagePullBackOff"), name="a"), container(terminated(1, "Error"), name="b")),
            "0/2", "ImagePullBackOff", "0", id="the first container's reason wins",
        ),
        pytest.param(
            pod("Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]),
            "0/1", "SchedulingGated", "0", id="scheduling gated",
        ),
        pytest.param(pod("Running", container(RUNNING, ready=True), deleted=True), "1/1", "Terminating", "0", id="terminating"),
        pytest.param(pod("Succeeded", container(terminated(0, "Completed")), deleted=True), "0/1", "Completed", "0", id="deleted after its end"),
        pytest.param(pod("Running", container(RUNNING, ready=True), deleted=True, reason="NodeLost"), "1/1", "Unknown", "0", id="node lost"),
        pytest.param(pod("Running", reason="NodeLost"), "0/1", "NodeLost", "0", id="node lost but not deleted"),
        pytest.param(pod("Pending", init=[container(waiting("PodInitializing"), name="i")]), "0/1", "Init:0/1", "0", id="initialising"),
        pytest.param(
            pod("Pending", container(waiting("PodInitializing")), init=[container(terminated(0), name="i"), container(RUNNING, name="j")]),
            "0/1", "Init:1/2", "0", id="second init container runs",
        ),
        pytest.param(pod("Pending", init=[container(waiting("ErrImagePull"), name="i", restartCount=4)]), "0/1", "Init:ErrImagePull", "4", id="init waits"),
        pytest.param(pod("Pending", init=[container(terminated(1, "Error"), name="i")]), "0/1", "Init:Error", "0", id="init failed"),
        pytest.param(pod("Pending", init=[container(terminated(2), name="i")]), "0/1", "Init:ExitCode:2", "0", id="init exit code"),
        pytest.param(pod("Pending", init=[container(terminated(2, signal=15), name="i")]), "0/1", "Init:Signal:15", "0", id="init signal"),
        pytest.param(
            pod("Running", container(RUNNING, ready=True, restartCount=1), init=[container(terminated(0), name="i", restartCount=5)]),
            "1/1", "Running", "1", id="restarts of finished init containers no longer count",
        ),
        pytest.param(
            pod("Running", container(RUNNING, ready=True), init=[container(terminated(1, "Error"), name="i")], conditions=[INITIALIZED]),
            "1/1", "Init:Error", "0", id="initialised once, init container runs again",
        ),
        pytest.param(
            pod(
                "Running",
                container(RUNNING, ready=True, restartCount=1),
                init=[container(RUNNING, name="s", ready=True, started=True, restartCount=2, lastState=terminated(1, finishedAt="2026-05-01T11:59:00Z"))],
                spec_init=[{"name": "s", "restartPolicy": "Always"}],
            ),
            "2/2", "Running", "3 (60s ago)", id="sidecar",
        ),
        pytest.param(
            pod("Pending", init=[container(RUNNING, name="s", started=False)], spec_init=[{"name": "s", "restartPolicy": "Always"}]),
            "0/2", "Init:0/1", "0", id="sidecar not started yet",
        ),
        pytest.param({"metadata": {"name": "p"}}, "0/0", "", "0", id="nothing but a name"),
    ],
)  # fmt: skip
def test_what_people_look_at(body: dict[str, Any], ready: str, status: str, restarts: str) -> None:
    """READY, STATUS and RESTARTS of printPod."""
    cells = PRINTER.cells(PODS, body)
    assert cells[1:4] == [ready, status, restarts]
    assert len(cells) == len(PRINTER.columns(PODS))


def test_wide_row() -> None:
    """All nine cells; readiness gates count the conditions that are true."""
    body = pod(
        "Running",
        container(RUNNING, ready=True),
        spec={
            "nodeName": "pi-1",
            "readinessGates": [{"conditionType": "a"}, {"conditionType": "b"}, {"conditionType": "c"}],
        },
        podIPs=[{"ip": "10.42.0.7"}],
        nominatedNodeName="pi-2",
        conditions=[{"type": "a", "status": "True"}, {"type": "b", "status": "False"}],
    )
    assert PRINTER.cells(PODS, body) == [
        "p",
        "1/1",
        "Running",
        "0",
        "5m12s",
        "10.42.0.7",
        "pi-1",
        "pi-2",
        "1/3",
    ]


def test_what_is_not_known() -> None:
    """Empty cells say so in Kubernetes' words."""
    assert PRINTER.cells(PODS, {"metadata": {"name": "p"}})[4:] == [
        "<unknown>",
        "<none>",
        "<none>",
        "<none>",
        "<none>",
    ]


def test_columns() -> None:
    """Upper-casing is kubectl's; everything after AGE is shown with -o wide only."""
    columns = PRINTER.columns(PODS)
    assert [(c["name"], c["priority"]) for c in columns] == [
        ("Name", 0), ("Ready", 0), ("Status", 0), ("Restarts", 0), ("Age", 0),
        ("IP", 1), ("Node", 1), ("Nominated Node", 1), ("Readiness Gates", 1),
    ]  # fmt: skip
    assert columns[0] == {
        "name": "Name",
        "type": "string",
        "format": "name",
        "description": "Name of the object, unique in its namespace.",
        "priority": 0,
    }
