"""Calls: a request to an agent and its one answer, over MQTT's request and response (MQTT5 4.10).

This is the server's side; the agent's is :mod:`edgeorch.mqtt.dispatcher`.

The server asks on ``nodes/{node}/calls/{method}`` and names, as response topic,
``nodes/{node}/replies/{correlation}``: a topic that this node alone may write to, so that no other one can
answer in its place. A call may bring a stream (:mod:`edgeorch.mqtt.streams`), which then carries the bytes.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Mapping
from typing import Any

from edgeorch.errors import GatewayTimeout, ServiceUnavailable, from_status
from edgeorch.mqtt.bus import Bus, Connection, Message
from edgeorch.mqtt.messages import CallReply, CallRequest
from edgeorch.mqtt.topics import CallTopic, ReplyTopic, Topics

TIMEOUT_SECONDS = 15.0


class Caller:
    """Asks agents. :meth:`run` must be running; ``timeout`` is in seconds."""

    def __init__(self, bus: Bus, topics: Topics, timeout: float = TIMEOUT_SECONDS) -> None:
        self._bus = bus
        self._topics = topics
        self._timeout = timeout
        self._waiting: dict[tuple[str, str], asyncio.Future[CallReply]] = {}
        self.bad_replies = 0
        """Replies that could not be read, or that nobody waited for (any more)."""

    async def call(
        self, node: str, method: str, args: Mapping[str, Any], *, stream: str = ""
    ) -> Mapping[str, Any]:
        """Ask, and give the answer's result.

        Raises the ApiError that the agent answered, ServiceUnavailable when it is not connected or the
        connection is lost while we wait, and GatewayTimeout after the time-out.
        """
        correlation = secrets.token_hex(8)
        reply: asyncio.Future[CallReply] = asyncio.get_running_loop().create_future()
        self._waiting[node, correlation] = reply
        try:
            async with asyncio.timeout(self._timeout):
                heard = await self._bus.publish(
                    self._topics.name(CallTopic(node, method)),
                    CallRequest(args, stream).encode(),
                    response_topic=self._topics.name(ReplyTopic(node, correlation)),
                    correlation=correlation.encode(),
                    expiry=math.ceil(self._timeout),
                )
                if not heard:
                    raise ServiceUnavailable(f"node {node} is not connected: its agent does not listen")
                answer = await reply
        except TimeoutError as exc:
            raise GatewayTimeout(f"node {node} did not answer within {self._timeout:g} seconds") from exc
        finally:
            del self._waiting[node, correlation]
        if answer.error:
            raise from_status(dict(answer.error))
        return answer.result

    async def run(self) -> None:
        """Receive replies, for ever."""
        await self._bus.subscribe(self._topics.pattern("nodes/+/replies/+"), self._receive)
        async for state in self._bus.connections():
            if state is Connection.DOWN:
                for reply in self._waiting.values():
                    if not reply.done():
                        reply.set_exception(ServiceUnavailable("connection to the MQTT broker lost"))

    def _receive(self, message: Message) -> None:
        try:
            topic = self._topics.parse(message.topic)
            answer = CallReply.decode(message.payload)
        except ValueError:
            self.bad_replies += 1
            return
        reply = self._waiting.get((topic.node, topic.correlation)) if isinstance(topic, ReplyTopic) else None
        if reply is None or reply.done():
            self.bad_replies += 1
        else:
            reply.set_result(answer)
