"""What the broker has retained of the desired state of all nodes."""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass, field

from edgeorch.mqtt.bus import Bus, Message
from edgeorch.mqtt.desired_state import VERSION_PROPERTY
from edgeorch.mqtt.topics import DesiredTopic, Topics

logger = logging.getLogger(__name__)

PATTERN = "nodes/+/desired/#"
NOBODY = "_"
"""A node that cannot exist (RFC 1123): the fence is published for it, on a topic the subscription covers."""
PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class Inventory:
    """What was found."""

    versions: dict[DesiredTopic, str] = field(default_factory=dict)
    """Version of each retained object, as its user property says; empty when it has none."""
    unreadable: list[str] = field(default_factory=list)
    """Topic names below a ``desired`` that are none of ours."""
    complete: bool = False
    """The broker has told everything. Otherwise something may be missing."""


async def take_inventory(bus: Bus, topics: Topics) -> Inventory:
    """Ask the broker. A subscription brings what is retained, and a message published after it marks its end.

    A broker that delivers retained messages later than that makes us publish again what it had: no harm. What
    it holds and we miss is dropped by the sync handshake of its node. Raises ServiceUnavailable.
    """
    found, ended = Inventory(), asyncio.Event()
    fence = topics.name(DesiredTopic(NOBODY, "fence", "", secrets.token_hex(8)))

    def receive(message: Message) -> None:
        if message.topic == fence:
            ended.set()
        elif message.payload and not ended.is_set():
            _note(found, topics, message)

    pattern = topics.pattern(PATTERN)
    try:
        await bus.subscribe(pattern, receive)
        await bus.publish(fence, b"end")
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ended.wait()
        found.complete = True
    except TimeoutError:
        logger.warning("the broker did not come to an end with its retained messages")
    finally:
        await bus.unsubscribe(pattern)
    return found


def _note(found: Inventory, topics: Topics, message: Message) -> None:
    try:
        topic = topics.parse(message.topic)
    except ValueError:
        found.unreadable.append(message.topic)
        return
    if isinstance(topic, DesiredTopic):
        found.versions[topic] = message.properties.get(VERSION_PROPERTY, "")
