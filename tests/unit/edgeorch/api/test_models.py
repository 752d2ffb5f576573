"""What every served model has in common: the wire form, strictness, and what the resource table says."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edgeorch.api.core.pod import ContainerStatus, Pod
from edgeorch.api.core.pod_status import ContainerStateTerminated
from edgeorch.api.meta import Model, Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.schema import Kind, Type, schema_of
from edgeorch.api.table import default_table

RESOURCES = list(default_table())
every_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.key)

TEXTS = st.text(alphabet="abcxyz-.09äß€", max_size=6)
SCALARS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.STRING: TEXTS,
    Kind.BYTES: st.sampled_from(["", "aGVsbG8=", "/+8="]),
    Kind.BOOL: st.booleans(),
    Kind.TIME: st.sampled_from(["2026-05-01T12:00:00Z", "2026-05-01T12:00:00.123456Z"]),
    Kind.QUANTITY: st.sampled_from(["0", "1", "250m", "128Mi", "2k", "-1"]),
    Kind.INT_OR_STRING: st.one_of(st.integers(0, 65535), TEXTS),
    Kind.ANY: st.dictionaries(TEXTS, st.booleans(), max_size=2),
}


def documents(model: type[Model], depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """Documents of a model's shape; deeper ones get sparser, so that they end."""

    def values(kind: Type) -> st.SearchStrategy[Any]:
        match kind.kind:
            case Kind.OBJECT if kind.model is not None:
                return documents(kind.model, depth + 1)
            case Kind.LIST if kind.element is not None:
                return st.lists(values(kind.element), max_size=2)
            case Kind.MAP if kind.element is not None:
                return st.dictionaries(TEXTS, values(kind.element), max_size=2)
            case Kind.INT:
                return st.integers(-(2 ** (kind.bits - 1)), 2 ** (kind.bits - 1) - 1)
            case _:
                return SCALARS[kind.kind]

    @st.composite
    def build(draw: st.DrawFn) -> dict[str, Any]:
        fields = schema_of(model).fields
        optional = [name for name, field in fields.items() if not field.required]
        chosen = (
            draw(st.lists(st.sampled_from(optional), max_size=max(4 - depth, 1), unique=True))
            if optional
            else []
        )
        names = [*chosen, *(name for name, field in fields.items() if field.required)]
        return {name: draw(values(fields[name].type)) for name in names}

    return build()


@every_resource
@settings(max_examples=40)
@given(data=st.data())
def test_round_trip(resource: ResourceInfo[Object], data: st.DataObject) -> None:
    """What is read, written and read again is the same object, and writing is stable."""
    obj = resource.model.from_dict(data.draw(documents(resource.model)))
    again = resource.model.from_json(obj.to_json())
    assert again == obj
    assert again.to_json() == obj.to_json()
    assert json.loads(obj.to_json()) == obj.to_dict()


@every_resource
def test_empty(resource: ResourceInfo[Object]) -> None:
    """An object without content is written without content: zero values are not sent."""
    always = {
        name: schema_of(resource.model).fields[name].type.zero() for name in schema_of(resource.model).required
    }
    assert resource.model.from_dict(always).to_dict() == always


@every_resource
def test_unknown_fields(resource: ResourceInfo[Object]) -> None:
    """On the wire unknown fields are ignored: agents and server may be one version apart."""
    always = {
        name: schema_of(resource.model).fields[name].type.zero() for name in schema_of(resource.model).required
    }
    body = {"metadata": {"name": "a", "mood": 1}, "mood": 1, **always}
    assert resource.model.from_dict(body).to_dict() == {"metadata": {"name": "a"}, **always}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"metadata": {"name": True}}, id="bool for string"),
        pytest.param({"metadata": {"name": 1}}, id="number for string"),
        pytest.param({"metadata": {"labels": {"a": 1}}}, id="number for label"),
        pytest.param({"metadata": {"creationTimestamp": "yesterday"}}, id="word for time"),
        pytest.param({"spec": {"hostNetwork": "true"}}, id="string for bool"),
        pytest.param({"spec": {"hostNetwork": 1}}, id="number for bool"),
        pytest.param({"spec": {"priority": "1"}}, id="string for number"),
        pytest.param({"spec": {"priority": True}}, id="bool for number"),
        pytest.param({"spec": {"priority": 1.5}}, id="fraction for number"),
        pytest.param({"spec": {"priority": 2**31}}, id="beyond int32"),
        pytest.param({"spec": {"activeDeadlineSeconds": 2**63}}, id="beyond int64"),
        pytest.param({"spec": {"containers": {}}}, id="object for list"),
        pytest.param({"spec": []}, id="list for object"),
        pytest.param(
            {"spec": {"containers": [{"resources": {"limits": {"cpu": "lots"}}}]}}, id="word for quantity"
        ),
        pytest.param(
            {"spec": {"containers": [{"resources": {"limits": {"cpu": True}}}]}}, id="bool for quantity"
        ),
        pytest.param(
            {"spec": {"containers": [{"livenessProbe": {"tcpSocket": {"port": True}}}]}}, id="bool for port"
        ),
    ],
)
def test_strict(body: dict[str, Any]) -> None:
    """Types are Kubernetes' and nothing is converted: one misfit that is stored breaks every typed client."""
    with pytest.raises(ValidationError):
        Pod.from_dict(body)
    with pytest.raises(ValidationError):
        Pod.from_json(json.dumps(body))


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        pytest.param(1, "1", id="integer"),
        pytest.param(0.5, "500m", id="fraction"),
        pytest.param("0.5", "500m", id="text"),
        pytest.param("1024Mi", "1Gi", id="canonical"),
    ],
)
def test_quantity(given: object, stored: str) -> None:
    """Quantities may be written as numbers and are stored as canonical text."""
    pod = Pod.from_dict({"spec": {"containers": [{"resources": {"limits": {"memory": given}}}]}})
    assert pod.spec.containers[0].resources.limits == {"memory": stored}


def test_always_sent() -> None:
    """What Kubernetes always sends is sent when it is zero too: clients require it."""
    status = ContainerStatus(ready=False, restartCount=0, image="", imageID="")
    assert status.to_dict() == {"ready": False, "restartCount": 0, "image": "", "imageID": ""}
    assert ContainerStateTerminated(exitCode=0).to_dict() == {"exitCode": 0}


def test_pointers() -> None:
    """Zero and absent are different where Go has a pointer."""
    body = {"spec": {"terminationGracePeriodSeconds": 0, "enableServiceLinks": False, "securityContext": {}}}
    assert Pod.from_dict(body).to_dict() == body
    assert Pod.from_dict({}).spec.terminationGracePeriodSeconds is None


@every_resource
def test_table_entry(resource: ResourceInfo[Object]) -> None:
    """Names in the table are Kubernetes' spelling of the kind."""
    assert resource.model.__name__ == resource.kind
    assert resource.singular == resource.kind.lower()
    assert resource.plural == _plural(resource.singular)


def _plural(singular: str) -> str:
    """Spell it as Kubernetes does (``meta.UnsafeGuessKindToResource``)."""
    if singular == "endpoints":
        return singular
    if singular.endswith("y"):
        return f"{singular[:-1]}ies"
    return singular + ("es" if singular.endswith("s") else "s")


def test_short_names() -> None:
    """No two kinds share a name that kubectl would have to tell apart."""
    names = [name for r in RESOURCES for name in {r.plural, r.singular, *r.short_names}]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param("pods", ["status", "log", "binding", "eviction"], id="pods"),
        pytest.param("nodes", ["status"], id="nodes"),
        pytest.param("namespaces", ["status", "finalize"], id="namespaces"),
        pytest.param("leases.coordination.k8s.io", [], id="leases"),
    ],
)
def test_subresources(key: str, expected: list[str]) -> None:
    """Discovery lists exactly the subresources that are served."""
    resource = default_table().by_key(key)
    assert resource is not None
    assert [s.name for s in resource.subresources] == expected


def test_namespaces_cannot_be_deleted_together() -> None:
    """There is no deletecollection of namespaces: one mistyped command must not empty the cluster."""
    namespaces = default_table().by_key("namespaces")
    assert namespaces is not None
    assert "deletecollection" not in namespaces.verbs


@pytest.mark.parametrize(
    "text",
    [pytest.param("a", id="no padding"), pytest.param("a===", id="too much"), pytest.param("!!!!", id="alien")],
)
def test_base64(text: str) -> None:
    """A Secret's data is base64 or refused."""
    secrets = default_table().by_key("secrets")
    assert secrets is not None
    with pytest.raises(ValidationError, match="illegal base64 data"):
        secrets.model.from_dict({"data": {"key": text}})
