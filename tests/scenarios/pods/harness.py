"""Runs a transcript: commands against one node's pods on virtual time, with everything that came of them.

A transcript is a text file. A line that begins with ``$ `` is a command, lines indented below it are its input,
and the lines after that are what happened: statuses, events, and what the runtime did, each with the time it
happened at. Comments (``#``) and blank lines are kept as they are.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from edgeorch.api import meta
from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.event import Event
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_status import ContainerStatus, PodStatus
from edgeorch.api.durations import parse_duration
from edgeorch_agent.pods.events import Recorder
from edgeorch_agent.pods.executor import Services
from edgeorch_agent.pods.facts import NodeFacts
from edgeorch_agent.pods.images import DiskUsage, Images
from edgeorch_agent.pods.manager import Change, PodManager
from edgeorch_agent.pods.remembered import Remembered
from edgeorch_agent.pods.volumes import Volumes
from edgeorch_agent.runtime.base import ImageFault, RegistryUnavailable
from edgeorch_agent.runtime.fake import FAKE_EPOCH, FakeHost, FakeRuntime, Pull, Script

SETTLE = 0.001
"""Virtual seconds that anything which needs no time gets to happen in."""

GIB = 1024**3


@dataclass(slots=True)
class Block:
    """One command of a transcript with its input, what came of it, and the comments before it."""

    comments: list[str] = field(default_factory=list)
    command: str = ""
    body: list[str] = field(default_factory=list)
    outcome: list[str] = field(default_factory=list)

    def render(self) -> list[str]:
        """Write it as it stands in the file."""
        lines = list(self.comments)
        if self.command:
            lines += [f"$ {self.command}", *self.body, *self.outcome]
        return lines


def parse(text: str) -> list[Block]:
    """Split a transcript into commands."""
    blocks, comments = [], list[str]()
    for line in text.splitlines():
        if line.startswith("$ "):
            blocks.append(Block(comments, line[2:]))
            comments = []
        elif not line.strip() or line.startswith("#"):
            comments.append(line)
        elif line.startswith("    ") and not blocks[-1].outcome:
            blocks[-1].body.append(line)
        else:
            blocks[-1].outcome.append(line)
    if comments:
        blocks.append(Block(comments))
    return blocks


class Host(FakeHost):
    """A scripted machine that writes down what happens."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write_down = write

    def note(self, what: str, name: str) -> None:
        """Write down what the runtime does, besides keeping it."""
        super().note(what, name)
        self._write_down(f"runtime {what} {name}")


class World:
    """One node: a machine that outlives its agent, and an agent that can be restarted."""

    def __init__(self, folder: Path) -> None:
        self.lines: list[str] = []
        self.host = Host(self._write)
        self.disk, self.memory = folder / "disk", folder / "memory"
        self.free = 20 * GIB
        self.pods: dict[str, Pod] = {}
        self.config_maps: dict[str, ConfigMap] = {}
        self.secrets: dict[str, Secret] = {}
        self.manager: PodManager | None = None
        self._task: asyncio.Task[None] | None = None
        self._version = 0
        self._shown: dict[str, str] = {}

    async def __aenter__(self) -> World:
        await self._start_agent()
        return self

    async def __aexit__(self, *args: object) -> None:
        await self._stop_agent()

    def now(self) -> float:
        """Wall time: a fixed epoch and the loop's time."""
        return FAKE_EPOCH + asyncio.get_running_loop().time()

    def _write(self, text: str) -> None:
        seconds = round(asyncio.get_running_loop().time(), 1)
        self.lines.append(f"{seconds:g}s {text}")

    # The agent

    async def _start_agent(self) -> None:
        runtime = FakeRuntime(self.host)
        volumes = Volumes(self.disk, self.memory)
        node = NodeFacts("pi-1", ips=("192.168.1.10",), memory=4 * GIB, milli_cpus=4000)

        async def inline(function: Callable[..., Any], *args: Any) -> Any:
            return function(*args)

        services = Services(
            runtime=runtime,
            images=Images(runtime, usage=lambda _: DiskUsage(32 * GIB, self.free)),
            volumes=volumes,
            remembered=Remembered(self.disk, self.memory),
            recorder=Recorder(self, "pi-1", self.now),
            node=lambda: node,
            now=self.now,
            offload=inline,
        )
        self.manager = PodManager(services, self)
        if self.pods:
            self.manager.set_desired(self.pods.values(), self.config_maps.values(), self.secrets.values())
        self._task = asyncio.create_task(self.manager.run())

    async def _stop_agent(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = self.manager = None

    # What the agent tells

    def emit(self, event: Event) -> None:
        """Write down an event."""
        count = f" x{event.count}" if event.count > 1 else ""
        self._write(f"event {event.involvedObject.name} {event.type} {event.reason}{count}: {event.message}")

    def report(self, pod: Pod, status: PodStatus, *, terminated: bool) -> None:
        """Write down a status, if what a transcript shows of it has changed."""
        name = pod.metadata.name
        end = " terminated" if terminated else ""
        text = f"status {name}{end} {_summary(status)}"
        if self._shown.get(name) != text:
            self._shown[name] = text
            self._write(text)

    def forget(self, uid: str) -> None:
        """Write down that a status was taken back."""
        self._write(f"forget {uid}")

    # Commands

    async def run(self, block: Block) -> list[str]:
        """Carry out a command; gives what happened."""
        self.lines = []
        word, *args = shlex.split(block.command)
        body = "\n".join(line[4:] for line in block.body)
        options = dict(a.split("=", 1) for a in args if "=" in a)
        plain = [a for a in args if "=" not in a]
        await getattr(self, "do_" + word.replace("-", "_"))(plain, options, body)
        await asyncio.sleep(SETTLE)
        return self.lines

    async def do_apply(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``apply`` with manifests as its input."""
        changes = []
        for document in yaml.safe_load_all(body):
            kind = {"Pod": Pod, "ConfigMap": ConfigMap, "Secret": Secret}[document["kind"]]
            found = kind.from_dict(document)
            identity = found.metadata
            self._version += 1
            identity.namespace = identity.namespace or "default"
            identity.uid = identity.uid or f"uid-{identity.name}"
            identity.resourceVersion = str(self._version)
            held: dict[str, Any] = {"Pod": self.pods, "ConfigMap": self.config_maps, "Secret": self.secrets}[
                document["kind"]
            ]
            held[identity.name] = found
            if isinstance(found, Pod):
                _default(found)
            changes.append(Change(document["kind"].lower() + "s", identity.namespace, identity.name, found))
        if self.manager is not None:
            self.manager.apply(*changes)

    async def do_set_image(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``set-image POD CONTAINER=IMAGE``."""
        pod = self.pods[args[0]].model_copy(deep=True)
        for container in [*pod.spec.initContainers, *pod.spec.containers]:
            container.image = options.get(container.name, container.image)
        self._update(pod)

    async def do_delete(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``delete POD [grace=30s]``: what the API server does first."""
        pod = self.pods[args[0]].model_copy(deep=True)
        spec_grace = pod.spec.terminationGracePeriodSeconds
        grace = (
            int(_seconds(options["grace"])) if "grace" in options else 30 if spec_grace is None else spec_grace
        )
        pod.metadata.deletionGracePeriodSeconds = grace
        end = dt.datetime.fromtimestamp(self.now() + grace, dt.UTC)
        pod.metadata.deletionTimestamp = meta.format_time(end)
        self._update(pod)

    async def do_drop(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``drop pods|configmaps|secrets NAME``: the object is gone from the desired state."""
        held: dict[str, Any] = {"pods": self.pods, "configmaps": self.config_maps, "secrets": self.secrets}[
            args[0]
        ]
        found = held.pop(args[1])
        if self.manager is not None:
            self.manager.apply(Change(args[0], found.metadata.namespace, args[1], None))

    def _update(self, pod: Pod) -> None:
        self._version += 1
        pod.metadata.resourceVersion = str(self._version)
        self.pods[pod.metadata.name] = pod
        if self.manager is not None:
            self.manager.apply(Change("pods", pod.metadata.namespace, pod.metadata.name, pod))

    async def do_tick(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``tick 30s``: let time pass."""
        await asyncio.sleep(_seconds(args[0]))

    async def do_script(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``script CONTAINER``, one line of input per attempt: ``exit=1 after=5s``, ``obeys=never``..."""
        self.host.script(args[0], *(_script(line) for line in body.splitlines()))

    async def do_registry(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``registry IMAGE``, one line of input per pull: ``ok``, ``delay=5s``, ``error='no such image'``."""
        self.host.script_pull(args[0], *(_pull(line) for line in body.splitlines()))

    async def do_image(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``image NAME``: one that is on the machine already."""
        self.host.add_image(args[0], user=options.get("user", ""))

    async def do_disk(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``disk free=100``: MiB that are free on the image store's file system."""
        self.free = int(options["free"]) * 1024**2

    async def do_agent(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``agent stop|start|restart``."""
        if args[0] in {"stop", "restart"}:
            await self._stop_agent()
        if args[0] in {"start", "restart"}:
            await self._start_agent()

    async def do_reboot(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``reboot``: everything ends, the tmpfs is empty, the agent starts from its checkpoint."""
        await self._stop_agent()
        self.host.reboot()
        shutil.rmtree(self.memory, ignore_errors=True)
        if args:
            self.host.sandboxes.clear()
        await asyncio.sleep(_seconds(options.get("after", "60s")))
        await self._start_agent()

    async def do_runtime(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``runtime kill|oom|lose-network|crash|recover [CONTAINER or POD]``."""
        match args:
            case ["kill" | "oom" as how, name]:
                for sandbox in self.host.sandboxes.values():
                    for container in list(sandbox.containers.values()):
                        if container.info.name == name:
                            self.host.kill(container.info.id, oom=how == "oom")
            case ["lose-network", name]:
                self.host.kill_sandbox(self.pods[name].metadata.uid)
            case ["crash"]:
                self.host.crash()
            case ["recover"]:
                self.host.recover()
            case _:
                raise ValueError(f"unknown: runtime {args}")

    async def do_show(self, args: list[str], options: dict[str, str], body: str) -> None:
        """``show runtime|files``: what is there now."""
        if args[0] == "runtime":
            for sandbox in self.host.sandboxes.values():
                info = sandbox.view()
                self.lines.append(f"sandbox {info.name} {'ready' if info.ready else 'not ready'}")
                self.lines += [
                    f"  {c.name} {c.state.value} restarts={c.labels['io.edgeorch.container.restarts']}"
                    for c in info.containers
                ]
        for root in (self.disk, self.memory) if args[0] == "files" else ():
            for path in sorted(root.rglob("*")):
                if path.is_file() and ".." not in str(path.relative_to(root)):
                    self.lines.append(f"{root.name}/{path.relative_to(root)}: {path.read_text()[:60]!r}")
        self.lines = self.lines or ["nothing"]


def _default(pod: Pod) -> None:
    """Set what the API server would, as far as pods behave differently without it."""
    spec = pod.spec
    spec.restartPolicy = spec.restartPolicy or "Always"
    spec.nodeName = "pi-1"
    for container in [*spec.initContainers, *spec.containers]:
        latest = container.image.endswith(":latest") or ":" not in container.image
        container.imagePullPolicy = container.imagePullPolicy or ("Always" if latest else "IfNotPresent")


def _seconds(text: str) -> float:
    return parse_duration(text).total_seconds()


def _script(line: str) -> Script:
    options = dict(a.split("=", 1) for a in shlex.split(line) if "=" in a)
    obeys = options.get("obeys", "0s")
    return Script(
        run_for=_seconds(options["after"]) if "after" in options else None,
        exit_code=int(options.get("exit", "0")),
        oom="oom" in options,
        start_error=options.get("error", ""),
        stop_after=None if obeys == "never" else _seconds(obeys),
        stop_exit_code=int(options.get("stop-exit", "143")),
    )


def _pull(line: str) -> Pull:
    options = dict(a.split("=", 1) for a in shlex.split(line) if "=" in a)
    error: ImageFault | None = None
    if "error" in options:
        error = ImageFault(options["error"])
    if "unreachable" in options:
        error = RegistryUnavailable(options["unreachable"])
    return Pull(error=error, delay=_seconds(options.get("delay", "0s")))


def _summary(status: PodStatus) -> str:
    ready = next((c.status for c in status.conditions if c.type == "Ready"), "?")
    words = [status.phase, f"Ready={ready}"]
    if status.reason:
        words.append(f"reason={status.reason}")
    parts = [_container(s) for s in [*status.initContainerStatuses, *status.containerStatuses]]
    return " ".join([*words, "|", ", ".join(parts)])


def _container(status: ContainerStatus) -> str:
    state, last = status.state, status.lastState.terminated
    if state.running:
        text = "running"
    elif state.terminated:
        text = f"{state.terminated.reason}({state.terminated.exitCode})"
    elif state.waiting:
        text = f"waiting:{state.waiting.reason}"
    else:
        text = "?"
    restarts = f" restarts={status.restartCount}" if status.restartCount else ""
    before = f" last={last.reason}({last.exitCode})" if last else ""
    return f"{status.name} {text}{restarts}{before}"
