"""A pod's phase and conditions, by kubelet's rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_status import ContainerStatus, PodCondition
from edgeorch_agent.pods.model import is_sidecar


@dataclass(slots=True)
class _Count:
    running: int = 0
    waiting: int = 0
    stopped: int = 0
    succeeded: int = 0
    unknown: int = 0


def phase(pod: Pod, statuses: Mapping[str, ContainerStatus], *, finished: bool, initialized: bool) -> str:
    """Derive the phase (kubelet's getPhase; "Pod Lifecycle", "Pod phase").

    ``finished``: nothing will run again. ``initialized``: an app container has started in this sandbox.
    """
    policy = pod.spec.restartPolicy or "Always"
    pending, failed = _init_progress(pod, statuses)
    if failed and policy == "Never":
        return "Failed"
    count = _Count()
    starting = _count_sidecars(pod, statuses, count)
    _count_apps(pod, statuses, count)
    if pending or (starting and not initialized) or count.waiting:
        return "Pending"
    if count.running and not count.unknown:
        return "Running"
    if count.stopped and not count.running and not count.unknown:
        return _ended_phase(policy, count, finished=finished)
    return "Pending"


def _ended_phase(policy: str, count: _Count, *, finished: bool) -> str:
    all_succeeded = count.stopped == count.succeeded
    if finished:
        return "Succeeded" if all_succeeded else "Failed"
    if policy == "Always":
        return "Running"
    if all_succeeded:
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def _init_progress(pod: Pod, statuses: Mapping[str, ContainerStatus]) -> tuple[int, int]:
    """Count the init containers (no sidecars) that are still to succeed, and those that have failed."""
    pending = failed = 0
    for container in pod.spec.initContainers:
        if is_sidecar(container):
            continue
        status = statuses.get(container.name)
        ended = None
        if status is not None:
            ended = status.state.terminated or (status.lastState.terminated if status.state.waiting else None)
        if ended is None:
            pending += 1
        elif ended.exitCode != 0:
            failed += 1
    return pending, failed


def _count_sidecars(pod: Pod, statuses: Mapping[str, ContainerStatus], count: _Count) -> int:
    """Count sidecars; gives how many have never started. Terminated ones do not matter for the phase."""
    starting = 0
    for container in pod.spec.initContainers:
        if not is_sidecar(container):
            continue
        status = statuses.get(container.name)
        if status is None:
            count.unknown += 1
        elif status.state.running:
            count.running += 1
            starting += not status.started
        elif status.state.waiting and not status.lastState.terminated:
            count.waiting += 1
            starting += 1
    return starting


def _count_apps(pod: Pod, statuses: Mapping[str, ContainerStatus], count: _Count) -> None:
    for container in pod.spec.containers:
        status = statuses.get(container.name)
        if status is None:
            count.unknown += 1
        elif status.state.running:
            count.running += 1
        elif status.state.terminated:
            count.stopped += 1
            count.succeeded += status.state.terminated.exitCode == 0
        elif status.lastState.terminated:
            count.stopped += 1
        else:
            count.waiting += 1


def conditions(
    pod: Pod,
    statuses: Mapping[str, ContainerStatus],
    pod_phase: str,
    before: Sequence[PodCondition],
    *,
    sandbox_ready: bool,
    now: str,
) -> list[PodCondition]:
    """Derive the conditions that are the node's to set; ``lastTransitionTime`` moves only when the status does.

    Those that others set, and readiness gates wait for, come with the desired pod (``pod.status``).
    """
    containers = _containers_ready(pod, statuses, pod_phase)
    fresh = [
        PodCondition(type="PodReadyToStartContainers", status="True" if sandbox_ready else "False"),
        _initialized(pod, statuses, pod_phase),
        _ready(pod, containers),
        containers,
        PodCondition(type="PodScheduled", status="True"),
    ]
    return [_dated(c, before, now) for c in fresh]


def _dated(condition: PodCondition, before: Sequence[PodCondition], now: str) -> PodCondition:
    old = next((c for c in before if c.type == condition.type), None)
    unchanged = old is not None and old.status == condition.status and old.lastTransitionTime is not None
    since = old.lastTransitionTime if old is not None and unchanged else now
    return condition.model_copy(update={"lastTransitionTime": since})


def _containers_ready(pod: Pod, statuses: Mapping[str, ContainerStatus], pod_phase: str) -> PodCondition:
    names = [c.name for c in pod.spec.initContainers if is_sidecar(c)] + [c.name for c in pod.spec.containers]
    unknown = [n for n in names if n not in statuses]
    unready = [n for n in names if n in statuses and not statuses[n].ready]
    if pod_phase == "Failed" or (pod_phase == "Succeeded" and not unknown):
        reason = "PodFailed" if pod_phase == "Failed" else "PodCompleted"
        return PodCondition(type="ContainersReady", status="False", reason=reason)
    if text := _listed(("unknown", unknown), ("unready", unready)):
        return PodCondition(type="ContainersReady", status="False", reason="ContainersNotReady", message=text)
    return PodCondition(type="ContainersReady", status="True")


def _ready(pod: Pod, containers: PodCondition) -> PodCondition:
    """Ready is ContainersReady, and every readiness gate ("Pod Lifecycle", "Pod readiness")."""
    if containers.status != "True":
        return containers.model_copy(update={"type": "Ready"})
    wrong = []
    for gate in pod.spec.readinessGates:
        found = next((c for c in pod.status.conditions if c.type == gate.conditionType), None)
        if found is None:
            wrong.append(
                f'corresponding condition of pod readiness gate "{gate.conditionType}" does not exist.'
            )
        elif found.status != "True":
            wrong.append(
                f'the status of pod readiness gate "{gate.conditionType}" is not "True", but {found.status}'
            )
    if wrong:
        return PodCondition(
            type="Ready", status="False", reason="ReadinessGatesNotReady", message=", ".join(wrong)
        )
    return PodCondition(type="Ready", status="True")


def _initialized(pod: Pod, statuses: Mapping[str, ContainerStatus], pod_phase: str) -> PodCondition:
    unknown, incomplete = [], []
    for container in pod.spec.initContainers:
        status = statuses.get(container.name)
        if status is None:
            unknown.append(container.name)
        elif not (status.started if is_sidecar(container) else status.ready):
            incomplete.append(container.name)
    if pod_phase == "Succeeded" and not unknown:
        return PodCondition(type="Initialized", status="True", reason="PodCompleted")
    text = _listed(("unknown", unknown), ("incomplete", incomplete))
    if text and not any(_has_started(statuses.get(c.name)) for c in pod.spec.containers):
        return PodCondition(type="Initialized", status="False", reason="ContainersNotInitialized", message=text)
    return PodCondition(type="Initialized", status="True")


def _has_started(status: ContainerStatus | None) -> bool:
    return status is not None and bool(
        status.started or status.state.running or status.state.terminated or status.lastState.terminated
    )


def _listed(*groups: tuple[str, list[str]]) -> str:
    """Go's way to print a list: ``containers with unready status: [a b]``."""
    return ", ".join(f"containers with {word} status: [{' '.join(names)}]" for word, names in groups if names)
