"""What differs between two versions of a spec that may not change, for the one whose write is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgeorch.api.validation import Path


def differences(old: Any, new: Any, path: Path) -> Iterator[str]:
    """Name what differs, one line each, for the person who reads the refusal."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from differences(old.get(name), new.get(name), path.child(name))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, path.at(number))
    else:
        yield f"  {path}: {_short(old)} -> {_short(new)}"


def _short(value: Any) -> str:
    return "unset" if value is None else repr(value)
