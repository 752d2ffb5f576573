"""Find out what a user means by ``po``, ``pods/web`` or a manifest's ``kind``: asks the server's discovery."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edgeorch.cli.rest import RestClient
from edgeorch.errors import UserError


class UnknownKind(UserError):
    """The server does not serve this."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One served resource."""

    group_version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    short_names: tuple[str, ...]
    categories: tuple[str, ...]

    @property
    def qualified(self) -> str:
        """The name as kubectl prints it: ``pod``, ``deployment.apps``."""
        group = self.group_version.rpartition("/")[0]
        return f"{self.singular}.{group}" if group else self.singular

    def path(self, namespace: str | None, name: str = "") -> str:
        """Give the request path; ``namespace`` None lists all namespaces."""
        root = f"/apis/{self.group_version}" if "/" in self.group_version else f"/api/{self.group_version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace is not None else ""
        return f"{root}{scope}/{self.plural}" + (f"/{name}" if name else "")


class Kinds:
    """What the server serves, asked once per command."""

    def __init__(self, client: RestClient) -> None:
        self._client = client
        self._kinds: tuple[Kind, ...] | None = None

    def all(self) -> tuple[Kind, ...]:
        """Give every resource, core first."""
        if self._kinds is None:
            self._kinds = tuple(self._discover())
        return self._kinds

    def by_name(self, word: str) -> tuple[Kind, ...]:
        """Find what a word on the command line names: a plural, singular, short name, kind or category."""
        name, _, group = word.lower().partition(".")
        for kind in self.all():
            names = {kind.plural, kind.singular, kind.kind.lower(), *kind.short_names}
            if name in names and (not group or kind.group_version.startswith(group)):
                return (kind,)
        members = tuple(kind for kind in self.all() if word in kind.categories)
        if members:
            return members
        raise UnknownKind(f'the server doesn\'t have a resource type "{word}"')

    def of_object(self, manifest: dict[str, Any]) -> Kind:
        """Find the resource of a manifest."""
        api_version, kind = manifest.get("apiVersion"), manifest.get("kind")
        if not api_version or not kind:
            raise UserError("a manifest must have apiVersion and kind")
        for known in self.all():
            if (known.group_version, known.kind) == (api_version, kind):
                return known
        raise UnknownKind(f'no matches for kind "{kind}" in version "{api_version}"')

    def _discover(self) -> Iterator[Kind]:
        yield from _kinds(self._client.request("GET", "/api/v1"))
        for group in self._client.request("GET", "/apis")["groups"]:
            yield from _kinds(self._client.request("GET", f"/apis/{group['preferredVersion']['groupVersion']}"))


def _kinds(resource_list: dict[str, Any]) -> Iterable[Kind]:
    for entry in resource_list["resources"]:
        if "/" not in entry["name"]:
            yield Kind(
                group_version=resource_list["groupVersion"],
                kind=entry["kind"],
                plural=entry["name"],
                singular=entry.get("singularName") or entry["kind"].lower(),
                namespaced=entry["namespaced"],
                short_names=tuple(entry.get("shortNames") or ()),
                categories=tuple(entry.get("categories") or ()),
            )


def split_targets(words: Sequence[str]) -> list[tuple[str, str]]:
    """Read ``TYPE NAME``, ``TYPE/NAME`` or ``TYPE,TYPE`` into (type, name) pairs; an empty name means all."""
    if not words:
        raise UserError("say what: a type such as `pods`, or TYPE/NAME")
    if any("/" in word for word in words):
        if not all("/" in word for word in words):
            raise UserError("there is no need to specify a resource type as a separate argument with TYPE/NAME")
        pairs = [word.partition("/") for word in words]
        return [(kind, name) for kind, _, name in pairs]
    types = words[0].split(",")
    names: Sequence[str] = words[1:] or [""]
    return [(kind, name) for kind in types for name in names]
