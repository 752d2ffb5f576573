"""Component schemas: shape, names, and what patches need to know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import Field

from edgeorch.api.apps.deployment import Deployment
from edgeorch.api.base64_text import Base64
from edgeorch.api.core.pod import Pod
from edgeorch.api.fielddocs import FieldDocs
from edgeorch.api.meta import (
    Atomic,
    Int32,
    IntOrString,
    ListKeys,
    ListMeta,
    MergeKey,
    Model,
    Object,
    Time,
    Unsupported,
)
from edgeorch.api.quantity import Quantity
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.table import served_table
from edgeorch_server.apiserver.openapi import documents
from edgeorch_server.apiserver.openapi_schemas import Names, Schemas

TABLE = served_table()
DOCUMENTS = documents(TABLE)


class _Part(Model):
    """A part."""

    name: str
    """Its name."""
    inner: _Part | None = None
    """Another one."""


class _Whole(Model):
    """Has one owner."""

    atomic = True

    a: str = ""
    """A part of it."""


class _Sample(Object):
    """Something of ``everything``."""

    text: str = ""
    """Some text."""
    raw: Base64 = ""
    """Some bytes."""
    flag: bool | None = None
    """A flag."""
    small: Int32 = 0
    """A number."""
    always: int
    """A number that is always there."""
    amount: Quantity = "0"
    """An amount."""
    when: Time | None = None
    """A moment."""
    port: IntOrString = 0
    """A port."""
    part: Annotated[_Part | None, MergeKey("", retain_keys=True)] = None
    """One part."""
    parts: Annotated[list[_Part], MergeKey("name"), ListKeys(("name",))] = Field(default_factory=list)
    """Many parts."""
    words: Annotated[list[str], MergeKey(""), ListKeys()] = Field(default_factory=list)
    """A set."""
    row: list[str] = Field(default_factory=list)
    """A list."""
    amounts: dict[str, Quantity] = Field(default_factory=dict)
    """Amounts by name."""
    free: dict[str, Any] | None = None
    """Anything."""
    odd: Annotated[str, Unsupported("it is odd")] = ""
    """Odd."""
    labels: Annotated[dict[str, str], Atomic()] = Field(default_factory=dict)
    """One value."""
    whole: _Whole | None = None
    """One value."""


def made() -> dict[str, Any]:
    schemas = Schemas(Names(TABLE), FieldDocs())
    schemas.model(_Sample)
    components = schemas.components()
    sample: dict[str, Any] = next(schema for name, schema in components.items() if name.endswith("._Sample"))
    return sample


REFERENCE = "#/components/schemas/io.k8s.apimachinery.pkg"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", {"type": "string", "description": "Some text."}),
        ("raw", {"type": "string", "format": "byte", "description": "Some bytes."}),
        ("flag", {"type": "boolean", "description": "A flag."}),
        ("small", {"type": "integer", "format": "int32", "description": "A number."}),
        (
            "always",
            {
                "type": "integer",
                "format": "int64",
                "description": "A number that is always there.",
                "default": 0,
            },
        ),
        (
            "amount",
            {"allOf": [{"$ref": f"{REFERENCE}.api.resource.Quantity"}], "description": "An amount."},
        ),
        ("when", {"allOf": [{"$ref": f"{REFERENCE}.apis.meta.v1.Time"}], "description": "A moment."}),
        (
            "port",
            {"allOf": [{"$ref": f"{REFERENCE}.util.intstr.IntOrString"}], "description": "A port."},
        ),
        (
            "words",
            {
                "type": "array",
                "items": {"type": "string"},
                "description": "A set.",
                "x-kubernetes-list-type": "set",
                "x-kubernetes-patch-strategy": "merge",
            },
        ),
        (
            "row",
            {
                "type": "array",
                "items": {"type": "string"},
                "description": "A list.",
                "x-kubernetes-list-type": "atomic",
            },
        ),
        (
            "amounts",
            {
                "type": "object",
                "additionalProperties": {"$ref": f"{REFERENCE}.api.resource.Quantity"},
                "description": "Amounts by name.",
            },
        ),
        ("free", {"type": "object", "description": "Anything."}),
        ("odd", {"type": "string", "description": "Odd.\n\nKept, but without effect here: it is odd."}),
    ],
)
def test_fields(name: str, expected: dict[str, Any]) -> None:
    """A field has its type, its sentence and how it is merged."""
    assert made()["properties"][name] == expected


def test_merged_lists_name_their_keys() -> None:
    """Strategic merge and server-side apply find the same items."""
    parts = made()["properties"]["parts"]
    assert parts["x-kubernetes-list-map-keys"] == ["name"]
    assert parts["x-kubernetes-patch-merge-key"] == "name"
    assert (parts["x-kubernetes-list-type"], parts["x-kubernetes-patch-strategy"]) == ("map", "merge")
    assert made()["properties"]["part"]["x-kubernetes-patch-strategy"] == "retainKeys"


def test_what_has_one_owner_says_so() -> None:
    """A field by itself, a model wherever it is used, as Kubernetes' documents have it."""
    schemas = Schemas(Names(TABLE), FieldDocs())
    schemas.model(_Sample)
    whole = next(schema for name, schema in schemas.components().items() if name.endswith("._Whole"))
    properties = made()["properties"]
    assert properties["labels"]["x-kubernetes-map-type"] == whole["x-kubernetes-map-type"] == "atomic"
    assert "x-kubernetes-map-type" not in properties["whole"]


def test_keys_that_may_be_left_out_have_a_default() -> None:
    """Otherwise nobody could tell which item of a list is meant."""
    port = DOCUMENTS["api/v1"]["components"]["schemas"]["io.k8s.api.core.v1.ContainerPort"]
    assert port["properties"]["protocol"]["default"] == "TCP"


def test_objects() -> None:
    """A model says what it is and what it cannot be without; models may contain themselves."""
    assert made()["description"] == "Something of `everything`."
    assert made()["required"] == ["always"]


def test_names_are_kubernetes() -> None:
    """Tools for Kubernetes know schemas by their names."""
    names = Names(TABLE)
    assert names[Pod] == "io.k8s.api.core.v1.Pod"
    assert names[Deployment] == "io.k8s.api.apps.v1.Deployment"
    assert names[ListMeta] == "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
    versions = {
        f"{info.kind}.{info.version}": names[info.model] for info in TABLE if "autoscaling" in info.group
    }
    assert versions == {
        "HorizontalPodAutoscaler.v2": "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
        "HorizontalPodAutoscaler.v1": "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler",
    }


@pytest.mark.parametrize("resource", list(TABLE), ids=lambda r: f"{r.key}/{r.version}")
def test_every_kind_is_found_by_its_group_version_and_kind(resource: ResourceInfo[Object]) -> None:
    """``kubectl explain`` looks for the kind and not for the name."""
    wanted = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    key = next(k for k in DOCUMENTS if k.endswith(f"/{resource.api_version}"))
    found = [
        name
        for name, schema in DOCUMENTS[key]["components"]["schemas"].items()
        if wanted in schema.get("x-kubernetes-group-version-kind", [])
    ]
    assert len(found) == 1


def _values(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _values(value)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_are_complete(path: str) -> None:
    """Every reference leads somewhere, and every field is described, without markup."""
    document = DOCUMENTS[path]
    for node in _values(document):
        if isinstance(target := node.get("$ref"), str):  # else it is a field of that name
            _, kind, name = target.removeprefix("#/").split("/")
            assert name in document["components"][kind]
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"], name
        for field, described in schema.get("properties", {}).items():
            assert re.search(r"\.$", described["description"]), f"{name}.{field}"
            assert "``" not in described["description"]
