"""What of ours is in Podman: listings put together from its answers, with as few questions as possible.

Podman lists pods and containers in one request each, but only an inspection of a container says its precise
times, whether it ran out of memory, and its address. A listing changes in a visible way whenever an
inspection would, so each container is inspected once per change and remembered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from edgeorch_agent.runtime import podman_views as views
from edgeorch_agent.runtime.base import (
    LABEL_NODE,
    LABEL_UID,
    ContainerInfo,
    ContainerState,
    NoSuchObject,
    SandboxInfo,
)
from edgeorch_agent.runtime.exits import Exits
from edgeorch_agent.runtime.oom import kernel_log, oom_killed
from edgeorch_agent.runtime.podman_api import PodmanApi
from edgeorch_agent.runtime.podman_views import Inspected

_SIGKILLED: Final = 137
_TRIES: Final = 3


class Inventory:
    """Our pods and containers. Watches the process of every running container it sees."""

    def __init__(self, api: PodmanApi, node: str, exits: Exits) -> None:
        self._api = api
        self._node = node
        self._exits = exits
        self._seen: dict[str, tuple[object, Inspected]] = {}
        self._uids: dict[str, str] = {}
        self._start_errors: dict[str, str] = {}

    async def sandboxes(self) -> tuple[SandboxInfo, ...]:
        """Give all our sandboxes, and forget what is not there any more."""
        pods, containers = await self._list({})
        known = {entry["Id"] for entry in containers}
        for container_id in self._uids.keys() - known:
            self.forget(container_id)
        return await self._assemble(pods, containers)

    async def sandbox(self, uid: str) -> SandboxInfo | None:
        """Give one sandbox."""
        found = await self._assemble(*await self._list({LABEL_UID: uid}))
        return found[0] if found else None

    async def pod(self, uid: str) -> Mapping[str, Any] | None:
        """Give Podman's listing entry of a pod."""
        entries = await self._api.get("/pods/json", filters=self._filters({LABEL_UID: uid}))
        return next((e for e in entries if views.is_ours(e, self._node)), None)

    async def inspect(self, container: str) -> Inspected | None:
        """Look at a container of ours, by id or name, as it is now; None when there is none."""
        try:
            answer = await self._api.get(f"/containers/{quote(container)}/json")
        except NoSuchObject:
            return None
        seen = views.inspected(answer)
        if not views.is_ours({"Labels": seen.info.labels}, self._node):
            return None
        self._uids[seen.info.id] = seen.info.labels[LABEL_UID]
        if seen.info.state is ContainerState.RUNNING and seen.info.pid:
            self._exits.watch(seen.info.id, seen.info.pid)
        return seen

    def uid(self, container_id: str) -> str:
        """Give the pod a container belongs to; empty when it was never seen."""
        return self._uids.get(container_id, "")

    def remember_start_error(self, container_id: str, message: str) -> None:
        """Keep what Podman said of a failed start: it does not keep it."""
        self._start_errors[container_id] = message

    def describe(self, seen: Inspected) -> ContainerInfo:
        """Give a container's info, with the error of its start where that failed."""
        error = self._start_errors.get(seen.info.id, "")
        if error and seen.info.state is ContainerState.CREATED:
            return replace(seen.info, error=error)
        return seen.info

    def forget(self, container_id: str) -> None:
        """Drop what is remembered of a container that is gone."""
        self._seen.pop(container_id, None)
        self._uids.pop(container_id, None)
        self._start_errors.pop(container_id, None)
        self._exits.forget(container_id)

    def _filters(self, labels: Mapping[str, str]) -> dict[str, list[str]]:
        return {"label": [f"{key}={value}" for key, value in {LABEL_NODE: self._node, **labels}.items()]}

    async def _list(self, labels: Mapping[str, str]) -> tuple[list[Any], list[Any]]:
        """List pods, then containers: what was made in between belongs to a pod that is listed next time."""
        filters = self._filters(labels)
        for attempt in range(_TRIES):
            try:
                pods = await self._api.get("/pods/json", filters=filters)
                containers = await self._api.get("/containers/json", all=True, filters=filters)
            except NoSuchObject:  # Podman trips over what is removed while it lists
                if attempt == _TRIES - 1:
                    raise
            else:
                ours = [[e for e in entries if views.is_ours(e, self._node)] for entries in (pods, containers)]
                return ours[0], ours[1]
        raise AssertionError("the last attempt returns or raises")

    async def _assemble(self, pods: Iterable[Any], containers: Iterable[Any]) -> tuple[SandboxInfo, ...]:
        details = await asyncio.gather(*(self._details(entry) for entry in containers))
        by_pod: dict[str, list[ContainerInfo]] = {}
        infras: dict[str, Inspected] = {}
        for entry, seen in zip(containers, details, strict=True):
            if seen is None:
                continue
            if entry.get("IsInfra"):
                infras[entry["Pod"]] = seen
            else:
                by_pod.setdefault(entry.get("Pod") or "", []).append(self.describe(seen))
        return tuple(
            views.sandbox(pod, infras.get(pod["Id"]), tuple(by_pod.get(pod["Id"], ()))) for pod in pods
        )

    async def _details(self, entry: Mapping[str, Any]) -> Inspected | None:
        container_id = entry["Id"]
        look = tuple(entry.get(key) for key in ("State", "StartedAt", "ExitedAt", "ExitCode", "Pid"))
        known = self._seen.get(container_id)
        if known is not None and known[0] == look:
            return known[1]
        seen = await self.inspect(container_id)
        if seen is None:
            return None
        seen = await _ask_kernel(seen)
        self._seen[container_id] = (look, seen)
        return seen


async def _ask_kernel(seen: Inspected) -> Inspected:
    """Let the kernel say whether it was the memory limit that killed a container, where Podman missed it."""
    info = seen.info
    suspicious = info.state is ContainerState.EXITED and info.exit_code == _SIGKILLED and seen.memory_limit
    if not suspicious or info.oom_killed:
        return seen
    killed = oom_killed(await asyncio.to_thread(kernel_log))
    return replace(seen, info=replace(info, oom_killed=info.id in killed))
