"""Pods in Podman: the real :class:`~edgeorch_agent.runtime.base.Runtime`.

A sandbox is a Podman pod with an infra container, a container is a container of that pod, and what makes them
ours are their labels; Podman itself is the only memory. Podman never restarts anything: the agent decides.
Works with Podman 4.3 and later on its REST socket, on the same machine (logs and exits are read beside it).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from edgeorch_agent.runtime import podman_bodies as bodies
from edgeorch_agent.runtime import podman_views as views
from edgeorch_agent.runtime.base import (
    LABEL_HASH,
    LABEL_UID,
    ContainerInfo,
    ContainerSpec,
    ContainerState,
    Credentials,
    EventKind,
    ImageInfo,
    InvalidImageName,
    NoSuchObject,
    NotMeasured,
    RuntimeEvent,
    RuntimeFault,
    RuntimeInfo,
    RuntimeUnavailable,
    SandboxInfo,
    SandboxSpec,
    Usage,
)
from edgeorch_agent.runtime.cgroups import Cgroups
from edgeorch_agent.runtime.exits import Exits
from edgeorch_agent.runtime.hints import Hints, Listener
from edgeorch_agent.runtime.locks import KeyedLocks
from edgeorch_agent.runtime.log_file import read_log
from edgeorch_agent.runtime.podman_api import PodmanApi, PodmanRefusal
from edgeorch_agent.runtime.podman_bodies import Permits
from edgeorch_agent.runtime.podman_inventory import Inventory
from edgeorch_agent.runtime.podman_views import Inspected
from edgeorch_agent.runtime.privileges import lowest_oom_score
from edgeorch_agent.runtime.references import image_id, qualified
from edgeorch_agent.runtime.stopping import Stops

_PATIENCE: Final = 120.0
"""Seconds for what runs the OCI runtime or deletes layers: a busy card makes that slow."""
INFO_SECONDS: Final = 3600.0
"""How long the answer of ``/info`` is good for: Podman looks up in the package database which packages its
helpers are from, each time, and that takes a second of a small board's processor."""
_SOONEST: Final = 0.005
_ASK_AGAIN: Final = 0.25
"""Seconds between questions after the state of a container, where its process cannot be watched."""


class PodmanRuntime:
    """One agent's Podman."""

    def __init__(
        self, socket: Path, *, node: str, log_size: int = 10 << 20, infra_image: str = "", workers: int = 6
    ) -> None:
        """Talk to the service at ``socket`` for the agent of ``node``.

        ``log_size`` is the most bytes a container's log may take (Kubernetes' containerLogMaxSize);
        ``infra_image`` replaces the pause image that Podman builds by itself.
        """
        self._node = node
        self._log_size = log_size
        self._infra_image = infra_image
        self._api = PodmanApi(socket, workers=workers)
        self._hints = Hints()
        self._exits = Exits(self._process_ended)
        self._cgroups = Cgroups()
        self._inventory = Inventory(self._api, node, self._exits)
        self._stops = Stops(self._signal, self._ended)
        self._locks = KeyedLocks()
        self._image_details: dict[str, ImageInfo] = {}
        self._permits: Permits | None = None
        self._socket = socket
        self._info: RuntimeInfo | None = None
        self._info_ends = 0.0

    async def aclose(self) -> None:
        """Let go of Podman. Containers run on."""
        self._hints.close()
        await self._stops.aclose()
        self._exits.close()
        await self._api.aclose()

    async def info(self) -> RuntimeInfo:
        """See the protocol. Podman always has to answer, but what it says of itself is asked for seldom."""
        clock = asyncio.get_running_loop().time
        if self._info is not None and clock() < self._info_ends:
            await self._ping()
            return self._info
        answer = await self._api.get("/info")
        lowest = await asyncio.to_thread(lowest_oom_score, self._socket)
        self._permits = Permits(views.controllers(answer), lowest)
        self._info, self._info_ends = views.runtime_info(answer), clock() + INFO_SECONDS
        return self._info

    async def _ping(self) -> None:
        try:
            await self._api.ping()
        except RuntimeUnavailable:
            self._info = None  # it may come back as another version
            raise

    # Sandboxes

    async def list(self) -> tuple[SandboxInfo, ...]:
        """See the protocol."""
        return await self._inventory.sandboxes()

    async def get(self, uid: str) -> SandboxInfo | None:
        """See the protocol."""
        return await self._inventory.sandbox(uid)

    async def create_sandbox(self, spec: SandboxSpec) -> SandboxInfo:
        """See the protocol."""
        async with self._locks.hold(spec.uid):
            pod = await self._inventory.pod(spec.uid)
            if pod is not None and not await self._is_usable(pod):
                await self._remove_pod(pod["Id"])
                pod = None
            if pod is None:
                body = bodies.pod_body(spec, self._node, infra_image=self._infra_image)
                await self._api.post("/pods/create", body=body, patience=_PATIENCE)
                pod = await self._inventory.pod(spec.uid)
            if pod is not None:
                # Not ``/pods/ID/start``, which would start all of the pod's containers too.
                await self._api.post(f"/containers/{pod['InfraId']}/start", patience=_PATIENCE)
            sandbox = await self.get(spec.uid)
            if sandbox is None:
                raise NoSuchObject(f"the sandbox of pod {spec.uid} was removed while it was being made")
            return sandbox

    async def stop_sandbox(self, uid: str) -> None:
        """See the protocol."""
        async with self._locks.hold(uid):
            pod = await self._inventory.pod(uid)
            if pod is not None and pod.get("InfraId"):
                # Not ``/pods/ID/stop``, which waits for what ignores SIGTERM. Nothing in there is to be saved.
                await self._signal(pod["InfraId"], "KILL")
                await self._ended(pod["InfraId"])

    async def remove_sandbox(self, uid: str) -> None:
        """See the protocol."""
        async with self._locks.hold(uid):
            pod = await self._inventory.pod(uid)
            if pod is None:
                return
            await self._remove_pod(pod["Id"])
            for member in pod.get("Containers") or ():
                self._removed(uid, member["Id"])

    # Containers

    async def create_container(self, uid: str, spec: ContainerSpec) -> ContainerInfo:
        """See the protocol."""
        async with self._locks.hold(uid):
            pod = await self._inventory.pod(uid)
            if pod is None:
                raise NoSuchObject(f"no sandbox of pod {uid}")
            if self._permits is None:
                await self.info()
            image = image_id(spec.image) or qualified(spec.image)
            body = bodies.container_body(
                replace(spec, image=image),
                pod_id=pod["Id"],
                pod=pod["Name"],
                labels=bodies.container_labels(spec, pod["Labels"]),
                permits=self._permits or Permits(frozenset()),
                log_size=self._log_size,
            )
            name = body["name"]
            try:
                await self._api.post("/containers/create", body=body, patience=_PATIENCE)
            except PodmanRefusal:
                there = await self._inventory.inspect(name)
                if there is None:
                    raise
                if there.info.labels.get(LABEL_UID) != uid or there.info.state is not ContainerState.CREATED:
                    raise
                if there.info.labels.get(LABEL_HASH) != spec.labels.get(LABEL_HASH):
                    await self.remove_container(there.info.id)
                    await self._api.post("/containers/create", body=body, patience=_PATIENCE)
            made = await self._inventory.inspect(name)
            if made is None:
                raise NoSuchObject(f"container {name} was removed as soon as it was made")
            return self._inventory.describe(made)

    async def start_container(self, container_id: str) -> None:
        """See the protocol. A container is never started a second time: nothing happens when it has exited."""
        async with self._locks.hold(container_id):
            there = await self._inspect(container_id)
            if there.info.state is not ContainerState.CREATED:
                return
            try:
                await self._api.post(f"/containers/{container_id}/start", patience=_PATIENCE)
            except PodmanRefusal as exc:
                self._inventory.remember_start_error(container_id, str(exc))
                raise
            await self._inventory.inspect(container_id)  # begins to watch its process
            self._tell(EventKind.STARTED, container_id)

    async def stop_container(self, container_id: str, grace: float) -> None:
        """See the protocol."""
        there = await self._inventory.inspect(container_id)
        if there is not None and there.info.state is ContainerState.RUNNING:
            await self._stops.stop(container_id, grace)

    async def remove_container(self, container_id: str) -> None:
        """See the protocol."""
        there = await self._inventory.inspect(container_id)
        if there is None:
            return
        await self._delete(f"/containers/{container_id}", v=True)
        self._removed(there.info.labels[LABEL_UID], container_id)

    async def logs(
        self,
        container_id: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: float | None = None,
        timestamps: bool = False,
    ) -> AsyncGenerator[bytes, None]:
        """See the protocol. Survives restarts of Podman's service."""
        there = await self._inspect(container_id)
        ended = asyncio.Event()
        waiting = asyncio.ensure_future(self._ended(container_id)) if follow else None
        if waiting is None:
            ended.set()
        else:
            waiting.add_done_callback(lambda _: ended.set())
        try:
            chunks = read_log(Path(there.log_path), ended=ended, tail=tail, since=since, timestamps=timestamps)
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield chunk
        finally:
            if waiting is not None:
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)

    async def events(self) -> AsyncGenerator[RuntimeEvent, None]:
        """See the protocol. An exit may come twice: as seen by us at once, and as told by Podman later."""
        with self._hints.listen() as listener:
            forwarding = asyncio.ensure_future(self._forward_events(listener))
            try:
                while (item := await listener.get()) is not None:
                    if isinstance(item, RuntimeFault):
                        raise item
                    yield item
            finally:
                forwarding.cancel()
                await asyncio.gather(forwarding, return_exceptions=True)

    async def usage(self) -> Sequence[Usage | NotMeasured]:
        """See the protocol. Podman is asked what runs; how much it uses is read beside it."""
        running = [
            (sandbox.uid, container)
            for sandbox in await self._inventory.sandboxes()
            for container in sandbox.containers
            if container.state is ContainerState.RUNNING
        ]
        return await asyncio.to_thread(lambda: [self._measure(uid, info) for uid, info in running])

    def _measure(self, uid: str, info: ContainerInfo) -> Usage | NotMeasured:
        used = self._cgroups.usage(info.pid, info.id)
        if used is None:
            return NotMeasured(uid, info.name)
        return Usage(
            uid=uid,
            container=info.name,
            container_id=info.id,
            started_at=info.started_at,
            cpu_nanoseconds=used.cpu_nanoseconds,
            memory_bytes=used.memory_bytes,
        )

    # Images

    async def image(self, reference: str) -> ImageInfo | None:
        """See the protocol."""
        try:
            name = image_id(reference) or qualified(reference)
            return views.image(await self._api.get(f"/images/{quote(name, safe='/:@')}/json"))
        except (NoSuchObject, InvalidImageName):
            return None

    async def images(self) -> tuple[ImageInfo, ...]:
        """See the protocol."""
        entries = await self._api.get("/images/json")
        found: dict[str, ImageInfo] = {}
        for entry in entries:
            details = self._image_details.get(entry["Id"]) or await self.image(entry["Id"])
            if details is not None:
                found[entry["Id"]] = replace(details, names=views.image_names(entry))
        self._image_details = found
        return tuple(found.values())

    async def pull(self, reference: str, credentials: Credentials | None = None) -> ImageInfo:
        """See the protocol. Leaving the call (cancellation) ends the pull."""
        name, pulled = qualified(reference), ""
        progress = self._api.stream("POST", "/images/pull", credentials=credentials, reference=name)
        async with aclosing(progress):
            async for line in progress:
                message = json.loads(line)
                if message.get("error"):
                    raise views.pull_fault(message["error"])
                pulled = message.get("id") or pulled
        image = await self.image(pulled) if pulled else None
        if image is None:
            raise RuntimeUnavailable(f"Podman broke off the pull of {name}")
        return image

    async def remove_image(self, reference: str) -> None:
        """See the protocol."""
        image = await self.image(reference)
        if image is None:
            return
        users = await self._api.get("/containers/json", all=True, filters={"ancestor": [image.id]})
        if users:
            raise RuntimeFault(f"image {reference} is used by container {users[0]['Names'][0]}")
        for name in (*(n for n in image.names if "@" not in n), image.id):
            await self._delete(f"/images/{quote(name, safe='/:@')}")

    # Helpers

    async def _inspect(self, container_id: str) -> Inspected:
        there = await self._inventory.inspect(container_id)
        if there is None:
            raise NoSuchObject(f"no container with id {container_id}")
        return there

    async def _is_usable(self, pod: Mapping[str, Any]) -> bool:
        """Tell whether a pod can (still) hold containers.

        Not when the service died before it had made the infra container, and not when a reboot took its cgroup,
        which Podman before 4.6 does not give back on machines without systemd
        (https://github.com/containers/podman/issues/19175).
        """
        if not pod.get("InfraId"):
            return False
        details = await self._api.get(f"/pods/{pod['Id']}/json")
        return bool(details.get("CgroupPath") or not details.get("CreateCgroup"))

    async def _remove_pod(self, pod_id: str) -> None:
        """Remove a pod. Podman's forced removal waits ten seconds for what ignores SIGTERM, so kill first."""
        with suppress(NoSuchObject, PodmanRefusal):  # gone, or some of its containers do not run
            await self._api.post(f"/pods/{pod_id}/kill", signal="SIGKILL", patience=_PATIENCE)
        await self._delete(f"/pods/{pod_id}", force=True, timeout=0)

    async def _delete(self, path: str, **params: Any) -> None:
        with suppress(NoSuchObject):
            await self._api.delete(path, patience=_PATIENCE, **params)

    async def _signal(self, container_id: str, name: str) -> None:
        """Signal a container; by default with its own stop signal. Nothing happens when it does not run."""
        there = await self._inventory.inspect(container_id)
        if there is None or there.info.state is not ContainerState.RUNNING:
            return
        try:
            await self._api.post(f"/containers/{container_id}/kill", signal=name or there.stop_signal)
        except PodmanRefusal:
            again = await self._inventory.inspect(container_id)
            if again is not None and again.info.state is ContainerState.RUNNING:
                raise
        except NoSuchObject:
            pass

    async def _ended(self, container_id: str) -> None:
        """Return once Podman knows that a container has ended (or is gone); outlives Podman's service."""
        pause = _SOONEST
        while True:
            try:
                there = await self._inventory.inspect(container_id)
            except RuntimeUnavailable:
                await asyncio.sleep(_ASK_AGAIN)
                continue
            if there is None or there.info.state is ContainerState.EXITED:
                return
            process = self._exits.watch(container_id, there.info.pid) if there.info.pid else None
            if process is not None and not process.is_set():
                await process.wait()
                continue
            await asyncio.sleep(pause)
            pause = min(2 * pause, _ASK_AGAIN)

    async def _forward_events(self, listener: Listener) -> None:
        stream = self._api.stream("GET", "/events", stream=True, filters={"type": ["container"]})
        try:
            async with aclosing(stream):
                async for line in stream:
                    if (event := views.event(json.loads(line), self._node)) is not None:
                        listener.put_nowait(event)
        except RuntimeFault as exc:
            listener.put_nowait(exc)
        else:
            listener.put_nowait(None)

    def _process_ended(self, container_id: str) -> None:
        self._tell(EventKind.DIED, container_id)

    def _removed(self, uid: str, container_id: str) -> None:
        self._inventory.forget(container_id)
        self._hints.tell(RuntimeEvent(EventKind.REMOVED, uid, container_id))

    def _tell(self, kind: EventKind, container_id: str) -> None:
        self._hints.tell(RuntimeEvent(kind, self._inventory.uid(container_id), container_id))
