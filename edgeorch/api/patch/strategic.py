"""Strategic merge patch: Kubernetes' own format, which knows by which key the items of a list are merged.

Follows ``apimachinery/pkg/util/strategicpatch``, the applying half (``StrategicMergeMapPatch``):

* Objects merge member by member, ``null`` removes, scalars replace.
* A list whose field has a merge key merges by it; one that is a set of scalars (``finalizers``) unites; any
  other list is replaced. Which it is says the schema, derived from the models.
* Directives in the patch: ``$patch: replace | delete`` in an object or a list's item,
  ``$setElementOrder/field``, ``$deleteFromPrimitiveList/field`` and ``$retainKeys``.

Where Kubernetes answers a malformed patch with an internal error (500), we say BadRequest with the same text.
"""

from __future__ import annotations

from typing import Any

from edgeorch.api.go_values import go_value
from edgeorch.api.meta import Model
from edgeorch.api.patch.list_order import ItemId, interleave, item_id
from edgeorch.api.schema import Kind, Type
from edgeorch.errors import BadRequest

_DIRECTIVE = "$patch"
_RETAIN_KEYS = "$retainKeys"
_ORDER_PREFIX = "$setElementOrder/"
_DELETE_PREFIX = "$deleteFromPrimitiveList/"
_PREFIXES = (_ORDER_PREFIX, _DELETE_PREFIX)

_ANY = Type(Kind.ANY)


def apply(model: type[Model], document: dict[str, Any], patch: Any) -> dict[str, Any]:
    """Apply a strategic merge patch to an object of a model; raises BadRequest for a malformed patch."""
    if not isinstance(patch, dict):
        raise BadRequest("error decoding patch: a strategic merge patch must be a JSON object")
    return _merge_object(document, patch, Type(Kind.OBJECT, model=model))


def _merge_object(original: dict[str, Any], patch: dict[str, Any], wire: Type) -> dict[str, Any]:
    if _DIRECTIVE in patch:
        return _whole_object(patch)
    result = dict(original)
    if _RETAIN_KEYS in patch:
        _retain_keys(result, patch)
    # First, whatever the order of the patch's members: what it adds besides must stay.
    for key, value in patch.items():
        if key.startswith(_DELETE_PREFIX):
            _delete_scalars(result, key.removeprefix(_DELETE_PREFIX), value)
    orders = {key.removeprefix(_ORDER_PREFIX): key for key in patch if key.startswith(_ORDER_PREFIX)}
    for name, key in orders.items():
        _merge_ordered(result, name, patch.get(name), patch[key], wire)
    for key, value in patch.items():
        if key == _RETAIN_KEYS or key.startswith(_PREFIXES):
            continue
        if value is None:
            result.pop(key, None)
        elif key not in orders:
            result[key] = _merge_value(result.get(key), value, wire, key)
    return result


def _whole_object(patch: dict[str, Any]) -> dict[str, Any]:
    match patch[_DIRECTIVE]:
        case "replace":
            return _clean_object(patch)
        case "delete":
            return {}
        case other:
            raise _bad_directive(other, patch)


def _merge_value(original: Any, value: Any, wire: Type, key: str) -> Any:
    member, merge_key = _member(wire, key)
    if isinstance(original, dict) and isinstance(value, dict) and not _is_replaced(wire, key):
        return _merge_object(original, value, member)
    if isinstance(original, list) and isinstance(value, list) and merge_key is not None:
        return _merge_list(original, value, member.element or _ANY, merge_key)
    return _clean(value)


def _member(wire: Type, key: str) -> tuple[Type, str | None]:
    """Look up the type of a member, and its merge key if it is a list that merges."""
    if wire.kind is Kind.OBJECT:
        field = wire.schema.fields.get(key)
        return (field.type, field.merge_key) if field else (_ANY, None)
    return wire.element or _ANY, None


def _is_replaced(wire: Type, key: str) -> bool:
    field = wire.schema.fields.get(key) if wire.kind is Kind.OBJECT else None
    return field is not None and field.replaced


def _retain_keys(result: dict[str, Any], patch: dict[str, Any]) -> None:
    """Drop the members that ``$retainKeys`` does not name: a union's old variant, when it changes."""
    names = patch[_RETAIN_KEYS]
    wrong = BadRequest("invalid patch format of retainKeys")
    if not isinstance(names, list):
        raise wrong
    for key, value in patch.items():
        if key != _RETAIN_KEYS and value is not None and not key.startswith(_PREFIXES) and key not in names:
            raise wrong
    for key in [key for key in result if key not in names]:
        del result[key]


def _delete_scalars(result: dict[str, Any], name: str, values: Any) -> None:
    if not name or not isinstance(values, list):
        raise BadRequest("invalid patch format of primitive list")
    current = result.get(name)
    if isinstance(current, list):
        gone = {item_id(value) for value in values}
        result[name] = [item for item in current if item_id(item) not in gone]


def _merge_list(original: list[Any], patch: list[Any], element: Type, merge_key: str) -> list[Any]:
    """Merge a list by key, or as a set; the patch's items come in the patch's order among the others."""
    items = [*original, *patch]
    if not merge_key:
        if any(isinstance(item, dict | list) for item in items):
            raise BadRequest("cannot merge lists without merge key")
        merged = list({item_id(item): item for item in items}.values())
        return interleave(merged, order=patch, live=original)
    if not all(isinstance(item, dict) for item in items):
        raise BadRequest("list element types are not identical")
    kept, changes, replaced = _split_directives(original, patch, merge_key)
    if replaced:
        return [_clean_object(change) for change in changes]
    return interleave(
        _merge_items(kept, changes, element, merge_key), order=changes, live=kept, merge_key=merge_key
    )


def _split_directives(
    original: list[Any], patch: list[Any], merge_key: str
) -> tuple[list[Any], list[dict[str, Any]], bool]:
    """Give what stays of the original, the patch's items without directives, and whether they replace all."""
    gone: set[ItemId] = set()
    changes: list[dict[str, Any]] = []
    replaced = False
    for item in patch:
        match item.get(_DIRECTIVE):
            case None:
                changes.append(item)
            case "replace":
                replaced = True
            case "delete":
                gone.add(_key_of(item, merge_key))
            case "merge":
                raise BadRequest("merging lists cannot yet be specified in the patch")
            case other:
                raise _bad_directive(other, item)
    kept = [item for item in original if not gone or item_id(item, merge_key) not in gone]
    return kept, changes, replaced


def _merge_items(
    original: list[Any], changes: list[dict[str, Any]], element: Type, merge_key: str
) -> list[Any]:
    result = list(original)
    # The first item of a key is the one that is merged into, as in Kubernetes.
    places: dict[ItemId, int] = {}
    for index, item in enumerate(result):
        places.setdefault(item_id(item, merge_key), index)
    for change in changes:
        key = _key_of(change, merge_key)
        place = places.get(key)
        if place is None:
            places[key] = len(result)
            result.append(_clean_object(change))
        else:
            result[place] = _merge_object(result[place], change, element)
    return result


def _merge_ordered(result: dict[str, Any], name: str, change: Any, order: Any, wire: Type) -> None:
    """Merge a list and put it into the order of ``$setElementOrder``, items unknown to it as they were."""
    original = result.get(name)
    if not name or not isinstance(order, list) or not isinstance(change, list | None):
        raise BadRequest("invalid patch format of setElementOrder list")
    if not isinstance(original, list | None):
        raise BadRequest(f"cannot set the order of {name}: it is no list")
    if original is None and change is None:
        return
    live, changes = original or [], change or []
    merge_key = _member(wire, name)[1] or ""
    _check_order(changes, order, merge_key)
    merged = live if change is None else _merge_value(original, changes, wire, name)
    result[name] = interleave(merged, order=order, live=live, merge_key=merge_key)


def _check_order(change: list[Any], order: list[Any], merge_key: str) -> None:
    """Refuse a patch whose items do not stand in the order it asks for (a client's mistake)."""
    rest = iter([item_id(item, merge_key) for item in order])
    for item in change:
        if isinstance(item, dict) and _DIRECTIVE in item:
            continue
        if item_id(item, merge_key) not in rest:
            asked = f"{_ORDER_PREFIX.rstrip('/')} list:\n{go_value(order)}\n"
            raise BadRequest(f"The order in patch list:\n{go_value(change)}\n doesn't match {asked}")


def _clean(value: Any) -> Any:
    """Copy what the patch brings anew, without directives and nulls."""
    if isinstance(value, dict):
        return _whole_object(value) if _DIRECTIVE in value else _clean_object(value)
    if isinstance(value, list):
        return [_clean(item) for item in value if not (isinstance(item, dict) and _DIRECTIVE in item)]
    return value


def _clean_object(value: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _clean(item)
        for key, item in value.items()
        if item is not None and key not in {_DIRECTIVE, _RETAIN_KEYS} and not key.startswith(_PREFIXES)
    }


def _key_of(item: dict[str, Any], merge_key: str) -> ItemId:
    if item.get(merge_key) is None:
        raise BadRequest(f"map: {go_value(item)} does not contain declared merge key: {merge_key}")
    return item_id(item, merge_key)


def _bad_directive(directive: Any, patch: dict[str, Any]) -> BadRequest:
    return BadRequest(f"unknown patch type: {go_value(directive)} in map: {go_value(patch)}")
