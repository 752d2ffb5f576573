"""Type errors of a strategic merge patch, in the words of Kubernetes' converter.

The API server decodes the result of every other patch as JSON; that of a strategic one it converts from maps
(``runtime.DefaultUnstructuredConverter``), which names Go's kinds of values instead of fields, and shows the
patch itself as Go prints a map.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from edgeorch.api.meta import Model
from edgeorch.api.schema import Kind
from edgeorch.api.type_errors import go_message, locate

_KINDS: dict[type, str] = {
    bool: "bool",
    int: "int64",
    float: "float64",
    str: "string",
    list: "slice",
    dict: "map",
}
_CONVERTIBLE = frozenset({("int64", Kind.STRING), ("int64", Kind.FLOAT), ("float64", Kind.INT)})
"""What Go's language could convert, so that the converter says that it will not."""


def type_problem(model: type[Model], body: dict[str, Any]) -> str:
    """Say which value does not fit into the model; empty for none."""
    try:
        model.from_dict(body)
    except ValidationError as exc:
        return _message(model, exc)
    return ""


def _message(model: type[Model], error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    _, _, wire = locate(model, first["loc"])
    kind = _KINDS.get(type(first["input"]))
    if kind is None or first["type"] in {"missing", "value_error"}:
        return go_message(model, error)
    match wire.kind:
        case Kind.OBJECT:
            return f"cannot restore struct from: {kind}"
        case Kind.MAP:
            return f"cannot restore map from {kind}"
        case Kind.LIST | Kind.BYTES:
            return f"cannot restore slice from {kind}"
        case Kind.STRING | Kind.BOOL | Kind.INT | Kind.FLOAT if (kind, wire.kind) in _CONVERTIBLE:
            return f"cannot convert {kind} to {wire.go_name}"
        case Kind.STRING | Kind.BOOL | Kind.INT | Kind.FLOAT:
            return f"unrecognized type: {wire.go_name}"
    return go_message(model, error)  # a type that reads its own JSON
