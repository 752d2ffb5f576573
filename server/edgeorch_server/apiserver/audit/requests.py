"""What a request is about, by its method and path alone (``RequestInfo``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgeorch_server.apiserver.paths import Target, parse

_ON_OBJECT = {
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
    "POST": "create",
}
_ON_COLLECTION = {"GET": "list", "HEAD": "list", "POST": "create", "DELETE": "deletecollection"}
_LONG_RUNNING = frozenset({"attach", "exec", "log", "portforward", "proxy"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as rules and events see it."""

    verb: str
    path: str
    target: Target | None = None
    """The resource; None for a path that is none."""

    @property
    def goes_on(self) -> bool:
        """Whether the answer may take as long as the client likes (``BasicLongRunningRequestCheck``)."""
        return self.verb == "watch" or (self.target is not None and self.target.subresource in _LONG_RUNNING)


def read_request(method: str, path: str, query: Mapping[str, str]) -> Asked:
    """Take a request apart; nothing of it needs to exist."""
    target = parse(path)
    if target is None:
        return Asked(method.lower(), path)
    if target.name:
        return Asked(_ON_OBJECT.get(method, method.lower()), path, target)
    verb = _ON_COLLECTION.get(method, method.lower())
    watching = verb == "list" and query.get("watch") in {"", "1", "t", "true", "True", "TRUE"}
    return Asked("watch" if watching else verb, path, target)
