"""Requests to agents, for the API server."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator

from edgeorch.api.core.pod import Pod
from edgeorch.errors import ServiceUnavailable
from edgeorch.mqtt.calls import Caller
from edgeorch.mqtt.messages import LogsCall
from edgeorch.mqtt.streams import StreamHub
from edgeorch_server.fleet.presence import PresenceTracker
from edgeorch_server.registry.base import LogOptions


class FleetCalls:
    """Implements :class:`edgeorch_server.registry.base.NodeCalls`."""

    def __init__(self, caller: Caller, hub: StreamHub, presence: PresenceTracker) -> None:
        self._caller = caller
        self._hub = hub
        self._presence = presence

    async def logs(self, pod: Pod, options: LogOptions) -> AsyncGenerator[bytes, None]:
        """Stream a container's log; closing the generator ends the stream on the node."""
        node = pod.spec.nodeName
        self._check_connected(node)
        question = LogsCall(
            namespace=pod.metadata.namespace,
            name=pod.metadata.name,
            uid=pod.metadata.uid,
            container=options.container,
            follow=options.follow,
            previous=options.previous,
            timestamps=options.timestamps,
            since_seconds=options.since_seconds,
            since_time=options.since_time,
            tail_lines=options.tail_lines,
            limit_bytes=options.limit_bytes,
        )
        async with self._hub.open(node, secrets.token_hex(8)) as stream:
            await self._caller.call(node, "logs", question.to_dict(), stream=stream.id)
            async for chunk in stream:
                yield chunk.data

    def _check_connected(self, node: str) -> None:
        """Say at once that a node is away, instead of after a time-out."""
        known = self._presence.of(node)
        if known is not None and not known.online:
            raise ServiceUnavailable(f"node {node} is not connected: its agent is offline", name=node)
