"""Laying a configuration over an object, and taking out what its manager gave up.

Follows ``TypedValue.Merge`` and ``Updater.prune`` of ``structured-merge-diff``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edgeorch.api.apply.elements import element, is_leaf, item_name, lenient_name, member, named
from edgeorch.api.apply.field_set import EMPTY, Node, field_name, has_self
from edgeorch.api.schema import Field, Kind, Type


def merge(wire: Type, live: Mapping[str, Any], configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a configuration over an object; neither is changed. A null takes the field away."""
    result = dict(live)
    for key, value in configuration.items():
        field = member(wire, key)
        if value is None or field is None:
            result.pop(key, None)
        else:
            result[key] = _merged(field, result.get(key), value)
    return result


def _merged(field: Field, live: Any, value: Any) -> Any:
    if is_leaf(field):
        return _without_nulls(value)
    if field.type.kind is Kind.LIST:
        return _merged_list(field, live if isinstance(live, list) else [], value)
    return merge(field.type, live if isinstance(live, dict) else {}, value)


def _merged_list(field: Field, live: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    """Merge an associative list: the given items in their order, the others where they were.

    Items of the object that share a name stay as they are, until the configuration names them: it gives one.
    """
    wire = element(field)
    olds = named(field, live)
    news = {item_name(field, item): item for item in given}
    order = [lenient_name(field, item, index) for index, item in enumerate(live)]
    merged = []
    for name, place in _interleaved(order, list(news)):
        if place is not None:
            merged.append(live[place])
            continue
        old, new = olds.get(name, []), news[name]
        if wire.kind is Kind.OBJECT and not wire.atomic:
            merged.append(merge(wire, old[0] if len(old) == 1 and isinstance(old[0], dict) else {}, new))
        else:
            merged.append(_without_nulls(new))
    return merged


def _interleaved(live: Sequence[str], given: Sequence[str]) -> Iterator[tuple[str, int | None]]:
    """Give the names of a merged list in order; with a place in ``live`` those that only stand there.

    Like a zip of two sequences: what only the object has comes where it stood before the next common item.
    """
    wanted, there = set(given), set(live)
    shared = [name for name in given if name in there]
    told: set[str] = set()
    rest = iter(given)
    upcoming = next(rest, None)

    def take() -> tuple[str, int | None]:
        nonlocal upcoming
        assert upcoming is not None
        name, upcoming = upcoming, next(rest, None)
        told.add(name)
        if shared and shared[0] == name:
            shared.pop(0)
        return name, None

    place = 0
    while place < len(live):
        name = live[place]
        if name not in wanted:
            yield name, place
        elif name == upcoming or (name not in told and shared and shared[0] == name):
            # All given items up to this one, which both have.
            while upcoming is not None and name not in told:
                yield take()
        place += 1
    while upcoming is not None:
        yield take()


def _without_nulls(value: Any) -> Any:
    """Go reads a null as nothing."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def prune(wire: Type, merged: Mapping[str, Any], given_up: Node, owned: Node) -> dict[str, Any]:
    """Take out the fields of ``given_up`` that nobody owns (any more), with all that is only in them.

    ``given_up`` is what the manager applied the last time, ``owned`` what anybody owns now, the manager's new
    configuration included. A field, item or entry with something in it that is owned stays.
    """
    return _pruned(wire, merged, given_up, owned, keys=())


def _pruned(
    wire: Type, value: Mapping[str, Any], given_up: Node, owned: Node, *, keys: Sequence[str]
) -> dict[str, Any]:
    result = {}
    for key, item in value.items():
        name = field_name(key)
        field = member(wire, key)
        theirs = given_up.get(name)
        if theirs is None or field is None or key in keys:
            result[key] = item
            continue
        mine = owned.get(name)
        if mine is None and (has_self(theirs) or wire.kind is Kind.OBJECT):
            continue
        left = _pruned_value(field, item, theirs, EMPTY if mine is None else mine)
        if left or not item:
            result[key] = left
    return result


def _pruned_value(field: Field, value: Any, given_up: Node, owned: Node) -> Any:
    if is_leaf(field):
        return value
    if isinstance(value, list):
        return _pruned_list(field, value, given_up, owned)
    return _pruned(field.type, value, given_up, owned, keys=()) if isinstance(value, dict) else value


def _pruned_list(field: Field, items: Sequence[Any], given_up: Node, owned: Node) -> list[Any]:
    wire = element(field)
    result = []
    for index, item in enumerate(items):
        name = lenient_name(field, item, index)
        theirs, mine = given_up.get(name), owned.get(name)
        if theirs is None:
            result.append(item)
        elif mine is None and has_self(theirs):
            continue
        elif wire.kind is Kind.OBJECT and not wire.atomic and isinstance(item, dict):
            # An item without its keys would be none.
            result.append(_pruned(wire, item, theirs, mine or EMPTY, keys=field.list_keys or ()))
        else:
            result.append(item)
    return result
