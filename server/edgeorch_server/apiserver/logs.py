"""``pods/log``: which container is meant, and its log as plain text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from starlette.responses import PlainTextResponse, Response

from edgeorch.api.core.pod import Pod
from edgeorch.errors import BadRequest
from edgeorch_server.apiserver.streaming import OpenStreams, StreamResponse
from edgeorch_server.registry.base import LogOptions, LogStream, NodeLogs

LOG_TYPE = "text/plain"


def container_of(pod: Pod, asked: str) -> str:
    """Find the container a request means; raises BadRequest, as ``validateContainer`` of pods' LogLocation."""
    spec = pod.spec
    regular = [container.name for container in spec.containers]
    initial = [container.name for container in spec.initContainers]
    ephemeral = [container.name for container in spec.ephemeralContainers]
    name = pod.metadata.name
    if asked:
        if asked not in (*regular, *initial, *ephemeral):
            raise BadRequest(f"container {asked} is not valid for pod {name}")
        return asked
    if len(regular) == 1:
        return regular[0]
    message = f"a container name must be specified for pod {name}"
    if regular:
        message += f", choose one of: [{' '.join(regular)}]"
    if initial:
        message += f" or one of the init containers: [{' '.join(initial)}]"
    raise BadRequest(message)


async def log_response(pod: Pod, options: LogOptions, nodes: NodeLogs, streams: OpenStreams) -> Response:
    """Stream a log; whatever is wrong before its first byte is raised, and so answered as a Status.

    A pod that no node has yet has an empty log, as in Kubernetes.
    """
    container = container_of(pod, options.container)
    if not pod.spec.nodeName:
        return PlainTextResponse(b"")
    log = nodes.logs(pod, replace(options, container=container))
    try:
        first = await anext(log, b"")
    except BaseException:
        await log.aclose()
        raise
    return StreamResponse(_Log(first, log), streams, LOG_TYPE)


class _Log:
    """A log whose first chunk has been read already."""

    def __init__(self, first: bytes, rest: LogStream) -> None:
        self._first = first
        self._rest = rest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._first
        async for chunk in self._rest:
            yield chunk

    async def aclose(self) -> None:
        await self._rest.aclose()
