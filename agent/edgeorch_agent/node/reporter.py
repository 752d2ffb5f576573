"""Keeps the retained Node state true: measures, describes, and publishes only what changed."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from edgeorch.api.core.node import NodeCondition
from edgeorch_agent.node.conditions import Measurements, derive
from edgeorch_agent.node.describe import describe_node
from edgeorch_agent.node.facts import Facts, available_memory
from edgeorch_agent.outbox import Outbox
from edgeorch_agent.runtime.base import ImageInfo, Runtime, RuntimeFault, RuntimeInfo

logger = logging.getLogger(__name__)

RUNTIME_GRACE_SECONDS = 10.0
"""A runtime that is away for less than this (its service restarting) does not make the node NotReady."""
IMAGES_SECONDS = 300.0
"""How often images are listed when nobody says that they changed: as often as the kubelet looks for new ones,
since the runtime reads its whole storage for it."""


class NodeReporter:
    """Publishes one node's state; :meth:`run` is the only coroutine."""

    def __init__(
        self,
        name: str,
        facts: Facts,
        runtime: Runtime,
        outbox: Outbox,
        *,
        topic: str,
        disk_folder: Path,
        address: Callable[[], str],
        labels: Mapping[str, str],
        now: Callable[[], dt.datetime],
        period: float,
    ) -> None:
        self._name = name
        self._facts = facts
        self._runtime = runtime
        self._outbox = outbox
        self._topic = topic
        self._disk_folder = disk_folder
        self._address = address
        self._labels = labels
        self._now = now
        self._period = period
        self._conditions: list[NodeCondition] = []
        self._info: RuntimeInfo | None = None
        self._images: tuple[ImageInfo, ...] = ()
        self._images_end = 0.0
        self._runtime_away: float | None = None
        """Since when it has not answered."""
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look again now: an image was pulled, the connection has a new address."""
        self._images_end = 0.0
        self._wake.set()

    async def run(self) -> None:
        """Measure and publish for ever, every ``period`` seconds and when woken."""
        while True:
            await self.report()
            try:
                async with asyncio.timeout(self._period):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def report(self) -> None:
        """Measure and publish once."""
        error = await self._ask_runtime()
        disk = shutil.disk_usage(self._disk_folder)
        measured = Measurements(
            disk_total=disk.total,
            disk_free=disk.free,
            memory_available=available_memory(),
            runtime_error=error,
            memory_cgroup=self._info is None or self._info.memory_cgroup,
        )
        self._conditions = derive(measured, self._conditions, self._now())
        node = describe_node(
            self._name,
            self._facts,
            runtime_version=self._info.version if self._info else "podman://unknown",
            address=self._address(),
            conditions=self._conditions,
            images=self._images,
            labels=self._labels,
        )
        self._outbox.set(self._topic, node.to_json())

    async def _ask_runtime(self) -> str:
        """Refresh what the runtime says; give the error that makes the node NotReady, or nothing."""
        clock = asyncio.get_running_loop().time
        try:
            self._info = await self._runtime.info()
            if clock() >= self._images_end:
                self._images = await self._runtime.images()
                self._images_end = clock() + IMAGES_SECONDS
        except RuntimeFault as exc:
            logger.warning("runtime does not answer: %s", exc)
            if self._runtime_away is None:
                self._runtime_away = clock()
            if self._info is not None and clock() - self._runtime_away < RUNTIME_GRACE_SECONDS:
                return ""
            return str(exc)
        self._runtime_away = None
        return ""
