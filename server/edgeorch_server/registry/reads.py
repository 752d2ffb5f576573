"""Reads: one object, a page of a list, typed or as bytes."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import BadRequest, Expired, InternalError
from edgeorch_server.registry import messages, selection
from edgeorch_server.registry.base import ListOptions, Page
from edgeorch_server.registry.continue_token import LATEST, ContinueToken
from edgeorch_server.registry.kinds import Kind, Kinds
from edgeorch_server.registry.messages import AnyResource
from edgeorch_server.store.base import Entry, Store

_log = logging.getLogger(__name__)

ObjectT = TypeVar("ObjectT", bound=Object)


class Reads:
    """Reads from the store as Kubernetes' list and get do."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._store = store
        self._kinds = kinds
        self._reported: set[tuple[str, str, int]] = set()
        """Unreadable versions that have been logged: kind, uid and revision."""

    def get(self, resource: AnyResource, namespace: str, name: str) -> Entry:
        """Read one object; raises NotFound."""
        entry = self.find_entry(resource, namespace, name)
        if entry is None:
            raise messages.not_found(resource, name)
        return entry

    def find(self, resource: ResourceInfo[ObjectT], namespace: str, name: str) -> ObjectT | None:
        """Read one object, typed; None when there is none."""
        entry = self.find_entry(resource, namespace, name)
        return self._kinds.of(resource).codec.decode(entry) if entry else None

    def find_entry(self, resource: AnyResource, namespace: str, name: str) -> Entry | None:
        """Read one object as it is stored; None when there is none."""
        return self._store.get(resource.key, namespace, name)

    def entries(self, resource: AnyResource, namespace: str | None) -> Sequence[Entry]:
        """Read the objects of a kind in a namespace (None: in all), as they are stored."""
        return self._store.list(resource.key, namespace)

    def list(self, resource: ResourceInfo[ObjectT], namespace: str) -> list[ObjectT]:
        """Read the objects of a kind in a namespace, typed; what cannot be read is left out."""
        return [*self.readable(self._kinds.of(resource), self.entries(resource, namespace))]

    def readable(self, kind: Kind[ObjectT], entries: Iterable[Entry]) -> Iterator[ObjectT]:
        """Parse entries; one that cannot be parsed is left out and logged once.

        Its readers would otherwise all fail on every list because of one object; the object itself stays,
        and a GET of it says what is wrong.
        """
        for entry in entries:
            try:
                yield kind.codec.decode(entry)
            except InternalError as exc:
                version = (kind.resource.key, entry.uid, entry.revision)
                if version not in self._reported:
                    self._reported.add(version)
                    _log.exception("skipped an unreadable object: %s", exc.message)

    def page(self, resource: AnyResource, options: ListOptions) -> Page:
        """Read one page of a list.

        All pages show the list as of the first page's revision, whatever is written in between. Raises Expired
        once the store does not reach back that far, with a token that goes on from the present state.
        """
        if options.fields:
            options.fields.check(resource.field_labels)
        if options.continue_:
            return self._next_page(resource, options)
        at = self._exact_revision(options)
        try:
            return self._page(resource, options, at, None)
        except Expired as exc:
            raise messages.list_expired() from exc

    def _next_page(self, resource: AnyResource, options: ListOptions) -> Page:
        if options.resource_version not in {"", "0"}:
            raise BadRequest("specifying resource version is not allowed when using continue")
        token = ContinueToken.decode(options.continue_)
        at = None if token.revision == LATEST else token.revision
        try:
            return self._page(resource, options, at, (token.namespace, token.name))
        except Expired as exc:
            raise messages.continue_expired(replace(token, revision=LATEST).encode()) from exc

    def _exact_revision(self, options: ListOptions) -> int | None:
        """Find the revision that a list must be as of; None is the newest, which is never too old.

        Without a resourceVersionMatch a limit makes it exact ("Semantics for list", for reasons of history).
        """
        if options.resource_version in {"", "0"}:
            return None
        self.check_reached(options.resource_version)
        match = options.resource_version_match
        exact = match == "Exact" or (not match and options.limit > 0)
        return parse_version(options.resource_version) if exact else None

    def check_reached(self, resource_version: str) -> None:
        """Refuse a version that is not there yet; raises BadRequest and GatewayTimeout."""
        wanted, current = parse_version(resource_version), self._store.revision
        if wanted > current:
            raise messages.too_large_resource_version(wanted, current)

    def _page(
        self, resource: AnyResource, options: ListOptions, at: int | None, after: tuple[str, str] | None
    ) -> Page:
        revision = self._store.revision if at is None else at
        entries = selection.candidates(self._store, resource, options.namespace, options.fields, at)
        matches = selection.matcher(options.labels, options.fields)
        start = bisect_right(entries, after, key=_key) if after else 0
        if not options.limit:
            rest = entries[start:] if start else entries
            return Page(list(filter(matches, rest)) if matches else rest, revision)
        found: list[Entry] = []
        for index in range(start, len(entries)):
            entry = entries[index]
            if matches and not matches(entry):
                continue
            if len(found) == options.limit:
                token = ContinueToken(revision, found[-1].namespace, found[-1].name)
                remaining = None if matches else len(entries) - index
                return Page(found, revision, token.encode(), remaining)
            found.append(entry)
        return Page(found, revision)


def parse_version(text: str) -> int:
    """Read a resourceVersion; raises BadRequest."""
    if not (text.isascii() and text.isdecimal()):
        raise BadRequest(f"invalid resource version: {messages.quote(text)}")
    return int(text)


def _key(entry: Entry) -> tuple[str, str]:
    return entry.namespace, entry.name
