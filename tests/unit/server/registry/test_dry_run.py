"""Dry runs: the whole answer, and no trace."""

from collections.abc import Iterator
from typing import Any

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS, NAMESPACES, PODS
from edgeorch.api.meta import DeleteOptions
from edgeorch.errors import AlreadyExists, Invalid
from edgeorch_server.registry.base import ListOptions, PatchType, WriteOptions

DRY = WriteOptions(dry_run=True)


@pytest.fixture
def untouched(world: Any) -> Iterator[Any]:
    """Check afterwards that nothing was stored and no revision spent since :meth:`Traces.start`."""
    traces = Traces(world)
    yield traces
    assert traces.started
    assert world.store.revision == traces.revision
    assert list(world.store.list(PODS.key)) == traces.pods


class Traces:
    def __init__(self, world: Any) -> None:
        self._world = world
        self.started = False

    def start(self) -> None:
        self.started = True
        self.revision = self._world.store.revision
        self.pods = list(self._world.store.list(PODS.key))


async def test_create(world: Any, untouched: Any, manifest: Any) -> None:
    """A dry create answers the complete object, without a resourceVersion."""
    untouched.start()
    written = await world.registry.create_entry(PODS, "default", manifest(), DRY)
    pod = PODS.model.from_json(written.entry.data)
    assert written.created
    assert pod.metadata.uid
    assert pod.metadata.resourceVersion == ""
    assert (pod.status.phase, pod.spec.restartPolicy) == ("Pending", "Always")


async def test_create_of_what_is_there(world: Any, untouched: Any, manifest: Any) -> None:
    """A dry create meets what is there, as a real one does."""
    await world.pod()
    untouched.start()
    with pytest.raises(AlreadyExists):
        await world.registry.create_entry(PODS, "default", manifest(), DRY)


async def test_update(world: Any, untouched: Any) -> None:
    """A dry update answers the changed object under its present resourceVersion."""
    first = await world.pod()
    untouched.start()
    body = world.body(PODS, "x")
    body["metadata"]["labels"] = {"a": "b"}
    written = await world.registry.update_entry(PODS, "default", "x", body, DRY)
    pod = PODS.model.from_json(written.entry.data)
    assert (pod.metadata.labels, pod.metadata.resourceVersion) == ({"a": "b"}, str(first.entry.revision))


async def test_patch(world: Any, untouched: Any) -> None:
    """``kubectl diff`` patches dry and compares."""
    await world.pod()
    untouched.start()
    patch = {"metadata": {"labels": {"a": "b"}}}
    written = await world.registry.patch_entry(PODS, "default", "x", PatchType.STRATEGIC, patch, DRY)
    assert b'"labels":{"a":"b"}' in written.entry.data


async def test_what_is_invalid_stays_invalid(world: Any, untouched: Any, manifest: Any) -> None:
    """A dry run is refused whatever a real one is refused."""
    untouched.start()
    with pytest.raises(Invalid):
        await world.registry.create_entry(PODS, "default", manifest(containers=[]), DRY)


@pytest.mark.parametrize("where", ["query", "body"])
async def test_delete(world: Any, untouched: Any, where: str) -> None:
    """A dry delete answers what a real one would, whether the query or the body asks for it."""
    await world.pod(nodeName="n")
    untouched.start()
    delete = DeleteOptions(dryRun=["All"]) if where == "body" else DeleteOptions()
    options = DRY if where == "query" else WriteOptions()
    marked = await world.registry.delete_entry(PODS, "default", "x", delete, options)
    assert not marked.deleted
    assert b'"deletionTimestamp":"2026-05-01T12:00:30Z"' in marked.entry.data
    delete.gracePeriodSeconds = 0
    assert (await world.registry.delete_entry(PODS, "default", "x", delete, options)).deleted


async def test_delete_collection(world: Any, untouched: Any) -> None:
    """A dry delete of a collection names what it would delete."""
    await world.pod("a")
    await world.pod("b")
    untouched.start()
    page = await world.registry.delete_collection(PODS, ListOptions(), DeleteOptions(), DRY)
    assert [entry.name for entry in page.entries] == ["a", "b"]


@pytest.mark.parametrize("subresource", ["binding", "eviction"])
async def test_actions(world: Any, untouched: Any, subresource: str) -> None:
    """Binding and eviction can be tried too."""
    await world.pod()
    untouched.start()
    body: dict[str, Any] = {"metadata": {"name": "x"}}
    if subresource == "binding":
        body["target"] = {"name": "n"}
    answer = await world.registry.post_subresource(PODS, "default", "x", subresource, body, DRY)
    assert answer["status"] == "Success"


async def test_the_last_finalizer(world: Any, untouched: Any) -> None:
    """Removing the last finalizer dry says that the object would be gone, and keeps it."""
    await world.pod(finalizers=["a.b/c"])
    await world.delete(PODS, "x")
    untouched.start()
    patch = {"metadata": {"finalizers": None}}
    written = await world.registry.patch_entry(PODS, "default", "x", PatchType.MERGE, patch, DRY)
    assert written.deleted


async def test_a_namespace(world: Any, untouched: Any) -> None:
    """A dry delete of a namespace does not begin to empty it."""
    await world.create(NAMESPACES, {"metadata": {"name": "shop"}})
    untouched.start()
    written = await world.registry.delete_entry(NAMESPACES, "", "shop", DeleteOptions(), DRY)
    assert b'"phase":"Terminating"' in written.entry.data
    assert world.get(NAMESPACES, "shop").status.phase == "Active"


async def test_watchers_see_nothing(world: Any) -> None:
    """No event comes of a dry run."""
    with world.registry.watch_entries(CONFIG_MAPS, "default") as watch:
        await world.create(CONFIG_MAPS, {"metadata": {"name": "dry"}}, dry_run=True)
        await world.create(CONFIG_MAPS, {"metadata": {"name": "real"}})
        assert (await anext(watch)).entry.name == "real"
