"""The schema of a custom resource in the form in which the models' fields are described.

Server-side apply reads it: how lists are merged, and what is owned as a whole (``typeconverter.go`` makes its
types of the same OpenAPI extensions). All is a pointer in the sense of that form: what is written is there.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgeorch.api.apiextensions.json_schema import JSONSchemaProps
from edgeorch.api.meta import Object
from edgeorch.api.schema import Field, Kind, ObjectSchema, Type, schema_of

_SCALARS: Mapping[str, Kind] = {
    "string": Kind.STRING,
    "boolean": Kind.BOOL,
    "integer": Kind.INT,
    "number": Kind.FLOAT,
}
_ANYTHING = Field("", "", Type(Kind.ANY, pointer=True))


def object_schema(kind: str, schema: JSONSchemaProps) -> ObjectSchema:
    """Describe the fields of a kind: those of every object, and those of the schema."""
    own = _fields(schema)
    return ObjectSchema(kind, {**own, **schema_of(Object).fields}, (), frozenset(), _rest(schema))


def _fields(schema: JSONSchemaProps) -> dict[str, Field]:
    fields = {name: _field(name, known) for name, known in schema.properties.items()}
    if schema.x_embedded_resource:
        fields |= schema_of(Object).fields
    return fields


def _rest(schema: JSONSchemaProps) -> Field | None:
    return _ANYTHING if schema.x_preserve_unknown_fields else None


def _field(name: str, schema: JSONSchemaProps) -> Field:
    keys: tuple[str, ...] | None = None
    if schema.x_list_type == "set":
        keys = ()
    elif schema.x_list_type == "map":
        keys = tuple(schema.x_list_map_keys)
    items = schema.items.properties if schema.items is not None else {}
    defaults = tuple(
        (key, items[key].default) for key in keys or () if key in items and items[key].default is not None
    )
    return Field(name, name, _type(schema), list_keys=keys, key_defaults=defaults)


def _type(schema: JSONSchemaProps) -> Type:
    others, atomic = schema.additionalProperties, schema.x_map_type == "atomic"
    if schema.x_int_or_string:
        return Type(Kind.INT_OR_STRING, pointer=True)
    match schema.type:
        case "array" if schema.items is not None:
            return Type(Kind.LIST, element=_type(schema.items), pointer=True)
        case "object" if isinstance(others, JSONSchemaProps):
            return Type(Kind.MAP, element=_type(others), atomic=atomic, pointer=True)
        case "object":
            own = ObjectSchema("", _fields(schema), (), frozenset(), _rest(schema))
            return Type(Kind.OBJECT, own=own, atomic=atomic, pointer=True)
        case name:
            return Type(_SCALARS.get(name, Kind.ANY), pointer=True)
