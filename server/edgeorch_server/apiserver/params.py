"""Query parameters: parsed and checked as Kubernetes does, with its words for what is wrong.

Unknown parameters are ignored, as Kubernetes ignores them. Where one is given several times the first counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pydantic
from starlette.datastructures import QueryParams

from edgeorch.api.meta import DeleteOptions, Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.selectors import FieldSelector, Selector
from edgeorch.errors import BadRequest, Cause, Invalid
from edgeorch_server.registry.base import ListOptions, LogOptions, User, WriteOptions

_MAX_FIELD_MANAGER = 128
_FIELD_VALIDATION = ("Ignore", "Strict", "Warn")
_PROPAGATION = ("Foreground", "Background", "Orphan")
_INT = re.compile(r"[+-]?[0-9]+", re.ASCII)


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


class _Problems:
    """Collects field errors of one options kind, to raise them all at once as Kubernetes does."""

    def __init__(self, kind: str, group: str = "meta.k8s.io", name: str = "") -> None:
        self._kind = kind
        self._group = group
        self._name = name
        self._causes: list[Cause] = []

    def forbidden(self, field: str, detail: str) -> None:
        self._causes.append(Cause("FieldValueForbidden", f"Forbidden: {detail}", field))

    def invalid(self, field: str, value: str, detail: str) -> None:
        self._causes.append(Cause("FieldValueInvalid", f"Invalid value: {value}: {detail}", field))

    def unsupported(self, field: str, value: str, supported: Sequence[str]) -> None:
        listed = ", ".join(json.dumps(s) for s in supported)
        message = f"Unsupported value: {value}: supported values: {listed}"
        self._causes.append(Cause("FieldValueNotSupported", message, field))

    def raise_any(self) -> None:
        """Raise Invalid if there was anything."""
        if not self._causes:
            return
        texts = [f"{cause.field}: {cause.message}" for cause in self._causes]
        all_of_them = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        qualified = f"{self._kind}.{self._group}" if self._group else self._kind
        raise Invalid(
            f'{qualified} "{self._name}" is invalid: {all_of_them}',
            group=self._group,
            kind=self._kind,
            name=self._name,
            causes=tuple(self._causes),
        )


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
    # 19 digits hold every 64-bit number; without this a long text would cost int() quadratic time
    number = int(text) if len(text.lstrip("+-0")) < 20 else 2**63
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
        resource_version=_resource_version(query.get("resourceVersion", "")),
        resource_version_match=query.get("resourceVersionMatch", ""),
    )
    initial = boolean_or_none(query, "sendInitialEvents")
    timeout = integer(query, "timeoutSeconds") or 0
    problems = _Problems("ListOptions")
    if not boolean(query, "watch"):
        _check_list(problems, select, initial)
        problems.raise_any()
        return Collection(select)
    _check_watch(problems, select, initial)
    problems.raise_any()
    watch = WatchOptions(boolean(query, "allowWatchBookmarks"), initial, max(timeout, 0))
    return Collection(replace(select, limit=0, continue_=""), watch)


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


def _resource_version(text: str) -> str:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise BadRequest(
            f"invalid resource version: resourceVersion: Invalid value: {json.dumps(text[:64])}: "
            f"strconv.ParseUint: parsing {json.dumps(text[:64])}: invalid syntax"
        )
    return text


_MATCH = "resourceVersionMatch"


def _check_list(problems: _Problems, select: ListOptions, initial: bool | None) -> None:
    """Apply ``ValidateListOptions`` of apimachinery's internalversion validation."""
    if match := select.resource_version_match:
        if not select.resource_version:
            problems.forbidden(_MATCH, f"{_MATCH} is forbidden unless resourceVersion is provided")
        if select.continue_:
            problems.forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided")
        if match not in ("Exact", "NotOlderThan"):
            problems.unsupported(_MATCH, json.dumps(match), ("Exact", "NotOlderThan", ""))
        if match == "Exact" and select.resource_version == "0":
            problems.forbidden(_MATCH, f'{_MATCH} "exact" is forbidden for resourceVersion "0"')
    if initial is not None:
        problems.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")


def _check_watch(problems: _Problems, select: ListOptions, initial: bool | None) -> None:
    """Apply ``validateWatchOptions`` of the same, with the WatchList feature on."""
    match = select.resource_version_match
    if initial is not None and match != "NotOlderThan":
        problems.forbidden(_MATCH, f"sendInitialEvents requires setting {_MATCH} to NotOlderThan")
    if match:
        if initial is None:
            problems.forbidden(_MATCH, f"{_MATCH} is forbidden for watch unless sendInitialEvents is provided")
        if match != "NotOlderThan":
            problems.unsupported(_MATCH, json.dumps(match), ("NotOlderThan",))
        if select.continue_:
            problems.forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided")


def write_options(query: QueryParams, user: User, user_agent: str, kind: str) -> WriteOptions:
    """Parse CreateOptions, UpdateOptions or PatchOptions (``kind``, for the error); raises Invalid."""
    problems = _Problems(kind)
    manager = query.get("fieldManager", "")
    if len(manager.encode()) > _MAX_FIELD_MANAGER:
        problems.invalid(
            "fieldManager", json.dumps(manager), f"may not be more than {_MAX_FIELD_MANAGER} bytes"
        )
    for position, char in enumerate(manager):
        if not char.isprintable():
            detail = f"invalid character U+{ord(char):04X} (at position {position})"
            problems.invalid("fieldManager", json.dumps(manager), detail)
            break
    dry_run = query.getlist("dryRun")
    _check_dry_run(problems, dry_run)
    validation = query.get("fieldValidation", "")
    if validation and validation not in _FIELD_VALIDATION:
        problems.unsupported("fieldValidation", json.dumps(validation), ("", *_FIELD_VALIDATION))
    if kind == "PatchOptions" and "force" in query:
        problems.forbidden("force", "may not be specified for non-apply patch")
    problems.raise_any()
    return WriteOptions(
        user=user,
        dry_run=bool(dry_run),
        field_manager=manager or _manager_from(user_agent),
        field_validation=validation or "Warn",
    )


def _manager_from(user_agent: str) -> str:
    """Name the field manager after the client's program, as Kubernetes does."""
    program = user_agent.partition("/")[0]
    return "".join(c for c in program if c.isprintable())[:_MAX_FIELD_MANAGER]


def _check_dry_run(problems: _Problems, dry_run: Sequence[str]) -> None:
    if any(value != "All" for value in dry_run):
        shown = ", ".join(json.dumps(value) for value in dry_run)
        problems.unsupported("dryRun", f"[]string{{{shown}}}", ("All",))


def delete_options(query: QueryParams, body: bytes) -> DeleteOptions:
    """Read DeleteOptions from the body, or without one from the query; raises BadRequest, Invalid."""
    if body:
        options = _delete_options_body(body)
    else:
        options = DeleteOptions(
            gracePeriodSeconds=integer(query, "gracePeriodSeconds"),
            propagationPolicy=query.get("propagationPolicy"),
            orphanDependents=boolean_or_none(query, "orphanDependents"),
            dryRun=query.getlist("dryRun"),
        )
    problems = _Problems("DeleteOptions")
    policy = options.propagationPolicy
    if policy is not None and options.orphanDependents is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        problems.invalid("propagationPolicy", json.dumps(policy), detail)
    if policy is not None and policy not in _PROPAGATION:
        problems.unsupported("propagationPolicy", json.dumps(policy), (*_PROPAGATION, "nil"))
    _check_dry_run(problems, options.dryRun)
    problems.raise_any()
    return options


def _delete_options_body(body: bytes) -> DeleteOptions:
    try:
        options = DeleteOptions.from_json(body)
    except pydantic.ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"cannot decode DeleteOptions: {where + ': ' if where else ''}{first['msg']}") from exc
    if options.kind not in ("", "DeleteOptions"):
        raise BadRequest(
            f'no kind "{options.kind}" is registered for version "{options.apiVersion}": expected DeleteOptions'
        )
    return options


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
    problems = _Problems("PodLogOptions", "", pod)
    if options.tail_lines is not None and options.tail_lines < 0:
        problems.invalid("tailLines", str(options.tail_lines), "must be greater than or equal to 0")
    if options.limit_bytes is not None and options.limit_bytes < 1:
        problems.invalid("limitBytes", str(options.limit_bytes), "must be greater than 0")
    if options.since_seconds is not None and options.since_time:
        problems.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified")
    elif options.since_seconds is not None and options.since_seconds < 1:
        problems.invalid("sinceSeconds", str(options.since_seconds), "must be greater than 0")
    problems.raise_any()
    return options
