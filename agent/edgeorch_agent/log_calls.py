"""Serves the ``logs`` call: finds the container's log and streams it to the server."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from edgeorch.api.meta import parse_time
from edgeorch.errors import BadRequest, InternalError, NotFound
from edgeorch.mqtt.dispatcher import Call
from edgeorch.mqtt.messages import LogsCall
from edgeorch_agent.log_source import log_container
from edgeorch_agent.pods.manager import PodManager
from edgeorch_agent.runtime.base import NoSuchObject, Runtime, RuntimeFault


class LogCalls:
    """The handler of ``logs`` calls."""

    def __init__(self, runtime: Runtime, pods: PodManager) -> None:
        self._runtime = runtime
        self._pods = pods

    async def serve(self, call: Call) -> None:
        """Stream a log; what is wrong with the request is answered before the first byte."""
        try:
            args = LogsCall.from_dict(call.args)
            since = _since(args)
        except ValueError as exc:
            raise BadRequest(str(exc)) from exc
        pod = self._pods.find(args.namespace, args.name)
        if pod is None or pod.metadata.uid != args.uid:
            raise NotFound(f'pods "{args.name}" not found', kind="pods", name=args.name)
        container = log_container(pod, self._pods.status(args.uid), args.container, previous=args.previous)
        log = self._runtime.logs(
            container,
            follow=args.follow,
            tail=args.tail_lines,
            since=since,
            timestamps=args.timestamps,
        )
        await call.accept()
        try:
            async for chunk in _limited(log, args.limit_bytes):
                await call.stream.write(chunk)
        except NoSuchObject as exc:
            raise NotFound(f'the log of container "{args.container}" is gone: {exc}') from exc
        except RuntimeFault as exc:
            raise InternalError(f"cannot read the log: {exc}") from exc


def _since(args: LogsCall) -> float | None:
    """Give the earliest time in seconds since the epoch, by the board's own clock for relative times."""
    if args.since_time:
        return parse_time(args.since_time).timestamp()
    return None if args.since_seconds is None else time.time() - args.since_seconds


async def _limited(log: AsyncIterator[bytes], limit: int | None) -> AsyncIterator[bytes]:
    """Cut a log after ``limit`` bytes (core/v1 PodLogOptions ``limitBytes``)."""
    left = limit
    async for chunk in log:
        if left is None:
            yield chunk
            continue
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            return
