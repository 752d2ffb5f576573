"""From client-side to server-side apply: the annotation in which ``kubectl apply`` keeps what it applied.

Whoever applies as ``kubectl`` may take over what the annotation says, without conflicts, and the annotation is
kept current, so that going back to client-side apply does no harm. Follows ``lastappliedmanager.go`` and
``lastappliedupdater.go`` of apimachinery; another manager opts out of both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edgeorch.api.apply import configuration, field_set
from edgeorch.api.apply.configuration import Malformed
from edgeorch.api.apply.difference import difference
from edgeorch.api.apply.field_set import EMPTY, Node
from edgeorch.api.apply.merging import merge
from edgeorch.api.meta_validation import MAX_ANNOTATIONS_BYTES
from edgeorch.api.schema import Type

MANAGER = "kubectl"

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def taken_over(wire: Type, live: Mapping[str, Any]) -> Node:
    """Give the fields that client-side apply set last and that still are as it set them."""
    text = _annotations(live).get(ANNOTATION)
    try:
        given = json.loads(text) if isinstance(text, str) else None
        if not isinstance(given, dict):
            return EMPTY
        claim = configuration.read(wire, given)
    except (Malformed, ValueError, RecursionError):
        return EMPTY
    change = difference(wire, live, merge(wire, live, claim.value))
    return field_set.difference(field_set.difference(claim.fields, change.changed), change.removed)


def synced(value: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the annotation of an object current, if it has one; it goes where it would be too long."""
    annotations = _annotations(value)
    if ANNOTATION not in annotations:
        return value
    others = {name: text for name, text in annotations.items() if name != ANNOTATION}
    text = json.dumps(_without_annotation(given), ensure_ascii=False, separators=(",", ":")) + "\n"
    size = len(text.encode()) + len(ANNOTATION) + sum(len(f"{k}{v}".encode()) for k, v in others.items())
    kept = {**annotations, ANNOTATION: text} if size <= MAX_ANNOTATIONS_BYTES else others
    return {**value, "metadata": {**value["metadata"], "annotations": kept}}


def _without_annotation(given: Mapping[str, Any]) -> Mapping[str, Any]:
    annotations = _annotations(given)
    if ANNOTATION not in annotations:
        return given
    others = {name: text for name, text in annotations.items() if name != ANNOTATION}
    return {**given, "metadata": {**given["metadata"], "annotations": others}}


def _annotations(value: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = value.get("metadata")
    annotations = meta.get("annotations") if isinstance(meta, dict) else None
    return annotations if isinstance(annotations, dict) else {}
