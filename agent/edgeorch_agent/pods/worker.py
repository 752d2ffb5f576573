"""One pod's worker: observe, plan, report, act, over and over, until the pod is gone.

The worker never dies of an error: it waits a little and looks again. Cancelling it leaves the pod as it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any, Protocol

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_status import PodStatus
from edgeorch_agent.pods import attempts
from edgeorch_agent.pods.actions import Action, EnsureImage, Plan, StopContainer
from edgeorch_agent.pods.executor import Executor, Services, Task
from edgeorch_agent.pods.last_words import LastWords
from edgeorch_agent.pods.model import DesiredPod, ImageState, Memory, ObservedPod, Probes, Stop
from edgeorch_agent.pods.plan import plan
from edgeorch_agent.pods.resolve.inputs import Inputs
from edgeorch_agent.pods.status import pod_status
from edgeorch_agent.runtime.base import RuntimeFault, RuntimeUnavailable

logger = logging.getLogger(__name__)

FIRST_RETRY = 1.0
LAST_RETRY = 30.0
"""Seconds to wait after a fault that kept a worker from looking at its pod."""


class StatusSink(Protocol):
    """Where statuses go."""

    def report(self, pod: Pod, status: PodStatus, *, terminated: bool) -> None:
        """Pass on a status that has changed. ``terminated``: nothing of a deleted pod is left here."""
        ...

    def forget(self, uid: str) -> None:
        """Take back what was reported: the server no longer knows the pod."""
        ...


class PodWorker:
    """Looks after one pod uid; :meth:`run` is its task."""

    def __init__(
        self, uid: str, services: Services, sink: StatusSink, probes: Mapping[str, Probes] | None = None
    ) -> None:
        self.uid = uid
        self.gone = False
        """Nothing of the pod is left on the node."""
        self._services = services
        self._executor = Executor(services)
        self._last_words = LastWords(services.runtime, services.volumes, services.offload)
        self._sink = sink
        self._wanted: tuple[DesiredPod, Inputs] | None = None
        self._wake = asyncio.Event()
        self._memory = Memory()
        self._probes = probes or {}
        self._pulls: dict[str, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._announced: dict[str, tuple[str, str]] = {}
        self._last_actions: tuple[Action, ...] = ()
        self._repeated = 0

    @property
    def desired(self) -> DesiredPod:
        """What the worker is to bring about."""
        assert self._wanted is not None, "assigned before it runs"
        return self._wanted[0]

    @property
    def status(self) -> PodStatus | None:
        """What was reported last."""
        return self._memory.prior

    def assign(self, desired: DesiredPod, inputs: Inputs) -> None:
        """Put the newest wish into the mailbox; an older one that was not looked at yet is void."""
        if self._wanted is None:
            stored = self._services.remembered.load(self.uid)
            self._memory = Memory(prior=stored or (desired.pod.status if desired.pod.status.phase else None))
        self._wanted = (desired, inputs)
        self._wake.set()

    def wake(self) -> None:
        """Look at the pod again: something may have happened to it."""
        self._wake.set()

    async def run(self) -> None:
        """Work until the pod is gone."""
        retry = 0.0
        try:
            while not self.gone:
                self._wake.clear()
                try:
                    wait = await self._round()
                    retry = 0.0
                except RuntimeFault as exc:
                    wait = retry = min(max(2 * retry, FIRST_RETRY), LAST_RETRY)
                    logger.warning("pod %s: %s; looking again in %s s", self.uid, exc, wait)
                except Exception:
                    wait = retry = min(max(2 * retry, FIRST_RETRY), LAST_RETRY)
                    logger.exception("pod %s: looking again in %s s", self.uid, wait)
                if not self.gone:
                    await self._sleep(wait)
        finally:
            await self._quit()

    async def _sleep(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _round(self) -> float | None:
        """Look and act once; gives the seconds after which to look again, None to wait for a wake-up."""
        assert self._wanted is not None
        desired, inputs = self._wanted
        observed = await self._observe(desired)
        now = self._services.now()
        todo = plan(desired, observed, now)
        self._drop_pulls(desired)
        self._memory = replace(self._memory, verdict=todo.verdict)
        self._announce(desired, todo)
        self._report(desired, observed, todo, now)
        task = Task(desired, inputs, observed)
        acted = await self._act(todo.actions, task)
        if todo.gone and acted:
            self._say_goodbye(desired)
            return None
        return self._pause(todo, acted=acted)

    def _pause(self, todo: Plan, *, acted: bool) -> float | None:
        """Say when to look again: at once after something was done, but not for ever at once."""
        repeated = bool(todo.actions) and todo.actions == self._last_actions
        self._repeated = self._repeated + 1 if repeated else 0
        self._last_actions = todo.actions
        if not acted or any(not isinstance(a, EnsureImage | StopContainer) for a in todo.actions):
            return min(FIRST_RETRY * 2 ** (self._repeated - 1), LAST_RETRY) if self._repeated else 0.0
        return None if todo.wake_at is None else max(0.0, todo.wake_at - self._services.now())

    async def _observe(self, desired: DesiredPod) -> ObservedPod:
        sandbox = await self._services.runtime.get(self.uid)
        present = sandbox.containers if sandbox else ()
        self._memory = self._memory.only(frozenset(c.id for c in present))
        for info in present:
            if info.id not in self._memory.last_words and attempts.end(info, self._memory) is not None:
                words = await self._last_words.of(self.uid, desired.container(info.name), info)
                self._memory = self._memory.with_last_words(info.id, words)
        return ObservedPod(sandbox, self._memory, self._probes)

    def _report(self, desired: DesiredPod, observed: ObservedPod, todo: Plan, now: float) -> None:
        """Tell the status if it has changed; what was told last is the base of the next."""
        status = pod_status(desired, observed, todo, self._services.node(), now)
        before = self._memory.prior
        self._memory = replace(self._memory, prior=status)
        if status == before or todo.gone or desired.dropped:
            return
        self._services.remembered.save(desired.pod, status, before)
        self._sink.report(desired.pod, status, terminated=False)

    def _say_goodbye(self, desired: DesiredPod) -> None:
        self.gone = True
        self._services.recorder.forget(self.uid)
        if not desired.dropped and self._memory.prior is not None:
            self._sink.report(desired.pod, self._memory.prior, terminated=True)

    def _announce(self, desired: DesiredPod, todo: Plan) -> None:
        """Emit the events of waiting: once for each wait, not each time it is looked at."""
        recorder = self._services.recorder
        for name, waiting in todo.waiting.items():
            occasion = (waiting.reason, waiting.occasion)
            if self._announced.get(name) == occasion:
                continue
            self._announced[name] = occasion
            if waiting.reason == "CrashLoopBackOff":
                text = f"Back-off restarting failed container {name} in pod {desired.full_name}"
                recorder.warning(desired.pod, "BackOff", text, name)
            elif waiting.reason == "ImagePullBackOff":
                image = self._memory.images[name].image
                recorder.normal(desired.pod, "BackOff", f'Back-off pulling image "{image}"', name)
                recorder.warning(desired.pod, "Failed", "Error: ImagePullBackOff", name)

    # Acting

    async def _act(self, actions: tuple[Action, ...], task: Task) -> bool:
        """Carry out actions in order; False when one failed, or newer intent made the rest void."""
        for action in actions:
            if self._wanted is None or self._wanted[0] is not task.desired:
                return False
            if isinstance(action, StopContainer):
                self._stop(action, task)
            elif isinstance(action, EnsureImage):
                self._pull(action, task)
            else:
                outcome = await self._executor.act(action, task)
                self._memory = outcome.remember(self._memory)
                if not outcome.ok:
                    return False
        return True

    def _stop(self, action: StopContainer, task: Task) -> None:
        now = self._services.now()
        if action.container_id not in self._memory.stops:
            text = action.message or f"Stopping container {action.container}"
            self._services.recorder.normal(task.desired.pod, "Killing", text, action.container)
        stop = Stop(now, action.grace, action.limit, action.replace, action.final)
        self._memory = self._memory.with_stop(action.container_id, stop)
        self._spawn(self._stopping(action, task, stop))

    async def _stopping(self, action: StopContainer, task: Task, stop: Stop) -> None:
        try:
            await self._executor.stop(action, task)
            result = replace(stop, done=True)
        except RuntimeUnavailable:
            result = replace(stop, failed_at=self._services.now())
        except Exception as exc:
            result = replace(stop, failed_at=self._services.now())
            if not isinstance(exc, RuntimeFault):
                logger.exception("pod %s: stopping container %s failed", self.uid, action.container)
            else:
                text = f"error killing container {action.container}: {exc}"
                self._services.recorder.warning(task.desired.pod, "FailedKillPod", text, action.container)
        if self._memory.stops.get(action.container_id) is stop:
            self._memory = self._memory.with_stop(action.container_id, result)
        self._wake.set()

    def _pull(self, action: EnsureImage, task: Task) -> None:
        container = task.desired.container(action.container)
        assert container is not None
        before = self._memory.images.get(container.name)
        if before is None or before.image != container.image:
            before = None
            state = ImageState(container.image, busy=True)
        else:
            state = replace(before, busy=True)
        self._memory = self._memory.with_image(container.name, state)

        async def pulling() -> None:
            found = await self._executor.ensure_image(container, task, before)
            current = self._memory.images.get(container.name)
            if current is not None and current.image == container.image:
                self._memory = self._memory.with_image(container.name, found)
            self._wake.set()

        if earlier := self._pulls.get(container.name):
            earlier.cancel()
        self._pulls[container.name] = self._spawn(pulling())

    def _drop_pulls(self, desired: DesiredPod) -> None:
        """Stop waiting for images that newer intent has no use for."""
        wanted = {} if desired.ending else {c.name: c.image for c in desired.containers()}
        for name, pull in list(self._pulls.items()):
            state = self._memory.images.get(name)
            if pull.done():
                del self._pulls[name]
            elif state is None or state.image != wanted.get(name):
                pull.cancel()
                del self._pulls[name]
                self._memory = self._memory.without_image(name)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guard(work), name=f"pod {self.uid}")
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            logger.exception("pod %s: background work failed", self.uid)
            self._wake.set()

    async def _quit(self) -> None:
        """Let go of everything under way; containers that are stopping finish or go on as the runtime likes."""
        pending = list(self._background)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
