"""JSON Patch (RFC 6902) on JSON Pointers (RFC 6901).

Written here instead of taken from the ``jsonpatch`` package: it is a hundred lines either way once that
package's exceptions are caught and translated, and a board is spared two more distributions. What the package
does not have, and an API server needs, are the limits: on operations, and on what ``copy`` may multiply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from edgeorch.api.field_check import MAX_FINDINGS, in_document_order
from edgeorch.api.schema import format_path
from edgeorch.errors import BadRequest, Cause, Invalid, RequestEntityTooLarge

MAX_OPERATIONS = 10_000
"""Kubernetes' limit per patch."""

MAX_COPIED = 3 * 1024 * 1024
"""Bytes, roughly, that all ``copy`` operations of a patch may add; Kubernetes' limit."""

_VALUE_SIZE = 16
_MEMBERS = frozenset({"op", "path", "from", "value"})

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_BAD_ESCAPE = re.compile(r"~(?![01])")


def apply(document: dict[str, Any], patch: Any) -> dict[str, Any]:
    """Apply a patch to a copy of an API object.

    Raises BadRequest for what is no JSON Patch, RequestEntityTooLarge beyond a limit, and Invalid (422, as
    Kubernetes) when an operation does not apply or no object is left; its cause says which and why.
    """
    if not isinstance(patch, list):
        raise BadRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    if len(patch) > MAX_OPERATIONS:
        raise RequestEntityTooLarge(
            f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(patch)}"
        )
    target = _Target(_copy(document))
    for operation in patch:
        if not isinstance(operation, dict):
            raise BadRequest("json: cannot unmarshal value into Go value of type jsonpatch.Operation")
        kind = operation.get("op")
        handler = _OPERATIONS.get(kind) if isinstance(kind, str) else None
        if handler is None:
            raise _rejected(f"Unexpected kind: {kind}")
        handler(target, operation)
    if not isinstance(target.root, dict):
        raise _rejected("the patch leaves no JSON object")
    return target.root


def strict_problems(patch: list[Any], duplicates: Iterable[str]) -> list[str]:
    """Name members that stand twice in an operation, which decoding found, and those that none has.

    In Kubernetes' words, for ``fieldValidation``.
    """
    unknown = [
        format_path((index, name))
        for index, operation in enumerate(patch)
        if isinstance(operation, dict)
        for name in operation
        if name not in _MEMBERS
    ]
    found = in_document_order(patch, duplicates, unknown[:MAX_FINDINGS]) if unknown or duplicates else []
    return [f"json patch {problem}" for problem in found]


class _Target:
    """The document being changed; the copy is ours, so operations happen in place."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.copied = 0

    def get(self, pointer: str, verb: str) -> Any:
        value = self.root
        for part in _parts(pointer):
            try:
                value = value[_index(part, len(value) - 1) if isinstance(value, list) else part]
            except (KeyError, IndexError, TypeError) as exc:
                raise _missing(verb, pointer) from exc
        return value

    def add(self, pointer: str, value: Any, verb: str) -> None:
        parent, last = self._parent(pointer, verb)
        if parent is None:
            self.root = value
        elif isinstance(parent, list):
            parent.insert(len(parent) if last == "-" else self._place(parent, last, pointer, verb), value)
        else:
            parent[last] = value

    def remove(self, pointer: str, verb: str) -> Any:
        parent, last = self._parent(pointer, verb)
        if parent is None:
            removed, self.root = self.root, None
            return removed
        try:
            return parent.pop(_index(last, len(parent) - 1) if isinstance(parent, list) else last)
        except (KeyError, IndexError) as exc:
            raise _missing(verb, pointer) from exc

    def _parent(self, pointer: str, verb: str) -> tuple[Any, str]:
        if not pointer:
            return None, ""
        head, _, _ = pointer.rpartition("/")
        parent = self.get(head, verb)
        if not isinstance(parent, dict | list):
            raise _missing(verb, pointer)
        return parent, _parts(pointer)[-1]

    @staticmethod
    def _place(parent: list[Any], last: str, pointer: str, verb: str) -> int:
        try:
            return _index(last, len(parent))
        except IndexError as exc:
            raise _missing(verb, pointer) from exc


def _add(target: _Target, operation: dict[str, Any]) -> None:
    target.add(_pointer(operation, "path"), _copy(_value(operation)), "add")


def _remove(target: _Target, operation: dict[str, Any]) -> None:
    target.remove(_pointer(operation, "path"), "remove")


def _replace(target: _Target, operation: dict[str, Any]) -> None:
    pointer, value = _pointer(operation, "path"), _copy(_value(operation))
    if not pointer:
        target.root = value
        return
    head, _, _ = pointer.rpartition("/")
    parent = target.get(head, "replace")
    target.get(pointer, "replace")
    last = _parts(pointer)[-1]
    parent[int(last) if isinstance(parent, list) else last] = value


def _move(target: _Target, operation: dict[str, Any]) -> None:
    source, pointer = _pointer(operation, "from"), _pointer(operation, "path")
    if pointer == source:
        target.get(source, "move")
        return
    if pointer.startswith(f"{source}/"):
        raise _rejected(f"move operation does not apply: cannot move {source} into itself")
    target.add(pointer, target.remove(source, "move"), "move")


def _copy_within(target: _Target, operation: dict[str, Any]) -> None:
    value = target.get(_pointer(operation, "from"), "copy")
    target.copied += _size(value, MAX_COPIED - target.copied)
    if target.copied > MAX_COPIED:
        raise RequestEntityTooLarge(f"Unable to copy, the accumulated size increase is over {MAX_COPIED} bytes")
    target.add(_pointer(operation, "path"), _copy(value), "copy")


def _test(target: _Target, operation: dict[str, Any]) -> None:
    pointer = _pointer(operation, "path")
    if not _equal(target.get(pointer, "test"), _value(operation)):
        raise _rejected(f"testing value {pointer} failed: test failed")


_OPERATIONS: dict[str, Callable[[_Target, dict[str, Any]], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy_within,
    "test": _test,
}


def _pointer(operation: dict[str, Any], member: str) -> str:
    pointer = operation.get(member)
    if not isinstance(pointer, str) or (pointer and pointer[0] != "/") or _BAD_ESCAPE.search(pointer):
        raise _rejected(f"{operation['op']} operation does not apply: invalid {member}: {pointer}")
    return pointer


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise _rejected(f"{operation['op']} operation does not apply: missing value")
    return operation["value"]


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _index(part: str, last: int) -> int:
    """Read an array index; raises IndexError for what is none (a leading zero, a sign) or out of range."""
    if not _INDEX.fullmatch(part) or int(part) > last:
        raise IndexError(part)
    return int(part)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _size(value: Any, limit: int) -> int:
    """Estimate the bytes of a value, and stop counting beyond the limit."""
    size, rest = 0, [value]
    while rest and size <= limit:
        item = rest.pop()
        size += _VALUE_SIZE + (len(item) if isinstance(item, str) else 0)
        if isinstance(item, dict):
            size += sum(map(len, item))
            rest += item.values()
        elif isinstance(item, list):
            rest += item
    return size


def _equal(left: Any, right: Any) -> bool:
    """Compare as RFC 6902 section 4.6 wants it; unlike Python, ``true`` is not 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _missing(verb: str, pointer: str) -> Invalid:
    return _rejected(f'{verb} operation does not apply: doc is missing path: "{pointer}": missing value')


def _rejected(why: str) -> Invalid:
    """Word it as Kubernetes does, and add the reason as a cause: kubectl prints that, after its field."""
    message = "the server rejected our request due to an error in our request"
    return Invalid(message, causes=(Cause("UnexpectedServerResponse", why, "patch"),))
