"""Images: whether one is here, and one pull at a time for all pods of a node.

Pods that need the same image share a pull; a pull that nobody waits for any more is cancelled. Pulls are
serial by default, as kubelet's are (``serializeImagePulls``): slow links and cards gain nothing from more.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from edgeorch.errors import EdgeorchError
from edgeorch_agent.runtime import references
from edgeorch_agent.runtime.base import (
    Credentials,
    ImageInfo,
    InvalidImageName,
    NoSpace,
    RegistryUnavailable,
    Runtime,
    RuntimeFault,
)

MIB = 1024 * 1024


class ImageProblem(EdgeorchError):
    """An image cannot be had; ``reason`` is kubelet's word for it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class DiskUsage(NamedTuple):
    """Room on a file system, in bytes."""

    total: int
    free: int


def disk_usage(folder: str) -> DiskUsage:
    """Look at the file system of a folder."""
    usage = shutil.disk_usage(folder)
    return DiskUsage(usage.total, usage.free)


@dataclass(frozen=True, slots=True)
class Room:
    """How much of the image store's file system must stay free for a pull to begin."""

    fraction: float = 0.05
    floor: int = 200 * MIB
    """Bytes."""

    def needed(self, total: int) -> int:
        """Give the bytes that must be free on a file system of this size."""
        return max(int(total * self.fraction), self.floor)


@dataclass(frozen=True, slots=True)
class Found:
    """An image that is here now. Durations are seconds."""

    info: ImageInfo
    pulled: bool = False
    pull_time: float = 0.0
    total_time: float = 0.0
    """Including the wait for other pulls."""
    stale: str = ""
    """The registry could not be asked, for this reason: it is the copy from before."""


@dataclass(slots=True)
class _Job:
    task: asyncio.Task[tuple[ImageInfo, float]]
    waiters: int = 0


class Images:
    """The images of a node."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        parallel: int = 1,
        room: Room | None = None,
        usage: Callable[[str], DiskUsage] = disk_usage,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._runtime = runtime
        self._slots = asyncio.Semaphore(parallel)
        self._room = room or Room()
        self._usage = usage
        self._on_change = on_change
        """Called when an image was pulled."""
        self._jobs: dict[tuple[str, Credentials | None], _Job] = {}

    async def ensure(
        self, image: str, policy: str, credentials: Credentials | None, on_pull: Callable[[], None]
    ) -> Found:
        """Make sure that an image is here ("Images", "Image pull policy").

        ``on_pull`` is called before a pull is queued. Raises ImageProblem.

        Where the policy is Always and the registry cannot be reached, the copy that is here will do: a node
        that reboots without a network must start its pods, even those with ``:latest``.
        """
        present = await self._look(image)
        if policy == "Never" and present is None:
            text = f'Container image "{image}" is not present with pull policy of Never'
            raise ImageProblem("ErrImageNeverPull", text)
        if present is not None and policy in {"Never", "IfNotPresent"}:
            return Found(present)
        on_pull()
        began = asyncio.get_running_loop().time()
        try:
            info, seconds = await self._shared_pull(image, credentials)
        except RegistryUnavailable as exc:
            text = f"image pull failed for {image} because the registry is unavailable: {exc}"
            if present is not None:
                return Found(present, stale=text)
            raise ImageProblem("ErrImagePull", text) from exc
        except RuntimeFault as exc:
            raise ImageProblem("ErrImagePull", str(exc)) from exc
        took = asyncio.get_running_loop().time() - began
        return Found(info, pulled=True, pull_time=seconds, total_time=took)

    async def _look(self, image: str) -> ImageInfo | None:
        try:
            references.qualified(image)
        except InvalidImageName as exc:
            text = f'Failed to apply default image tag "{image}": {exc}'
            raise ImageProblem("InvalidImageName", text) from exc
        try:
            return await self._runtime.image(image)
        except RuntimeFault as exc:
            raise ImageProblem("ImageInspectError", f'Failed to inspect image "{image}": {exc}') from exc

    async def _shared_pull(self, image: str, credentials: Credentials | None) -> tuple[ImageInfo, float]:
        key = (references.qualified(image), credentials)
        job = self._jobs.get(key)
        if job is None:
            task = asyncio.create_task(self._pull(image, credentials), name=f"pull {image}")
            job = self._jobs[key] = _Job(task)
            task.add_done_callback(lambda _: self._drop(key, job))
        job.waiters += 1
        try:
            return await asyncio.shield(job.task)
        finally:
            job.waiters -= 1
            if not job.waiters and not job.task.done():
                self._drop(key, job)
                job.task.cancel()

    def _drop(self, key: tuple[str, Credentials | None], job: _Job) -> None:
        if self._jobs.get(key) is job:
            del self._jobs[key]
        if job.task.done() and not job.task.cancelled():
            job.task.exception()  # a failure whose last waiter has gone is nobody's concern

    async def _pull(self, image: str, credentials: Credentials | None) -> tuple[ImageInfo, float]:
        async with self._slots:
            await self._check_room(image)
            began = asyncio.get_running_loop().time()
            info = await self._runtime.pull(image, credentials)
            self._on_change()
            return info, asyncio.get_running_loop().time() - began

    async def _check_room(self, image: str) -> None:
        root = (await self._runtime.info()).image_root
        try:
            usage = self._usage(root)
        except OSError:
            return  # a store that cannot be looked at is the pull's own problem
        needed = self._room.needed(usage.total)
        if usage.free < needed:
            raise NoSpace(
                f'no space for image "{image}": {usage.free // MIB} MiB are free on {root}, and '
                f"{needed // MIB} MiB must stay free; remove unused images (podman image prune -a) or files"
            )
