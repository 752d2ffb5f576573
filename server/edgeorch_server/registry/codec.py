"""Between typed objects and the bytes in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import orjson
from pydantic import ValidationError

from edgeorch.api import type_errors
from edgeorch.api.meta import Object, ObjectMeta
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import BadRequest
from edgeorch_server.registry import messages
from edgeorch_server.store.base import Draft, Entry, Owner

ObjectT = TypeVar("ObjectT", bound=Object)


class Codec(Generic[ObjectT]):
    """Encodes and decodes one kind, and reads its selectable fields."""

    def __init__(self, resource: ResourceInfo[ObjectT]) -> None:
        self._resource = resource
        self._fields: dict[str, Callable[[Object], str]] = {
            label: _reader(path) for label, path in resource.field_labels.items()
        }

    def decode(self, entry: Entry) -> ObjectT:
        """Parse a stored object: a copy nobody else holds.

        Raises InternalError when the bytes are no such object (written by another version, say).
        """
        try:
            return self._resource.model.from_json(entry.data)
        except ValidationError as exc:
            first = exc.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise messages.unreadable(self._resource, entry.name, f"{where}: {first['msg']}") from exc

    def copy(self, obj: ObjectT) -> ObjectT:
        """Copy an object, and check on the way that what was assigned to its fields is of their types."""
        try:
            return self._resource.model.from_json(obj.to_json())
        except ValidationError as exc:
            raise BadRequest(type_errors.go_message(self._resource.model, exc)) from exc

    def encode(self, obj: ObjectT, resource_version: str) -> bytes:
        """Write the object as of a version; an empty one is left out."""
        obj.metadata.resourceVersion = resource_version
        return obj.to_json()

    def draft(self, obj: ObjectT, revision: int) -> Draft:
        """Encode for the store."""
        return Draft(
            data=self.encode(obj, str(revision)),
            uid=obj.metadata.uid,
            labels=dict(obj.metadata.labels),
            fields=self.fields(obj),
            owners=_owners(obj.metadata),
        )

    def preview(self, obj: ObjectT, revision: int) -> Entry:
        """Build the entry that a dry run answers with; revision 0 for what was not stored before."""
        return Entry(
            namespace=obj.metadata.namespace,
            name=obj.metadata.name,
            revision=revision,
            data=self.encode(obj, str(revision) if revision else ""),
            uid=obj.metadata.uid,
            labels=dict(obj.metadata.labels),
            fields=self.fields(obj),
            owners=_owners(obj.metadata),
        )

    def fields(self, obj: ObjectT) -> Mapping[str, str]:
        """Read the values of the kind's selectable fields."""
        return {label: read(obj) for label, read in self._fields.items()}


def restamp(entry: Entry, revision: int) -> Draft:
    """Give stored bytes a new resourceVersion without knowing their kind's model."""
    body: Any = orjson.loads(entry.data)
    body.setdefault("metadata", {})["resourceVersion"] = str(revision)
    return Draft(orjson.dumps(body), entry.uid, entry.labels, entry.fields, entry.owners)


def is_marked(entry: Entry) -> bool:
    """Whether a stored object, readable or not, is being deleted."""
    body: Any = orjson.loads(entry.data)
    return bool(body.get("metadata", {}).get("deletionTimestamp"))


def _owners(meta: ObjectMeta) -> tuple[Owner, ...]:
    return tuple(
        Owner(
            reference.uid,
            reference.apiVersion,
            reference.kind,
            reference.name,
            controller=bool(reference.controller),
            blocks=bool(reference.blockOwnerDeletion),
        )
        for reference in meta.ownerReferences
    )


def _reader(path: str) -> Callable[[Object], str]:
    parts = tuple(path.split("."))

    def read(obj: Object) -> str:
        value: Any = obj
        for part in parts:
            value = value.get(part) if isinstance(value, dict) else getattr(value, part, None)
            if value is None:
                return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    return read
