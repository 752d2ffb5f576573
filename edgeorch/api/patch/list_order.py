"""The order of merged lists: what a patch names in the patch's order, the rest where it was."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from typing import Any

ItemId = tuple[str, Hashable]
"""What makes two items of a list the same one; never equal for values of different JSON types."""


def item_id(item: Any, merge_key: str = "") -> ItemId:
    """Identify an item: a scalar by itself, an object by its merge key."""
    value = item.get(merge_key) if merge_key and isinstance(item, dict) else item
    if isinstance(value, dict | list):
        return "tree", json.dumps(value, sort_keys=True)
    if isinstance(value, bool) or value is None:
        return "word", value
    return ("text", value) if isinstance(value, str) else ("number", value)


def interleave(
    merged: Sequence[Any], *, order: Sequence[Any], live: Sequence[Any], merge_key: str = ""
) -> list[Any]:
    """Put a merged list into order (``normalizeElementOrder``).

    Items that ``order`` names come in its order. The others keep the order they have in ``live``, each before
    the first ordered item that ``live`` has behind it.
    """
    wanted = _places(order, merge_key)
    lived = _places(live, merge_key)
    named = [(item_id(item, merge_key), item) for item in merged]
    ordered = sorted((entry for entry in named if entry[0] in wanted), key=lambda entry: wanted[entry[0]])
    others = sorted(
        (entry for entry in named if entry[0] not in wanted), key=lambda entry: lived.get(entry[0], len(lived))
    )
    result: list[Any] = []
    at = 0
    for name, item in ordered:
        while at < len(others) and name in lived and lived.get(others[at][0], len(lived)) < lived[name]:
            result.append(others[at][1])
            at += 1
        result.append(item)
    return result + [item for _, item in others[at:]]


def _places(items: Sequence[Any], merge_key: str) -> dict[ItemId, int]:
    places: dict[ItemId, int] = {}
    for index, item in enumerate(items):
        places.setdefault(item_id(item, merge_key), index)
    return places
