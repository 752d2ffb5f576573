"""What to do for a pod, as a pure function: kubelet's semantics without its I/O.

``plan(desired, observed, now)`` is called over and over; it may ask for several actions at once, and when
nothing is left to do it asks for none. Clauses it follows are those of the Kubernetes documentation, "Pod
Lifecycle", "Init Containers" and "Sidecar Containers", and of kubelet where the documentation is silent.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edgeorch_agent.pods import attempts, backoff, steps
from edgeorch_agent.pods.actions import (
    Action,
    CreateSandbox,
    EnsureImage,
    Plan,
    RemoveContainer,
    RemoveSandbox,
    SetUpVolumes,
    StartContainer,
    StopSandbox,
    TearDown,
    Waiting,
)
from edgeorch_agent.pods.model import (
    MINIMUM_GRACE,
    SANDBOX,
    TERMINAL_PHASES,
    VOLUMES,
    DesiredPod,
    ObservedPod,
    Verdict,
    is_sidecar,
)
from edgeorch_agent.pods.steps import Course, Step
from edgeorch_agent.runtime.base import ContainerInfo, ContainerState

DEADLINE = Verdict("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")


def plan(desired: DesiredPod, observed: ObservedPod, now: float) -> Plan:
    """Decide what a pod needs at ``now`` (seconds since the epoch)."""
    draft = _Draft(desired, observed, now)
    if desired.ending:
        draft.end()
    elif (verdict := draft.judge()) is not None:
        draft.verdict = verdict
        draft.rest()
    elif draft.settled():
        draft.rest()
    elif draft.sandbox_ready():
        draft.run()
    else:
        draft.renew_sandbox()
    return draft.plan()


@dataclass(slots=True)
class _Draft:
    """A plan in the making; it never outlives one call of :func:`plan`."""

    desired: DesiredPod
    observed: ObservedPod
    now: float
    actions: list[Action] = field(default_factory=list)
    wakes: list[float] = field(default_factory=list)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    finished: bool = False
    verdict: Verdict | None = None
    gone: bool = False

    def plan(self) -> Plan:
        return Plan(
            actions=tuple(self.actions),
            wake_at=min(self.wakes, default=None),
            waiting=self.waiting,
            finished=self.finished,
            verdict=self.verdict,
            gone=self.gone,
        )

    # The pod's end

    def end(self) -> None:
        """Stop everything, then remove the sandbox, then what lies on disk."""
        if self._stop_living():
            return
        self.finished = True
        if self.observed.sandbox is None:
            self.actions.append(TearDown())
            self.gone = True
        elif self._due(SANDBOX):
            self.actions.append(RemoveSandbox())

    def rest(self) -> None:
        """Stop what still runs and keep the rest, for its logs, until the pod is deleted."""
        self.finished = not self._stop_living()
        self._sweep()
        self._let_go()

    def judge(self) -> Verdict | None:
        """Decide whether the pod must fail: earlier decided, or its activeDeadlineSeconds are over."""
        if self.observed.memory.verdict is not None:
            return self.observed.memory.verdict
        seconds = self.desired.pod.spec.activeDeadlineSeconds
        since = self.observed.since()
        if seconds is None or since is None or self.settled():
            return None
        deadline = since + seconds
        if self.now >= deadline:
            return DEADLINE
        self.wakes.append(deadline)
        return None

    def settled(self) -> bool:
        """Tell whether the phase is terminal, which is final, whoever set it."""
        prior = self.observed.memory.prior
        reported = prior.phase if prior else ""
        return reported in TERMINAL_PHASES or self.desired.pod.status.phase in TERMINAL_PHASES

    def _living(self) -> list[ContainerInfo]:
        sandbox, memory = self.observed.sandbox, self.observed.memory
        return [c for c in sandbox.containers if attempts.lives(c, memory)] if sandbox else []

    def _stop_living(self) -> bool:
        """Ask for the next stops, if anything lives: first all other containers, then sidecars one by one.

        Sidecars end in reverse order, with what is left of the grace period ("Sidecar Containers",
        "Pod sidecar containers: termination").
        """
        living = self._living()
        order = [c.name for c in self.desired.sidecars]
        plain = [c for c in living if c.name not in order]
        turn = plain or sorted(living, key=lambda c: order.index(c.name))[-1:]
        stops = self.observed.memory.stops.values()
        first = min((s.since for s in stops if s.final), default=self.now)
        spent = 0.0 if plain else max(0.0, min(self.now - first, self.desired.grace - MINIMUM_GRACE))
        for info in turn:
            self._add(steps.stop(self.desired, self.observed, info, self.now, final=True, spent=spent))
        return bool(living)

    # The sandbox

    def sandbox_ready(self) -> bool:
        sandbox = self.observed.sandbox
        return sandbox is not None and sandbox.ready

    def renew_sandbox(self) -> None:
        """Make the first sandbox, or another one after a reboot or when somebody removed it.

        A new sandbox means that init containers run again ("Init Containers", "Pod restart reasons").
        """
        if not self._has_use_for_sandbox():
            self.rest()
            return
        if living := self._living():
            for info in living:
                text = "Pod sandbox changed, it will be killed and re-created."
                self._add(
                    steps.stop(
                        self.desired, self.observed, info, self.now, final=False, replace=True, message=text
                    )
                )
            return
        for container in self.desired.pod.spec.initContainers:
            self.actions += [
                RemoveContainer(container.name, c.id) for c in self.observed.attempts(container.name)
            ]
        if self._volumes_stand() and self._due(SANDBOX):
            self.actions.append(CreateSandbox(again=self.observed.sandbox is not None or self._ran_before()))

    def _ran_before(self) -> bool:
        names = [c.name for c in self.desired.containers()]
        reported = (steps.prior_status(self.observed, name) for name in names)
        return any(s and (s.state.running or s.state.terminated) for s in reported) or any(
            self.observed.attempts(name) for name in names
        )

    def _has_use_for_sandbox(self) -> bool:
        policy = self.desired.restart_policy
        if policy == "Always":
            return True
        if policy == "Never":
            return not self._ran_before()
        return any(not self._succeeded(c.name) for c in self.desired.pod.spec.containers)

    def _succeeded(self, name: str) -> bool:
        newest = self.observed.newest(name)
        if newest is not None:
            how = attempts.end(newest, self.observed.memory)
            return how is not None and how.exit_code == 0
        before = steps.prior_status(self.observed, name)
        ended = before.state.terminated if before else None
        return ended is not None and ended.exitCode == 0

    def _volumes_stand(self) -> bool:
        """Ask for the volumes if they are missing or outdated; True when containers may use what there is."""
        mounted = self.observed.memory.mounted
        if mounted != self.desired.inputs and self._due(VOLUMES):
            self.actions.append(SetUpVolumes())
            return True  # what follows in the same plan is carried out only if this succeeds
        return mounted is not None

    # Running

    def run(self) -> None:
        """Bring all containers up in order, or find out that the pod is through."""
        stand = self._volumes_stand()
        self._sweep()
        apps = [
            (c.name, steps.step(self.desired, self.observed, c, self.desired.restart_policy, self.now))
            for c in self.desired.pod.spec.containers
        ]
        if all(taken.course is Course.DONE for _, taken in apps) or self._initialization_failed():
            self._finish()
        elif self._initialize():
            for name, taken in apps:
                self._add(taken, name)
        if not stand:
            self.actions = [a for a in self.actions if not isinstance(a, EnsureImage | StartContainer)]

    def _initialize(self) -> bool:
        """Take init containers further; True when app containers may start.

        While an app container is up the pod counts as initialized, and only sidecars are looked after.
        """
        initialized = any(self._is_up(c.name) for c in self.desired.pod.spec.containers)
        for container in self.desired.pod.spec.initContainers:
            if is_sidecar(container):
                taken = steps.step(self.desired, self.observed, container, "Always", self.now)
                self._add(taken, container.name)
                started = taken.course is Course.UP and self.observed.probe(container.name).started
                if not initialized and not started:
                    return False
            elif not initialized and not self._has_completed(container.name):
                policy = "Never" if self.desired.restart_policy == "Never" else "OnFailure"
                taken = steps.step(self.desired, self.observed, container, policy, self.now, anew=True)
                self._add(taken, container.name)
                return False
        return True

    def _initialization_failed(self) -> bool:
        """Whether an init container has failed for good ("Init Containers": it fails the pod under Never)."""
        plain = [c.name for c in self.desired.pod.spec.initContainers if not is_sidecar(c)]
        ends = [
            attempts.end(newest, self.observed.memory)
            for name in plain
            if (newest := self.observed.newest(name)) is not None
        ]
        return self.desired.restart_policy == "Never" and any(how and how.exit_code for how in ends)

    def _is_up(self, name: str) -> bool:
        newest = self.observed.newest(name)
        return newest is not None and (
            newest.state is ContainerState.CREATED or attempts.lives(newest, self.observed.memory)
        )

    def _has_completed(self, name: str) -> bool:
        """Whether an init container has succeeded in this sandbox."""
        newest = self.observed.newest(name)
        how = attempts.end(newest, self.observed.memory) if newest else None
        return how is not None and how.exit_code == 0

    def _finish(self) -> None:
        """End the pod: no app container will run again, so sidecars have no more use."""
        self.actions = [a for a in self.actions if not isinstance(a, EnsureImage | StartContainer)]
        self.waiting.clear()
        self.finished = not self._stop_living()
        self._let_go()

    def _let_go(self) -> None:
        """Stop the sandbox of a pod that is through: as in kubelet, its address and ports are free again."""
        if self.finished and self.sandbox_ready() and self._due(SANDBOX):
            self.actions.append(StopSandbox())

    # Parts

    def _add(self, taken: Step, name: str = "") -> None:
        self.actions += [a for a in taken.actions if a not in self.actions]
        if taken.waiting is not None:
            self.waiting[name] = taken.waiting
        if taken.wake_at is not None:
            self.wakes.append(taken.wake_at)

    def _due(self, key: str) -> bool:
        """Whether a failure of this kind, if there was one, has been waited out."""
        failure = self.observed.memory.failures.get(key)
        if failure is None or failure.inputs != self.desired.inputs:
            return True
        left = backoff.remaining(failure.at, failure.delay, self.now)
        if left:
            self.wakes.append(self.now + left)
        return not left

    def _sweep(self) -> None:
        """Keep the newest dead container of each name, for ``logs --previous``, and remove older ones.

        What runs here under a name that the spec does not have was made by nobody we know: it goes.
        """
        known = {c.name for c in self.desired.containers()}
        sandbox, memory = self.observed.sandbox, self.observed.memory
        for name in dict.fromkeys(c.name for c in sandbox.containers) if sandbox else ():
            dead = [c for c in self.observed.attempts(name) if not attempts.lives(c, memory)]
            ended = [c for c in dead if attempts.end(c, memory) is not None]
            keep = {c.id for c in ended[-1:]} | {c.id for c in self.observed.attempts(name)[-1:]}
            self.actions += [RemoveContainer(name, c.id) for c in dead if name not in known or c.id not in keep]
            if name not in known:
                for info in self.observed.attempts(name):
                    if attempts.lives(info, memory):
                        self._add(steps.stop(self.desired, self.observed, info, self.now, final=False))
