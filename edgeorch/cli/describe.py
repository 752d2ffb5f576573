"""``edgeorch describe``: one object for people, with its events below it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from edgeorch.api.durations import human_duration
from edgeorch.api.meta import parse_time

_NOISE = frozenset({"managedFields", "uid", "resourceVersion", "generation", "selfLink"})


def describe(obj: dict[str, Any], events: list[dict[str, Any]], now: dt.datetime) -> str:
    """Lay out an object: metadata first, then every other member as an indented outline, then its events."""
    meta = obj["metadata"]
    lines = [_pair("Name", meta["name"])]
    if meta.get("namespace"):
        lines.append(_pair("Namespace", meta["namespace"]))
    lines += _mapping("Labels", meta.get("labels"))
    lines += _mapping("Annotations", meta.get("annotations"))
    lines += [
        _pair(_title(name), str(value))
        for name, value in meta.items()
        if name not in _NOISE | {"name", "namespace", "labels", "annotations"}
        and not isinstance(value, dict | list)
    ]
    for member, value in obj.items():
        if member not in {"apiVersion", "kind", "metadata"}:
            lines += _outline(_title(member), value, 0)
    lines += list(_events(events, now))
    return "\n".join(lines) + "\n"


def _pair(name: str, value: str, depth: int = 0) -> str:
    return f"{'  ' * depth}{name + ':':<{max(24 - 2 * depth, 1)}} {value}"


def _mapping(name: str, values: dict[str, str] | None) -> list[str]:
    if not values:
        return [_pair(name, "<none>")]
    texts = [f"{key}={value}" for key, value in sorted(values.items())]
    return [_pair(name, texts[0]), *(" " * 25 + text for text in texts[1:])]


def _title(name: str) -> str:
    """Turn ``restartPolicy`` into ``Restart Policy``, ``podIP`` into ``Pod IP``."""
    words = ""
    for i, char in enumerate(name):
        if i and char.isupper() and not name[i - 1].isupper():
            words += " "
        words += char
    return words[:1].upper() + words[1:]


def _outline(name: str, value: Any, depth: int) -> list[str]:
    if isinstance(value, dict):
        lines = ["  " * depth + f"{name}:"]
        for member, inner in value.items():
            lines += _outline(_title(member), inner, depth + 1)
        return lines
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        lines = ["  " * depth + f"{name}:"]
        for item in value:
            heading = str(item.get("name") or item.get("type") or "-")
            lines += _outline(heading, {k: v for k, v in item.items() if k not in {"name", "type"}}, depth + 1)
        return lines
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return [_pair(name, text, depth)]


def _events(events: list[dict[str, Any]], now: dt.datetime) -> Iterator[str]:
    if not events:
        yield _pair("Events", "<none>")
        return
    yield "Events:"
    for event in events:
        seen = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
        age = human_duration(now - parse_time(seen))
        count = f" (x{event['count']})" if event.get("count", 1) > 1 else ""
        kind, reason, message = (event.get(name, "") for name in ("type", "reason", "message"))
        yield f"  {kind:<8} {reason:<20} {age + count:<12} {message}"
