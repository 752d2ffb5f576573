"""Which schemas are structural: those that say of every value what it is.

Follows ``apiextensions-apiserver/pkg/apiserver/schema/validation.go`` and the validation of schemas in
``pkg/apis/apiextensions/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgeorch.api.apiextensions.json_schema import JSONSchemaProps
from edgeorch.api.custom import checking, defaulting
from edgeorch.api.custom.pruning import pruned
from edgeorch.api.validation import FieldError, Path, bad, forbidden, not_supported, required

TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNDEFINED = "must be undefined"
_META = frozenset({"name", "generateName"})


def check_root(schema: JSONSchemaProps, path: Path) -> list[FieldError]:
    """Check the schema of a whole object."""
    errors = [*_check_meta(schema, path)]
    if not schema.type:
        errors.append(required(path.child("type"), "must not be empty at the root"))
    elif schema.type != "object":
        errors.append(bad(path.child("type"), schema.type, "must be object at the root"))
    return [*errors, *_check(schema, path, root=True)]


def _check_meta(schema: JSONSchemaProps, path: Path) -> Iterator[FieldError]:
    meta = schema.properties.get("metadata")
    if meta is None:
        return
    place = path.child("properties").key("metadata")
    plain = meta.model_copy(update={"properties": {}, "description": ""})
    if plain not in (JSONSchemaProps(), JSONSchemaProps(type="object")) or meta.properties.keys() - _META:
        yield forbidden(
            place,
            "must not specify anything other than name and generateName, but metadata is implicitly specified",
        )


def _check(schema: JSONSchemaProps, path: Path, *, root: bool = False) -> Iterator[FieldError]:
    yield from _check_refused(schema, path)
    yield from _check_extensions(schema, path)
    if schema.type and schema.type not in TYPES:
        yield not_supported(path.child("type"), schema.type, TYPES)
    if schema.pattern and not _is_pattern(schema.pattern):
        yield bad(path.child("pattern"), schema.pattern, "must be a valid regular expression")
    if schema.type == "array" and schema.items is None:
        yield required(path.child("items"), "must be specified")
    if schema.default is not None:
        yield from _check_default(schema, path, root=root)
    for name, known in schema.properties.items():
        inner = path.child("properties").key(name)
        if not (root and name == "metadata"):
            yield from _check_specified(known, inner, "for specified object fields")
            yield from _check(known, inner)
    if isinstance(schema.additionalProperties, JSONSchemaProps):
        inner = path.child("additionalProperties")
        yield from _check_specified(schema.additionalProperties, inner, "for specified object fields")
        yield from _check(schema.additionalProperties, inner)
    if schema.items is not None:
        yield from _check_specified(schema.items, path.child("items"), "for specified array items")
        yield from _check(schema.items, path.child("items"))
    for place, junctor in _junctors(schema, path):
        yield from _check_values_only(junctor, place)


def _check_specified(schema: JSONSchemaProps, path: Path, where: str) -> Iterator[FieldError]:
    if not schema.type and not schema.x_int_or_string and not schema.x_preserve_unknown_fields:
        yield required(path.child("type"), f"must not be empty {where}")


def _check_refused(schema: JSONSchemaProps, path: Path) -> Iterator[FieldError]:
    if schema.uniqueItems:
        why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden(path.child("uniqueItems"), why)
    if schema.additionalProperties is False:
        yield forbidden(path.child("additionalProperties"), "additionalProperties cannot be set to false")
    if schema.properties and schema.additionalProperties is not None:
        yield forbidden(
            path.child("additionalProperties"), "additionalProperties and properties are mutual exclusive"
        )
    refused = {
        "definitions": schema.definitions,
        "dependencies": schema.dependencies,
        "patternProperties": schema.patternProperties,
        "additionalItems": schema.additionalItems,
        "$ref": schema.ref,
    }
    for name, value in refused.items():
        if value:
            yield forbidden(path.child(name), f"{name} is not supported")


def _check_extensions(schema: JSONSchemaProps, path: Path) -> Iterator[FieldError]:
    if schema.x_preserve_unknown_fields is False:
        yield bad(
            path.child("x-kubernetes-preserve-unknown-fields"),
            schema.x_preserve_unknown_fields,
            "must be true or undefined",
        )
    if schema.x_map_type and schema.type != "object":
        yield bad(path.child("type"), schema.type, "must be object if x-kubernetes-map-type is specified")
    if schema.x_map_type not in {None, "atomic", "granular"}:
        yield not_supported(path.child("x-kubernetes-map-type"), schema.x_map_type, ("granular", "atomic"))
    if schema.x_embedded_resource and schema.type != "object":
        yield bad(path.child("type"), schema.type, "must be object if x-kubernetes-embedded-resource is true")
    if schema.x_embedded_resource and not schema.properties and not schema.x_preserve_unknown_fields:
        without = "without x-kubernetes-preserve-unknown-fields"
        why = f"must not be empty if x-kubernetes-embedded-resource is true {without}"
        yield required(path.child("properties"), why)
    if schema.x_int_or_string and schema.type:
        why = "must be empty if x-kubernetes-int-or-string is true"
        yield bad(path.child("type"), schema.type, why)
    yield from _check_list(schema, path)


def _check_list(schema: JSONSchemaProps, path: Path) -> Iterator[FieldError]:
    kind, keys = schema.x_list_type, schema.x_list_map_keys
    if kind not in {None, "atomic", "set", "map"}:
        yield not_supported(path.child("x-kubernetes-list-type"), kind, ("atomic", "set", "map"))
    if kind is not None and schema.type != "array":
        yield bad(path.child("type"), schema.type, "must be array if x-kubernetes-list-type is specified")
    place = path.child("x-kubernetes-list-map-keys")
    if kind != "map":
        if keys:
            yield bad(
                path.child("x-kubernetes-list-type"),
                kind or "",
                "must be map if x-kubernetes-list-map-keys is non-empty",
            )
        return
    if not keys:
        yield required(place, "must not be empty if x-kubernetes-list-type is map")
    members = schema.items.properties if schema.items is not None else {}
    needed = schema.items.required if schema.items is not None else []
    for index, key in enumerate(keys):
        if key not in members:
            yield bad(place.at(index), key, "must be a property of the items")
        elif key not in needed and members[key].default is None:
            needs = "it must have a default or be a required property"
            why = f"this property is in x-kubernetes-list-map-keys, so {needs}"
            yield required(path.child("items", "properties").key(key).child("default"), why)


def _check_default(schema: JSONSchemaProps, path: Path, *, root: bool) -> Iterator[FieldError]:
    place = path.child("default")
    if root:
        yield forbidden(place, "must not be set at the root")
        return
    if (
        isinstance(schema.default, dict)
        and pruned(schema, schema.default, is_object=schema.x_embedded_resource)[1]
    ):
        yield bad(place, schema.default, "must not have unknown fields")
    complete = JSONSchemaProps.from_json(schema.to_json()).default
    defaulting.fill(schema, complete)
    yield from checking.check(schema, complete, place)


def _junctors(schema: JSONSchemaProps, path: Path) -> Iterator[tuple[Path, JSONSchemaProps]]:
    for name, schemas in (("allOf", schema.allOf), ("anyOf", schema.anyOf), ("oneOf", schema.oneOf)):
        for index, one in enumerate(schemas):
            yield path.child(name).at(index), one
    if schema.not_ is not None:
        yield path.child("not"), schema.not_


def _check_values_only(schema: JSONSchemaProps, path: Path) -> Iterator[FieldError]:
    """Check what stands within a junctor: it may check values, and must not say what there is."""
    if schema in (JSONSchemaProps(type="integer"), JSONSchemaProps(type="string")):
        return  # the one way to write int-or-string in plain OpenAPI
    said = {
        "type": schema.type,
        "additionalProperties": schema.additionalProperties,
        "default": schema.default,
        "description": schema.description,
        "title": schema.title,
        "nullable": schema.nullable,
        "x-kubernetes-preserve-unknown-fields": schema.x_preserve_unknown_fields,
        "x-kubernetes-embedded-resource": schema.x_embedded_resource,
        "x-kubernetes-int-or-string": schema.x_int_or_string,
    }
    for name, value in said.items():
        if value:
            yield forbidden(path.child(name), f"{_UNDEFINED} to be structural")
    for name, known in schema.properties.items():
        yield from _check_values_only(known, path.child("properties").key(name))
    if schema.items is not None:
        yield from _check_values_only(schema.items, path.child("items"))
    for place, junctor in _junctors(schema, path):
        yield from _check_values_only(junctor, place)


def _is_pattern(text: str) -> bool:
    """Whether a pattern can be read; what only Go knows is let through, and fits everything."""
    try:
        re.compile(text.replace(r"\z", r"\Z"))
    except re.error:
        return bool(re.search(r"\\[pPQCz]|\[\[:", text))
    return True
