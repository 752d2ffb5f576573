"""Bodies nobody should send: an error of the client, never a fault of ours, and nothing stored."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.api.core.resources import NAMESPACES, NODES, PODS, SECRETS
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.table import default_table
from edgeorch.errors import ApiError
from edgeorch_server.registry.base import PatchType, WriteOptions
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "x",
        "namespace": "default",
        "labels": {"a": "b"},
        "finalizers": ["a.b/c"],
        "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u"}],
    },
    "spec": {
        "containers": [
            {
                "name": "c",
                "image": "i:1",
                "ports": [{"containerPort": 80}],
                "env": [{"name": "A", "value": "b"}],
                "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "64Mi"}},
                "livenessProbe": {"httpGet": {"port": 80, "path": "/"}},
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            }
        ],
        "volumes": [{"name": "v", "emptyDir": {}}],
        "tolerations": [{"key": "k", "operator": "Exists"}],
        "terminationGracePeriodSeconds": 5,
    },
    "status": {"phase": "Pending"},
}
BODIES: list[tuple[ResourceInfo[Any], dict[str, Any]]] = [
    (PODS, POD),
    (NODES, {"metadata": {"name": "x"}, "spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}}),
    (SECRETS, {"metadata": {"name": "x"}, "stringData": {"a": "b"}, "data": {"c": "eA=="}}),
    (NAMESPACES, {"metadata": {"name": "x"}, "spec": {"finalizers": ["kubernetes"]}}),
]

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["", "2026-05-01T12:00:00Z", "100m", "x/y/z", "..", "a" * 300]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List every path below a value."""
    found = [at] if at else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*at, index))
    return found


def spoil(body: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    spoiled = copy.deepcopy(body)
    parent = spoiled
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = value
    return spoiled


@st.composite
def spoiled_bodies(draw: st.DrawFn) -> tuple[ResourceInfo[Any], dict[str, Any]]:
    resource, body = draw(st.sampled_from(BODIES))
    place = draw(st.sampled_from(places(body)))
    return resource, spoil(body, place, draw(VALUES))


async def attempt(work: Any) -> bool:
    """Whether it succeeded; what it raises must be an error with a Status below 500."""
    refusal: ApiError | None = None
    try:
        await work
    except ApiError as exc:
        refusal = exc
    if refusal is None:
        return True
    assert refusal.code < 500
    json.dumps(refusal.to_status())
    return False


async def fresh() -> tuple[Registry, MemoryStore]:
    store = MemoryStore()
    registry = Registry(store, default_table())
    await registry.create_entry(NAMESPACES, "", {"metadata": {"name": "default"}}, WriteOptions())
    return registry, store


def namespace_of(resource: ResourceInfo[Any]) -> str:
    return "default" if resource.namespaced else ""


@settings(max_examples=80)
@given(spoiled_bodies(), st.sampled_from(["Strict", "Warn", "Ignore"]))
def test_creating(spoiled: tuple[ResourceInfo[Any], dict[str, Any]], validation: str) -> None:
    """A create of anything is carried out or refused; what is stored can be read back."""

    async def run() -> None:
        resource, body = spoiled
        registry, store = await fresh()
        before = store.revision
        options = WriteOptions(field_validation=validation)
        namespace = namespace_of(resource)
        if await attempt(registry.create_entry(resource, namespace, body, options)):
            for entry in store.list(resource.key):
                registry.get(resource, entry.namespace, entry.name)
        else:
            assert store.revision == before

    asyncio.run(run())


@settings(max_examples=80)
@given(spoiled_bodies(), st.sampled_from(["", "status"]), st.sampled_from(["put", *PatchType]))
def test_changing(
    spoiled: tuple[ResourceInfo[Any], dict[str, Any]], subresource: str, how: str | PatchType
) -> None:
    """A PUT or a PATCH of anything is carried out or refused; what is stored can be read back."""

    async def run() -> None:
        resource, body = spoiled
        registry, store = await fresh()
        namespace, options = namespace_of(resource), WriteOptions()
        good = next(body for kind, body in BODIES if kind is resource)
        await registry.create_entry(resource, namespace, good, options)
        before = store.list(resource.key)
        if isinstance(how, PatchType):
            patch: Any = body
            if how is PatchType.JSON:
                patch = [{"op": "replace", "path": f"/{key}", "value": item} for key, item in body.items()]
            work = registry.patch_entry(resource, namespace, "x", how, patch, options, subresource)
        else:
            work = registry.update_entry(resource, namespace, "x", body, options, subresource)
        if await attempt(work):
            for entry in store.list(resource.key):
                registry.get(resource, entry.namespace, entry.name)
        else:
            assert store.list(resource.key) == before

    asyncio.run(run())
