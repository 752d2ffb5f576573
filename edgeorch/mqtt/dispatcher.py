"""Serves the calls that the server makes to this agent (:mod:`edgeorch.mqtt.calls` is the other side)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from edgeorch.errors import (
    ApiError,
    BadRequest,
    InternalError,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
)
from edgeorch.mqtt.bus import Bus, Message
from edgeorch.mqtt.messages import CallReply, CallRequest
from edgeorch.mqtt.streams import Stream, StreamHub
from edgeorch.mqtt.topics import CallTopic, ReplyTopic, Topics

logger = logging.getLogger(__name__)

MAX_RUNNING = 64
REMEMBERED = 256
"""Calls that are recognised when they come a second time."""


class Call:
    """One request as its handler sees it."""

    def __init__(
        self,
        method: str,
        args: Mapping[str, Any],
        stream: Stream | None,
        reply: Callable[[CallReply], Awaitable[None]],
    ) -> None:
        self.method = method
        self.args = args
        self._stream = stream
        self._reply = reply
        self.answered = False

    @property
    def stream(self) -> Stream:
        """The stream that came with the call; BadRequest when none did."""
        if self._stream is None:
            raise BadRequest(f"call {self.method} needs a stream")
        return self._stream

    async def accept(self, result: Mapping[str, Any] | None = None) -> None:
        """Answer that the call is fine; what goes wrong from now on ends the stream."""
        self.answered = True
        await self._reply(CallReply(result or {}))


CallHandler = Callable[[Call], Coroutine[Any, Any, None]]
"""Serves one call: raises an ApiError to refuse it, or accepts it and then uses its stream. When it returns,
the call is accepted if it was not, and our direction of the stream ends. It is cancelled when the stream is."""


class Dispatcher:
    """The agent's side: runs the handler of each call. :meth:`run` must be running, and the hub's too."""

    def __init__(
        self, bus: Bus, topics: Topics, node: str, hub: StreamHub, handlers: Mapping[str, CallHandler]
    ) -> None:
        self._bus = bus
        self._topics = topics
        self._node = node
        self._hub = hub
        self._handlers = dict(handlers)
        self._running: set[asyncio.Task[None]] = set()
        self._known: dict[bytes, None] = {}
        self.bad_calls = 0
        """Requests that could not be read or answered."""

    async def run(self) -> None:
        """Serve calls, for ever."""
        await self._bus.subscribe(self._topics.pattern(f"nodes/{self._node}/calls/+"), self._receive)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for task in self._running:
                task.cancel()

    def _receive(self, message: Message) -> None:
        try:
            topic = self._topics.parse(message.topic)
            request = CallRequest.decode(message.payload)
            if message.response_topic:
                answer_to = self._topics.parse(message.response_topic)
                if not isinstance(answer_to, ReplyTopic) or answer_to.node != self._node:
                    raise ValueError(f"cannot answer to {message.response_topic}")  # noqa: TRY301
        except ValueError as exc:
            self.bad_calls += 1
            logger.debug("ignored a call: %s", exc)
            return
        if not isinstance(topic, CallTopic) or self._is_repeated(message.correlation):
            return
        task = asyncio.create_task(self._serve(topic.call, request, message), name=f"call-{topic.call}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _is_repeated(self, correlation: bytes) -> bool:
        if not correlation:
            return False
        if correlation in self._known:
            return True
        self._known[correlation] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        return False

    async def _serve(self, method: str, request: CallRequest, message: Message) -> None:
        async def reply(answer: CallReply) -> None:
            if message.response_topic:
                await self._bus.publish(
                    message.response_topic, answer.encode(), correlation=message.correlation
                )

        call, stream = Call(method, request.args, None, reply), None
        try:
            if len(self._running) > MAX_RUNNING:
                raise TooManyRequests(f"{MAX_RUNNING} calls are running already", retry_after=1)  # noqa: TRY301
            handler = self._handlers.get(method)
            if handler is None:
                raise NotFound(f"this agent does not know the call {method!r}")  # noqa: TRY301
            if request.stream:
                stream = self._hub.open(self._node, request.stream)
                call = Call(method, request.args, stream, reply)
            await _run_while_open(handler(call), stream)
            if not call.answered:
                await call.accept()
            if stream is not None:
                await stream.end()
        except Exception as exc:  # noqa: BLE001 (a call's fault goes to the caller, and ends nothing else)
            await self._fail(call, stream, exc)
        except asyncio.CancelledError:  # the agent stops
            if stream is not None:
                stream.abort(ServiceUnavailable(f"the agent of node {self._node} is stopping"))
            raise

    async def _fail(self, call: Call, stream: Stream | None, exc: Exception) -> None:
        if isinstance(exc, ApiError):
            error = exc
        else:
            logger.error("call %s failed", call.method, exc_info=exc)
            error = InternalError(f"call {call.method} failed on node {self._node}: {exc}")
        if stream is not None:
            stream.abort(error)
        if not call.answered:
            try:
                await call._reply(CallReply(error=error.to_status()))  # noqa: SLF001 (one protocol, two classes)
            except ApiError as lost:
                logger.debug("could not answer call %s: %s", call.method, lost)


async def _run_while_open(work: Coroutine[Any, Any, None], stream: Stream | None) -> None:
    """Run a handler; cancel it when its stream ends, because then nobody waits for it any more."""
    if stream is None:
        await work
        return
    task, closed = asyncio.ensure_future(work), asyncio.ensure_future(stream.closed())
    try:
        await asyncio.wait({task, closed}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        closed.cancel()
        stopped = not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    if not stopped:
        task.result()
