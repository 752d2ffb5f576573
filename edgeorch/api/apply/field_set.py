"""Sets of fields, in the form in which ``metadata.managedFields`` holds them (``FieldsV1``).

A set is a tree of JSON objects. The members of a node are named ``f:FIELD``, ``k:{"KEY":VALUE}`` (an item of an
associative list), ``v:VALUE`` (an item of a set) or ``i:INDEX``; ``.`` means the node itself. An empty node is
nothing but itself, so ``{"f:spec": {"f:replicas": {}}}`` holds one field, ``.spec.replicas``. Working on this
form saves converting, and a second picture of each set in memory.

No function changes its arguments; results share nodes with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

Node = Mapping[str, Any]
"""A set of fields, or what one holds below a field; the values are nodes."""

SELF = "."
LEAF: Node = {}
"""Nothing but the field itself."""

EMPTY: Node = {}
"""The set without fields; the same as :data:`LEAF`, but at the root."""


def has_self(node: Node) -> bool:
    """Whether the node of a field stands for the field itself, and not only for some below it."""
    return not node or SELF in node


def union(left: Node, right: Node) -> Node:
    """Give the fields that are in either set."""
    if not left or not right:
        return left or right
    result = dict(left)
    for name, node in right.items():
        mine = result.get(name)
        result[name] = node if mine is None else _joined(mine, node)
    return result


def _joined(left: Node, right: Node) -> Node:
    if left and right:
        return union(left, right)
    both = left or right
    return {SELF: LEAF, **both} if both and SELF not in both else both


def difference(left: Node, right: Node) -> Node:
    """Give the fields of the first set that are not in the second."""
    if not left or not right:
        return left
    result: dict[str, Node] = {}
    for name, node in left.items():
        if name == SELF:
            continue
        other = right.get(name)
        rest = node if other is None else _subtracted(node, other)
        if rest is not None:
            result[name] = rest
    return result


def _subtracted(left: Node, right: Node) -> Node | None:
    below = difference(left, right) if left and right else _without_self(left)
    stays = has_self(left) and not has_self(right)
    if below:
        return {SELF: LEAF, **below} if stays else below
    return LEAF if stays else None


def _without_self(node: Node) -> Node:
    return {name: below for name, below in node.items() if name != SELF} if SELF in node else node


def intersection(left: Node, right: Node) -> Node:
    """Give the fields that are in both sets."""
    result: dict[str, Node] = {}
    for name, node in left.items():
        other = right.get(name)
        if other is None or name == SELF:
            continue
        both = has_self(node) and has_self(other)
        below = intersection(node, other)
        if below:
            result[name] = {SELF: LEAF, **below} if both else below
        elif both:
            result[name] = LEAF
    return result


def members(root: Node) -> Iterator[tuple[str, ...]]:
    """Give the path of each field in the set, parents before what is below them."""
    for name in sorted(root):
        if name == SELF:
            continue
        node = root[name]
        if has_self(node):
            yield (name,)
        for path in members(node):
            yield (name, *path)


def of_paths(paths: Iterable[tuple[str, ...]]) -> Node:
    """Make a set of paths, each a sequence of members' names."""
    root: Node = EMPTY
    for path in paths:
        node: Node = LEAF
        for name in reversed(path):
            node = {name: node}
        root = union(root, node)
    return root


def ordered(root: Node) -> dict[str, Any]:
    """Give the set as it is stored: members in order, so that equal sets are equal bytes."""
    return {name: ordered(root[name]) for name in sorted(root)}


def parse(value: Any) -> Node:
    """Read a set that somebody else wrote; raises ValueError for what is none."""
    if not isinstance(value, dict):
        raise ValueError("a set of fields is a JSON object")  # noqa: TRY004 - data from outside
    return {_canonical(name): parse(node) for name, node in value.items()}


@lru_cache(maxsize=4096)
def _canonical(name: str) -> str:
    """Write a member's name as we do: JSON in it without spaces, the keys in order."""
    prefix, text = name[:2], name[2:]
    if name == SELF or prefix == "f:":
        return name
    if prefix == "v:":
        return value_name(json.loads(text))
    if prefix == "i:":
        return f"i:{int(text)}"
    if prefix == "k:":
        keys = json.loads(text)
        if isinstance(keys, dict) and keys:
            return key_name(keys)
    raise ValueError(f"no path element: {name!r}")


def field_name(name: str) -> str:
    """Name the member of a field."""
    return f"f:{name}"


def key_name(keys: Mapping[str, Any]) -> str:
    """Name the member of an item of an associative list."""
    return f"k:{_json(dict(sorted(keys.items())))}"


def value_name(value: Any) -> str:
    """Name the member of an item of a set."""
    return f"v:{_json(value)}"


def format_path(path: Iterable[str]) -> str:
    """Write a path as Kubernetes does: ``.spec.template.spec.containers[name="web"].image``."""
    return "".join(map(_format, path))


def _format(name: str) -> str:
    prefix, text = name[:2], name[2:]
    if prefix == "f:":
        return f".{text}"
    if prefix == "k:":
        return "[" + ",".join(f"{key}={_json(value)}" for key, value in json.loads(text).items()) + "]"
    return f"[={text}]" if prefix == "v:" else f"[{text}]"


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""``json.dumps`` would make an encoder for each item of each list of each write."""
