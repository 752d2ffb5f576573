"""What is answered to a POST and stored nowhere: reviews and token requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch_server.registry.base import User, WriteOptions


@dataclass(frozen=True, slots=True)
class Post:
    """A POST: to a collection, or below the object ``name``."""

    resource: ResourceInfo[Object]
    """In the version that was asked for."""
    namespace: str
    name: str
    body: dict[str, Any]
    options: WriteOptions

    @property
    def user(self) -> User:
        """Who asks."""
        return self.options.user


class Posted(Protocol):
    """Answers what is posted to one resource."""

    async def answer(self, post: Post) -> Object:
        """Give the object with its status filled in; raises any :class:`edgeorch.errors.ApiError`."""
        ...
