"""Events are for people, and are kept for an hour after they were last written (``--event-ttl``).

Kubernetes lets its database forget them. Here each event has a timer, and no event means no timer: an idle
cluster does nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from edgeorch.api.core.event import Event
from edgeorch.api.core.resources import EVENTS
from edgeorch.api.meta import DeleteOptions, Preconditions, parse_time
from edgeorch.errors import NotFound
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.registry.base import Client

TTL = 3600.0
"""Seconds."""

SOURCES = (Source(EVENTS),)


class EventExpiry:
    """Reconciles one event."""

    def __init__(self, client: Client, *, now: Callable[[], dt.datetime], ttl: float = TTL) -> None:
        self._client = client
        self._now = now
        self._ttl = ttl

    async def reconcile(self, key: Key) -> Result:
        """Delete an event that is too old; come again when it will be."""
        try:
            event = self._client.get(EVENTS, key.namespace, key.name)
        except NotFound:
            return DONE
        left = self._ttl - last_heard(event, self._now())
        if left > 0:
            return Result(requeue_after=left)
        meta = event.metadata
        # One that is counted up meanwhile is young again.
        this_version = Preconditions(uid=meta.uid, resourceVersion=meta.resourceVersion)
        await self._client.delete(EVENTS, key.namespace, key.name, DeleteOptions(preconditions=this_version))
        return DONE


def last_heard(event: Event, now: dt.datetime) -> float:
    """Seconds since an event was last written, by what it says itself.

    The clocks of nodes may be wrong: what is said to have happened in the future does not count.
    """
    ages = ((now - parse_time(stamp)).total_seconds() for stamp in _stamps(event))
    return min((age for age in ages if age >= 0), default=0.0)


def _stamps(event: Event) -> Iterator[str]:
    series = event.series.lastObservedTime if event.series else None
    for stamp in (event.metadata.creationTimestamp, event.lastTimestamp, event.eventTime, series):
        if stamp:
            yield stamp
