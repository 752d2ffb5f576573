"""Protobuf bodies: everything that comes out of Go, and everything that does not."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.errors import BadRequest
from edgeorch_server.apiserver.protobuf.body import decode_protobuf
from edgeorch_server.apiserver.protobuf.messages import Field, Shape, kubernetes_messages
from edgeorch_server.apiserver.protobuf.writing import piece, varint, whole
from tests.fakes.protobuf import encode, envelope

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "labels": {"app": "web"}, "finalizers": ["a/b"]},
    "spec": {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "containers": [
            {
                "name": "main",
                "image": "nginx",
                "command": ["sh", ""],
                "ports": [{"containerPort": 80}],
                "resources": {"limits": {"cpu": "500m", "memory": "64Mi"}},
                "envFrom": [{"configMapRef": {"name": "settings"}}],
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5},
                "readinessProbe": {"tcpSocket": {"port": 80}},
                "securityContext": {"runAsUser": -1, "privileged": False},
            }
        ],
        "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "s", "secret": {"optional": False}}],
    },
}


def decode(data: bytes, kind: str = "Pod") -> dict[str, Any]:
    decoded = decode_protobuf(data, kind=kind)
    assert decoded.problems == ()
    value: dict[str, Any] = decoded.value
    return value


class TestObjects:
    def test_a_pod(self) -> None:
        """Zeros of plain fields mean absent, zeros of pointers stand; inline messages become one object."""
        assert decode(encode(POD)) == POD

    @pytest.mark.parametrize(
        "secret",
        [
            pytest.param({"data": {"a": base64.b64encode(bytes(range(256))).decode()}}, id="bytes"),
            pytest.param({"data": {"empty": ""}}, id="an empty value"),
            pytest.param({"immutable": False}, id="a pointer to false"),
            pytest.param({"stringData": {"": "no key", "ü": "é"}}, id="odd keys"),
            pytest.param({"metadata": {"creationTimestamp": "2026-05-01T12:00:00Z"}}, id="a time"),
            pytest.param({"metadata": {"deletionGracePeriodSeconds": 0}}, id="a pointer to zero"),
            pytest.param({"metadata": {"generation": -(2**63)}}, id="the least number"),
            pytest.param(
                {"metadata": {"managedFields": [{"manager": "m", "fieldsV1": {"f:data": {}}}]}}, id="raw JSON"
            ),
        ],
    )
    def test_values(self, secret: dict[str, Any]) -> None:
        """Bytes are base64, times RFC 3339, numbers signed, and what is JSON already stays so."""
        secret = {"apiVersion": "v1", "kind": "Secret", **secret}
        assert decode(encode(secret), "Secret") == secret

    @pytest.mark.parametrize("value", [0, 1, -1, 2**31 - 1, -(2**31), "", "25%"])
    def test_int_or_string(self, value: int | str) -> None:
        """A number or a string, as the type in it says."""
        strategy = {"rollingUpdate": {"maxSurge": value}}
        deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"strategy": strategy}}
        assert decode(encode(deployment), "Deployment") == deployment

    def test_microseconds(self) -> None:
        """A MicroTime keeps them; a Time drops them, as Kubernetes does."""
        times = {"acquireTime": "2026-05-01T12:00:00.000250Z"}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": times}
        assert decode(encode(lease), "Lease") == lease
        event = {"apiVersion": "v1", "kind": "Event", "firstTimestamp": "2026-05-01T12:00:00.250000Z"}
        assert decode(encode(event), "Event")["firstTimestamp"] == "2026-05-01T12:00:00Z"

    def test_delete_options_of_any_group(self) -> None:
        """Go clients name DeleteOptions by the group of what they delete."""
        raw = whole(1, 0) + piece(4, b"Foreground")
        options = {"gracePeriodSeconds": 0, "propagationPolicy": "Foreground"}
        for version in ("v1", "apps/v1"):
            got = decode(envelope(version, "DeleteOptions", raw), "DeleteOptions")
            assert got == {"apiVersion": version, "kind": "DeleteOptions", **options}

    def test_an_empty_object(self) -> None:
        """No field at all is an object too."""
        data = b"k8s\0" + piece(1, piece(1, b"v1") + piece(2, b"Pod"))
        assert decode(data) == {"apiVersion": "v1", "kind": "Pod"}

    def test_what_is_not_known_is_left_out(self) -> None:
        """Fields of a newer Kubernetes, of any wire type and even groups, do not hurt."""
        newer = (
            whole(999, 1) + piece(998, b"x") + varint(997 << 3 | 1) + bytes(8) + varint(996 << 3 | 5) + bytes(4)
        )
        group = varint(995 << 3 | 3) + whole(1, 1) + varint(995 << 3 | 4)
        data = envelope("v1", "ConfigMap", newer + piece(1, piece(1, b"x")) + group)
        assert decode(data, "ConfigMap") == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}

    def test_a_message_in_pieces_is_put_together(self) -> None:
        """Protocol buffers: of a scalar that comes twice the last counts, messages are merged, lists joined."""
        meta = (
            piece(1, piece(1, b"x") + piece(14, b"a/b")),
            piece(1, piece(3, b"n") + piece(1, b"y") + piece(14, b"c/d")),
        )
        got = decode(envelope("v1", "ConfigMap", b"".join(meta)), "ConfigMap")
        assert got["metadata"] == {"name": "y", "namespace": "n", "finalizers": ["a/b", "c/d"]}

    def test_packed_numbers(self) -> None:
        """Repeated numbers may come as one piece or one by one."""
        packed = piece(4, varint(1000) + varint(2000)) + whole(4, 3000)
        pod = decode(envelope("v1", "Pod", piece(2, piece(14, packed))))
        assert pod["spec"]["securityContext"] == {"supplementalGroups": [1000, 2000, 3000]}


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"items": {"type": "string"}}, {"items": {"type": "string"}}),
        ({"items": [{"type": "string"}, {}]}, {"items": [{"type": "string"}, {}]}),
        ({"additionalProperties": False}, {"additionalProperties": False}),
        ({"additionalProperties": {}}, {"additionalProperties": {}}),
        ({"dependencies": {"a": ["b"], "c": {"type": "object"}}},) * 2,
        (
            {"maximum": 0.5, "minimum": -3.0, "multipleOf": 1e300},
            {"maximum": 0.5, "minimum": -3, "multipleOf": 1e300},
        ),
        ({"enum": ["a", 1, None], "default": {"a": []}},) * 2,
        ({"maxLength": 0, "nullable": False}, {"maxLength": 0}),
    ],
    ids=["a schema", "schemas", "a bool", "an empty schema", "texts", "numbers", "JSON", "zeros"],
)
def test_what_stands_in_a_schema(schema: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Messages that stand for one of several types are what they stand for, at any depth."""
    version = {"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", "properties": {"x": schema}}}}
    about = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    got = decode(encode({**about, "spec": {"versions": [version]}}), "CustomResourceDefinition")
    assert got["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"] == {"x": wanted}


def test_a_number_that_json_has_not_is_refused() -> None:
    """Infinity and what is no number at all cannot be written as JSON."""
    schema = {"openAPIV3Schema": {"maximum": float("inf")}}
    body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    with pytest.raises(BadRequest, match="unsupported value: inf"):
        decode(encode({**body, "spec": {"versions": [{"schema": schema}]}}), "CustomResourceDefinition")


UNRECOGNIZED = "the object provided is unrecognized (must be of type Pod): "
NO_POD = 'Pod in version "v1" cannot be handled as a Pod: '


class TestRefusals:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            pytest.param(b"", UNRECOGNIZED + "empty data (<empty>)", id="nothing"),
            pytest.param(
                b"{}",
                UNRECOGNIZED + "provided data does not appear to be a protobuf message, "
                'expected prefix [107 56 115 0] ("{}")',
                id="JSON",
            ),
            pytest.param(b"k8s\0", UNRECOGNIZED + "empty body", id="only the magic"),
            pytest.param(b"k8s\0\x12\x05a", UNRECOGNIZED + "unexpected EOF", id="a torn envelope"),
            pytest.param(envelope("v1", "", b""), UNRECOGNIZED + "Object 'Kind' is missing", id="no kind"),
            pytest.param(
                envelope("example.com/v1", "Widget", b""),
                'Widget in version "v1" cannot be handled as a Pod: '
                'no kind "Widget" is registered for version "example.com/v1"',
                id="an unknown kind",
            ),
            pytest.param(envelope("v1", "Pod", b"\x0a\x05a"), NO_POD + "unexpected EOF", id="a torn object"),
            pytest.param(
                envelope("v1", "Pod", b"\xff" * 11), NO_POD + "proto: integer overflow", id="a long varint"
            ),
            pytest.param(
                envelope("v1", "Pod", b"\x0a" + b"\xff" * 9 + b"\x01"),
                NO_POD + "proto: negative length found during unmarshaling",
                id="a negative length",
            ),
            pytest.param(
                envelope("v1", "Pod", b"\0"), NO_POD + "proto: illegal tag 0 (wire type 0)", id="tag 0"
            ),
            pytest.param(
                envelope("v1", "Pod", b"\x0e"), NO_POD + "proto: illegal wireType 6", id="a wrong wire type"
            ),
            pytest.param(
                envelope("v1", "Pod", whole(1, 1)),
                NO_POD + "proto: wrong wireType = 0 for field metadata",
                id="a number for a message",
            ),
            pytest.param(
                envelope("v1", "Pod", piece(1, whole(1, 1))),
                NO_POD + "proto: wrong wireType = 0 for field name",
                id="a number for a string",
            ),
            pytest.param(
                envelope("v1", "Pod", b"\x0c"), NO_POD + "proto: unexpected end of group", id="an end"
            ),
            pytest.param(envelope("v1", "Pod", b"\x0b"), NO_POD + "unexpected EOF", id="an endless group"),
            pytest.param(
                envelope("v1", "Pod", piece(1, piece(8, whole(1, 2**62)))),
                NO_POD + "Time.MarshalJSON: year outside of range [0,9999]",
                id="a time at the end of the world",
            ),
            pytest.param(
                envelope("v1", "Pod", piece(1, piece(17, piece(7, piece(1, b"{"))))),
                NO_POD + "raw field is not JSON",
                id="a raw field that is no JSON",
            ),
        ],
    )
    def test_what_is_no_object_is_400(self, data: bytes, message: str) -> None:
        """A body that cannot be read is the client's mistake, told in Kubernetes' words."""
        with pytest.raises(BadRequest) as refused:
            decode(data)
        assert refused.value.message.startswith(message)

    def test_every_torn_body_is_400(self) -> None:
        """A body that ends early never passes for a whole one that says something else."""
        data = encode(POD)
        nothing = {"apiVersion": "v1", "kind": "Pod"}
        for end in range(len(data)):
            with contextlib.suppress(BadRequest):
                assert decode(data[:end]) in (POD, nothing), "torn where one member of the envelope ends"

    @given(st.binary(max_size=200), st.sampled_from([b"", b"k8s\0", envelope("v1", "Pod", b"")]))
    def test_any_bytes(self, data: bytes, start: bytes) -> None:
        """Whatever comes in, nothing but an object or a BadRequest comes out."""
        with contextlib.suppress(BadRequest):
            decode(start + data)

    @given(st.data())
    def test_any_damage(self, data: st.DataObject) -> None:
        """Nor does a body that was whole, with some bytes changed."""
        body = bytearray(encode(POD))
        for at in data.draw(st.lists(st.integers(4, len(body) - 1), max_size=5)):
            body[at] = data.draw(st.integers(0, 255))
        with contextlib.suppress(BadRequest):
            decode(bytes(body))


def _stamp(seconds: int, end: str = "Z") -> str:
    when = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%S") + end


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT,
    "int": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "bytes": st.binary(max_size=5).map(lambda data: base64.b64encode(data).decode()),
    "Time": st.integers(1, 2**33).map(_stamp),
    "MicroTime": st.integers(1, 2**33).map(lambda seconds: _stamp(seconds, ".000007Z")),
    "Quantity": st.sampled_from(["0", "1", "500m", "64Mi", "1e3"]),
    "IntOrString": st.integers(-(2**31), 2**31 - 1) | TEXT,
    "Raw": st.dictionaries(TEXT, TEXT, max_size=2),
}
ZERO = {"int": 0, "bool": False, "string": "", "bytes": "", "Quantity": "0", "IntOrString": 0}


def _inlined(name: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.deferred(lambda: messages(name, depth))


def messages(name: str, depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """Objects as JSON shows them: zeros only where the field is a pointer."""
    fields = kubernetes_messages()[name].values()
    parts: dict[str, st.SearchStrategy[Any]] = {}
    inline: list[st.SearchStrategy[dict[str, Any]]] = []
    for field in fields:
        if field.is_message and depth > 3:
            continue
        if field.name:
            parts[field.name] = _values(field, depth)
        else:
            inline.append(_inlined(field.type, depth + 1))
    own = st.fixed_dictionaries({}, optional=parts).map(_without_none)
    return st.tuples(own, *inline).map(
        lambda found: {key: value for part in found for key, value in part.items()}
    )


def _without_none(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value is not None}


def _values(field: Field, depth: int) -> st.SearchStrategy[Any]:
    item = st.deferred(lambda: messages(field.type, depth + 1)) if field.is_message else SCALARS[field.type]
    if field.shape is Shape.LIST:
        return st.lists(item, min_size=1, max_size=2)
    if field.shape is Shape.MAP:
        return st.dictionaries(TEXT, item, min_size=1, max_size=2)
    if field.pointer:
        return item
    keep: Callable[[Any], bool] = bool if field.is_message else lambda value: value != ZERO.get(field.type)
    return item.map(lambda value: value if keep(value) else None)


@settings(max_examples=30)
@given(
    st.sampled_from(["apps/v1.Deployment", "core/v1.Pod", "autoscaling/v2.HorizontalPodAutoscaler"]), st.data()
)
def test_what_is_written_is_read(name: str, data: st.DataObject) -> None:
    """Any object goes through a Go client's encoder and our decoder unchanged."""
    package, _, kind = name.partition(".")
    api_version = package.removeprefix("core/")
    obj = {"apiVersion": api_version, "kind": kind, **data.draw(messages(name))}
    assert decode(encode(obj), kind) == obj
