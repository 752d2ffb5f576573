"""What a container said last: its termination message, or the end of its log where that is asked for.

Follows kubelet's ``getTerminationMessage``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from edgeorch.api.core.container import Container
from edgeorch_agent.pods.attempts import restarts
from edgeorch_agent.pods.volumes import Volumes
from edgeorch_agent.runtime.base import ContainerInfo, Runtime, RuntimeFault, RuntimeUnavailable

MAX_LOG_LINES = 80
MAX_LOG_BYTES = 2048
"""As much of the end of a log stands in for a message (``MaxContainerTerminationMessageLog...``)."""


class LastWords:
    """Reads what containers that have ended said last."""

    def __init__(self, runtime: Runtime, volumes: Volumes, offload: Callable[..., Awaitable[str]]) -> None:
        self._runtime = runtime
        self._volumes = volumes
        self._offload = offload

    async def of(self, uid: str, container: Container | None, info: ContainerInfo) -> str:
        """Read those of one start of a container; empty when there are none. Raises RuntimeUnavailable.

        ``container`` is its part of the spec, None where that is not known any more.
        """
        said = await self._offload(self._volumes.termination_message, uid, info.name, restarts(info))
        falls_back = container is not None and container.terminationMessagePolicy == "FallbackToLogsOnError"
        if said or not falls_back or not info.exit_code:
            return said
        end = b""
        try:
            async for chunk in self._runtime.logs(info.id, tail=MAX_LOG_LINES):
                end = (end + chunk)[-MAX_LOG_BYTES:]
        except RuntimeUnavailable:
            raise
        except RuntimeFault as exc:  # a pod is not held up by a log that cannot be read
            return f"Error on reading termination message from logs: {exc}"
        return end.decode(errors="replace")
