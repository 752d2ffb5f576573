"""The schema table: derived from models, complete, and equal to Kubernetes' own description."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import Field as ModelField

import edgeorch.api
from edgeorch.api.base64_text import Base64
from edgeorch.api.core.config import Secret
from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod, PodSpec
from edgeorch.api.meta import (
    Atomic,
    Int32,
    IntOrString,
    ListKeys,
    MergeKey,
    Model,
    ObjectMeta,
    Replaced,
    Required,
    Time,
    Unsupported,
)
from edgeorch.api.quantity import Quantity
from edgeorch.api.schema import Kind, Type, format_path, schema_of


class _Leaf(Model):
    name: str
    when: Time | None = None


class _Sample(Model):
    text: str = ""
    raw: Base64 = ""
    flag: bool | None = None
    small: Int32 = 0
    large: int = 0
    ratio: float = 0
    amount: Quantity = "0"
    when: Time
    port: IntOrString | None = None
    leaf: _Leaf = ModelField(default_factory=lambda: _Leaf(name=""))
    needed: Annotated[_Leaf, Replaced()]
    leaves: Annotated[list[_Leaf], MergeKey("name", retain_keys=True), ListKeys(("name",))] = ModelField(
        default_factory=list
    )
    words: Annotated[list[str], MergeKey(""), ListKeys()] = ModelField(default_factory=list)
    amounts: dict[str, Quantity] = ModelField(default_factory=dict)
    free: dict[str, Any] | None = None
    continue_: str = ModelField("", alias="continue")
    odd: Annotated[str | None, Unsupported("why not")] = None
    asked: Required[list[str]] = ModelField(default_factory=list)


def test_derives_types() -> None:
    """Every shape a model can have becomes one frozen type."""
    fields = schema_of(_Sample).fields
    leaf = Type(Kind.OBJECT, model=_Leaf)
    assert {name: field.type for name, field in fields.items()} == {
        "text": Type(Kind.STRING),
        "raw": Type(Kind.BYTES),
        "flag": Type(Kind.BOOL, pointer=True),
        "small": Type(Kind.INT, bits=32),
        "large": Type(Kind.INT),
        "ratio": Type(Kind.FLOAT),
        "amount": Type(Kind.QUANTITY),
        "when": Type(Kind.TIME),
        "port": Type(Kind.INT_OR_STRING, pointer=True),
        "leaf": leaf,
        "needed": leaf,
        "leaves": Type(Kind.LIST, element=leaf),
        "words": Type(Kind.LIST, element=Type(Kind.STRING)),
        "amounts": Type(Kind.MAP, element=Type(Kind.QUANTITY)),
        "free": Type(Kind.MAP, element=Type(Kind.ANY), pointer=True),
        "continue": Type(Kind.STRING),
        "odd": Type(Kind.STRING, pointer=True),
        "asked": Type(Kind.LIST, element=Type(Kind.STRING)),
    }
    assert fields["continue"].attribute == "continue_"


def test_derives_marks() -> None:
    """Merge keys, list keys and reasons come from the annotations; None, empty and set keys differ."""
    fields = schema_of(_Sample).fields
    leaves, words, text = fields["leaves"], fields["words"], fields["text"]
    assert (leaves.merge_key, leaves.retain_keys, leaves.list_keys) == ("name", True, ("name",))
    assert (words.merge_key, words.retain_keys, words.list_keys) == ("", False, ())
    assert (text.merge_key, text.retain_keys, text.list_keys) == (None, False, None)
    assert (fields["needed"].replaced, fields["leaf"].replaced) == (True, False)
    assert fields["odd"].unsupported == "why not"
    assert not text.unsupported


def test_derives_what_is_atomic() -> None:
    """A type is one value for server-side apply where its field says so, or its model for every use."""

    class Whole(Model):
        atomic = True

    class Sample(Model):
        wholes: list[Whole] = ModelField(default_factory=list)
        leaf: Annotated[_Leaf, Atomic()]
        other: _Leaf | None = None
        selector: Annotated[dict[str, str], Atomic()] = ModelField(default_factory=dict)
        labels: dict[str, str] = ModelField(default_factory=dict)

    types = {name: field.type for name, field in schema_of(Sample).fields.items()}
    assert types["wholes"].element == Type(Kind.OBJECT, model=Whole, atomic=True)
    assert [types[name].atomic for name in ("leaf", "other", "selector", "labels")] == [
        True,
        False,
        True,
        False,
    ]


def test_what_is_mandatory_may_have_a_default() -> None:
    """Leaving it out is for validation to find; what has no default is always there."""
    fields = schema_of(_Sample).fields
    assert {name for name, field in fields.items() if field.mandatory} == {"when", "needed", "asked"}
    assert not fields["asked"].required


def test_zero_values_are_gos() -> None:
    """A zero object holds the fields that are always sent; a time has no zero that could be written."""
    schema = schema_of(_Sample)
    assert schema.required == ("needed",)
    assert Type(Kind.OBJECT, model=_Sample).zero() == {"needed": {"name": ""}}
    assert schema.fields["when"].type.zero() is None
    assert schema.fields["amount"].type.zero() == "0"
    assert schema.fields["leaves"].type.zero() == []
    assert schema.fields["amounts"].type.zero() == {}


@pytest.mark.parametrize(
    ("model", "name", "go_name"),
    [
        (_Sample, "small", "int32"),
        (_Sample, "large", "int64"),
        (_Sample, "amounts", "map[string]resource.Quantity"),
        (_Sample, "port", "intstr.IntOrString"),
        (PodSpec, "containers", "[]v1.Container"),
        (Pod, "metadata", "v1.ObjectMeta"),
        (ObjectMeta, "labels", "map[string]string"),
        (Container, "command", "[]string"),
        (Secret, "data", "map[string][]uint8"),
    ],
)
def test_go_names(model: type[Model], name: str, go_name: str) -> None:
    """Types are named as in Go's error messages."""
    assert schema_of(model).fields[name].type.go_name == go_name


def test_is_derived_once() -> None:
    """The table is kept per class."""
    assert schema_of(Pod) is schema_of(Pod)


def test_refuses_what_has_no_wire_type() -> None:
    """A model that could not be described is a programming error, found by the test below."""

    class Odd(Model):
        value: bytes = b""

    class Ambiguous(Model):
        value: str | bool = ""

    for model in (Odd, Ambiguous):
        with pytest.raises(TypeError, match="no wire type"):
            schema_of(model)


def _models(root: type[Model]) -> Iterator[type[Model]]:
    for child in root.__subclasses__():
        if child.__module__.startswith("edgeorch.api"):
            yield child
        yield from _models(child)


def test_every_model_has_a_schema() -> None:
    """Any model of edgeorch.api can be validated, patched and described."""
    for module in pkgutil.walk_packages(edgeorch.api.__path__, "edgeorch.api."):
        importlib.import_module(module.name)
    for model in _models(Model):
        for field in schema_of(model).fields.values():
            assert field.type.go_name


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("spec", "containers", 0, "image"), "spec.containers[0].image"),
        (("metadata", "labels", "a.b/c"), "metadata.labels.a.b/c"),
    ],
)
def test_paths_are_written_as_kubernetes_writes_them(path: tuple[str | int, ...], text: str) -> None:
    """Fields and map keys after a dot, indexes in brackets."""
    assert format_path(path) == text
