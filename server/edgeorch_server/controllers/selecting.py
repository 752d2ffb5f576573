"""Which controllers hear of an object: the one that manages it, or all that might adopt it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from edgeorch.api.meta import LabelSelector
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.selectors import Selector
from edgeorch.errors import ApiError
from edgeorch_server.controllers.runner import Key, controller_key
from edgeorch_server.registry.base import Entries, ListOptions
from edgeorch_server.store.base import Entry

ReadSelector = Callable[[Mapping[str, Any]], Selector]
"""Reads the selector of a controller's decoded JSON; may raise ApiError."""


def label_selector_of(body: Mapping[str, Any]) -> Selector:
    """Read ``spec.selector`` of the kinds whose selector is a LabelSelector."""
    selector = body.get("spec", {}).get("selector")
    return Selector.from_label_selector(LabelSelector.from_dict(selector) if selector is not None else None)


class Selecting:
    """Maps objects to the controllers of one kind in the same namespace."""

    def __init__(
        self,
        objects: Entries,
        controllers: ResourceInfo[Any],
        read: ReadSelector = label_selector_of,
    ) -> None:
        self._objects = objects
        self._controllers = controllers
        self._read = read
        self._managing = controller_key(controllers.kind)
        self._known: dict[str, dict[str, tuple[int, Selector]]] = {}
        """By namespace and uid, with the version it was read from; holds what there is, and no more."""

    def keys(self, entry: Entry) -> Iterable[Key]:
        """Give the keys that a version of an object concerns."""
        if entry.controller is not None:
            return self._managing(entry)
        # What selects all, selects by mistake: no controller's selector may be empty.
        return self.selecting(entry) if entry.labels else ()

    def selecting(self, entry: Entry) -> Sequence[Key]:
        """Give the keys of those whose selector a version of an object matches, whoever manages it."""
        namespace, labels = entry.namespace, entry.labels
        entries = self._objects.list_entries(self._controllers, ListOptions(namespace=namespace)).entries
        before = self._known.get(namespace, {})
        known = {one.uid: self._selector(one, before.get(one.uid)) for one in entries}
        self._known[namespace] = known
        return [Key(one.namespace, one.name) for one in entries if known[one.uid][1].matches(labels)]

    def _selector(self, entry: Entry, before: tuple[int, Selector] | None) -> tuple[int, Selector]:
        if before is not None and before[0] == entry.revision:
            return before
        try:
            return entry.revision, self._read(orjson.loads(entry.data))
        except ApiError:
            # What validation let pass once and would no longer; its own reconcile says so.
            return entry.revision, Selector(selects_nothing=True)
