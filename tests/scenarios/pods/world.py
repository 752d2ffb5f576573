"""One node: a scripted machine that outlives its agent, and the pod side of an agent that can be restarted."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from edgeorch.api import meta
from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.event import Event
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_status import ContainerStatus, PodStatus
from edgeorch_agent.pods import attempts
from edgeorch_agent.pods.events import Recorder
from edgeorch_agent.pods.executor import Services
from edgeorch_agent.pods.facts import NodeFacts
from edgeorch_agent.pods.images import DiskUsage, Images
from edgeorch_agent.pods.manager import Change, PodManager
from edgeorch_agent.pods.remembered import Remembered
from edgeorch_agent.pods.volumes import Volumes
from edgeorch_agent.runtime.base import EventKind
from edgeorch_agent.runtime.fake import FAKE_EPOCH, FakeHost, FakeRuntime

NODE = "pi-1"
GIB = 1024**3
MIB = 1024**2
SETTLE = 0.001
"""Virtual seconds in which everything that needs no time gets to happen."""

RESOURCES: dict[type, str] = {Pod: "pods", ConfigMap: "configmaps", Secret: "secrets"}


class TalkingHost(FakeHost):
    """A scripted machine that tells what happens."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell
        self.on_note: Callable[[], None] = lambda: None
        """Called whenever something has happened."""
        self.calls: list[str] = []
        """Verbs of all calls."""
        self.mute = False
        """Whether the event stream loses what happens."""

    def enter(self, verb: str) -> None:
        """Note a call."""
        self.calls.append(verb)
        super().enter(verb)

    def emit(self, labels: Mapping[str, str], kind: EventKind, container_id: str) -> None:
        """Tell all listeners, unless muted."""
        if not self.mute:
            super().emit(labels, kind, container_id)

    def note(self, what: str, name: str) -> None:
        """Tell what the runtime does, besides keeping it."""
        super().note(what, name)
        self._tell(f"runtime {what} {name}")
        self.on_note()


class World:
    """A node for tests; what happens is told in :attr:`lines`, each with the time it happened at."""

    def __init__(self, folder: Path) -> None:
        self.lines: list[str] = []
        self.host = TalkingHost(self._tell)
        self.disk, self.memory = folder / "disk", folder / "memory"
        self.free = 20 * GIB
        self.desired: dict[tuple[str, str], Pod | ConfigMap | Secret] = {}
        self.statuses: dict[str, PodStatus] = {}
        """By uid, as reported last."""
        self.terminated: set[str] = set()
        """Uids of deleted pods that were reported as ended."""
        self._manager: PodManager | None = None
        self._task: asyncio.Task[None] | None = None
        self._version = 0
        self._told: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        self.start_agent()
        return self

    async def __aexit__(self, *args: object) -> None:
        await self.stop_agent()

    def now(self) -> float:
        """Wall time: a fixed epoch and the loop's time."""
        return FAKE_EPOCH + asyncio.get_running_loop().time()

    async def settle(self, seconds: float = 0.0) -> None:
        """Let time pass, and what follows from it happen."""
        await asyncio.sleep(seconds + SETTLE)

    def _tell(self, text: str) -> None:
        self.lines.append(f"{round(asyncio.get_running_loop().time(), 1):g}s {text}")

    # The agent

    def start_agent(self) -> None:
        """Start an agent; it knows the desired state from its checkpoint, if there is any."""
        runtime = FakeRuntime(self.host, node=NODE)
        node = NodeFacts(NODE, ips=("192.168.1.10",), memory=4 * GIB, milli_cpus=4000)
        services = Services(
            runtime=runtime,
            images=Images(runtime, usage=lambda _: DiskUsage(32 * GIB, self.free)),
            volumes=Volumes(self.disk, self.memory),
            remembered=Remembered(self.disk, self.memory),
            recorder=Recorder(self, NODE, self.now),
            node=lambda: node,
            now=self.now,
            offload=_inline,
        )
        self._manager = PodManager(services, self)
        if self.desired:
            kept = self.desired.values()
            self._manager.set_desired(
                [o for o in kept if isinstance(o, Pod)],
                [o for o in kept if isinstance(o, ConfigMap)],
                [o for o in kept if isinstance(o, Secret)],
            )
        self._task = asyncio.create_task(self._manager.run())

    async def stop_agent(self) -> None:
        """End the agent's process."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = self._manager = None

    async def reboot(self, *, after: float, lose_podman: bool = False) -> None:
        """Everything ends, the tmpfs is empty, and some time later the agent starts again."""
        await self.stop_agent()
        self.host.reboot()
        shutil.rmtree(self.memory, ignore_errors=True)
        if lose_podman:
            self.host.sandboxes.clear()
        await asyncio.sleep(after)
        self.start_agent()

    # What the agent tells

    def emit(self, event: Event) -> None:
        """Take an event."""
        count = f" x{event.count}" if event.count > 1 else ""
        self._tell(f"event {event.involvedObject.name} {event.type} {event.reason}{count}: {event.message}")

    def report(self, pod: Pod, status: PodStatus, *, terminated: bool) -> None:
        """Take a status; told only when what a transcript shows of it has changed."""
        self.statuses[pod.metadata.uid] = status
        if terminated:
            self.terminated.add(pod.metadata.uid)
        name = pod.metadata.name
        text = f"status {name}{' terminated' if terminated else ''} {summary(status)}"
        if self._told.get(name) != text:
            self._told[name] = text
            self._tell(text)

    def forget(self, uid: str) -> None:
        """Take back a status."""
        self.statuses.pop(uid, None)
        self._tell(f"forget {uid}")

    # The desired state

    def pod(self, name: str) -> Pod:
        """Give a copy of a desired pod."""
        found = self.desired["pods", name]
        assert isinstance(found, Pod)
        return found.model_copy(deep=True)

    def apply(self, *objects: Pod | ConfigMap | Secret) -> None:
        """Tell the agent new or newer objects."""
        changes = []
        for found in objects:
            self._version += 1
            identity = found.metadata
            identity.namespace = identity.namespace or "default"
            identity.uid = identity.uid or f"uid-{identity.name}"
            identity.resourceVersion = str(self._version)
            if isinstance(found, Pod):
                default_pod(found)
            resource = RESOURCES[type(found)]
            self.desired[resource, identity.name] = found
            changes.append(Change(resource, identity.namespace, identity.name, found))
        if self._manager is not None:
            self._manager.apply(*changes)

    def delete(self, name: str, grace: float | None = None) -> None:
        """Mark a pod for deletion, as the API server does first."""
        pod = self.pod(name)
        given = pod.spec.terminationGracePeriodSeconds
        seconds = int(grace if grace is not None else 30 if given is None else given)
        pod.metadata.deletionGracePeriodSeconds = seconds
        end = dt.datetime.fromtimestamp(self.now() + seconds, dt.UTC)
        pod.metadata.deletionTimestamp = meta.format_time(end)
        self.apply(pod)

    def drop(self, resource: str, name: str) -> None:
        """Take an object out of the desired state."""
        found = self.desired.pop((resource, name))
        if self._manager is not None:
            self._manager.apply(Change(resource, found.metadata.namespace, name, None))

    def set_image(self, name: str, container: str, image: str) -> None:
        """Change the image of a container in place."""
        pod = self.pod(name)
        for each in [*pod.spec.initContainers, *pod.spec.containers]:
            each.image = image if each.name == container else each.image
        self.apply(pod)

    def kill(self, name: str, *, oom: bool = False) -> None:
        """Let all processes of containers of a name die."""
        for sandbox in self.host.sandboxes.values():
            for container in list(sandbox.containers.values()):
                if container.info.name == name:
                    self.host.kill(container.info.id, oom=oom)

    # What is there

    def runtime_lines(self) -> list[str]:
        """Describe what the runtime has."""
        lines = []
        for sandbox in self.host.sandboxes.values():
            info = sandbox.view()
            lines.append(f"sandbox {info.name} {'ready' if info.ready else 'not ready'}")
            lines += [f"  {c.name} {c.state.value} restarts={attempts.restarts(c)}" for c in info.containers]
        return lines or ["nothing"]

    def file_lines(self) -> list[str]:
        """Describe the files of volumes, on disk and in memory."""
        lines = [
            f"{root.name}/{path.relative_to(root)}: {path.read_text()!r}"
            for root in (self.disk, self.memory)
            for path in sorted(root.glob("*/volumes/*/*"))
            if path.is_file()
        ]
        return lines or ["nothing"]


async def _inline(function: Callable[..., Any], *args: Any) -> Any:
    """Run a blocking function at once: threads would not keep virtual time."""
    return function(*args)


def default_pod(pod: Pod) -> None:
    """Set what the API server would, as far as pods behave differently without it."""
    spec = pod.spec
    spec.restartPolicy = spec.restartPolicy or "Always"
    spec.nodeName = NODE
    for container in [*spec.initContainers, *spec.containers]:
        latest = container.image.endswith(":latest") or ":" not in container.image
        container.imagePullPolicy = container.imagePullPolicy or ("Always" if latest else "IfNotPresent")


def summary(status: PodStatus) -> str:
    """Put a status on one line."""
    ready = next((c.status for c in status.conditions if c.type == "Ready"), "?")
    words = [status.phase, f"Ready={ready}"]
    if status.reason:
        words.append(f"reason={status.reason}")
    parts = _summaries([*status.initContainerStatuses, *status.containerStatuses])
    return " ".join([*words, "|", ", ".join(parts)])


def _summaries(statuses: Sequence[ContainerStatus]) -> list[str]:
    found = []
    for status in statuses:
        state, last = status.state, status.lastState.terminated
        text = "?"
        if state.running:
            text = "running"
        elif state.terminated:
            text = f"{state.terminated.reason}({state.terminated.exitCode})"
        elif state.waiting:
            text = f"waiting:{state.waiting.reason}"
        text += f" restarts={status.restartCount}" if status.restartCount else ""
        text += f" last={last.reason}({last.exitCode})" if last else ""
        found.append(f"{status.name} {text}")
    return found
