"""The runtime of one agent on a scripted machine (:mod:`~edgeorch_agent.runtime.fake_host`).

A second runtime on the same host is an agent that was restarted; two runtimes with different node names are
two agents that share a Podman. ``tests/contracts/test_runtime.py`` runs the same scripts in real containers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from edgeorch_agent.runtime.base import (
    LABEL_CONTAINER,
    LABEL_HASH,
    LABEL_NAME,
    LABEL_NAMESPACE,
    LABEL_NODE,
    LABEL_RESTARTS,
    LABEL_UID,
    ContainerInfo,
    ContainerSpec,
    ContainerState,
    Credentials,
    ImageFault,
    ImageInfo,
    NoSuchObject,
    NotMeasured,
    RuntimeEvent,
    RuntimeFault,
    RuntimeInfo,
    SandboxInfo,
    SandboxSpec,
    Usage,
)
from edgeorch_agent.runtime.fake_host import (
    FAKE_EPOCH,
    FakeContainer,
    FakeHost,
    FakeSandbox,
    Pull,
    Script,
    wall_clock,
)
from edgeorch_agent.runtime.references import image_id, qualified

__all__ = ["FAKE_EPOCH", "FakeHost", "FakeRuntime", "Pull", "Script", "wall_clock"]


class FakeRuntime:
    """The :class:`~edgeorch_agent.runtime.base.Runtime` of one agent on a :class:`FakeHost`."""

    def __init__(self, host: FakeHost | None = None, *, node: str = "node-1") -> None:
        self.host = host or FakeHost()
        self.node = node

    async def info(self) -> RuntimeInfo:
        """See the protocol."""
        await self._enter("info")
        return RuntimeInfo(
            version="fake://1.0.0",
            cgroup_version=2,
            memory_cgroup=self.host.memory_cgroup,
            image_root="/",
        )

    async def list(self) -> tuple[SandboxInfo, ...]:
        """See the protocol."""
        await self._enter("list")
        return tuple(s.view() for s in self._mine())

    async def get(self, uid: str) -> SandboxInfo | None:
        """See the protocol."""
        await self._enter("get")
        sandbox = self._find(uid)
        return sandbox.view() if sandbox else None

    async def create_sandbox(self, spec: SandboxSpec) -> SandboxInfo:
        """See the protocol."""
        await self._enter("create_sandbox")
        sandbox = self._find(spec.uid)
        if sandbox is None:
            labels = {
                **spec.labels,
                LABEL_UID: spec.uid,
                LABEL_NAMESPACE: spec.namespace,
                LABEL_NAME: spec.name,
                LABEL_NODE: self.node,
            }
            info = SandboxInfo(
                id=self.host.new_id(),
                uid=spec.uid,
                namespace=spec.namespace,
                name=spec.name,
                labels=labels,
                ready=False,
                created_at=self.host.now(),
            )
            sandbox = self.host.sandboxes[info.id] = FakeSandbox(info, spec)
        if not sandbox.info.ready:
            ips = () if spec.host_network else (spec.ip or self.host.new_ip(),)
            sandbox.info = replace(sandbox.info, ready=True, ips=ips)
        return sandbox.view()

    async def stop_sandbox(self, uid: str) -> None:
        """See the protocol."""
        await self._enter("stop_sandbox")
        sandbox = self._find(uid)
        if sandbox is not None:
            sandbox.info = replace(sandbox.info, ready=False, ips=())

    async def remove_sandbox(self, uid: str) -> None:
        """See the protocol."""
        await self._enter("remove_sandbox")
        sandbox = self._find(uid)
        if sandbox is None:
            return
        for container in sandbox.containers.values():
            self.host.discard(container)
        del self.host.sandboxes[sandbox.info.id]

    async def create_container(self, uid: str, spec: ContainerSpec) -> ContainerInfo:
        """See the protocol."""
        await self._enter("create_container")
        sandbox = self._find(uid)
        if sandbox is None:
            raise NoSuchObject(f"no sandbox of pod {uid}")
        image = self._image(spec.image)
        if image is None:
            raise NoSuchObject(f"{spec.image}: image not known")
        attempt = spec.labels.get(LABEL_RESTARTS, "0")
        before = [c for c in sandbox.containers.values() if c.info.name == spec.name]
        for other in before:
            if other.attempt != attempt:
                continue
            if other.info.state is not ContainerState.CREATED:
                raise RuntimeFault(f"container {spec.name} of attempt {attempt} exists already")
            if other.info.labels.get(LABEL_HASH) == spec.labels.get(LABEL_HASH):
                return other.info
            del sandbox.containers[other.info.id]
        labels = {
            **spec.labels,
            LABEL_UID: uid,
            LABEL_NAMESPACE: sandbox.info.namespace,
            LABEL_NAME: sandbox.info.name,
            LABEL_CONTAINER: spec.name,
            LABEL_NODE: self.node,
        }
        info = ContainerInfo(
            id=self.host.new_id(),
            name=spec.name,
            state=ContainerState.CREATED,
            labels=labels,
            image=spec.image,
            image_id=image.id,
            created_at=self.host.now(),
        )
        number = int(attempt) if attempt.isdecimal() else len(before)
        script = self.host.choose(spec, sandbox.info.name, number)
        sandbox.containers[info.id] = FakeContainer(info, script, attempt)
        return info

    async def start_container(self, container_id: str) -> None:
        """See the protocol."""
        await self._enter("start_container")
        container = self._container(container_id)
        if container is None:
            raise NoSuchObject(f"no container with id {container_id}")
        if container.info.state is not ContainerState.CREATED:
            return
        if container.script.start_delay:
            await asyncio.sleep(container.script.start_delay)
        if container.script.start_error:
            container.info = replace(container.info, error=container.script.start_error)
            raise RuntimeFault(container.script.start_error)
        if container.info.state is ContainerState.CREATED:
            self.host.begin(container)

    async def stop_container(self, container_id: str, grace: float) -> None:
        """See the protocol."""
        await self._enter("stop_container")
        container = self._container(container_id)
        if container is None or container.info.state is not ContainerState.RUNNING:
            return
        self.host.stop(container, grace)
        await container.exited.wait()

    async def remove_container(self, container_id: str) -> None:
        """See the protocol."""
        await self._enter("remove_container")
        container = self._container(container_id)
        if container is None:
            return
        if container.info.state is ContainerState.RUNNING:
            raise RuntimeFault(f"cannot remove container {container_id} as it is running")
        for sandbox in self._mine():
            sandbox.containers.pop(container_id, None)
        self.host.discard(container)

    async def logs(
        self,
        container_id: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: float | None = None,
        timestamps: bool = False,
    ) -> AsyncIterator[bytes]:
        """See the protocol."""
        await self._enter("logs")
        container = self._container(container_id)
        if container is None:
            raise NoSuchObject(f"no container with id {container_id}")
        position = 0 if tail is None else max(0, len(container.log) - tail)
        while True:
            for when, line in container.log[position:]:
                position += 1
                if since is None or when >= since:
                    yield (_rfc3339(when) + b" " + line) if timestamps else line
            if not follow or container.exited.is_set():
                return
            if self._container(container_id) is None:
                return
            await container.changed.wait()

    async def events(self) -> AsyncIterator[RuntimeEvent]:
        """See the protocol."""
        await self._enter("events")
        queue = self.host.subscribe()
        try:
            while (item := await queue.get()) is not None:
                node, event = item
                if node == self.node:
                    yield event
        finally:
            self.host.unsubscribe(queue)

    async def image(self, reference: str) -> ImageInfo | None:
        """See the protocol."""
        await self._enter("image")
        return self._image(reference)

    async def images(self) -> tuple[ImageInfo, ...]:
        """See the protocol."""
        await self._enter("images")
        return tuple(self.host.images.values())

    async def pull(self, reference: str, credentials: Credentials | None = None) -> ImageInfo:  # noqa: ARG002 - the fake registry is open to all
        """See the protocol."""
        await self._enter("pull")
        name = qualified(reference)
        script = self.host.next_pull(name)
        if script.delay:
            await asyncio.sleep(script.delay)
        if script.error is not None:
            raise script.error
        self.host.note("pulled", reference)
        if script.image is not None:
            self.host.images[name] = script.image
        return self.host.images.get(name) or self.host.add_image(name)

    async def remove_image(self, reference: str) -> None:
        """See the protocol."""
        await self._enter("remove_image")
        image = self._image(reference)
        if image is None:
            return
        users = [c for s in self.host.sandboxes.values() for c in s.containers.values()]
        if any(c.info.image_id == image.id for c in users):
            raise RuntimeFault(f"image {reference} is used by a container")
        for name in [n for n, i in self.host.images.items() if i.id == image.id]:
            del self.host.images[name]

    async def usage(self) -> Sequence[Usage | NotMeasured]:
        """See the protocol; every container uses what its script says."""
        await self._enter("usage")
        now = self.host.now()
        return [
            Usage(
                uid=sandbox.info.uid,
                container=container.info.name,
                container_id=container.info.id,
                started_at=container.info.started_at,
                cpu_nanoseconds=round((now - container.info.started_at) * container.script.cpu * 1e9),
                memory_bytes=container.script.memory,
            )
            for sandbox in self._mine()
            for container in sandbox.containers.values()
            if container.info.state is ContainerState.RUNNING
        ]

    async def _enter(self, verb: str) -> None:
        """Begin a call, and take the time it was said to take."""
        self.host.enter(verb)
        if delay := self.host.delays.get(verb):
            await asyncio.sleep(delay)

    def _mine(self) -> tuple[FakeSandbox, ...]:
        return tuple(s for s in self.host.sandboxes.values() if s.info.labels.get(LABEL_NODE) == self.node)

    def _find(self, uid: str) -> FakeSandbox | None:
        return next((s for s in self._mine() if s.info.uid == uid), None)

    def _container(self, container_id: str) -> FakeContainer | None:
        return next((s.containers[container_id] for s in self._mine() if container_id in s.containers), None)

    def _image(self, reference: str) -> ImageInfo | None:
        if wanted := image_id(reference):
            return next((i for i in self.host.images.values() if i.id == wanted), None)
        with suppress(ImageFault):
            return self.host.images.get(qualified(reference))
        return None


def _rfc3339(when: float) -> bytes:
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode()
