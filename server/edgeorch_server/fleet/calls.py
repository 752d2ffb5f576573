"""Requests to agents, for the API server."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import AsyncGenerator

from edgeorch.api.core.pod import Pod
from edgeorch.api.meta import parse_time
from edgeorch.errors import InternalError, ServiceUnavailable
from edgeorch.mqtt.calls import Caller
from edgeorch.mqtt.messages import LogsCall, StatsReply
from edgeorch.mqtt.streams import StreamHub
from edgeorch_server.fleet.presence import PresenceTracker
from edgeorch_server.registry.base import ContainerStats, LogOptions, NodeStats


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

    async def stats(self, node: str) -> NodeStats:
        """Let a node measure what it uses; raises InternalError for an answer that is none."""
        self._check_connected(node)
        answer = await self._caller.call(node, "stats", {})
        try:
            return node_stats(StatsReply.from_dict(answer))
        except ValueError as exc:
            raise InternalError(f"node {node} measures nonsense: {exc}") from exc

    def _check_connected(self, node: str) -> None:
        """Say at once that a node is away, instead of after a time-out."""
        known = self._presence.of(node)
        if known is not None and not known.online:
            raise ServiceUnavailable(f"node {node} is not connected: its agent is offline", name=node)


def node_stats(reply: StatsReply) -> NodeStats:
    """Read an agent's answer; raises ValueError."""
    return NodeStats(
        measured=parse_time(reply.timestamp),
        window=dt.timedelta(milliseconds=_count(reply.window_ms)),
        total=ContainerStats(_count(reply.cpu), _count(reply.memory)),
        pods={
            uid: {name: _container(pair) for name, pair in _object(containers).items()}
            for uid, containers in reply.pods.items()
        },
    )


def _container(pair: object) -> ContainerStats:
    match pair:
        case [cpu, memory]:
            return ContainerStats(_count(cpu), _count(memory))
    raise ValueError(f"not two numbers: {pair!r}")


def _object(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    raise ValueError(f"not an object: {value!r}")


def _count(value: object) -> int:
    if type(value) is int and 0 <= value < 2**63:
        return value
    raise ValueError(f"not a count: {value!r}")
