"""Query parameters: parsed and checked as Kubernetes does, with its words for what is wrong.

Unknown parameters are ignored, as Kubernetes ignores them. Where one is given several times the first counts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from edgeorch.api import field_check, type_errors
from edgeorch.api.meta import DeleteOptions, Object, parse_time
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.selectors import FieldSelector, Selector
from edgeorch.api.validation import FieldError, bad, forbidden, invalid, not_supported, required, too_long
from edgeorch.errors import BadRequest
from edgeorch_server.registry import deletion
from edgeorch_server.registry.base import ListOptions, LogOptions, User, WriteOptions

_MAX_FIELD_MANAGER = 128
_FIELD_VALIDATION = ("Ignore", "Strict", "Warn")
_INT = re.compile(r"[+-]?[0-9]+", re.ASCII)
_INT64_DIGITS = 19


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What a watch asks beyond the selection it shares with a list."""

    bookmarks: bool = False
    """``allowWatchBookmarks``."""
    send_initial_events: bool | None = None
    timeout_seconds: int = 0
    """0 leaves it to the server."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The parsed query of a GET on a collection: a list, or a watch when ``watch`` is set."""

    select: ListOptions
    watch: WatchOptions | None = None


def _raise_any(kind: str, errors: list[FieldError]) -> None:
    if errors:
        raise invalid(kind, "", errors, group="meta.k8s.io")


def boolean(query: QueryParams, name: str) -> bool:
    """Read a flag: absent, ``false`` and ``0`` are false, anything else is true, even an empty value."""
    return boolean_or_none(query, name) or False


def boolean_or_none(query: QueryParams, name: str) -> bool | None:
    """Read a flag that may be absent."""
    values = query.getlist(name)
    return values[0].lower() not in ("false", "0") if values else None


def integer(query: QueryParams, name: str) -> int | None:
    """Read a 64-bit number; raises BadRequest with the words of Go's ``strconv.ParseInt``."""
    values = query.getlist(name)
    if not values:
        return None
    text = values[0]
    if not _INT.fullmatch(text):
        raise BadRequest(f"strconv.ParseInt: parsing {json.dumps(text)}: invalid syntax")
    # without the look at its length a long text would cost int() quadratic time
    number = int(text) if len(text.lstrip("+-0")) <= _INT64_DIGITS else 2**63
    if not -(2**63) <= number < 2**63:
        raise BadRequest(f"strconv.ParseInt: parsing {json.dumps(text[:64])}: value out of range")
    return number


def collection(query: QueryParams, resource: ResourceInfo[Object], namespace: str) -> Collection:
    """Parse meta/v1 ListOptions; raises BadRequest, or Invalid for members that do not go together."""
    select = ListOptions(
        namespace=namespace,
        labels=_label_selector(query),
        fields=_field_selector(query, resource),
        limit=max(integer(query, "limit") or 0, 0),
        continue_=query.get("continue", ""),
        resource_version=resource_version(query),
        resource_version_match=query.get("resourceVersionMatch", ""),
    )
    initial = boolean_or_none(query, "sendInitialEvents")
    timeout = integer(query, "timeoutSeconds") or 0
    watching = boolean(query, "watch")
    check = _check_watch if watching else _check_list
    _raise_any("ListOptions", check(select, initial=initial))
    if not watching:
        return Collection(select)
    watch = WatchOptions(boolean(query, "allowWatchBookmarks"), initial, max(timeout, 0))
    return Collection(select, watch)


def _label_selector(query: QueryParams) -> Selector | None:
    text = query.get("labelSelector", "")
    return Selector.parse(text) if text else None


def _field_selector(query: QueryParams, resource: ResourceInfo[Object]) -> FieldSelector | None:
    text = query.get("fieldSelector", "")
    if not text:
        return None
    selector = FieldSelector.parse(text)
    selector.check(tuple(resource.field_labels))
    return selector


def resource_version(query: QueryParams) -> str:
    """Read the version of a get or a list; raises BadRequest when it is no number."""
    text = query.get("resourceVersion", "")
    if text and not (text.isascii() and text.isdecimal() and len(text) <= _INT64_DIGITS):
        raise BadRequest(
            f"invalid resource version: resourceVersion: Invalid value: {json.dumps(text[:64])}: "
            f"strconv.ParseUint: parsing {json.dumps(text[:64])}: invalid syntax"
        )
    return text


_MATCH = "resourceVersionMatch"


def _check_list(select: ListOptions, *, initial: bool | None) -> list[FieldError]:
    """Apply ``ValidateListOptions`` of apimachinery's internalversion validation."""
    errors: list[FieldError] = []
    if match := select.resource_version_match:
        if not select.resource_version:
            errors.append(forbidden(_MATCH, f"{_MATCH} is forbidden unless resourceVersion is provided"))
        if select.continue_:
            errors.append(forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided"))
        if match not in ("Exact", "NotOlderThan"):
            errors.append(not_supported(_MATCH, match, ("Exact", "NotOlderThan", "")))
        if match == "Exact" and select.resource_version == "0":
            errors.append(forbidden(_MATCH, f'{_MATCH} "exact" is forbidden for resourceVersion "0"'))
    if initial is not None:
        errors.append(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return errors


def _check_watch(select: ListOptions, *, initial: bool | None) -> list[FieldError]:
    """Apply ``validateWatchOptions`` of the same, with the WatchList feature on."""
    errors: list[FieldError] = []
    match = select.resource_version_match
    if initial is not None and match != "NotOlderThan":
        errors.append(forbidden(_MATCH, f"sendInitialEvents requires setting {_MATCH} to NotOlderThan"))
    if match:
        if initial is None:
            detail = f"{_MATCH} is forbidden for watch unless sendInitialEvents is provided"
            errors.append(forbidden(_MATCH, detail))
        if match != "NotOlderThan":
            errors.append(not_supported(_MATCH, match, ("NotOlderThan",)))
        if select.continue_:
            errors.append(forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided"))
    return errors


def write_options(
    query: QueryParams, user: User, user_agent: str, kind: str, *, apply: bool = False
) -> WriteOptions:
    """Parse CreateOptions, UpdateOptions or PatchOptions (``kind``, for the error); raises Invalid.

    ``apply``: they come with an Apply, which must say who applies and may be forced (``ValidatePatchOptions``).
    """
    manager = query.get("fieldManager", "")
    dry_run = query.getlist("dryRun")
    validation = query.get("fieldValidation", "")
    errors = _check_manager(manager) + deletion.check_dry_run(dry_run)
    if apply and not manager:
        errors.append(required("fieldManager", "is required for apply patch"))
    if validation and validation not in _FIELD_VALIDATION:
        errors.append(not_supported("fieldValidation", validation, ("", *_FIELD_VALIDATION)))
    if kind == "PatchOptions" and not apply and "force" in query:
        errors.append(forbidden("force", "may not be specified for non-apply patch"))
    _raise_any(kind, errors)
    return WriteOptions(
        user=user,
        dry_run=bool(dry_run),
        field_manager=manager or _manager_from(user_agent),
        force=apply and boolean(query, "force"),
        field_validation=validation or "Warn",
    )


def _check_manager(manager: str) -> list[FieldError]:
    errors = []
    if len(manager.encode()) > _MAX_FIELD_MANAGER:
        errors.append(too_long("fieldManager", _MAX_FIELD_MANAGER))
    errors += [
        bad("fieldManager", manager, f"invalid character U+{ord(char):04X} (at position {position})")
        for position, char in enumerate(manager)
        if not char.isprintable()
    ]
    return errors


def _manager_from(user_agent: str) -> str:
    """Name the field manager after the client's program, as Kubernetes does."""
    program = user_agent.partition("/")[0]
    return "".join(c for c in program if c.isprintable())[:_MAX_FIELD_MANAGER] or "unknown"


def delete_options(query: QueryParams, body: dict[str, Any] | None) -> DeleteOptions:
    """Read DeleteOptions from the body, or without one from the query; raises BadRequest, Invalid."""
    if body is not None:
        options = _delete_options_body(body)
    else:
        options = DeleteOptions(
            gracePeriodSeconds=integer(query, "gracePeriodSeconds"),
            propagationPolicy=query.get("propagationPolicy"),
            orphanDependents=boolean_or_none(query, "orphanDependents"),
            dryRun=query.getlist("dryRun"),
        )
    _raise_any("DeleteOptions", deletion.validate_options(options))
    return options


def _delete_options_body(body: dict[str, Any]) -> DeleteOptions:
    api_version, kind = body.get("apiVersion") or "v1", body.get("kind") or "DeleteOptions"
    if kind != "DeleteOptions":
        raise BadRequest(f"no kind {json.dumps(kind)} is registered for version {json.dumps(api_version)}")
    cleaned = field_check.check(DeleteOptions, body).body
    return type_errors.to_model(DeleteOptions, cleaned, api_version=str(api_version), kind="DeleteOptions")


def log_options(query: QueryParams, pod: str) -> LogOptions:
    """Parse core/v1 PodLogOptions for this pod; raises BadRequest, Invalid."""
    options = LogOptions(
        container=query.get("container", ""),
        follow=boolean(query, "follow"),
        previous=boolean(query, "previous"),
        since_seconds=integer(query, "sinceSeconds"),
        since_time=query.get("sinceTime", ""),
        timestamps=boolean(query, "timestamps"),
        tail_lines=integer(query, "tailLines"),
        limit_bytes=integer(query, "limitBytes"),
    )
    if options.since_time:
        try:
            parse_time(options.since_time)
        except ValueError as exc:
            raise BadRequest(f"parsing time {json.dumps(options.since_time)}: not RFC 3339") from exc
    if errors := _check_log(options):
        raise invalid("PodLogOptions", pod, errors)
    return options


def _check_log(options: LogOptions) -> list[FieldError]:
    """Apply ``ValidatePodLogOptions``."""
    errors = []
    if options.tail_lines is not None and options.tail_lines < 0:
        errors.append(bad("tailLines", options.tail_lines, "must be greater than or equal to 0"))
    if options.limit_bytes is not None and options.limit_bytes < 1:
        errors.append(bad("limitBytes", options.limit_bytes, "must be greater than 0"))
    if options.since_seconds is not None and options.since_time:
        errors.append(forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif options.since_seconds is not None and options.since_seconds < 1:
        errors.append(bad("sinceSeconds", options.since_seconds, "must be greater than 0"))
    return errors
