"""JSON Merge Patch (RFC 7386)."""

from __future__ import annotations

from typing import Any

from edgeorch.errors import BadRequest


def apply(document: dict[str, Any], patch: Any) -> dict[str, Any]:
    """Apply a merge patch to an API object; raises BadRequest when the patch is no JSON object.

    The RFC lets any JSON value replace the whole document. An API object can only become another object.
    """
    if not isinstance(patch, dict):
        raise BadRequest("error decoding patch: a merge patch must be a JSON object")
    return _merge(document, patch)


def _merge(document: Any, patch: dict[str, Any]) -> dict[str, Any]:
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = _merge(result.get(key), value)
        else:
            result[key] = value
    return result
