"""From what was observed to the core/v1 PodStatus, as kubelet would report it."""

from __future__ import annotations

import datetime as dt

from edgeorch.api import meta
from edgeorch.api.core.container import Container
from edgeorch.api.core.pod_status import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    HostIP,
    PodIP,
    PodStatus,
)
from edgeorch_agent.pods import attempts, conditions, steps
from edgeorch_agent.pods.actions import Plan
from edgeorch_agent.pods.facts import NodeFacts
from edgeorch_agent.pods.model import TERMINAL_PHASES, DesiredPod, ObservedPod, is_sidecar
from edgeorch_agent.pods.resolve.resources import qos_class
from edgeorch_agent.runtime.base import ContainerInfo

RUNTIME = "podman"

LOST = ContainerStateTerminated(
    exitCode=attempts.EXIT_UNKNOWN,
    reason=attempts.REASON_UNKNOWN,
    message="The container could not be located when the pod was deleted.  The container used to be Running",
)


def pod_status(
    desired: DesiredPod, observed: ObservedPod, plan: Plan, node: NodeFacts, now: float
) -> PodStatus:
    """Build the status that goes with a plan. Pure: equal arguments give equal statuses."""
    pod = desired.pod
    prior = observed.memory.prior or pod.status
    init = [_container(desired, observed, plan, c) for c in pod.spec.initContainers]
    apps = [_container(desired, observed, plan, c) for c in pod.spec.containers]
    statuses = {s.name: s for s in [*init, *apps]}
    initialized = any(
        (newest := observed.newest(c.name)) is not None and newest.started_at > 0 for c in pod.spec.containers
    )
    phase = conditions.phase(pod, statuses, finished=plan.finished, initialized=initialized)
    phase, reason, message = _settle(phase, plan, desired, prior)
    sandbox_ready = observed.sandbox is not None and observed.sandbox.ready
    since = observed.since()
    status = PodStatus(
        phase=phase,
        reason=reason,
        message=message,
        conditions=conditions.conditions(
            pod,
            statuses,
            phase,
            prior.conditions,
            sandbox_ready=sandbox_ready and phase not in TERMINAL_PHASES,
            now=_time(now),
        ),
        startTime=prior.startTime or _time(now if since is None else since),
        qosClass=prior.qosClass or qos_class(pod),
        initContainerStatuses=init,
        containerStatuses=sorted(apps, key=lambda s: s.name),
    )
    _set_addresses(status, desired, observed, prior, node)
    return status


def _settle(phase: str, plan: Plan, desired: DesiredPod, prior: PodStatus) -> tuple[str, str, str]:
    """Apply what overrides the containers: terminal phases are final, and so is a verdict."""
    reported = desired.pod.status
    for earlier in (prior, reported):
        if earlier.phase in TERMINAL_PHASES:
            return earlier.phase, earlier.reason, earlier.message
    if plan.verdict is not None:
        return "Failed", plan.verdict.reason, plan.verdict.message
    if plan.finished and phase not in TERMINAL_PHASES:
        # It ends without ever having run, or its containers vanished: nobody can call that a success.
        phase = "Failed"
    if phase == prior.phase:
        return phase, prior.reason, prior.message
    return phase, "", ""


def _set_addresses(
    status: PodStatus, desired: DesiredPod, observed: ObservedPod, prior: PodStatus, node: NodeFacts
) -> None:
    ips = observed.sandbox.ips if observed.sandbox and observed.sandbox.ready else ()
    if desired.pod.spec.hostNetwork:
        ips = tuple(p.ip for p in prior.podIPs) or node.ips
    ips = ips or tuple(p.ip for p in prior.podIPs)  # a pod that has ended keeps the address it had
    status.podIPs = [PodIP(ip=ip) for ip in ips]
    status.podIP = ips[0] if ips else ""
    status.hostIPs = [HostIP(ip=ip) for ip in node.ips]
    status.hostIP = node.ips[0] if node.ips else ""


def _container(desired: DesiredPod, observed: ObservedPod, plan: Plan, container: Container) -> ContainerStatus:
    before = steps.prior_status(observed, container.name)
    newest = observed.newest(container.name)
    status = _absent(desired, container, before) if newest is None else _present(observed, newest, before)
    waiting = plan.waiting.get(container.name)
    if waiting is not None:
        if status.state.terminated is not None:
            status.lastState = status.state
        status.state = ContainerState(
            waiting=ContainerStateWaiting(reason=waiting.reason, message=waiting.message)
        )
    if plan.finished and desired.ending and status.state.terminated is None:
        # Reported for the last time: what cannot be accounted for counts as failed (status_manager.go).
        status.state = ContainerState(
            terminated=ContainerStateTerminated(
                exitCode=attempts.EXIT_UNKNOWN,
                reason=attempts.REASON_UNKNOWN,
                message=attempts.LOST_MESSAGE,
            )
        )
    _set_readiness(status, desired, observed, container)
    return status


def _absent(desired: DesiredPod, container: Container, before: ContainerStatus | None) -> ContainerStatus:
    """Report a container that the runtime does not know."""
    if before is not None and before.state.terminated is not None:
        return before.model_copy()
    reason = "PodInitializing" if desired.pod.spec.initContainers else "ContainerCreating"
    status = ContainerStatus(
        name=container.name,
        image=container.image,
        imageID="",
        ready=False,
        restartCount=before.restartCount if before else 0,
        state=ContainerState(waiting=ContainerStateWaiting(reason=reason)),
        lastState=before.lastState if before else ContainerState(),
    )
    if before is not None and before.state.running is not None:
        status.lastState = ContainerState(terminated=LOST)
        status.restartCount += 0 if desired.ending else 1
    return status


def _present(observed: ObservedPod, info: ContainerInfo, before: ContainerStatus | None) -> ContainerStatus:
    return ContainerStatus(
        name=info.name,
        image=info.image,
        imageID=info.image_id,
        ready=False,
        restartCount=attempts.restarts(info),
        containerID=container_id(info.id),
        state=_state(observed, info),
        lastState=_last_state(observed, info, before),
    )


def _state(observed: ObservedPod, info: ContainerInfo) -> ContainerState:
    how = attempts.end(info, observed.memory)
    if how is not None:
        return ContainerState(terminated=_terminated(info, how))
    if attempts.lives(info, observed.memory):
        return ContainerState(
            running=ContainerStateRunning(startedAt=_time(info.started_at or info.created_at))
        )
    return ContainerState(waiting=ContainerStateWaiting(reason="ContainerCreating"))


def _terminated(info: ContainerInfo, how: attempts.End) -> ContainerStateTerminated:
    return ContainerStateTerminated(
        exitCode=how.exit_code,
        reason=how.reason,
        message=how.message,
        startedAt=_time(how.started_at) if how.started_at else None,
        finishedAt=_time(how.finished_at) if how.finished_at else None,
        containerID=container_id(info.id),
    )


def _last_state(observed: ObservedPod, info: ContainerInfo, before: ContainerStatus | None) -> ContainerState:
    """Report the end before the current container: from the runtime, or as it was reported."""
    for earlier in reversed(observed.attempts(info.name)[:-1]):
        how = attempts.end(earlier, observed.memory)
        if how is not None:
            return ContainerState(terminated=_terminated(earlier, how))
    if before is None:
        return ContainerState()
    if before.containerID != container_id(info.id) and before.state.terminated is not None:
        return ContainerState(terminated=before.state.terminated)
    ended = before.lastState.terminated
    # In back-off the newest container's own end was reported as the last state.
    return ContainerState() if ended and ended.containerID == container_id(info.id) else before.lastState


def _set_readiness(
    status: ContainerStatus, desired: DesiredPod, observed: ObservedPod, container: Container
) -> None:
    probe = observed.probe(container.name)
    running = status.state.running is not None
    is_init = any(c is container for c in desired.pod.spec.initContainers)
    status.started = running and probe.started
    if is_init and not is_sidecar(container):
        ended = status.state.terminated
        status.ready = ended is not None and ended.exitCode == 0
    else:
        status.ready = bool(status.started and probe.ready)


def container_id(identity: str) -> str:
    """Write a container's id as Kubernetes does: with the runtime's name before it."""
    return f"{RUNTIME}://{identity}"


def _time(seconds: float) -> str:
    return meta.format_time(dt.datetime.fromtimestamp(seconds, dt.UTC))
