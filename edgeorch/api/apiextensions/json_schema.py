"""The schema of a custom resource: what OpenAPI v3 and JSON Schema say, as far as Kubernetes knows it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from edgeorch.api.meta import Int64, ListKeys, MergeKey, Model, Unsupported

NOT_EVALUATED = "rules in CEL are not evaluated: nothing is refused by them"

Number = int | float
"""A JSON number, given back as it was written."""


class ExternalDocumentation(Model):
    """Where more is to be read."""

    description: str = ""
    """What is to be read there."""
    url: str = ""
    """Where it is."""


class ValidationRule(Model):
    """A rule in CEL that a value has to keep."""

    rule: str
    """The expression; ``self`` is the value."""
    message: str = ""
    """What is said where the rule is not kept."""
    messageExpression: str = ""
    """An expression for that."""
    reason: str | None = None
    """The reason of the refusal: ``FieldValueInvalid`` (the default) and the like."""
    fieldPath: str = ""
    """The field that a refusal names, as a path below the value."""
    optionalOldSelf: bool | None = None
    """Whether a rule on the old value holds for new objects too."""


class JSONSchemaProps(Model):
    """What a value has to look like."""

    id: str = ""
    """Identifies the schema; without meaning here."""
    schema_: str = Field("", alias="$schema")
    """The dialect of the schema; without meaning here."""
    ref: str | None = Field(None, alias="$ref")
    """A reference to another schema, which is refused."""
    description: str = ""
    """What the value is for; ``kubectl explain`` shows it."""
    type: str = ""
    """``object``, ``array``, ``string``, ``integer``, ``number`` or ``boolean``."""
    format: str = ""
    """How a string or a number is to be read: ``date-time``, ``ipv4``, ``int32``..."""
    title: str = ""
    """A short name of the value."""
    default: Any = None
    """The value of a field that is left out."""
    maximum: Number | None = None
    """The greatest number."""
    exclusiveMaximum: bool = False
    """Whether the number must be less than ``maximum``."""
    minimum: Number | None = None
    """The least number."""
    exclusiveMinimum: bool = False
    """Whether the number must be greater than ``minimum``."""
    maxLength: Int64 | None = None
    """The most characters."""
    minLength: Int64 | None = None
    """The fewest characters."""
    pattern: str = ""
    """A regular expression that has to match somewhere in the text."""
    maxItems: Int64 | None = None
    """The most items."""
    minItems: Int64 | None = None
    """The fewest items."""
    uniqueItems: bool = False
    """Refused: comparing all items takes too long. ``x-kubernetes-list-type: set`` is for that."""
    multipleOf: Number | None = None
    """The number must be a multiple of this."""
    enum: list[Any] = Field(default_factory=list)
    """All values there are."""
    maxProperties: Int64 | None = None
    """The most members."""
    minProperties: Int64 | None = None
    """The fewest members."""
    required: list[str] = Field(default_factory=list)
    """Members that must be there."""
    items: JSONSchemaProps | None = None
    """What the items of an array look like."""
    allOf: list[JSONSchemaProps] = Field(default_factory=list)
    """Schemas that must all fit."""
    oneOf: list[JSONSchemaProps] = Field(default_factory=list)
    """Schemas of which exactly one must fit."""
    anyOf: list[JSONSchemaProps] = Field(default_factory=list)
    """Schemas of which at least one must fit."""
    not_: JSONSchemaProps | None = Field(None, alias="not")
    """A schema that must not fit."""
    properties: dict[str, JSONSchemaProps] = Field(default_factory=dict)
    """What the members of an object look like, by name."""
    additionalProperties: JSONSchemaProps | bool | None = None
    """What the entries of a map look like; ``true`` for anything."""
    patternProperties: dict[str, JSONSchemaProps] = Field(default_factory=dict)
    """Refused."""
    dependencies: dict[str, Any] = Field(default_factory=dict)
    """Refused."""
    additionalItems: JSONSchemaProps | bool | None = None
    """Refused."""
    definitions: dict[str, JSONSchemaProps] = Field(default_factory=dict)
    """Refused."""
    externalDocs: ExternalDocumentation | None = None
    """Where more is to be read."""
    example: Any = None
    """A value for people to look at."""
    nullable: bool = False
    """Whether ``null`` is a value of its own; else it is the same as to leave the field out."""
    x_preserve_unknown_fields: bool | None = Field(None, alias="x-kubernetes-preserve-unknown-fields")
    """Whether members that the schema does not name are kept."""
    x_embedded_resource: bool = Field(default=False, alias="x-kubernetes-embedded-resource")
    """Whether the value is a Kubernetes object of its own, with apiVersion, kind and metadata."""
    x_int_or_string: bool = Field(default=False, alias="x-kubernetes-int-or-string")
    """Whether the value is a number or a text."""
    x_list_map_keys: list[str] = Field(default_factory=list, alias="x-kubernetes-list-map-keys")
    """The members by which the items of a list of type ``map`` are told apart."""
    x_list_type: str | None = Field(None, alias="x-kubernetes-list-type")
    """``atomic`` (the default), ``set`` or ``map``: how a list is merged, and whether items may be equal."""
    x_map_type: str | None = Field(None, alias="x-kubernetes-map-type")
    """``granular`` (the default) or ``atomic``: whether an object is owned member by member or as a whole."""
    x_validations: Annotated[
        list[ValidationRule], MergeKey("rule"), ListKeys(("rule",)), Unsupported(NOT_EVALUATED)
    ] = Field(default_factory=list, alias="x-kubernetes-validations")
    """Rules in CEL."""
