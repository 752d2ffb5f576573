"""Puts custom kinds into the tables of what is stored and what is served, and takes them out again."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from edgeorch.api.apiextensions.conditions import ESTABLISHED
from edgeorch.api.apiextensions.definition import CustomResourceDefinition
from edgeorch.api.apiextensions.resources import CUSTOM_RESOURCE_DEFINITIONS
from edgeorch.api.custom.kind import CustomKind, CustomObject, custom_kind
from edgeorch.api.fields import FieldReader
from edgeorch.api.resources import LiveTable, ResourceInfo
from edgeorch_server.registry.base import Reader
from edgeorch_server.store.base import Store

logger = logging.getLogger(__name__)


class CustomKinds:
    """The custom kinds that are served, by the name of their definition."""

    def __init__(self, store: Store, stored: LiveTable, served: LiveTable) -> None:
        self._store = store
        self._stored = stored
        self._served = served
        self._known: dict[str, tuple[str, int, bool, CustomKind]] = {}
        """Uid and generation of what is served, and whether its end has begun."""

    @property
    def stored(self) -> LiveTable:
        """All kinds, each in the version it is stored in."""
        return self._stored

    @property
    def served(self) -> LiveTable:
        """All kinds in all versions that are served."""
        return self._served

    def load(self, reader: Reader) -> None:
        """Serve what was served before the start: before the API says that it is ready."""
        for definition in reader.list(CUSTOM_RESOURCE_DEFINITIONS):
            if definition.condition(ESTABLISHED) != "True":
                continue
            try:
                self.serve(definition)
            except ValueError:  # stored by another version of edgeorch; others must be served all the same
                logger.exception("cannot serve %s", definition.metadata.name)

    def serve(self, definition: CustomResourceDefinition) -> None:
        """Serve a kind as its definition says now."""
        meta = definition.metadata
        ending = meta.deletionTimestamp is not None
        known = self._known.get(meta.name)
        if known is not None and known[:3] == (meta.uid, meta.generation, ending):
            return
        kind = custom_kind(definition)
        self._stored.put(meta.name, (kind.stored,))
        self._served.put(meta.name, kind.served)
        self._known[meta.name] = (meta.uid, meta.generation, ending, kind)
        self._reindex(kind.stored)

    def kind(self, name: str) -> ResourceInfo[CustomObject] | None:
        """Give the stored version of what a definition serves."""
        known = self._known.get(name)
        return known[3].stored if known else None

    def drop(self, name: str) -> None:
        """Serve a kind no more; who watches it is told by the end of the watch."""
        known = self._known.pop(name, None)
        if known is not None:
            self._served.put(name, ())
            self._stored.put(name, ())
            self._store.end_watches(known[3].stored.key)

    def _reindex(self, info: ResourceInfo[CustomObject]) -> None:
        reader = FieldReader(info)

        def fields_of(data: bytes) -> Mapping[str, str]:
            return reader.read(json.loads(data))

        self._store.reindex(info.key, fields_of)
