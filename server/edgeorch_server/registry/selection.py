"""Choosing entries by namespace, labels and fields, without parsing what does not match."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from edgeorch.api.selectors import FieldSelector, Selector
from edgeorch_server.registry.messages import AnyResource
from edgeorch_server.store.base import Entry, Store

Matches = Callable[[Entry], bool]

_NAME = "metadata.name"
_NAMESPACE = "metadata.namespace"


def candidates(
    store: Store, resource: AnyResource, namespace: str, fields: FieldSelector | None, at: int | None = None
) -> Sequence[Entry]:
    """Give the entries that may match, sorted by (namespace, name): one look-up where the name is given.

    ``at`` is the revision to read as of (None: now); raises Expired when it cannot be read.
    """
    name = fields.exact(_NAME) if fields else None
    if resource.namespaced and fields:
        namespace = namespace or fields.exact(_NAMESPACE) or ""
    if at is None and name is not None and (namespace or not resource.namespaced):
        entry = store.get(resource.key, namespace, name)
        return [entry] if entry else []
    return store.list(resource.key, namespace or None, at=at)


def matcher(labels: Selector | None, fields: FieldSelector | None) -> Matches | None:
    """Put both selectors together; None when there is nothing to check."""
    by_label = labels if labels and not labels.empty else None
    by_field = fields if fields and not fields.empty else None
    if by_field is None:
        return (lambda entry: by_label.matches(entry.labels)) if by_label else None
    fields_seen = fields_of if by_field.fields & {_NAME, _NAMESPACE} else _own_fields
    if by_label is None:
        return lambda entry: by_field.matches(fields_seen(entry))
    return lambda entry: by_label.matches(entry.labels) and by_field.matches(fields_seen(entry))


def _own_fields(entry: Entry) -> Mapping[str, str]:
    return entry.fields


def fields_of(entry: Entry) -> Mapping[str, str]:
    """Give all selectable fields, name and namespace among them."""
    return {**entry.fields, _NAME: entry.name, _NAMESPACE: entry.namespace}
