"""Checking a value against its schema, in the words of ``kube-openapi/pkg/validation``.

What Kubernetes reports of a custom resource is put together in ``kubeOpenAPIResultToFieldErrors`` of
apiextensions-apiserver: kind of finding, field, and a sentence that names the field once more.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from edgeorch.api.apiextensions.json_schema import JSONSchemaProps
from edgeorch.api.custom.formats import fits
from edgeorch.api.custom.ratcheting import NOTHING, Before, canonical, key_of, keys_of
from edgeorch.api.validation import (
    FieldError,
    Path,
    bad,
    duplicate,
    not_supported,
    required,
    too_long,
    too_many,
    wrong_type,
)

MAX_ERRORS = 100
"""What is found beyond that helps nobody."""


def check(schema: JSONSchemaProps, value: Any, path: Path, before: Before = NOTHING) -> list[FieldError]:
    """Check a value and all that is in it, but for what is as it was before."""
    found: list[FieldError] = []
    for error in _check(schema, value, path, before):
        found.append(error)
        if len(found) == MAX_ERRORS:
            break
    return found


def _check(schema: JSONSchemaProps, value: Any, path: Path, before: Before = NOTHING) -> Iterator[FieldError]:
    if value is None and schema.nullable:
        return
    if before.is_like(value):
        return
    wanted = _wanted_types(schema)
    given = json_type(value)
    if wanted and given not in wanted and not (given == "integer" and "number" in wanted):
        yield wrong_type(path, given, f'{path} in body must be of type {",".join(wanted)}: "{given}"')
        return
    if schema.enum and not any(_equal(value, one) for one in schema.enum):
        yield not_supported(
            path, value, [one if isinstance(one, str) else canonical(one) for one in schema.enum]
        )
    if isinstance(value, str):
        yield from _check_text(schema, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _check_number(schema, value, path)
    elif isinstance(value, list):
        yield from _check_list(schema, value, path, before)
    elif isinstance(value, dict):
        yield from _check_object(schema, value, path, before)
    yield from _check_combined(schema, value, path)


def json_type(value: Any) -> str:
    """Name the type of a value as JSON Schema does; a number without a fraction is an integer."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if math.isfinite(value) and value == int(value) else "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _wanted_types(schema: JSONSchemaProps) -> tuple[str, ...]:
    if schema.x_int_or_string:
        return ("integer", "string")
    return (schema.type,) if schema.type else ()


def _check_text(schema: JSONSchemaProps, value: str, path: Path) -> Iterator[FieldError]:
    if schema.maxLength is not None and len(value) > schema.maxLength:
        yield too_long(path, schema.maxLength)
    if schema.minLength is not None and len(value) < schema.minLength:
        yield bad(path, value, f"{path} in body should be at least {schema.minLength} chars long")
    if schema.pattern:
        pattern = compiled(schema.pattern)
        if pattern is not None and not pattern.search(value):
            yield bad(path, value, f"{path} in body should match '{schema.pattern}'")
    if schema.format and not fits(schema.format, value):
        yield wrong_type(
            path,
            value,
            f"{path} in body must be of type {schema.format}: {json.dumps(value, ensure_ascii=False)}",
        )


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str] | None:
    r"""Compile a pattern of Go's; None for one that Python does not know (``\p{L}``), which then fits all."""
    try:
        return re.compile(pattern.replace(r"\z", r"\Z"))
    except re.error:
        return None


def _check_number(schema: JSONSchemaProps, value: float, path: Path) -> Iterator[FieldError]:
    most, least = schema.maximum, schema.minimum
    if most is not None and (value >= most if schema.exclusiveMaximum else value > most):
        than = "less than" if schema.exclusiveMaximum else "less than or equal to"
        yield bad(path, value, f"{path} in body should be {than} {canonical(most)}")
    if least is not None and (value <= least if schema.exclusiveMinimum else value < least):
        than = "greater than" if schema.exclusiveMinimum else "greater than or equal to"
        yield bad(path, value, f"{path} in body should be {than} {canonical(least)}")
    if schema.multipleOf and not _is_multiple(value, schema.multipleOf):
        yield bad(path, value, f"{path} in body should be a multiple of {canonical(schema.multipleOf)}")


def _is_multiple(value: float, of: float) -> bool:
    ratio = value / of
    return math.isclose(ratio, round(ratio), abs_tol=1e-9)


def _check_list(schema: JSONSchemaProps, value: list[Any], path: Path, before: Before) -> Iterator[FieldError]:
    if schema.maxItems is not None and len(value) > schema.maxItems:
        yield too_many(path, len(value), schema.maxItems)
    if schema.minItems is not None and len(value) < schema.minItems:
        yield bad(path, len(value), f"{path} in body should have at least {schema.minItems} items")
    if schema.items is not None:
        olds = before.items(schema)
        for index, item in enumerate(value):
            old = olds.get(key_of(schema, item), NOTHING) if olds else NOTHING
            yield from _check(schema.items, item, path.at(index), old)
    if schema.x_list_type in {"set", "map"} and not _had_twins(schema, before.value):
        yield from _check_unique(schema, value, path)


def _had_twins(schema: JSONSchemaProps, before: Any) -> bool:
    return isinstance(before, list) and any(_check_unique(schema, before, Path()))


def _check_unique(schema: JSONSchemaProps, value: Sequence[Any], path: Path) -> Iterator[FieldError]:
    """Find items that are there twice, in a set, or with the same keys (``listtype/validation.go``)."""
    seen: set[str] = set()
    for index, item in enumerate(value):
        shown = item
        if schema.x_list_type == "map":
            if not isinstance(item, dict):
                continue
            shown = keys_of(schema, item)
        text = canonical(shown)
        if text in seen:
            yield duplicate(path.at(index), shown)
        seen.add(text)


def _check_object(
    schema: JSONSchemaProps, value: dict[str, Any], path: Path, before: Before
) -> Iterator[FieldError]:
    if schema.maxProperties is not None and len(value) > schema.maxProperties:
        yield too_many(path, len(value), schema.maxProperties)
    if schema.minProperties is not None and len(value) < schema.minProperties:
        yield bad(path, len(value), f"{path} in body should have at least {schema.minProperties} properties")
    for name in schema.required:
        if name not in value:
            yield required(path.child(name))
    others = schema.additionalProperties
    for name, member in value.items():
        known = schema.properties.get(name)
        if known is None and isinstance(others, JSONSchemaProps):
            known = others
        if known is not None:
            yield from _check(known, member, path.child(name), before.member(name))
    if schema.x_embedded_resource:
        for name in ("apiVersion", "kind"):
            if not value.get(name):
                yield required(path.child(name), "must not be empty")


def _check_combined(schema: JSONSchemaProps, value: Any, path: Path) -> Iterator[FieldError]:
    where = json.dumps(str(path))
    for one in schema.allOf:
        yield from _check(one, value, path)
    if schema.anyOf and not any(_fits(one, value, path) for one in schema.anyOf):
        yield bad(path, "", f"{where} must validate at least one schema (anyOf)")
    if schema.oneOf:
        fitting = sum(_fits(one, value, path) for one in schema.oneOf)
        if fitting != 1:
            found = f"Found {fitting} valid alternatives" if fitting else "Found none valid"
            yield bad(path, "", f"{where} must validate one and only one schema (oneOf). {found}")
    if schema.not_ is not None and _fits(schema.not_, value, path):
        yield bad(path, "", f"{where} must not validate the schema (not)")


def _fits(schema: JSONSchemaProps, value: Any, path: Path) -> bool:
    return next(_check(schema, value, path), None) is None


def _equal(value: Any, one: Any) -> bool:
    """Compare JSON values: 1 and true are two things."""
    return bool(value == one) and isinstance(value, bool) == isinstance(one, bool)
