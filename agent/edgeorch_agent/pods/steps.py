"""The next step of one container, as a pure function."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod_status import ContainerStatus
from edgeorch.api.durations import format_duration
from edgeorch_agent.pods import attempts, backoff
from edgeorch_agent.pods.actions import (
    Action,
    EnsureImage,
    RemoveContainer,
    StartContainer,
    StopContainer,
    Waiting,
)
from edgeorch_agent.pods.model import DesiredPod, ImageState, ObservedPod
from edgeorch_agent.runtime.base import ContainerInfo, ContainerState

PULL_ERROR_SHOWN = 3.0
"""Seconds for which a failed pull is reported as ``ErrImagePull`` before it becomes ``ImagePullBackOff``."""

STOP_RETRY = 2.0
"""Seconds until a stop that the runtime refused is tried again."""

CRASH_LOOP = "CrashLoopBackOff"
PULL_ERROR = "ErrImagePull"


class Course(enum.Enum):
    """Where a container stands."""

    UP = "up"
    """It runs, and shall."""
    PENDING = "pending"
    """It does not run, but will."""
    DONE = "done"
    """It has ended for good."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one container needs."""

    course: Course
    actions: tuple[Action, ...] = ()
    waiting: Waiting | None = None
    wake_at: float | None = None


def step(
    desired: DesiredPod,
    observed: ObservedPod,
    container: Container,
    policy: str,
    now: float,
    *,
    anew: bool = False,
) -> Step:
    """Decide about one container of a ready sandbox under a restart policy.

    ``anew``: it runs once in each sandbox (an init container), so an end that only the status still knows of
    does not count.
    """
    memory = observed.memory
    found = observed.attempts(container.name)
    strays = tuple(
        stop(desired, observed, c, now, final=False) for c in found[:-1] if attempts.lives(c, memory)
    )
    if strays:
        return _together(strays)
    if not found:
        return _first(desired, observed, container, "Always" if anew else policy, now)
    newest = found[-1]
    if attempts.lives(newest, memory):
        return _living(desired, observed, container, policy, newest, now)
    how = attempts.end(newest, memory)
    if how is None:
        if attempts.is_current(newest, container):
            return _start(desired, observed, container, _again(newest), now)
        return Step(Course.PENDING, (RemoveContainer(container.name, newest.id),))
    ours = memory.stops.get(newest.id)
    if not (ours and ours.replace) and not attempts.should_restart(policy, how):
        return Step(Course.DONE)
    delay, waiting = 0.0, None
    if attempts.is_current(newest, container):
        delay = backoff.restart_delay(
            newest.labels, how.finished_at - how.started_at if how.started_at else 0.0
        )
        left = backoff.remaining(how.finished_at, delay, now)
        if left or _reported(observed, container.name, CRASH_LOOP):
            waiting = Waiting(CRASH_LOOP, _crash_loop(desired, container, delay), newest.id)
        if left:
            return Step(Course.PENDING, waiting=waiting, wake_at=now + left)
        delay = backoff.doubled(delay)
    start = StartContainer(container.name, attempts.restarts(newest) + 1, delay)
    return _start(desired, observed, container, start, now, waiting)


def stop(
    desired: DesiredPod,
    observed: ObservedPod,
    info: ContainerInfo,
    now: float,
    *,
    final: bool,
    replace: bool = False,
    spent: float = 0.0,
    message: str = "",
) -> Step:
    """Stop a container, unless that is under way already and soon enough.

    ``spent`` is how much of the grace period has passed before its turn came.
    """
    limit = desired.grace
    grace = max(limit - spent, min(limit, 2.0))
    action = StopContainer(info.name, info.id, grace, limit, replace, final, message)
    going = observed.memory.stops.get(info.id)
    if going is None or going.limit > limit:
        return Step(Course.PENDING, (action,))
    if going.failed_at is not None or going.done:
        left = backoff.remaining(going.failed_at or going.since, STOP_RETRY, now)
        return Step(Course.PENDING, wake_at=now + left) if left else Step(Course.PENDING, (action,))
    return Step(Course.PENDING)


def _crash_loop(desired: DesiredPod, container: Container, delay: float) -> str:
    duration = format_duration(dt.timedelta(seconds=delay))
    return f"back-off {duration} restarting failed container={container.name} pod={desired.full_name}"


def _together(parts: tuple[Step, ...]) -> Step:
    wakes = [p.wake_at for p in parts if p.wake_at is not None]
    return Step(
        Course.PENDING, tuple(a for p in parts for a in p.actions), wake_at=min(wakes) if wakes else None
    )


def _again(created: ContainerInfo) -> StartContainer:
    return StartContainer(
        created.name, attempts.restarts(created), backoff.labelled(created.labels), created_id=created.id
    )


def _first(desired: DesiredPod, observed: ObservedPod, container: Container, policy: str, now: float) -> Step:
    """Decide about a container the runtime does not know: it never was, or it went with its sandbox."""
    before = prior_status(observed, container.name)
    if before and before.state.terminated:
        code = before.state.terminated.exitCode
        if not attempts.should_restart(policy, attempts.End(code, "")):
            return Step(Course.DONE)
    start = StartContainer(container.name, _restarts_after(before), 0.0)
    return _start(desired, observed, container, start, now)


def prior_status(observed: ObservedPod, name: str) -> ContainerStatus | None:
    """Give what was reported last of a container."""
    prior = observed.memory.prior
    if prior is None:
        return None
    known = [*prior.containerStatuses, *prior.initContainerStatuses]
    return next((s for s in known if s.name == name), None)


def _reported(observed: ObservedPod, name: str, reason: str) -> bool:
    """Tell whether a container was reported as waiting for this; it stays so until it has been started."""
    before = prior_status(observed, name)
    return before is not None and before.state.waiting is not None and before.state.waiting.reason == reason


def _restarts_after(before: ContainerStatus | None) -> int:
    if before is None:
        return 0
    # A waiting one was counted when its predecessor was found lost.
    return before.restartCount + (1 if before.state.running or before.state.terminated else 0)


def _living(
    desired: DesiredPod,
    observed: ObservedPod,
    container: Container,
    policy: str,
    info: ContainerInfo,
    now: float,
) -> Step:
    going = observed.memory.stops.get(info.id)
    if going is not None:
        # It is on its way down, for whatever reason: what comes after is decided when it has ended.
        return stop(desired, observed, info, now, final=going.final, replace=going.replace)
    if info.state is ContainerState.UNKNOWN:
        text = 'Container is in "unknown" state, try killing it before restart'
        return stop(desired, observed, info, now, final=False, message=text)
    if not attempts.is_current(info, container):
        text = f"Container {container.name} definition changed, will be restarted"
        return stop(desired, observed, info, now, final=False, replace=True, message=text)
    if failed := observed.probe(container.name).failed:
        again = policy != "Never"
        text = f"Container {container.name} failed {failed} probe" + (", will be restarted" if again else "")
        return stop(desired, observed, info, now, final=False, replace=again, message=text)
    return Step(Course.UP)


def _start(
    desired: DesiredPod,
    observed: ObservedPod,
    container: Container,
    start: StartContainer,
    now: float,
    waiting: Waiting | None = None,
) -> Step:
    """Start a container as soon as its image is here and no failure is being waited out."""
    memory = observed.memory
    failure = memory.failures.get(container.name)
    if failure is not None:
        waiting = Waiting(failure.reason, failure.message, f"{failure.reason} {failure.count}")
        left = backoff.remaining(failure.at, failure.delay, now)
        if left and failure.inputs == desired.inputs:
            return Step(Course.PENDING, waiting=waiting, wake_at=now + left)
    state = memory.images.get(container.name)
    if state is None or state.image != container.image:
        return Step(Course.PENDING, (EnsureImage(container.name),), waiting)
    if state.info is not None:
        return Step(Course.PENDING, (start,), waiting)
    return _image_missing(container, state, waiting, now)


def _image_missing(container: Container, state: ImageState, waiting: Waiting | None, now: float) -> Step:
    """Wait for an image: in kubelet's words ErrImagePull first, then ImagePullBackOff until the next try."""
    if not state.reason:
        return Step(Course.PENDING, waiting=waiting)
    occasion = f"{state.at}"
    shown = backoff.remaining(state.at, PULL_ERROR_SHOWN, now)
    if state.reason == PULL_ERROR and not shown:
        text = f'Back-off pulling image "{state.image}": {state.reason}: {state.message}'
        waiting = Waiting("ImagePullBackOff", text, occasion)
    else:
        waiting = Waiting(state.reason, state.message, occasion)
    if state.busy:
        return Step(Course.PENDING, waiting=waiting)
    left = backoff.remaining(state.at, state.delay, now)
    if not left:
        return Step(Course.PENDING, (EnsureImage(container.name),), waiting)
    return Step(Course.PENDING, waiting=waiting, wake_at=now + min(left, shown or left))
