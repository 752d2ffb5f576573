"""Query parameters as OpenAPI describes them, and which operation takes which."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

JsonObject = dict[str, Any]

_TEXTS = {
    "pretty": ("string", "`true` indents the answer."),
    "allowWatchBookmarks": ("boolean", "Ask for events that only tell how far the watch has come."),
    "continue": ("string", "Token of the next page, from the metadata of the one before."),
    "fieldSelector": (
        "string",
        "Restrict the answer to objects with these fields, such as `metadata.name=web`.",
    ),
    "labelSelector": ("string", "Restrict the answer to objects with these labels."),
    "limit": ("integer", "Objects per page; everything by default."),
    "resourceVersion": ("string", "Where a watch begins, or how old a list may be."),
    "resourceVersionMatch": ("string", "How `resourceVersion` is meant: `Exact` or `NotOlderThan`."),
    "sendInitialEvents": ("boolean", "Begin a watch with all objects there are."),
    "timeoutSeconds": ("integer", "Seconds after which a watch ends."),
    "watch": ("boolean", "Stream changes as they happen instead of a list."),
    "dryRun": ("string", "`All` computes the answer and stores nothing."),
    "fieldManager": ("string", "Who writes; the user agent's name by default."),
    "fieldValidation": (
        "string",
        "Unknown and duplicate fields: `Strict` refuses, `Warn` (the default) drops and tells, `Ignore` drops.",
    ),
    "force": ("boolean", "Server-side apply: take fields over from other managers."),
    "gracePeriodSeconds": ("integer", "Seconds until the object is removed by force; 0 means now."),
    "orphanDependents": ("boolean", "Deprecated form of `propagationPolicy`."),
    "propagationPolicy": ("string", "What becomes of dependents: `Orphan`, `Background` or `Foreground`."),
    "container": ("string", "The container; may be left out where there is only one."),
    "follow": ("boolean", "Go on as the log grows."),
    "insecureSkipTLSVerifyBackend": ("boolean", "Without effect: nodes are reached through the broker."),
    "limitBytes": ("integer", "Bytes after which to stop."),
    "previous": ("boolean", "The log of the container's last run."),
    "sinceSeconds": ("integer", "Only what is younger than that."),
    "sinceTime": ("string", "Only what is younger than that moment, as RFC 3339 writes it."),
    "tailLines": ("integer", "Only that many lines from the end."),
    "timestamps": ("boolean", "Begin each line with when it was written."),
}

_SELECT = (
    *("continue", "fieldSelector", "labelSelector", "limit"),
    *("resourceVersion", "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds"),
)
LIST = ("allowWatchBookmarks", *_SELECT, "watch")
WRITE = ("dryRun", "fieldManager", "fieldValidation")
APPLY = (*WRITE, "force")
DELETE = ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy")
DELETE_COLLECTION = (*_SELECT, *DELETE)
LOG = (
    *("container", "follow", "insecureSkipTLSVerifyBackend", "limitBytes", "previous"),
    *("sinceSeconds", "sinceTime", "tailLines", "timestamps"),
)


def inline(names: Iterable[str]) -> list[JsonObject]:
    """Describe parameters in full: kubectl looks for ``fieldValidation`` in PATCH and follows no reference."""
    return [_described(name) for name in names]


def referred(names: Iterable[str]) -> list[JsonObject]:
    """Refer to parameters that :func:`components` describes."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def components() -> JsonObject:
    """Describe all of them."""
    return {name: _described(name) for name in _TEXTS}


def in_path(name: str, description: str) -> JsonObject:
    """Describe a part of the path."""
    return {
        "name": name,
        "in": "path",
        "description": description,
        "required": True,
        "schema": {"type": "string", "minLength": 1, "uniqueItems": True},
    }


def _described(name: str) -> JsonObject:
    kind, text = _TEXTS[name]
    return {"name": name, "in": "query", "description": text, "schema": {"type": kind, "uniqueItems": True}}
