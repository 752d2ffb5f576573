"""The table of messages against the models: two descriptions of the same kinds, written independently."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.schema import Kind, ObjectSchema, Type, schema_of
from edgeorch.api.table import served_table
from edgeorch_server.apiserver.protobuf.body import UNIONS
from edgeorch_server.apiserver.protobuf.messages import Field, Message, Messages, Shape, kubernetes_messages
from edgeorch_server.apiserver.protobuf.scalars import ZEROS

KINDS = {
    "string": {Kind.STRING},
    "bytes": {Kind.BYTES},
    "int": {Kind.INT},
    "bool": {Kind.BOOL},
    "double": {Kind.FLOAT},
    "Time": {Kind.TIME},
    "MicroTime": {Kind.TIME},
    "Quantity": {Kind.QUANTITY, Kind.STRING},
    "IntOrString": {Kind.INT_OR_STRING},
    "Strings": {Kind.LIST},
    "Raw": {Kind.ANY, Kind.MAP, Kind.OBJECT},
}
SERVER_SIDE = {
    ("apiextensions/v1.CustomResourceDefinitionCondition", "observedGeneration"),
    ("apiextensions/v1.CustomResourceDefinitionStatus", "observedGeneration"),
}
"""Fields that no client sends: whatever their numbers are, they are left out."""
SHAPES = {Kind.LIST: Shape.LIST, Kind.MAP: Shape.MAP}


def flat(messages: Messages, message: Message) -> dict[str, Field]:
    """Give the fields by their names in JSON, with those of inline messages."""
    found: dict[str, Field] = {}
    for field in message.values():
        found |= {field.name: field} if field.name else flat(messages, messages[field.type])
    return found


def differences(name: str, schema: ObjectSchema, seen: set[str]) -> Iterator[str]:
    """Say what a model has that its message lacks or has in another type."""
    if name in seen:
        return
    seen.add(name)
    fields = flat(kubernetes_messages(), kubernetes_messages()[name])
    for known in schema.fields.values():
        field = fields.get(known.name)
        if field is None:
            if known.name not in {"apiVersion", "kind"} and (name, known.name) not in SERVER_SIDE:
                yield f"{name} has no {known.name}"
            continue
        wire = known.type
        if field.type == "Raw":
            continue
        if SHAPES.get(wire.kind, Shape.ONE) is not field.shape:
            yield f"{name}.{known.name} is {field.shape}, the model says {wire.kind}"
            continue
        yield from _type(f"{name}.{known.name}", field, wire.element or wire, seen)


def _type(where: str, field: Field, wire: Type, seen: set[str]) -> Iterator[str]:
    if field.type in UNIONS:
        return  # one of several types, which the table of messages cannot say
    if field.is_message:
        if wire.kind is Kind.OBJECT:
            yield from differences(field.type, wire.schema, seen)
        else:
            yield f"{where} is a {field.type}, the model says {wire.kind}"
    elif wire.kind not in KINDS[field.type]:
        yield f"{where} is a {field.type}, the model says {wire.kind}"


@pytest.mark.parametrize(
    "resource",
    [info for info in served_table() if "create" in info.verbs],
    ids=lambda resource: resource.group_resource,
)
def test_every_served_field_can_be_sent(resource: ResourceInfo[Object]) -> None:
    """A kind that is served can be created with protobuf, with all fields of its model."""
    name = f"{resource.group.partition('.')[0] or 'core'}/{resource.version}.{resource.kind}"
    assert list(differences(name, schema_of(resource.model), set())) == []


def test_the_table_is_whole() -> None:
    """Every line can be read, every type is a scalar or a message of the table, no name stands twice."""
    messages = kubernetes_messages()
    for name in messages:
        fields = list(messages[name].values())
        assert all(field.type in messages if field.is_message else field.type in ZEROS for field in fields), (
            name
        )
        names = [field.name for field in fields if field.name]
        assert len(set(names)) == len(names), name


@pytest.mark.parametrize("line", ["name string", "1 name", "1 name string!", "x name string"])
def test_a_wrong_line_is_told(line: str) -> None:
    """A slip in the table is found where it is, not by a wrong object."""
    with pytest.raises(ValueError, match="is no field"):
        Messages(f"core/v1.Pod\n{line}\n")["core/v1.Pod"]
