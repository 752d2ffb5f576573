"""One table of all fields, derived from the models: what is a list of what, merged by which key.

Field validation, Go's type errors, strategic merge patches (and later OpenAPI, protobuf and server-side apply)
all read this one structure, so a field is described in one place, its model. It is derived when it is first
asked for and kept per class; nothing happens on import.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from edgeorch.api.base64_text import Base64
from edgeorch.api.meta import Atomic, ListKeys, Mandatory, MergeKey, Model, Replaced, Time, Unsupported
from edgeorch.api.quantity import Quantity

Path = tuple[str | int, ...]
"""Where in a document: field names, map keys and list indexes."""


class Kind(enum.Enum):
    """What a value is on the wire."""

    STRING = "string"
    BYTES = "[]uint8"
    """Base64."""
    BOOL = "bool"
    INT = "int"
    FLOAT = "float64"
    TIME = "time"
    QUANTITY = "quantity"
    INT_OR_STRING = "int-or-string"
    OBJECT = "object"
    """A JSON object with the fields of a model."""
    MAP = "map"
    """A JSON object with free keys."""
    LIST = "list"
    ANY = "any"
    """Free JSON."""


SCALARS = frozenset(Kind) - {Kind.OBJECT, Kind.MAP, Kind.LIST, Kind.ANY}

_ZEROS: Mapping[Kind, Any] = {
    Kind.STRING: "",
    Kind.BYTES: "",
    Kind.BOOL: False,
    Kind.INT: 0,
    Kind.FLOAT: 0.0,
    Kind.QUANTITY: "0",
    Kind.INT_OR_STRING: 0,
}
_GO_NAMES = {Kind.TIME: "v1.Time", Kind.QUANTITY: "resource.Quantity", Kind.INT_OR_STRING: "intstr.IntOrString"}
_PLAIN: Mapping[Any, Kind] = {
    str: Kind.STRING,
    bool: Kind.BOOL,
    int: Kind.INT,
    float: Kind.FLOAT,
    Any: Kind.ANY,
}
_INT32_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a field, a list's element or a map's value."""

    kind: Kind
    model: type[Model] | None = None
    """For OBJECT, and for ANY that may be one."""
    own: ObjectSchema | None = None
    """For OBJECT: the fields, where no model has them."""
    element: Type | None = None
    """For LIST and MAP."""
    pointer: bool = False
    """``None`` is a value of its own: a pointer in Go, "absent" is not "zero"."""
    bits: int = 64
    """For INT: 32 or 64."""
    atomic: bool = False
    """For OBJECT and MAP: server-side apply takes it as one value."""

    @property
    def schema(self) -> ObjectSchema:
        """The fields of an OBJECT."""
        if self.own is not None:
            return self.own
        if self.model is None:
            raise TypeError(f"{self.kind} has no fields")
        return schema_of(self.model)

    @property
    def go_name(self) -> str:
        """The type's name in Go's error messages (``int32``, ``[]v1.Container``, ``map[string]string``)."""
        match self.kind:
            case Kind.OBJECT:
                return f"v1.{self.schema.name}"
            case Kind.LIST | Kind.MAP if self.element is not None:
                return ("[]" if self.kind is Kind.LIST else "map[string]") + self.element.go_name
            case Kind.INT:
                return f"int{self.bits}"
            case _:
                return _GO_NAMES.get(self.kind) or str(self.kind.value)

    def zero(self) -> Any:
        """Build Go's zero value as it stands on the wire; None where that is ``null``."""
        match self.kind:
            case Kind.OBJECT:
                return {name: self.schema.fields[name].type.zero() for name in self.schema.required}
            case Kind.MAP:
                return {}
            case Kind.LIST:
                return []
            case _:
                return _ZEROS.get(self.kind)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a model."""

    name: str
    """On the wire."""
    attribute: str
    """In Python; differs only for Python's keywords."""
    type: Type
    required: bool = False
    """Kubernetes always sends it, and the model has no default for it."""
    mandatory: bool = False
    """Kubernetes' documents call it required."""
    merge_key: str | None = None
    """Strategic merge merges the list: by this key, or (empty) as a set of scalars. None: it is replaced."""
    retain_keys: bool = False
    """Strategic merge honours ``$retainKeys`` here."""
    replaced: bool = False
    """Strategic merge replaces the object instead of merging its members."""
    list_keys: tuple[str, ...] | None = None
    """Server-side apply: keys of an associative list, empty for a set, None for an atomic list."""
    key_defaults: tuple[tuple[str, str], ...] = ()
    """Values of list keys that an item may leave out."""
    unsupported: str = ""
    """Why setting this field has no effect here."""


@dataclass(frozen=True, slots=True, eq=False)
class ObjectSchema:
    """All fields of a model, or of a part of a custom resource."""

    name: str
    """The Go type's name, without its package."""
    fields: Mapping[str, Field]
    """By wire name, in the model's order."""
    required: tuple[str, ...]
    """Wire names of the fields without a default whose zero value can be written."""
    plain: frozenset[str]
    """Wire names of the fields that are scalars and supported: nothing about them needs a closer look."""
    rest: Field | None = None
    """Describes all other members, where there may be others."""


def schema_of(model: type[Model]) -> ObjectSchema:
    """Give the schema of a model; derived once."""
    return model.described or _derived(model)


@functools.cache
def _derived(model: type[Model]) -> ObjectSchema:
    fields = [_field(attribute, info) for attribute, info in model.model_fields.items()]
    required = tuple(f.name for f in fields if f.required and f.type.kind is not Kind.TIME)
    plain = frozenset(f.name for f in fields if f.type.kind in SCALARS and not f.unsupported)
    return ObjectSchema(model.__name__, {f.name: f for f in fields}, required, plain)


def format_path(path: Iterable[str | int]) -> str:
    """Write a path as Kubernetes does: ``spec.containers[0].image``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _field(attribute: str, info: FieldInfo) -> Field:
    marks = _flat(info.metadata)
    merge = next((mark for mark in marks if isinstance(mark, MergeKey)), None)
    lists = next((mark for mark in marks if isinstance(mark, ListKeys)), None)
    unsupported = next((mark for mark in marks if isinstance(mark, Unsupported)), None)
    return Field(
        name=info.alias or attribute,
        attribute=attribute,
        type=_type(info.annotation, marks),
        required=info.is_required(),
        mandatory=info.is_required() or any(isinstance(mark, Mandatory) for mark in marks),
        merge_key=merge.key if merge else None,
        retain_keys=merge.retain_keys if merge else False,
        replaced=any(isinstance(mark, Replaced) for mark in marks),
        list_keys=lists.keys if lists else None,
        key_defaults=lists.defaults if lists else (),
        unsupported=unsupported.why if unsupported else "",
    )


def _type(annotation: Any, marks: list[Any]) -> Type:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type(arguments[0], marks + _flat(arguments[1:]))
    if origin in {typing.Union, types.UnionType}:
        some = [argument for argument in arguments if argument is not types.NoneType]
        if set(some) == {int, str}:
            return Type(Kind.INT_OR_STRING, pointer=len(some) < len(arguments))
        if set(some) == {int, float}:
            return Type(Kind.FLOAT, pointer=len(some) < len(arguments))
        inner = _type(some[0], marks)
        if inner.model is not None and some[1:] == [bool]:
            return Type(Kind.ANY, model=inner.model, pointer=len(some) < len(arguments))
        if len(some) != 1:
            raise TypeError(f"no wire type for {annotation}")
        return dataclasses.replace(inner, pointer=True)
    if origin is list:
        return Type(Kind.LIST, element=_type(arguments[0], []))
    if origin is dict:
        return Type(Kind.MAP, element=_type(arguments[1], []), atomic=_is_atomic(marks))
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return Type(Kind.OBJECT, model=annotation, atomic=annotation.atomic or _is_atomic(marks))
    return _scalar(annotation, marks)


def _is_atomic(marks: list[Any]) -> bool:
    return any(isinstance(mark, Atomic) for mark in marks)


def _scalar(annotation: Any, marks: list[Any]) -> Type:
    if annotation is str and any(mark in _marks_of(Quantity) for mark in marks):
        return Type(Kind.QUANTITY)
    if annotation is str and any(mark in _marks_of(Base64) for mark in marks):
        return Type(Kind.BYTES)
    if annotation is str and any(getattr(mark, "pattern", None) == _time_pattern() for mark in marks):
        return Type(Kind.TIME)
    kind = _PLAIN.get(annotation)
    if kind is None:
        raise TypeError(f"no wire type for {annotation}")
    if kind is Kind.INT and any(getattr(mark, "le", None) == _INT32_MAX for mark in marks):
        return Type(kind, bits=32)
    return Type(kind)


def _flat(marks: Iterable[Any]) -> list[Any]:
    """Unpack the ``Field(...)`` of a nested ``Annotated`` into the constraints it stands for."""
    return [inner for mark in marks for inner in (mark.metadata if isinstance(mark, FieldInfo) else [mark])]


def _marks_of(annotated: Any) -> list[Any]:
    return _flat(annotated.__metadata__)


def _time_pattern() -> str:
    return next(str(mark.pattern) for mark in _marks_of(Time) if hasattr(mark, "pattern"))
