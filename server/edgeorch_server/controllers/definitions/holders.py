"""Who has which names: read of all definitions, each version of one only once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from edgeorch.api.apiextensions.conditions import NAMES_ACCEPTED
from edgeorch.api.apiextensions.definition import CustomResourceDefinitionStatus, nameless
from edgeorch.api.apiextensions.resources import CUSTOM_RESOURCE_DEFINITIONS
from edgeorch_server.controllers.definitions.names import Holder
from edgeorch_server.registry.base import Entries, ListOptions
from edgeorch_server.store.base import Entry


class Holders:
    """Definitions are long, a hundred kilobytes and more, and few of them change: what was read is kept."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._known: dict[str, tuple[int, Holder]] = {}

    def all(self) -> Iterable[Holder]:
        """Give all definitions."""
        found: dict[str, tuple[int, Holder]] = {}
        for entry in self._entries.list_entries(CUSTOM_RESOURCE_DEFINITIONS, ListOptions()).entries:
            known = self._known.get(entry.name)
            if known is None or known[0] != entry.revision:
                known = (entry.revision, _read(entry))
            found[entry.name] = known
        self._known = found
        return [holder for _, holder in found.values()]


def _read(entry: Entry) -> Holder:
    body: dict[str, Any] = json.loads(entry.data)
    given: dict[str, Any] = {"acceptedNames": nameless().to_dict(), **body.get("status", {})}
    status = CustomResourceDefinitionStatus.from_dict(given)
    refused = any(one.type == NAMES_ACCEPTED and one.status == "False" for one in status.conditions)
    return Holder(entry.name, body.get("spec", {}).get("group", ""), status.acceptedNames, refused)
