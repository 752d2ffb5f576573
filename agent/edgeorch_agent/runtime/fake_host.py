"""A scripted machine: images, a registry, and containers that do what a test says.

Nothing here sleeps by itself: containers end through ``loop.call_later``, so under looptime an hour passes at
once.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from edgeorch_agent.runtime.base import (
    LABEL_NODE,
    LABEL_UID,
    ContainerInfo,
    ContainerSpec,
    ContainerState,
    EventKind,
    ImageFault,
    ImageInfo,
    RuntimeEvent,
    RuntimeFault,
    RuntimeUnavailable,
    SandboxInfo,
    SandboxSpec,
)
from edgeorch_agent.runtime.references import qualified

FAKE_EPOCH = 1_750_000_000.0
"""What a fake clock shows at loop time 0, in seconds since the epoch."""

KILLED = 137
"""Exit code of a process that SIGKILL ended: 128 + 9."""

LOST = 255
"""Exit code of a container that a reboot took away: nobody saw it end."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a container does once it is started. Durations are seconds."""

    run_for: float | None = None
    """How long it runs by itself; ``None`` runs until it is stopped."""
    exit_code: int = 0
    """How it ends by itself."""
    oom: bool = False
    """It ends by itself because it is out of memory (exit code 137)."""
    start_error: str = ""
    """What the runtime says when it cannot be started."""
    start_delay: float = 0.0
    stop_after: float | None = 0.0
    """How long it needs to obey the stop signal; ``None`` ignores it."""
    stop_exit_code: int = 143
    """How it ends when it obeys: 128 + 15 unless it catches SIGTERM."""
    output: tuple[str, ...] = ()
    """Lines it writes while it runs, without line ends."""
    output_every: float = 0.0
    """Pause before each line but the first."""
    cpu: float = 0.01
    """Processors it keeps busy while it runs."""
    memory: int = 1 << 20
    """Bytes it holds while it runs."""


@dataclass(frozen=True, slots=True)
class Pull:
    """What the registry does when an image is pulled."""

    error: ImageFault | None = None
    delay: float = 0.0
    """Seconds."""
    image: ImageInfo | None = None
    """What comes down; ``None`` makes one up."""


def wall_clock() -> float:
    """Seconds since the epoch that follow the running loop's time."""
    return FAKE_EPOCH + asyncio.get_running_loop().time()


@dataclass(slots=True)
class FakeContainer:
    """One container, its script and what came of it so far."""

    info: ContainerInfo
    script: Script
    attempt: str
    log: list[tuple[float, bytes]] = field(default_factory=list)
    exited: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    end: asyncio.TimerHandle | None = None

    def wake_readers(self) -> None:
        """Let whoever follows the log look again."""
        self.changed.set()
        self.changed = asyncio.Event()


@dataclass(slots=True)
class FakeSandbox:
    """One pod's shell and its containers by id, oldest first."""

    info: SandboxInfo
    spec: SandboxSpec
    containers: dict[str, FakeContainer] = field(default_factory=dict)

    def view(self) -> SandboxInfo:
        """Give what a listing shows."""
        return replace(self.info, containers=tuple(c.info for c in self.containers.values()))


class FakeHost:
    """A machine: what runs on it, what it does next, and what happened in which order."""

    def __init__(self, *, images: tuple[str, ...] = (), now: Callable[[], float] = wall_clock) -> None:
        self.now = now
        self.images: dict[str, ImageInfo] = {}
        self.sandboxes: dict[str, FakeSandbox] = {}
        self.history: list[tuple[str, str]] = []
        """Pairs of what happened (``started``, ``stopping``, ``died``, ``removed``, ``pulled``) and the
        container's name (or image reference)."""
        self.delays: dict[str, float] = {}
        """Seconds that calls of a method (``create_sandbox``...) take; others take none."""
        self.available = True
        self.memory_cgroup = True
        self._scripts: dict[str, list[Script]] = {}
        self._pulls: dict[str, list[Pull]] = {}
        self._faults: dict[str, list[RuntimeFault]] = {}
        self._listeners: set[asyncio.Queue[tuple[str, RuntimeEvent] | None]] = set()
        self._numbers = itertools.count(1)
        for reference in images:
            self.add_image(reference)

    def script(self, key: str, *scripts: Script) -> None:
        """Say what containers do: one script per attempt, the last one for all that follow.

        ``key`` is ``pod/container``, the container's name or the image as the spec names it; the first of
        these that is known counts. Without a script a container runs until it is stopped.
        """
        self._scripts[key] = list(scripts)

    def script_pull(self, reference: str, *pulls: Pull) -> None:
        """Say what pulls of an image do, one after the other, the last one for all that follow."""
        self._pulls[qualified(reference)] = list(pulls)

    def fail(self, verb: str, *faults: RuntimeFault) -> None:
        """Make the next calls of a method (``create_sandbox``, ``list``...) raise these, then work again."""
        self._faults.setdefault(verb, []).extend(faults)

    def add_image(self, reference: str, *, size: int = 4_000_000, user: str = "") -> ImageInfo:
        """Put an image into the store."""
        name = qualified(reference)
        image = ImageInfo(
            id=self.new_id(), names=(name,), size=size, architecture="amd64", os="linux", user=user
        )
        self.images[name] = image
        return image

    def crash(self) -> None:
        """Podman's service dies: calls fail and event streams end; containers run on."""
        self.available = False
        for listener in self._listeners:
            listener.put_nowait(None)
        for sandbox in self.sandboxes.values():
            for container in sandbox.containers.values():
                container.wake_readers()

    def recover(self) -> None:
        """Podman's service is back."""
        self.available = True

    def reboot(self) -> None:
        """Everything ends at once and nobody sees it; what was made is still there."""
        self.crash()
        for sandbox in self.sandboxes.values():
            sandbox.info = replace(sandbox.info, ready=False, ips=())
            for container in sandbox.containers.values():
                if container.info.state is ContainerState.RUNNING:
                    self._finish(container, LOST)
        self.recover()

    def kill(self, container_id: str, *, oom: bool = False) -> None:
        """Let a process end by a SIGKILL from outside (or the kernel's OOM killer)."""
        container = self.find(container_id)
        if container is not None and container.info.state is ContainerState.RUNNING:
            self._finish(container, KILLED, oom=oom)

    def kill_sandbox(self, uid: str) -> None:
        """Let a pod's infra container die; its containers run on without a network."""
        for sandbox in self.sandboxes.values():
            if sandbox.info.uid == uid:
                sandbox.info = replace(sandbox.info, ready=False)
                self.emit(sandbox.info.labels, EventKind.DIED, sandbox.info.id)

    # What FakeRuntime needs; tests do not.

    def new_id(self) -> str:
        """Make an id as Podman's look: 64 hexadecimal digits."""
        return f"{next(self._numbers):064x}"

    def new_ip(self) -> str:
        """Make an address that no other sandbox has."""
        number = next(self._numbers)
        return f"10.88.{number // 250}.{number % 250 + 2}"

    def enter(self, verb: str) -> None:
        """Begin a call: raise what was scripted for it."""
        if not self.available:
            raise RuntimeUnavailable("cannot reach Podman: connection refused")
        if faults := self._faults.get(verb):
            raise faults.pop(0)

    def find(self, container_id: str) -> FakeContainer | None:
        """Find a container of any sandbox."""
        for sandbox in self.sandboxes.values():
            if container := sandbox.containers.get(container_id):
                return container
        return None

    def choose(self, spec: ContainerSpec, pod: str, attempt: int) -> Script:
        """Give the script for an attempt of a container."""
        for key in (f"{pod}/{spec.name}", spec.name, spec.image):
            if scripts := self._scripts.get(key):
                return scripts[min(attempt, len(scripts) - 1)]
        return Script()

    def next_pull(self, reference: str) -> Pull:
        """Take the script for the next pull of an image."""
        pulls = self._pulls.get(reference)
        if not pulls:
            return Pull()
        return pulls.pop(0) if len(pulls) > 1 else pulls[0]

    def subscribe(self) -> asyncio.Queue[tuple[str, RuntimeEvent] | None]:
        """Open a queue of (node, event); None ends it."""
        queue: asyncio.Queue[tuple[str, RuntimeEvent] | None] = asyncio.Queue()
        self._listeners.add(queue)
        return queue

    def unsubscribe(self, queue: asyncio.Queue[tuple[str, RuntimeEvent] | None]) -> None:
        """Close a queue."""
        self._listeners.discard(queue)

    def emit(self, labels: Mapping[str, str], kind: EventKind, container_id: str) -> None:
        """Tell all listeners."""
        event = RuntimeEvent(kind, labels.get(LABEL_UID, ""), container_id)
        for listener in self._listeners:
            listener.put_nowait((labels.get(LABEL_NODE, ""), event))

    def note(self, what: str, name: str) -> None:
        """Append to the history."""
        self.history.append((what, name))

    def begin(self, container: FakeContainer) -> None:
        """Let a container's script run."""
        loop, script = asyncio.get_running_loop(), container.script
        container.info = replace(
            container.info,
            state=ContainerState.RUNNING,
            started_at=self.now(),
            pid=int(container.info.id, 16) + 1000,
        )
        self.note("started", container.info.name)
        self.emit(container.info.labels, EventKind.STARTED, container.info.id)
        for index, line in enumerate(script.output):
            data = line.encode() + b"\n"
            if delay := index * script.output_every:
                container.timers.append(loop.call_later(delay, self._write, container, data))
            else:
                self._write(container, data)
        if script.oom or script.run_for is not None:
            code = KILLED if script.oom else script.exit_code
            self._end_within(container, script.run_for or 0.0, code, oom=script.oom)

    def stop(self, container: FakeContainer, grace: float) -> None:
        """Send the stop signal, and SIGKILL after ``grace`` seconds; the earliest end wins."""
        self.note("stopping", container.info.name)
        obeys = container.script.stop_after
        if grace > 0 and obeys is not None:
            self._end_within(container, obeys, container.script.stop_exit_code)
        self._end_within(container, grace, KILLED)

    def discard(self, container: FakeContainer) -> None:
        """Forget a container: it is gone."""
        if container.info.state is ContainerState.RUNNING:
            self._finish(container, KILLED)
        container.wake_readers()
        self.note("removed", container.info.name)
        self.emit(container.info.labels, EventKind.REMOVED, container.info.id)

    def _write(self, container: FakeContainer, data: bytes) -> None:
        container.log.append((round(self.now(), 6), data))  # as exact as it is shown
        container.wake_readers()

    def _end_within(self, container: FakeContainer, delay: float, code: int, *, oom: bool = False) -> None:
        loop = asyncio.get_running_loop()
        if container.end is not None and container.end.when() <= loop.time() + delay:
            return
        if container.end is not None:
            container.end.cancel()
        container.end = loop.call_later(delay, lambda: self._finish(container, code, oom=oom))

    def _finish(self, container: FakeContainer, code: int, *, oom: bool = False) -> None:
        for timer in (*container.timers, *filter(None, [container.end])):
            timer.cancel()
        container.info = replace(
            container.info,
            state=ContainerState.EXITED,
            finished_at=self.now(),
            exit_code=code,
            oom_killed=oom,
            pid=0,
        )
        container.exited.set()
        container.wake_readers()
        self.note("died", container.info.name)
        self.emit(container.info.labels, EventKind.DIED, container.info.id)
