"""The Bus: the one seam through which edgeorch speaks MQTT 5.

``edgeorch.mqtt.paho_bus`` is the real one, ``tests/fakes/bus.py`` the fake; ``tests/contracts`` runs one
suite against both.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Will:
    """The last will: published by the broker when the connection dies without a DISCONNECT (MQTT5 3.1.2.5)."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """One received PUBLISH."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    """Set on retained messages delivered because of a new subscription (MQTT5 3.3.1.3)."""
    response_topic: str = ""
    correlation: bytes = b""
    properties: Mapping[str, str] = field(default_factory=dict)
    """User properties (MQTT5 3.3.2.3.7)."""


class Connection(enum.Enum):
    """What a :meth:`Bus.connections` stream tells."""

    UP = "up"
    """Connected, and every subscription has been made again on this connection."""
    DOWN = "down"


Handler = Callable[[Message], None]
"""Called on the event loop; must not block and must not raise."""


class Bus(Protocol):
    """A connection to a broker that heals itself.

    Obligations of every implementation:

    * It reconnects for ever with back-off and jitter, and renews its subscriptions each time (clean start).
    * Handlers run on the event loop that called :meth:`start`, in order of arrival. One that raises is logged
      and counted, and disturbs nobody else.
    * ``publish`` at QoS 1 returns once the broker has acknowledged it, and raises
      :class:`edgeorch.errors.ServiceUnavailable` when the connection is down or goes down before that:
      nothing is queued across connections, because state is published again after each connect.
    * Publishes reach the broker in the order of the calls. When many are on their way, further ones wait.
    * The patterns of one bus must not overlap: a broker may deliver a message once per subscription.
    """

    @property
    def connected(self) -> bool:
        """Whether a connection is up right now."""
        ...

    async def start(self) -> None:
        """Begin connecting; returns at once."""
        ...

    async def stop(self) -> None:
        """Disconnect in good order (the last will is not sent) and end all streams."""
        ...

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        response_topic: str = "",
        correlation: bytes = b"",
        properties: Mapping[str, str] | None = None,
        expiry: int | None = None,
    ) -> bool:
        """Publish; ``expiry`` is the message expiry interval in seconds (MQTT5 3.3.2.3.3).

        False when the broker says that nobody has subscribed to the topic (MQTT5 3.4.2.1, QoS 1 only); True
        when it does not say so. Besides ServiceUnavailable it raises :class:`edgeorch.errors.Forbidden` when
        the broker's access list refuses the topic, :class:`edgeorch.errors.RequestEntityTooLarge` for what is
        over the broker's limit, and ValueError for what is no topic name.
        """
        ...

    async def subscribe(self, pattern: str, handler: Handler, *, qos: int = 1) -> None:
        """Subscribe now (waits for SUBACK when connected) and after every reconnect.

        A pattern that is subscribed already gets the new handler, and its retained messages again.
        """
        ...

    async def unsubscribe(self, pattern: str) -> None:
        """End a subscription."""
        ...

    def connections(self) -> AsyncIterator[Connection]:
        """Stream the connection's changes, beginning with the present state."""
        ...
