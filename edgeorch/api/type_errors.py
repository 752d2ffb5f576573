"""From decoded JSON to models, with type errors in the words of Go's decoder.

kubectl's users know ``json: cannot unmarshal bool into Go struct field Container.spec.containers.image of type
string``; pydantic's report of the same is turned into it here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edgeorch.api.meta import Model
from edgeorch.api.schema import Kind, Type, format_path
from edgeorch.errors import BadRequest

ModelT = TypeVar("ModelT", bound=Model)

_VALUES: dict[type, str] = {
    bool: "bool",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
_OF_YAML = re.compile(r"line \d+: ")
_LAYOUT = "2006-01-02T15:04:05Z07:00"
"""RFC 3339, as Go writes a layout."""


def to_model(model: type[ModelT], body: dict[str, Any], *, api_version: str = "", kind: str = "") -> ModelT:
    """Build the typed object; raises BadRequest, worded as the API server words it.

    ``body`` is what :func:`edgeorch.api.field_check.check` has cleaned. ``api_version`` and ``kind`` name what
    the client sent.
    """
    try:
        return model.from_dict(body)
    except ValidationError as exc:
        raise cannot_handle(go_message(model, exc), api_version=api_version, kind=kind) from exc


def cannot_handle(problem: str, *, api_version: str, kind: str) -> BadRequest:
    """Build the API server's error about a body that it cannot decode."""
    version = api_version.rpartition("/")[2]
    subject = f'{kind} in version "{version}" cannot be handled as a {kind}: ' if kind else ""
    return BadRequest(f"{subject}{problem}")


def type_problem(model: type[Model], body: dict[str, Any]) -> str:
    """Say what :func:`to_model` would refuse, in Go's words; empty for nothing."""
    try:
        model.from_dict(body)
    except ValidationError as exc:
        return go_message(model, exc)
    return ""


def strict_error(problems: Sequence[str]) -> str:
    """Word what ``fieldValidation=Strict`` refuses; goes through :func:`cannot_handle`.

    What YAML's reader found is one error of several lines, as in go-yaml.
    """
    lines = [problem for problem in problems if _OF_YAML.match(problem)]
    others = [problem for problem in problems if not _OF_YAML.match(problem)]
    yaml = ["yaml: unmarshal errors:\n  " + "\n  ".join(lines)] if lines else []
    return f"strict decoding error: {', '.join(yaml + others)}"


def go_message(model: type[Model], error: ValidationError) -> str:
    """Say the first problem as Go's decoder would."""
    first = error.errors(include_url=False)[0]
    return _message(model, first)


def _message(model: type[Model], error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return f"{format_path(error['loc'])}: Required value"
    struct, names, wire = locate(model, error["loc"])
    value = error["input"]
    match wire.kind:
        case Kind.QUANTITY if error["type"] == "value_error":
            return _own_text(error)
        case Kind.TIME if isinstance(value, str):
            return (
                f"parsing time {_quoted(_quoted(value))} as {_quoted(_LAYOUT)}: cannot parse {_quoted(value)}"
            )
        case Kind.TIME:
            return f"json: cannot unmarshal {_described(value, Kind.STRING)} into Go value of type string"
        case Kind.INT_OR_STRING:
            return f"json: cannot unmarshal {_described(value, Kind.INT)} into Go value of type int32"
        case Kind.STRING | Kind.BYTES if error["type"] == "value_error":
            return _own_text(error)
    described = _described(value, wire.kind)
    if not names:
        return f"json: cannot unmarshal {described} into Go value of type {wire.go_name}"
    place = f"{struct}.{'.'.join(names)}"
    return f"json: cannot unmarshal {described} into Go struct field {place} of type {wire.go_name}"


def locate(model: type[Model], loc: tuple[int | str, ...]) -> tuple[str, list[str], Type]:
    """Follow pydantic's location through the schema: innermost struct, names of all fields, type there.

    Go names neither list indexes nor map keys. Where pydantic adds parts of its own (the member of a union)
    the walk has already ended.
    """
    struct, names, wire = model.__name__, list[str](), Type(Kind.OBJECT, model=model)
    for part in loc:
        if wire.kind is Kind.OBJECT and wire.schema.fields.get(str(part)) is not None:
            struct = wire.schema.name
            names.append(str(part))
            wire = wire.schema.fields[str(part)].type
        elif wire.element is not None and part != "[key]":
            wire = wire.element
        else:
            break
    return struct, names, wire


def _described(value: Any, wanted: Kind) -> str:
    word = _VALUES.get(type(value), "value")
    # Go names the number that does not fit into a number, and only the kind of value otherwise.
    return f"number {json.dumps(value)}" if word == "number" and wanted in {Kind.INT, Kind.FLOAT} else word


def _own_text(error: ErrorDetails) -> str:
    """Give the message of the ValueError that one of our validators raised."""
    return str(error.get("ctx", {}).get("error", error["msg"]))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
