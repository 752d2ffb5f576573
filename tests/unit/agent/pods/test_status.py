"""Statuses, clause by clause: what is reported in one situation."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from edgeorch.api import meta
from edgeorch.api.core.pod_status import ContainerStatus, PodCondition, PodStatus
from edgeorch_agent.pods.actions import Plan, Waiting
from edgeorch_agent.pods.model import DesiredPod, Memory, ObservedPod, Probes, Verdict
from edgeorch_agent.pods.plan import plan
from edgeorch_agent.pods.status import pod_status
from tests.unit.agent.pods.builders import NODE, NOW, desired, info, observed, pod, sandbox

TIME = meta.format_time(dt.datetime.fromtimestamp(NOW, dt.UTC))
EARLIER = meta.format_time(dt.datetime.fromtimestamp(NOW - 60, dt.UTC))


def status_of(spec: DesiredPod, found: ObservedPod, now: float = NOW) -> PodStatus:
    """Give the status that goes with what is planned."""
    return pod_status(spec, found, plan(spec, found, now), NODE, now)


def condition(status: PodStatus, name: str) -> PodCondition:
    """Find a condition."""
    return next(c for c in status.conditions if c.type == name)


def only(status: PodStatus) -> ContainerStatus:
    """Give the status of the one container."""
    (found,) = status.containerStatuses
    return found


def test_new_pod() -> None:
    """A pod that has only just arrived is pending, and its container is being created."""
    status = status_of(desired(), ObservedPod())
    assert status.phase == "Pending"
    assert status.startTime == TIME
    assert status.qosClass == "BestEffort"
    assert (status.hostIP, status.podIP) == ("192.168.1.10", "")
    found = only(status)
    assert found.state.waiting is not None
    assert found.state.waiting.reason == "ContainerCreating"
    assert (found.ready, found.started, found.restartCount, found.image) == (False, False, 0, "app:1")
    assert condition(status, "PodScheduled").status == "True"
    assert condition(status, "PodReadyToStartContainers").status == "False"
    ready = condition(status, "Ready")
    assert (ready.status, ready.reason) == ("False", "ContainersNotReady")
    assert ready.message == "containers with unready status: [web]"


def test_running_pod() -> None:
    """A running pod is ready, and tells where and since when."""
    status = status_of(desired(), observed(info()))
    assert status.phase == "Running"
    assert (status.podIP, [p.ip for p in status.podIPs]) == ("10.42.0.5", ["10.42.0.5"])
    found = only(status)
    assert found.state.running is not None
    assert found.state.running.startedAt == EARLIER
    assert (found.ready, found.started, found.containerID, found.imageID) == (
        True,
        True,
        "podman://web-0",
        "i1",
    )
    assert {c.type: c.status for c in status.conditions} == dict.fromkeys(
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"], "True"
    )


def test_start_time_survives_without_memory() -> None:
    """An agent that knows nothing takes the sandbox's age for the pod's start."""
    assert status_of(desired(), observed(info())).startTime == EARLIER


def test_transition_times_move_with_the_status_only() -> None:
    """A condition keeps its lastTransitionTime until its status changes."""
    first = status_of(desired(), observed(info()))
    memory = Memory(prior=first, mounted="")
    later = status_of(desired(), observed(info(), memory=memory), NOW + 100)
    assert later == first
    crashed = status_of(desired(), observed(info(state="exited"), memory=memory), NOW + 100)
    moved = meta.format_time(dt.datetime.fromtimestamp(NOW + 100, dt.UTC))
    assert condition(crashed, "Ready").lastTransitionTime == moved
    assert condition(crashed, "Initialized").lastTransitionTime == TIME


@pytest.mark.parametrize(
    ("fields", "reason", "code"),
    [
        ({"exit_code": 0}, "Completed", 0),
        ({"exit_code": 3}, "Error", 3),
        ({"exit_code": 137, "oom_killed": True}, "OOMKilled", 137),
        ({"exit_code": 0, "finished_at": 0.0}, "ContainerStatusUnknown", 137),
        ({"exit_code": 127, "started_at": 0.0, "error": "no such file"}, "StartError", 128),
    ],
    ids=["completed", "error", "out of memory", "nobody saw it", "start error"],
)
def test_terminated(fields: dict[str, Any], reason: str, code: int) -> None:
    """How a container ended, in kubelet's words."""
    found = only(status_of(desired(restartPolicy="Never"), observed(info(state="exited", **fields))))
    ended = found.state.terminated
    assert ended is not None
    assert (ended.reason, ended.exitCode, ended.containerID) == (reason, code, "podman://web-0")


def test_termination_message() -> None:
    """The last words of a container are in its state."""
    memory = Memory(mounted="").with_last_words("web-0", "out of coffee")
    found = observed(info(state="exited", exit_code=1), memory=memory)
    ended = only(status_of(desired(restartPolicy="Never"), found)).state.terminated
    assert ended is not None
    assert ended.message == "out of coffee"


def test_crash_loop() -> None:
    """A container in back-off waits, with its end as last state and its restart count."""
    dead = info(state="exited", exit_code=1, restarts=3, backoff=40)
    found = only(status_of(desired(), observed(info(state="exited", restarts=2), dead)))
    assert found.state.waiting is not None
    assert found.state.waiting.reason == "CrashLoopBackOff"
    assert found.lastState.terminated is not None
    assert found.lastState.terminated.containerID == "podman://web-3"
    assert found.restartCount == 3


def test_restarted_container_keeps_its_last_state() -> None:
    """The end before is in lastState, from the runtime or, once that has forgotten, as it was reported."""
    found = observed(info(state="exited", exit_code=9), info(restarts=1))
    first = status_of(desired(), found)
    ended = only(first).lastState.terminated
    assert ended is not None
    assert ended.exitCode == 9
    memory = Memory(prior=first, mounted="")
    assert only(status_of(desired(), observed(info(restarts=1), memory=memory))).lastState.terminated == ended


def test_lost_container_was_running() -> None:
    """A container that ran and is gone counts as restarted after an unknown end."""
    first = status_of(desired(), observed(info(restarts=2)))
    found = only(status_of(desired(), ObservedPod(sandbox(), Memory(prior=first, mounted=""))))
    assert found.lastState.terminated is not None
    assert found.lastState.terminated.reason == "ContainerStatusUnknown"
    assert found.restartCount == 3


@pytest.mark.parametrize(
    ("codes", "policy", "phase"),
    [
        ([0, 0], "Never", "Succeeded"),
        ([0, 1], "Never", "Failed"),
        ([0, None], "Never", "Running"),
        ([1, None], "OnFailure", "Running"),
        ([0, 0], "OnFailure", "Succeeded"),
        ([0, 1], "OnFailure", "Running"),
        ([0, 0], "Always", "Running"),
    ],
)
def test_phase(codes: list[int | None], policy: str, phase: str) -> None:
    """Pod Lifecycle, "Pod phase": codes of two containers, None for one that runs."""
    names = ["a", "b"]
    spec = desired(restartPolicy=policy, containers=[{"name": n, "image": "app:1"} for n in names])
    found = observed(
        *(
            info(n) if code is None else info(n, "exited", exit_code=code)
            for n, code in zip(names, codes, strict=True)
        )
    )
    assert status_of(spec, found).phase == phase


def test_one_container_not_created_yet() -> None:
    """A pod is pending until all of its containers have been started."""
    spec = desired(containers=[{"name": "a", "image": "app:1"}, {"name": "b", "image": "app:1"}])
    assert status_of(spec, observed(info("a"))).phase == "Pending"


def test_terminal_phase_never_goes_back() -> None:
    """A pod that was reported as ended stays so, with its reason."""
    memory = Memory(prior=PodStatus(phase="Failed", reason="Evicted", message="m"), mounted="")
    status = status_of(desired(), observed(info(), memory=memory))
    assert (status.phase, status.reason, status.message) == ("Failed", "Evicted", "m")


def test_verdict() -> None:
    """A pod that ran into its deadline has failed at once, while its containers still end."""
    found = observed(info(), memory=Memory(mounted="", verdict=Verdict("DeadlineExceeded", "too long")))
    status = status_of(desired(), found)
    assert (status.phase, status.reason, status.message) == ("Failed", "DeadlineExceeded", "too long")
    assert condition(status, "Ready").reason == "PodFailed"
    assert only(status).state.running is not None


def test_completed_pod() -> None:
    """A pod that succeeded is not ready, because it is complete, and keeps its address."""
    spec = desired(restartPolicy="Never")
    memory = Memory(prior=status_of(spec, observed(info())), mounted="")
    status = status_of(spec, observed(info(state="exited"), memory=memory, ready=False))
    assert (status.phase, status.podIP) == ("Succeeded", "10.42.0.5")
    assert condition(status, "Ready").reason == "PodCompleted"
    assert condition(status, "Initialized").reason == "PodCompleted"


def test_initializing_pod() -> None:
    """Until the init containers are through the pod is pending and not initialized."""
    spec = desired(initContainers=[{"name": "setup", "image": "app:1"}])
    status = status_of(spec, observed(info("setup")))
    assert status.phase == "Pending"
    initialized = condition(status, "Initialized")
    assert (initialized.status, initialized.reason) == ("False", "ContainersNotInitialized")
    assert initialized.message == "containers with incomplete status: [setup]"
    waiting = only(status).state.waiting
    assert waiting is not None
    assert waiting.reason == "PodInitializing"


def test_finished_init_container_is_ready() -> None:
    """An init container that succeeded is ready; it does not count for the pod's readiness otherwise."""
    spec = desired(initContainers=[{"name": "setup", "image": "app:1"}])
    status = status_of(spec, observed(info("setup", "exited"), info()))
    assert status.initContainerStatuses[0].ready
    assert condition(status, "Ready").status == "True"


def test_unready_sidecar() -> None:
    """A sidecar counts for the pod's readiness, and for the phase as long as it has never started."""
    spec = desired(initContainers=[{"name": "proxy", "image": "app:1", "restartPolicy": "Always"}])
    found = replace(observed(info("proxy"), info()), probes={"proxy": Probes(ready=False)})
    status = status_of(spec, found)
    assert status.phase == "Running"
    assert condition(status, "Ready").message == "containers with unready status: [proxy]"


def test_readiness_probe() -> None:
    """A container whose readiness probe fails runs and is not ready; one that has not started is neither."""
    found = replace(observed(info()), probes={"web": Probes(ready=False)})
    assert (only(status_of(desired(), found)).started, only(status_of(desired(), found)).ready) == (True, False)
    starting = replace(observed(info()), probes={"web": Probes(started=False)})
    assert (only(status_of(desired(), starting)).started, only(status_of(desired(), starting)).ready) == (
        False,
        False,
    )


def test_readiness_gates() -> None:
    """Pod readiness: every gate's condition must be true; it comes with the pod, and is not ours to report."""
    spec = desired(readinessGates=[{"conditionType": "example.com/lb"}])
    missing = condition(status_of(spec, observed(info())), "Ready")
    assert missing.reason == "ReadinessGatesNotReady"
    expected = 'corresponding condition of pod readiness gate "example.com/lb" does not exist.'
    assert missing.message == expected
    spec.pod.status.conditions = [PodCondition(type="example.com/lb", status="False")]
    closed = condition(status_of(spec, observed(info())), "Ready")
    assert closed.message == 'the status of pod readiness gate "example.com/lb" is not "True", but False'
    spec.pod.status.conditions = [PodCondition(type="example.com/lb", status="True")]
    passed = status_of(spec, observed(info()))
    assert condition(passed, "Ready").status == "True"
    assert "example.com/lb" not in {c.type for c in passed.conditions}


def test_host_network() -> None:
    """A pod on the host's network has the node's address."""
    assert status_of(desired(hostNetwork=True), observed(info())).podIP == "192.168.1.10"


def test_waiting_reason_is_reported() -> None:
    """What a plan says about a waiting container is its state."""
    todo = Plan(waiting={"web": Waiting("ErrImagePull", "no such image")})
    found = only(pod_status(desired(), observed(), todo, NODE, NOW))
    assert found.state.waiting is not None
    assert (found.state.waiting.reason, found.state.waiting.message) == ("ErrImagePull", "no such image")


def test_last_report_of_a_deleted_pod() -> None:
    """A deleted pod that never ran has failed, and nothing of it is left waiting or running."""
    spec = DesiredPod(pod(metadata={"deletionTimestamp": TIME}))
    status = status_of(spec, ObservedPod())
    assert status.phase == "Failed"
    assert only(status).state.terminated is not None


def test_containers_are_sorted() -> None:
    """Statuses of containers are in the order of their names, those of init containers in that of the spec."""
    both = [{"name": "z", "image": "app:1"}, {"name": "a", "image": "app:1"}]
    status = status_of(desired(containers=both), ObservedPod())
    assert [s.name for s in status.containerStatuses] == ["a", "z"]
    spec = desired(initContainers=both)
    assert [s.name for s in status_of(spec, ObservedPod()).initContainerStatuses] == ["z", "a"]
