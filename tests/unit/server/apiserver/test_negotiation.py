"""Content negotiation."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.errors import BadRequest, NotAcceptable, UnsupportedMediaType
from edgeorch_server.apiserver.negotiation import (
    BodyFormat,
    IncludeObject,
    Representation,
    Shape,
    body_format,
    discovery_version,
    patch_type,
    representation,
    wants_pretty,
    with_include_object,
)
from edgeorch_server.registry.base import PatchType

KUBECTL_TABLE = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,"
    "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
)
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Representation()),
        ("*/*", Representation()),
        ("application/*", Representation()),
        ("application/json", Representation()),
        ("application/vnd.kubernetes.protobuf,application/json", Representation()),
        ("application/json;stream=watch", Representation()),
        (KUBECTL_TABLE, Representation(Shape.TABLE)),
        ("application/json;as=Table;v=v1beta1;g=meta.k8s.io", Representation(Shape.TABLE, "v1beta1")),
        (METADATA, Representation(Shape.METADATA)),
        ("application/json;as=Table;v=v2;g=meta.k8s.io,application/json", Representation()),
        ("application/json;as=Table;v=v1;g=example.com, */*", Representation()),
        ("application/json;q=0.5,application/json;as=Table;v=v1;g=meta.k8s.io", Representation(Shape.TABLE)),
        ("application/json;q=nonsense", Representation()),
    ],
)
def test_the_first_acceptable_alternative_wins(accept: str, expected: Representation) -> None:
    """In the client's order, by quality, skipping what we cannot produce."""
    assert representation(accept) == expected


@pytest.mark.parametrize(
    "accept", ["text/html", "application/vnd.kubernetes.protobuf", "application/json;q=0", ","]
)
def test_what_cannot_be_produced_is_406(accept: str) -> None:
    """The refusal lists what would do."""
    with pytest.raises(NotAcceptable, match="only the following media types are accepted: application/json"):
        representation(accept)


V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
V2BETA1 = V2.replace("v2", "v2beta1")


@pytest.mark.parametrize(
    ("accept", "version"),
    [
        (f"{V2},{V2BETA1},application/json", "v2"),
        (f"{V2BETA1},{V2},application/json", "v2beta1"),
        (f"application/json,{V2}", ""),
        ("application/json", ""),
        ("", ""),
        ("*/*", ""),
        (V2.replace("v2", "v3") + ",application/json", ""),
    ],
)
def test_discovery_follows_the_clients_order(accept: str, version: str) -> None:
    """Every kubectl gets its way: up to 1.29 they ask for v2beta1 first, later for v2."""
    assert discovery_version(accept) == version


@pytest.mark.parametrize(
    ("value", "include"),
    [("", "Metadata"), ("Object", "Object"), ("None", "None"), ("Metadata", "Metadata")],
)
def test_tables_carry_what_was_asked(value: str, include: str) -> None:
    """``includeObject`` says what a row has besides its cells."""
    assert with_include_object(Representation(Shape.TABLE), value).include == IncludeObject(include)


def test_an_unknown_include_object_is_refused_for_tables_only() -> None:
    """It is not looked at where no Table is made."""
    with pytest.raises(BadRequest, match="must be 'Metadata', 'Object', 'None', or empty"):
        with_include_object(Representation(Shape.TABLE), "Everything")
    assert with_include_object(Representation(), "Everything") == Representation()


@pytest.mark.parametrize(
    ("content_type", "written_in"),
    [
        ("", BodyFormat.JSON),
        ("application/json", BodyFormat.JSON),
        ("application/json; charset=utf-8", BodyFormat.JSON),
        ("Application/JSON", BodyFormat.JSON),
        ("application/yaml", BodyFormat.YAML),
        ("application/vnd.kubernetes.protobuf", BodyFormat.PROTOBUF),
    ],
)
def test_bodies_are_json_yaml_or_protobuf(content_type: str, written_in: BodyFormat) -> None:
    """No Content-Type means JSON, which is what ``kubectl scale --current-replicas`` relies on."""
    assert body_format(content_type) is written_in


@pytest.mark.parametrize(
    ("content_type", "words"),
    [
        ("application/x-www-form-urlencoded", "the body of the request was in an unknown format"),
        (
            "text/plain",
            "accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
        ),
    ],
)
def test_other_bodies_are_415(content_type: str, words: str) -> None:
    """The refusal says what would do."""
    with pytest.raises(UnsupportedMediaType, match=words):
        body_format(content_type)


@pytest.mark.parametrize("kind", PatchType)
def test_every_patch_type_is_known_by_its_media_type(kind: PatchType) -> None:
    """Parameters do not matter."""
    assert patch_type(f"{kind};charset=utf-8") is kind


@pytest.mark.parametrize("content_type", ["", "application/json", "application/apply-patch+cbor"])
def test_other_patches_are_415(content_type: str) -> None:
    """A patch must say what kind it is."""
    with pytest.raises(UnsupportedMediaType, match="application/strategic-merge-patch"):
        patch_type(content_type)


@pytest.mark.parametrize(
    ("value", "agent", "pretty"),
    [
        (None, "kubectl/v1.33", False),
        (None, "curl/8.0", True),
        (None, "Mozilla/5.0 (X11)", True),
        ("false", "curl/8.0", False),
        ("true", "kubectl/v1.33", True),
        ("1", "", True),
        ("", "Wget/1", True),
    ],
)
def test_people_get_indented_json(value: str | None, agent: str, pretty: bool) -> None:
    """``?pretty`` decides, else the User-Agent."""
    assert wants_pretty(value, agent) is pretty


HEADER = st.text() | st.lists(
    st.sampled_from(
        ["application/json", "*/*", ";", ",", "as=Table", "g=meta.k8s.io", "v=v1", "q=", "0.1", "="]
    )
).map("".join)


@given(HEADER)
def test_any_header_is_answered(header: str) -> None:
    """No header makes negotiation fail in any other way than by refusing."""
    discovery_version(header)
    for negotiate in (representation, body_format, patch_type):
        with contextlib.suppress(NotAcceptable, UnsupportedMediaType):
            negotiate(header)
