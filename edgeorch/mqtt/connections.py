"""The state of a connection, told to any number of listeners: shared by the implementations of Bus."""

from __future__ import annotations

from collections.abc import AsyncIterator

from edgeorch.mqtt.bus import Connection
from edgeorch.mqtt.changed import Changed


class ConnectionFeed:
    """Keeps nothing per listener: one that lags is told the newest state.

    A connection that was lost and made again in the meantime is told as DOWN, UP: whoever publishes state
    again after each connect must not miss one.
    """

    def __init__(self) -> None:
        self._up = False
        self._count = 0
        self._ended = False
        self._changed = Changed()

    @property
    def up(self) -> bool:
        """Whether the connection is up."""
        return self._up

    def set_up(self) -> None:
        """Tell of a new connection."""
        self._up = True
        self._count += 1
        self._changed.notify()

    def set_down(self) -> None:
        """Tell of the connection's end; nothing happens when it is down already."""
        if self._up:
            self._up = False
            self._changed.notify()

    def end(self) -> None:
        """End all streams, after a last DOWN where one is due."""
        self._up = False
        self._ended = True
        self._changed.notify()

    async def listen(self) -> AsyncIterator[Connection]:
        """Stream the changes, beginning with the present state."""
        told: Connection | None = None
        seen = 0
        while True:
            if self._up and told is not Connection.UP:
                told, seen = Connection.UP, self._count
                yield told
            elif told is None or (told is Connection.UP and (not self._up or seen != self._count)):
                told = Connection.DOWN
                yield told
            elif self._ended:
                return
            else:
                before = (self._up, self._count, self._ended)
                await self._changed.until(lambda: before != (self._up, self._count, self._ended))  # noqa: B023 (awaited here)
