"""The gate of the write path: who outside wants to see a write is asked, and the write goes on with the answer.

Nothing is locked while somebody is asked. Other writes go on, and one that changes the same object makes this
one start over with what is stored then, those who were asked included (``GuaranteedUpdate``). Where nobody
wants to be asked, a write runs to its end without a single ``await``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from edgeorch.api.meta import DeleteOptions, Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import AlreadyExists, Conflict
from edgeorch_server.registry.base import WriteOptions
from edgeorch_server.registry.steps import Heard, Pause, Steps
from edgeorch_server.registry.subresources.base import Form

T = TypeVar("T")

ATTEMPTS = 5
"""How often a write is tried on an object that keeps changing (``MaxRetryWhenPatchConflicts``)."""


@dataclass(frozen=True, slots=True)
class Request:
    """What leads to a write, as those who are asked are told of it."""

    resource: ResourceInfo[Object]
    """In the version that was asked for, which need not be the one that is stored."""
    options: WriteOptions
    form: Form | None = None
    """As what it goes over the wire, where that is another kind."""
    delete: DeleteOptions | None = None


class Webhooks(Protocol):
    """Those outside who may change or refuse what is written."""

    def wanted(self, request: Request, pause: Pause) -> bool:
        """Say whether anybody may want to see this; must cost next to nothing."""
        ...

    async def ask(self, request: Request, pause: Pause) -> Heard:
        """Ask all who do; raises any :class:`edgeorch.errors.ApiError` that the write fails with."""
        ...


class Nobody:
    """No webhooks."""

    def wanted(self, request: Request, pause: Pause) -> bool:  # noqa: ARG002 - protocol
        """Nobody wants to see anything."""
        return False

    async def ask(self, request: Request, pause: Pause) -> Heard:  # noqa: ARG002 - protocol
        """Have nothing to say."""
        return Heard()


class Gate:
    """Drives writes."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def run(
        self, request: Request, begin: Callable[[], Steps[T]], *, again: Callable[[], bool] | None = None
    ) -> T:
        """Run a write to its end; raises what it or somebody who was asked refuses it with.

        ``begin`` starts the write, and once more from the beginning when its object has changed while somebody
        was asked, or (``again``) when that may help whoever changed it.
        """
        for attempt in range(1, ATTEMPTS + 1):
            steps, asked = begin(), False
            try:
                pause = next(steps)
                while True:
                    heard = None
                    if self._webhooks.wanted(request, pause):
                        asked = True
                        heard = await self._webhooks.ask(request, pause)
                    pause = steps.send(heard)
            except StopIteration as stop:
                result: T = stop.value
                return result
            except AlreadyExists:
                raise
            except Conflict:
                if attempt == ATTEMPTS or not (again() if again else asked):
                    raise
        raise AssertionError("the last attempt returns or raises")
