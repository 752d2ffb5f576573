"""The ``scale`` subresource: one number, whatever the kind."""

import json
from typing import Any

import pytest

from edgeorch.api.apps.resources import REPLICA_SETS
from edgeorch.errors import BadRequest, Conflict, Invalid, NotFound
from edgeorch_server.registry.base import PatchType, Written


@pytest.fixture
async def web(world: Any) -> Any:
    body = {
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 2,
            "selector": {
                "matchLabels": {"app": "web"},
                "matchExpressions": [{"key": "v", "operator": "Exists"}],
            },
            "template": {
                "metadata": {"labels": {"app": "web", "v": "1"}},
                "spec": {"containers": [{"name": "web", "image": "nginx"}]},
            },
        },
    }
    await world.create(REPLICA_SETS, body)
    return world


def shown(written: Written) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(written.entry.data)
    return body


def scale(replicas: int, **meta: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web", **meta}, "spec": {"replicas": replicas}}


async def test_it_shows_the_number(web: Any) -> None:
    """Wanted and there, and which pods are counted."""
    entry = web.registry.get_part(REPLICA_SETS, "default", "web", "scale")
    meta = web.get(REPLICA_SETS, "web").metadata
    assert json.loads(entry.data) == {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "uid": meta.uid,
            "resourceVersion": meta.resourceVersion,
            "creationTimestamp": meta.creationTimestamp,
        },
        "spec": {"replicas": 2},
        "status": {"replicas": 0, "selector": "app=web,v"},
    }


async def test_put(web: Any) -> None:
    """A PUT of the number writes it, counts the generation and changes nothing else."""
    before = web.get(REPLICA_SETS, "web")
    answer = shown(await web.put(REPLICA_SETS, scale(5), "scale"))
    after = web.get(REPLICA_SETS, "web")
    assert (answer["kind"], answer["spec"], answer["metadata"]["resourceVersion"]) == (
        "Scale",
        {"replicas": 5},
        after.metadata.resourceVersion,
    )
    assert (after.spec.replicas, after.metadata.generation) == (5, 2)
    after.spec.replicas, after.metadata.generation = 2, 1
    after.metadata.resourceVersion = before.metadata.resourceVersion
    assert after == before


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        (PatchType.MERGE, {"spec": {"replicas": 0}}),
        (PatchType.STRATEGIC, {"spec": {"replicas": 0}}),
        (PatchType.JSON, [{"op": "replace", "path": "/spec/replicas", "value": 0}]),
    ],
)
async def test_patch(web: Any, kind: PatchType, patch: Any) -> None:
    """All patch types apply to the Scale, not to the object behind it."""
    answer = shown(await web.patch(REPLICA_SETS, "web", patch, kind, "scale"))
    assert answer["kind"] == "Scale"
    assert web.get(REPLICA_SETS, "web").spec.replicas == 0


async def test_a_dry_run(web: Any) -> None:
    """It answers what would be, and stores nothing."""
    answer = shown(await web.put(REPLICA_SETS, scale(5), "scale", dry_run=True))
    assert answer["spec"] == {"replicas": 5}
    assert web.get(REPLICA_SETS, "web").spec.replicas == 2


async def test_no_fewer_than_none(web: Any) -> None:
    """A negative number is refused as of the Scale."""
    with pytest.raises(Invalid) as caught:
        await web.patch(REPLICA_SETS, "web", {"spec": {"replicas": -1}}, subresource="scale")
    assert caught.value.message == (
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: '
        "must be greater than or equal to 0"
    )


@pytest.mark.parametrize("meta", [{"resourceVersion": "1"}, {"uid": "other"}])
async def test_preconditions(web: Any, meta: dict[str, str]) -> None:
    """``kubectl scale --resource-version``: a Scale of another version or object is a conflict."""
    with pytest.raises(Conflict):
        await web.put(REPLICA_SETS, scale(5, **meta), "scale")


async def test_another_kind_is_refused(web: Any) -> None:
    """The body is a Scale, or nothing."""
    with pytest.raises(BadRequest, match="ReplicaSet"):
        await web.put(REPLICA_SETS, {"kind": "ReplicaSet", **scale(1)}, "scale")


async def test_strict_field_validation(web: Any) -> None:
    """Unknown fields are found in a Scale as in anything else."""
    body = {**scale(1), "spec": {"replicaz": 1}}
    with pytest.raises(BadRequest, match=r'unknown field "spec\.replicaz"'):
        await web.put(REPLICA_SETS, body, "scale", field_validation="Strict")


async def test_what_is_not_there(web: Any) -> None:
    """The object is what is missing."""
    with pytest.raises(NotFound, match=r'replicasets\.apps "db" not found'):
        web.registry.get_part(REPLICA_SETS, "default", "db", "scale")
    with pytest.raises(NotFound, match=r'replicasets\.apps "db" not found'):
        await web.put(REPLICA_SETS, {"metadata": {"name": "db"}, "spec": {}}, "scale", name="db")
