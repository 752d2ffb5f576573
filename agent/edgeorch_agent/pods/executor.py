"""Does what a plan asks for: the only place of the pod code that awaits the runtime."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from edgeorch.api.core.container import Container
from edgeorch.api.core.images import default_pull_policy
from edgeorch.api.durations import format_duration
from edgeorch_agent.pods import backoff
from edgeorch_agent.pods.actions import (
    Action,
    CreateSandbox,
    EnsureImage,
    RemoveContainer,
    RemoveSandbox,
    SetUpVolumes,
    StartContainer,
    StopContainer,
    StopSandbox,
    TearDown,
)
from edgeorch_agent.pods.events import Recorder
from edgeorch_agent.pods.facts import NodeFacts
from edgeorch_agent.pods.hooks import Hooks, SleepHooks
from edgeorch_agent.pods.images import Found, ImageProblem, Images
from edgeorch_agent.pods.model import (
    MINIMUM_GRACE,
    SANDBOX,
    VOLUMES,
    DesiredPod,
    ImageState,
    Memory,
    ObservedPod,
)
from edgeorch_agent.pods.remembered import Remembered
from edgeorch_agent.pods.resolve.container import Attempt, container_spec
from edgeorch_agent.pods.resolve.credentials import credentials
from edgeorch_agent.pods.resolve.downward import Surroundings
from edgeorch_agent.pods.resolve.environment import environment
from edgeorch_agent.pods.resolve.errors import ConfigError, MountError
from edgeorch_agent.pods.resolve.inputs import Inputs
from edgeorch_agent.pods.resolve.sandbox import sandbox_spec
from edgeorch_agent.pods.resolve.volumes import sources
from edgeorch_agent.pods.volumes import Volumes
from edgeorch_agent.runtime.base import (
    ContainerSpec,
    Mount,
    NoSuchObject,
    Runtime,
    RuntimeFault,
    RuntimeUnavailable,
)

logger = logging.getLogger(__name__)

Offload = Callable[..., Awaitable[Any]]
"""Runs a blocking function off the event loop: ``asyncio.to_thread``, or at once in tests."""


@dataclass(frozen=True, slots=True)
class Services:
    """What pod workers share."""

    runtime: Runtime
    images: Images
    volumes: Volumes
    remembered: Remembered
    recorder: Recorder
    node: Callable[[], NodeFacts]
    now: Callable[[], float]
    """Wall time in seconds since the epoch."""
    hooks: Hooks = field(default_factory=SleepHooks)
    offload: Offload = asyncio.to_thread


@dataclass(frozen=True, slots=True)
class Task:
    """One pod with everything that is known when an action is carried out."""

    desired: DesiredPod
    inputs: Inputs
    observed: ObservedPod


def _nothing_new(memory: Memory) -> Memory:
    return memory


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an action. When it failed, what was planned after it is void.

    The memory may have changed while the action was carried out (an image arrived, a container stopped), so an
    outcome is a change to whatever the memory is by then, never a new memory.
    """

    remember: Callable[[Memory], Memory] = _nothing_new
    ok: bool = True


class Executor:
    """Carries out actions. Short ones with :meth:`act`; :meth:`stop` and :meth:`ensure_image` take long."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def act(self, action: Action, task: Task) -> Outcome:
        """Carry out an action that takes moments. Raises RuntimeUnavailable; other faults are remembered."""
        match action:
            case SetUpVolumes():
                return await self._set_up_volumes(task)
            case CreateSandbox():
                return await self._create_sandbox(action, task)
            case StartContainer():
                return await self._start(action, task)
            case RemoveContainer():
                await self._services.runtime.remove_container(action.container_id)
                return Outcome()
            case StopSandbox():
                return await self._end_sandbox(self._services.runtime.stop_sandbox, task)
            case RemoveSandbox():
                return await self._end_sandbox(self._services.runtime.remove_sandbox, task)
            case TearDown():
                await self._services.offload(self._services.volumes.tear_down, task.desired.uid)
                return Outcome()
            case StopContainer() | EnsureImage():
                raise AssertionError("takes long: see stop and ensure_image")

    async def stop(self, action: StopContainer, task: Task) -> None:
        """Run the preStop hook and stop a container; both share the grace period. Raises RuntimeFault."""
        container = task.desired.container(action.container)
        grace = action.grace
        if container is not None:
            loop = asyncio.get_running_loop()
            began = loop.time()
            await self._pre_stop(action, container, task)
            grace = max(grace - (loop.time() - began), min(grace, MINIMUM_GRACE))
        await self._services.runtime.stop_container(action.container_id, grace)

    async def _pre_stop(self, action: StopContainer, container: Container, task: Task) -> None:
        """Run the preStop hook; one that fails does not keep the container from ending."""
        pod = task.desired.pod
        try:
            await self._services.hooks.pre_stop(pod, container, action.container_id, action.grace)
        except Exception:
            logger.exception("preStop hook of container %s failed", container.name)
            self._services.recorder.warning(pod, "FailedPreStopHook", "PreStopHook failed", container.name)

    async def ensure_image(self, container: Container, task: Task, before: ImageState | None) -> ImageState:
        """Look for an image and pull it if the policy asks for that; a failure is a state too."""
        services, pod = self._services, task.desired.pod
        image = container.image

        def announce() -> None:
            services.recorder.normal(pod, "Pulling", f'Pulling image "{image}"', container.name)

        try:
            found = await services.images.ensure(
                image,
                # The API server has defaulted it; a checkpoint of another version may not have it.
                container.imagePullPolicy or default_pull_policy(image),
                credentials(pod, image, task.inputs),
                announce,
            )
        except ImageProblem as exc:
            problem = exc
        except Exception as exc:
            logger.exception("looking for image %s failed", image)
            problem = ImageProblem("ErrImagePull", repr(exc))
        else:
            self._report_image(found, container, task)
            return ImageState(image, info=found.info)
        self._report_image_problem(problem, container, task)
        delay = backoff.doubled(before.delay if before else 0.0)
        return ImageState(image, reason=problem.reason, message=str(problem), at=services.now(), delay=delay)

    def _report_image(self, found: Found, container: Container, task: Task) -> None:
        recorder, pod, image = self._services.recorder, task.desired.pod, container.image
        if found.stale:
            text = f'Failed to pull image "{image}": {found.stale}'
            recorder.warning(pod, "Failed", text, container.name)
        if found.pulled:
            text = (
                f'Successfully pulled image "{image}" in {_milliseconds(found.pull_time)} '
                f"({_milliseconds(found.total_time)} including waiting). Image size: {found.info.size} bytes."
            )
        else:
            text = f'Container image "{image}" already present on machine'
        recorder.normal(pod, "Pulled", text, container.name)

    def _report_image_problem(self, problem: ImageProblem, container: Container, task: Task) -> None:
        recorder, pod, image = self._services.recorder, task.desired.pod, container.image
        match problem.reason:
            case "ErrImageNeverPull":
                recorder.warning(pod, "ErrImageNeverPull", str(problem), container.name)
            case "InvalidImageName" | "ImageInspectError":
                recorder.warning(pod, "InspectFailed", str(problem), container.name)
            case _:
                text = f'Failed to pull image "{image}": {problem}'
                recorder.warning(pod, "Failed", text, container.name)
        recorder.warning(pod, "Failed", f"Error: {problem.reason}", container.name)

    async def _set_up_volumes(self, task: Task) -> Outcome:
        services, pod, inputs = self._services, task.desired.pod, task.desired.inputs
        group = pod.spec.securityContext.fsGroup if pod.spec.securityContext else None
        try:
            wanted = sources(pod, task.inputs, self._around(task))
            if wanted:
                await services.offload(services.volumes.set_up, task.desired.uid, wanted, group)
        except MountError as exc:
            services.recorder.warning(pod, "FailedMount", str(exc))
            return Outcome(self._failed(VOLUMES, "FailedMount", exc, task), ok=False)
        return Outcome(lambda memory: replace(memory.without_failure(VOLUMES), mounted=inputs))

    async def _create_sandbox(self, action: CreateSandbox, task: Task) -> Outcome:
        services, pod = self._services, task.desired.pod
        if action.again:
            text = "Pod sandbox changed, it will be killed and re-created."
            services.recorder.normal(pod, "SandboxChanged", text)
        try:
            await services.runtime.create_sandbox(sandbox_spec(pod, services.node()))
        except RuntimeUnavailable:
            raise
        except RuntimeFault as exc:
            text = f"Failed to create pod sandbox: {exc}"
            services.recorder.warning(pod, "FailedCreatePodSandBox", text)
            return Outcome(self._failed(SANDBOX, "FailedSandbox", text, task), ok=False)
        return Outcome(lambda memory: memory.without_failure(SANDBOX))

    async def _end_sandbox(self, end: Callable[[str], Awaitable[None]], task: Task) -> Outcome:
        services = self._services
        try:
            await end(task.desired.uid)
        except RuntimeUnavailable:
            raise
        except RuntimeFault as exc:
            text = f"error killing pod: {exc}"
            services.recorder.warning(task.desired.pod, "FailedKillPod", text)
            return Outcome(self._failed(SANDBOX, "FailedSandbox", text, task), ok=False)
        return Outcome(lambda memory: memory.without_failure(SANDBOX))

    def _failed(self, key: str, reason: str, why: object, task: Task) -> Callable[[Memory], Memory]:
        text, now, inputs = str(why), self._services.now(), task.desired.inputs
        return lambda memory: memory.with_failure(key, reason, text, now, inputs=inputs)

    async def _start(self, action: StartContainer, task: Task) -> Outcome:
        services, pod = self._services, task.desired.pod
        name = action.container
        container, image = task.desired.container(name), task.observed.memory.images.get(name)
        assert container is not None, "planned from the same spec"
        assert image is not None, "planned with its image"
        container_id = action.created_id
        if not container_id:
            try:
                spec = await self._resolve(action, container, task, image)
            except (ConfigError, OSError) as exc:
                return self._start_failure("CreateContainerConfigError", exc, container, task)
            try:
                created = await services.runtime.create_container(task.desired.uid, spec)
            except RuntimeUnavailable:
                raise
            except RuntimeFault as exc:
                return self._start_failure("CreateContainerError", exc, container, task)
            container_id = created.id
            services.recorder.normal(pod, "Created", f"Created container: {name}", name)
        try:
            await services.runtime.start_container(container_id)
        except RuntimeUnavailable:
            raise
        except RuntimeFault as exc:
            services.recorder.warning(pod, "Failed", f"Error: {exc}", name)
            error = str(exc)
            return Outcome(lambda memory: _created(memory, name).with_start_error(container_id, error))
        services.recorder.normal(pod, "Started", f"Started container {name}", name)
        await services.hooks.post_start(pod, container, container_id)
        return Outcome(lambda memory: _created(memory, name))

    async def _resolve(
        self, action: StartContainer, container: Container, task: Task, image: ImageState
    ) -> ContainerSpec:
        """Resolve a container; raises ConfigError, or OSError when its files cannot be written."""
        services, pod, uid = self._services, task.desired.pod, task.desired.uid
        assert image.info is not None, "planned with its image"
        around = self._around(task)
        variables = environment(pod, container, task.inputs, around)
        try:
            wanted = sources(pod, task.inputs, around)
        except MountError as exc:
            raise ConfigError(str(exc)) from exc
        mounts: tuple[Mount, ...] = await services.offload(
            services.volumes.mounts, uid, container, wanted, variables
        )
        if container.terminationMessagePath:
            words: Mount = await services.offload(
                services.volumes.termination_mount, uid, container, action.restarts
            )
            mounts = (*mounts, words)
        attempt = Attempt(action.restarts, action.backoff)
        return container_spec(pod, container, attempt, image.info, task.inputs, around, mounts)

    def _start_failure(self, reason: str, exc: Exception, container: Container, task: Task) -> Outcome:
        name = container.name
        self._services.recorder.warning(task.desired.pod, "Failed", f"Error: {exc}", name)
        failed = self._failed(name, reason, exc, task)
        if isinstance(exc, NoSuchObject):  # the image was there a moment ago: look again
            return Outcome(lambda memory: failed(memory.without_image(name)))
        return Outcome(failed)

    def _around(self, task: Task) -> Surroundings:
        sandbox = task.observed.sandbox
        return Surroundings(self._services.node(), sandbox.ips if sandbox else ())


def _created(memory: Memory, container: str) -> Memory:
    return memory.without_failure(container).without_image(container)


def _milliseconds(seconds: float) -> str:
    return format_duration(dt.timedelta(milliseconds=int(seconds * 1000)))
