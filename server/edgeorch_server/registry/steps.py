"""A write as a course of steps: decided in one piece, but for the points at which others may be asked.

A write is a generator. It runs without waiting from point to point, and at each it yields a :class:`Pause`:
here those outside (admission webhooks) may change or refuse what is being written. Who drives the generator
answers with what it heard, or with None where nobody was asked: then no time has passed, and what the write has
read until now still holds. That way there is one write path, and it is atomic wherever nobody is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from edgeorch.api.meta import Object
from edgeorch_server.registry.admission.base import Attributes

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pause:
    """A point of a write at which others may have a say."""

    write: Attributes
    """What is being written; of a delete ``old`` is what goes."""
    complete: Callable[[Object], None] | None = None
    """Set where the object may still be changed: runs the built-in plugins again on a changed one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What those who were asked have made of the object; time has passed meanwhile."""

    changed: Object | None = None
    """Another object to write; None leaves it as it was."""


Steps = Generator[Pause, Heard | None, T]
"""A write; its value is what the write came to."""


def unasked(steps: Steps[T]) -> T:
    """Run a write to its end without asking anybody."""
    try:
        next(steps)
        while True:
            steps.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
