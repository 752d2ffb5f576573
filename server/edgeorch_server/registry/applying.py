"""PATCH with ``application/apply-patch+yaml``: from a stored object and a configuration to the object to store.

The result goes through the same create or update as that of any other write. Errors follow
``managedfields/internal/structuredmerge.go`` and ``versioncheck.go`` of apimachinery, and ``applyPatcher`` of
``k8s.io/apiserver``. Unknown fields are treated as ``fieldValidation`` says, where Kubernetes always refuses.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from edgeorch.api import type_errors
from edgeorch.api.apply import configuration, conflict_text, field_set, last_applied
from edgeorch.api.apply.configuration import Claim, Malformed
from edgeorch.api.apply.managers import Managed, Manager, applier
from edgeorch.api.apply.ownership import Applied, Conflicted, applied
from edgeorch.api.meta import Object, format_time
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import BadRequest
from edgeorch_server.registry import field_managers, messages
from edgeorch_server.registry.base import WriteOptions
from edgeorch_server.registry.decoding import check_fields
from edgeorch_server.store.base import Entry

ObjectT = TypeVar("ObjectT", bound=Object)


class Application(Generic[ObjectT]):
    """A configuration to apply to an object, or to create it from."""

    def __init__(
        self,
        resource: ResourceInfo[ObjectT],
        subresource: str,
        given: Any,
        options: WriteOptions,
        now: dt.datetime,
    ) -> None:
        """Read the configuration; raises BadRequest."""
        self._resource = resource
        self._subresource = subresource
        self._options = options
        self._now = now
        self._given = checked(resource, given)
        self._claim = _read(resource, field_managers.part_of(resource, subresource, self._given), options)

    def create(self, name: str) -> ObjectT:
        """Give the object to create; raises BadRequest and Conflict."""
        meta = self._given.get("metadata") or {}
        if uid := meta.get("uid"):
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise messages.conflict(self._resource, name, why)
        return self._object(self._apply({}, {}), None)

    def apply(self, _entry: Entry, old: Object) -> ObjectT:
        """Give the object as it is to be; raises BadRequest, Conflict and Invalid."""
        resource, subresource = self._resource, self._subresource
        shown = resource.conversion.from_stored(old) if resource.conversion else old
        live = field_managers.to_tree(shown)
        live["metadata"].pop("managedFields", None)
        part = field_managers.part_of(resource, subresource, live)
        managers = field_managers.managers_for_apply(resource, subresource, old, part, self._now)
        result = self._apply(live, managers)
        if self._options.field_manager == last_applied.MANAGER and not subresource:
            result = Applied(last_applied.synced(result.value, self._given), result.managers)
        return self._object(result, shown.to_json())

    def _apply(self, live: Mapping[str, Any], managers: Mapping[Manager, Managed]) -> Applied:
        wire = field_managers.wire_of(self._resource)
        writer = applier(self._options.field_manager, self._subresource)

        def attempt(*, force: bool) -> Applied:
            version, now = self._resource.api_version, format_time(self._now)
            return applied(wire, live, self._claim, managers, writer, version, now, force=force)

        try:
            return attempt(force=self._options.force)
        except Conflicted as exc:
            conflicts = dict(exc.conflicts)
            if self._options.field_manager == last_applied.MANAGER:
                allowed = last_applied.taken_over(wire, live)
                rest = {who: field_set.difference(fields, allowed) for who, fields in conflicts.items()}
                conflicts = {who: fields for who, fields in rest.items() if fields}
            if conflicts:
                raise conflict_text.conflict(conflicts) from exc
            return attempt(force=True)

    def _object(self, result: Applied, stored: bytes | None) -> ObjectT:
        resource, options = self._resource, self._options
        cleaned = check_fields(resource.model, result.value, options, BadRequest, stored=stored)
        obj = type_errors.to_model(
            resource.model, cleaned, api_version=resource.api_version, kind=resource.kind
        )
        obj.metadata.managedFields = field_managers.encoded(result.managers)
        return obj


def checked(resource: ResourceInfo[Object], given: Any) -> dict[str, Any]:
    """Check that a configuration is one of this kind; raises BadRequest."""
    if not isinstance(given, dict):
        raise BadRequest("error decoding YAML: the configuration must be an object")
    if (given.get("apiVersion"), given.get("kind")) != (resource.api_version, resource.kind):
        raise BadRequest(f"invalid object type: {_kind_of(given)}")
    meta = given.get("metadata")
    if isinstance(meta, dict) and meta.get("managedFields") is not None:
        raise BadRequest("metadata.managedFields must be nil")
    return given


def _read(resource: ResourceInfo[Object], given: Mapping[str, Any], options: WriteOptions) -> Claim:
    try:
        claim = configuration.read(field_managers.wire_of(resource), given)
    except Malformed as exc:
        raise _untyped(given, str(exc)) from exc
    if claim.unknown and options.field_validation == "Strict":
        raise _untyped(given, "\n".join(f"{path}: field not declared in schema" for path in claim.unknown))
    if options.field_validation == "Warn":
        options.warnings.extend(f'unknown field "{path.removeprefix(".")}"' for path in claim.unknown)
    return claim


def _untyped(given: Mapping[str, Any], why: str) -> BadRequest:
    """Refuse what does not fit the schema; Kubernetes answers 500 with this sentence."""
    meta = given.get("metadata")
    meta = meta if isinstance(meta, dict) else {}
    name = f"{meta.get('namespace', '')}/{meta.get('name', '')}"
    return BadRequest(f"failed to create typed patch object ({name}; {_kind_of(given)}): {why}")


def _kind_of(given: Mapping[str, Any]) -> str:
    """Write the kind as Go does: ``apps/v1, Kind=Deployment``, ``/v1, Kind=Pod``."""
    version = str(given.get("apiVersion") or "")
    group_version = version if "/" in version else f"/{version}"
    return f"{group_version}, Kind={given.get('kind') or ''}"
