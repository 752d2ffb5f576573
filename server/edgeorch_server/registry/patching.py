"""PATCH: from a stored object and a patch to the object that an update then stores.

The patched result goes through the same update as a PUT, so a patch can do nothing that a PUT cannot. Errors
follow ``k8s.io/apiserver/pkg/endpoints/handlers/patch.go``.
"""

from __future__ import annotations

import json
from typing import Any, Generic, TypeVar

import orjson

from edgeorch.api import converter_errors, field_check, type_errors
from edgeorch.api.go_values import go_value
from edgeorch.api.meta import Object
from edgeorch.api.patch import json_patch, merge_patch, strategic
from edgeorch.errors import BadRequest, Invalid
from edgeorch_server.registry import messages
from edgeorch_server.registry.base import PatchType, WriteOptions
from edgeorch_server.registry.decoding import check_fields

ObjectT = TypeVar("ObjectT", bound=Object)

_SHOWN = 4096
"""Characters of what was patched that a refusal shows."""


class Patch(Generic[ObjectT]):
    """A patch to apply to whatever version of an object there is."""

    def __init__(self, model: type[ObjectT], patch_type: PatchType, patch: Any, options: WriteOptions) -> None:
        self._model = model
        self._type = patch_type
        self._patch = patch
        self._options = options
        self._told = len(options.warnings)
        self.names_version = False
        """The patch says which version it is meant for, so that trying another is no use."""

    def apply(self, data: bytes) -> ObjectT:
        """Give the patched object; raises BadRequest and Invalid."""
        model = self._model
        stored: dict[str, Any] = orjson.loads(data)
        patched = self._patched(stored)
        self.names_version = _version(patched) != _version(stored)
        del self._options.warnings[self._told :]  # what an earlier attempt told
        cleaned = check_fields(
            model, patched, self._options, lambda problem: self._refusal(patched, problem), stored=data
        )
        try:
            return type_errors.to_model(model, cleaned)
        except BadRequest as exc:
            raise self._refusal(patched, exc.message) from exc

    def _refusal(self, patched: dict[str, Any], why: str) -> Invalid:
        """Show the patched object, or (strategic) the patch, as Kubernetes does, but not megabytes of it."""
        if self._type is PatchType.STRATEGIC:
            text = go_value(self._patch)
            why = (
                converter_errors.type_problem(self._model, field_check.check(self._model, patched).body) or why
            )
        else:
            text = json.dumps(patched, ensure_ascii=False, separators=(",", ":"))
        return messages.bad_patch(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...", why)

    def _patched(self, stored: dict[str, Any]) -> dict[str, Any]:
        match self._type:
            case PatchType.JSON:
                return json_patch.apply(stored, self._patch)
            case PatchType.MERGE:
                return merge_patch.apply(stored, self._patch)
            case PatchType.STRATEGIC:
                return strategic.apply(self._model, stored, self._patch)
            case PatchType.APPLY:
                raise TypeError("an Apply is no patch: see applying.py")


def _version(body: dict[str, Any]) -> object:
    meta = body.get("metadata")
    return meta.get("resourceVersion") if isinstance(meta, dict) else None
