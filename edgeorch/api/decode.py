"""Request bodies: bytes to plain JSON values, with what a strict reader must complain about.

Nothing but :class:`edgeorch.errors.BadRequest` comes out of here, whatever goes in: the size is limited by
whoever reads the body, depth and (in YAML) the growth by aliases are limited here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgeorch.api.field_check import MAX_FINDINGS
from edgeorch.api.schema import Path, format_path
from edgeorch.errors import BadRequest

MAX_DEPTH = 128
"""Levels of nesting. Kubernetes' own types need about 20; no encoder we use stops before 200."""

JSON = "application/json"
YAML = "application/yaml"
_SUMMARY = 30


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body."""

    value: Any
    """Plain JSON: None, bool, int, float, str, list, dict."""
    problems: tuple[str, ...] = ()
    """Keys that stand there twice, in Kubernetes' words: refused by Strict, told by Warn. The last one wins."""


def decode(data: bytes, *, yaml: bool = False, validation: str = "Warn", kind: str = "") -> Decoded:
    """Read a body; raises BadRequest.

    ``validation`` is the request's ``fieldValidation``; with ``Ignore`` duplicate keys are not even looked for,
    which is faster. ``kind`` is what was expected, for the error message.
    """
    try:
        return _decode(data, yaml=yaml, validation=validation)
    except _Malformed as exc:
        source = "" if yaml else "couldn't get version/kind; json parse error: "
        raise BadRequest(
            f"the object provided is unrecognized (must be of type {kind or 'unknown'}): "
            f"{source}{exc} ({summary(data)})"
        ) from exc


def decode_object(data: bytes, *, yaml: bool = False, validation: str = "Warn", kind: str = "") -> Decoded:
    """Read a body that must be a JSON object; raises BadRequest."""
    decoded = decode(data, yaml=yaml, validation=validation, kind=kind)
    if not isinstance(decoded.value, dict):
        raise BadRequest(
            f"the object provided is unrecognized (must be of type {kind or 'unknown'}): couldn't get "
            f"version/kind; json parse error: json: cannot unmarshal {_word(decoded.value)} into Go value of "
            f"type struct {{ APIVersion string; Kind string }} ({summary(data)})"
        )
    return decoded


def decode_patch(
    data: bytes,
    shape: type[dict[Any, Any] | list[Any]],
    *,
    about: str,
    yaml: bool = False,
    validation: str = "Warn",
) -> Decoded:
    """Read a patch, an object or a list as ``shape`` says; raises BadRequest that begins with ``about``."""
    try:
        decoded = _decode(data, yaml=yaml, validation=validation)
    except _Malformed as exc:
        raise BadRequest(f"{about}{exc}") from exc
    if not isinstance(decoded.value, shape):
        source = "error unmarshaling JSON: while decoding JSON: " if yaml else ""
        wanted = "map[string]interface {}" if shape is dict else "[]interface {}"
        raise BadRequest(
            f"{about}{source}json: cannot unmarshal {_word(decoded.value)} into Go value of type {wanted}"
        )
    return decoded


def _decode(data: bytes, *, yaml: bool, validation: str) -> Decoded:
    if yaml:
        return _decode_yaml(data)
    return Decoded(_fast_json(data)) if validation == "Ignore" else _decode_json(data)


class _Malformed(Exception):
    """The text is no JSON or YAML, or goes beyond a limit."""


def _decode_json(data: bytes) -> Decoded:
    duplicates = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal duplicates
        members = dict(pairs)
        duplicates = duplicates or len(members) != len(pairs)
        return members

    value = _load(data, lambda text: json.loads(text, object_pairs_hook=members, parse_constant=_no_constant))
    if not duplicates:
        return Decoded(value)
    # Rare, so the places are found in a second reading, which keeps every pair.
    paired = _load(data, lambda text: json.loads(text, object_pairs_hook=_Pairs))
    found: list[str] = []
    _find_duplicates(paired, (), found)
    return Decoded(value, tuple(f'duplicate field "{path}"' for path in dict.fromkeys(found)))


class _Pairs(list[tuple[str, Any]]):
    """The members of an object as they stand in the text."""


def _find_duplicates(value: Any, at: Path, found: list[str]) -> None:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            if key in seen and len(found) < MAX_FINDINGS:
                found.append(format_path((*at, key)))
            seen.add(key)
            _find_duplicates(item, (*at, key), found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _find_duplicates(item, (*at, index), found)


def _fast_json(data: bytes) -> Any:
    try:
        import orjson  # noqa: PLC0415  # the server has it, agent and command line need not
    except ImportError:
        return _decode_json(data).value
    try:
        return _bounded(data, orjson.loads(data))
    except orjson.JSONDecodeError:
        # Lone surrogates are refused by orjson and replaced by Go and by the slow path, which also says
        # what is wrong in Go's words.
        return _decode_json(data).value


def _load(data: bytes, loads: Callable[[str], Any]) -> Any:
    try:
        value = loads(data.decode("utf-8-sig", errors="replace"))
    except RecursionError as exc:
        raise _Malformed("exceeded max depth") from exc
    except json.JSONDecodeError as exc:
        raise _Malformed(_syntax_error(exc)) from exc
    except ValueError as exc:
        raise _Malformed(str(exc)) from exc
    return _repaired(data, _bounded(data, value))


_LOOKING_FOR = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Illegal trailing comma before end of array": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
    "Invalid \\uXXXX escape": "in \\u hexadecimal character escape",
}


def _syntax_error(error: json.JSONDecodeError) -> str:
    """Say what is wrong with a JSON text as Go's scanner would."""
    found = error.doc[error.pos :].lstrip(" \t\r\n")
    looking_for = next((said for text, said in _LOOKING_FOR.items() if error.msg.startswith(text)), "")
    if not found or not looking_for:
        return "unexpected end of JSON input"
    return f"invalid character {_go_rune(found[0])} {looking_for}"


def _go_rune(char: str) -> str:
    return {"'": r"'\''", '"': "'\"'", "\n": r"'\n'", "\t": r"'\t'"}.get(char, f"'{char}'")


def _no_constant(name: str) -> Any:
    """Refuse NaN and the infinities, which Python reads and JSON does not know."""
    raise ValueError(f"invalid character '{name[0]}' looking for beginning of value")


def _bounded(data: bytes, value: Any) -> Any:
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH:
        level = [value]
        for _ in range(MAX_DEPTH):
            level = [child for parent in level for child in _children(parent)]
            if not level:
                return value
        raise _Malformed("exceeded max depth")
    return value


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [child for child in value.values() if isinstance(child, dict | list)]
    return [child for child in value if isinstance(child, dict | list)] if isinstance(value, list) else []


def _repaired(data: bytes, value: Any) -> Any:
    return _without_surrogates(value) if b"\\ud" in data.lower() else value


def _without_surrogates(value: Any) -> Any:
    r"""Replace ``\ud800`` without its other half by U+FFFD, as Go does: it cannot be written as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value


def _decode_yaml(data: bytes) -> Decoded:
    from edgeorch.api.yaml_json import YamlError, read_documents  # noqa: PLC0415  # YAML bodies are rare

    try:
        # Like Kubernetes' decoder, which converts the first document and leaves the rest alone.
        first = next(read_documents(data, max_depth=MAX_DEPTH), None)
    except YamlError as exc:
        raise _Malformed(f"error converting YAML to JSON: {exc}") from exc
    if first is None:
        return Decoded(None)
    return Decoded(_repaired(data, first.value), first.problems[:MAX_FINDINGS])


def summary(data: bytes) -> str:
    """Give the first bytes of a body, as apimachinery shows them in such errors."""
    if not data:
        return "<empty>"
    start = data[:_SUMMARY]
    more = f" ... (truncated, {len(data)} bytes)" if len(data) > _SUMMARY else ""
    try:
        text = start.decode()
    except UnicodeDecodeError:
        return f"hex: {start.hex()}{more}"
    return json.dumps(text, ensure_ascii=False) + more


def _word(value: Any) -> str:
    words = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return words.get(type(value), "null")
