"""Pure: which events are worth a write (client-go's ``EventCorrelator``).

What happens again and again must not fill the store. Events of one object that differ in their message alone
are combined into one once there are many, and what one component tells of one object is limited: a burst, and
then one every five minutes. The numbers are client-go's.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TypeVar

MOST_SIMILAR = 10
SIMILAR_WITHIN = dt.timedelta(minutes=10)
"""From so many different messages on, with no longer pause, they are combined (``EventAggregator``)."""

COMBINED = "(combined from similar events): "

BURST = 25
REFILL = dt.timedelta(minutes=5)
"""So many events about one object at once, and then one more each time (``EventSourceObjectSpamFilter``)."""

REMEMBERED = 4096
"""Objects, and kinds of events, of which is known what was told; those told of longest ago go first."""

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that an event is about."""

    kind: str
    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened; two that are equal are counted, not told twice."""

    about: Subject
    type: str
    reason: str
    message: str


@dataclass(slots=True)
class _Similar:
    """Events that differ in their message alone."""

    last: dt.datetime
    messages: OrderedDict[str, None] = field(default_factory=OrderedDict)


@dataclass(slots=True)
class _Bucket:
    """How many more events there may be about an object."""

    filled: dt.datetime
    tokens: float = BURST


class EventCorrelator:
    """Judges the events of one component."""

    def __init__(self) -> None:
        self._similar: OrderedDict[Happening, _Similar] = OrderedDict()
        self._buckets: OrderedDict[Subject, _Bucket] = OrderedDict()

    def admit(self, event: Happening, now: dt.datetime) -> tuple[Happening, str] | None:
        """Say what to count an event under, and its message; None when there were too many already."""
        counted, message = self._combine(event, now)
        return (counted, message) if self._afford(event.about, now) else None

    def _combine(self, event: Happening, now: dt.datetime) -> tuple[Happening, str]:
        """Put an event with others of its like; what it is counted under then has no message of its own."""
        combined = replace(event, message=COMBINED)
        similar = _recall(self._similar, combined, _Similar(now))
        if now - similar.last > SIMILAR_WITHIN:
            similar.messages.clear()
        similar.last = now
        similar.messages[event.message] = None
        if len(similar.messages) < MOST_SIMILAR:
            return event, event.message
        similar.messages.popitem(last=False)
        return combined, COMBINED + event.message

    def _afford(self, about: Subject, now: dt.datetime) -> bool:
        bucket = _recall(self._buckets, about, _Bucket(now))
        # A clock that was set back fills nothing, and takes nothing away.
        passed = max(now - bucket.filled, dt.timedelta())
        bucket.tokens = min(bucket.tokens + passed / REFILL, BURST)
        bucket.filled = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def _recall(known: OrderedDict[KeyT, ValueT], key: KeyT, new: ValueT) -> ValueT:
    """Give what is known under a key, or begin with ``new``."""
    value = known.setdefault(key, new)
    known.move_to_end(key)
    if len(known) > REMEMBERED:
        known.popitem(last=False)
    return value
