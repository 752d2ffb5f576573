"""``edgeorch apply``: client-side apply; reads and writes the same annotation as kubectl's."""

from __future__ import annotations

import copy
import json
from typing import Any

from edgeorch.api.schema import Field, Type
from edgeorch.api.schema import Kind as SchemaKind
from edgeorch.api.table import served_table
from edgeorch.cli.kinds import Kind
from edgeorch.cli.rest import FIELD_MANAGER, RestClient
from edgeorch.cli.three_way import removals
from edgeorch.errors import NotFound

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Kubernetes, "Declarative Management of Kubernetes Objects": what the last apply wrote."""
_PARAMS = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}


def apply_object(client: RestClient, kind: Kind, namespace: str, manifest: dict[str, Any]) -> str:
    """Create or patch one object; gives ``created``, ``configured`` or ``unchanged``."""
    name = manifest["metadata"]["name"]
    wanted = _annotated(manifest)
    try:
        live = client.request("GET", kind.path(namespace, name))
    except NotFound:
        client.request("POST", kind.path(namespace), params=_PARAMS, body=wanted)
        return "created"
    last = json.loads(live["metadata"].get("annotations", {}).get(LAST_APPLIED) or "{}")
    patch = removals(last, wanted, _root(kind))
    answer = client.request(
        "PATCH",
        kind.path(namespace, name),
        params=_PARAMS,
        body=patch,
        content_type="application/strategic-merge-patch+json",
    )
    same = answer["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]
    return "unchanged" if same else "configured"


def _root(kind: Kind) -> Field:
    """Describe the object as a whole; a kind we do not know merges like plain JSON."""
    info = served_table().by_kind(kind.group_version, kind.kind)
    known = Type(SchemaKind.OBJECT, model=info.model) if info else Type(SchemaKind.ANY)
    return Field(name="", attribute="", type=known)


def _annotated(manifest: dict[str, Any]) -> dict[str, Any]:
    """Add the last-applied annotation: the manifest itself, without that annotation."""
    plain = copy.deepcopy(manifest)
    annotations = plain["metadata"].setdefault("annotations", {})
    annotations.pop(LAST_APPLIED, None)
    text = json.dumps(plain, separators=(",", ":"), sort_keys=True) + "\n"
    annotations[LAST_APPLIED] = text
    return plain
