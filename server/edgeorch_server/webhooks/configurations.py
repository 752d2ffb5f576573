"""The webhooks that are configured right now, read anew only when a configuration has changed."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pydantic import ValidationError

from edgeorch.api.admissionregistration.resources import MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS
from edgeorch.api.admissionregistration.validation import Configuration
from edgeorch.api.resources import ResourceInfo
from edgeorch_server.registry.admission.base import Lookup
from edgeorch_server.store.base import Entry
from edgeorch_server.webhooks.hooks import Hook, prepare

logger = logging.getLogger(__name__)


class Configurations:
    """Both lists of webhooks, in the order in which they are asked: by configuration, then as they stand."""

    def __init__(self, objects: Lookup) -> None:
        self._mutating = _Prepared(objects, MUTATING_WEBHOOKS)
        self._validating = _Prepared(objects, VALIDATING_WEBHOOKS)

    def mutating(self) -> Sequence[Hook]:
        """Give those that may change objects."""
        return self._mutating.now()

    def validating(self) -> Sequence[Hook]:
        """Give those that may refuse objects."""
        return self._validating.now()


class _Prepared:
    """What is stored of one kind, looked at with every write: so a change counts from the next write on."""

    def __init__(self, objects: Lookup, resource: ResourceInfo[Configuration]) -> None:
        self._objects = objects
        self._resource = resource
        self._seen: list[tuple[str, int]] = []
        self._hooks: tuple[Hook, ...] = ()

    def now(self) -> tuple[Hook, ...]:
        entries = self._objects.entries(self._resource, None)
        seen = [(entry.uid, entry.revision) for entry in entries]
        if seen != self._seen:
            self._hooks = tuple(hook for entry in entries for hook in self._read(entry))
            self._seen = seen
        return self._hooks

    def _read(self, entry: Entry) -> tuple[Hook, ...]:
        """Read a configuration; one that another version of edgeorch has written may be none any more."""
        try:
            return prepare(self._resource.model.from_json(entry.data))
        except ValidationError:
            logger.exception("skipped an unreadable webhook configuration: %s", entry.name)
            return ()
