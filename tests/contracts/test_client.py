"""The contract of :class:`edgeorch_server.registry.base.Client`, for every implementation.

A client over HTTP joins by adding its maker to :data:`MAKERS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from edgeorch.api.core.config import ConfigMap
from edgeorch.api.core.container import Container
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod, PodSpec
from edgeorch.api.core.resources import CONFIG_MAPS, NAMESPACES, NODES, PODS
from edgeorch.api.meta import DeleteOptions, ObjectMeta, Preconditions
from edgeorch.api.selectors import FieldSelector, Selector
from edgeorch.api.table import default_table
from edgeorch.errors import AlreadyExists, BadRequest, Conflict, Expired, Forbidden, Invalid, NotFound
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.base import EventType
from edgeorch_server.store.memory import MemoryStore

Maker = Callable[[], Awaitable[Client]]


async def in_process() -> Client:
    return Registry(MemoryStore(), default_table())


MAKERS: list[Maker] = [in_process]


@pytest.fixture(params=MAKERS)
async def client(request: pytest.FixtureRequest) -> Client:
    make: Maker = request.param
    made = await make()
    await made.create(NAMESPACES, Namespace(metadata=ObjectMeta(name="default")))
    return made


def pod(name: str = "x", **spec: object) -> Pod:
    container = Container(name="main", image="nginx:1.25")
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default"),
        spec=PodSpec.model_validate({"containers": [container], **spec}),
    )


def config(name: str = "c", **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default"), data=data)


async def test_what_was_created_is_read(client: Client) -> None:
    """Create answers what was stored, and a get reads the same."""
    created = await client.create(CONFIG_MAPS, config(a="b"))
    assert created.metadata.uid
    assert created.metadata.resourceVersion
    assert client.get(CONFIG_MAPS, "default", "c") == created


async def test_the_argument_is_not_changed(client: Client) -> None:
    """Writing leaves the caller's object as it was."""
    mine = pod()
    await client.create(PODS, mine)
    assert mine == pod()


async def test_what_is_read_is_the_readers(client: Client) -> None:
    """Changing what a read or a write answered changes nothing that is stored."""
    created = await client.create(CONFIG_MAPS, config(a="b"))
    created.data["a"] = "c"
    client.get(CONFIG_MAPS, "default", "c").data["a"] = "d"
    client.list(CONFIG_MAPS)[0].data["a"] = "e"
    assert client.get(CONFIG_MAPS, "default", "c").data == {"a": "b"}


async def test_nothing_there(client: Client) -> None:
    """A get of nothing is NotFound, in Kubernetes' words."""
    with pytest.raises(NotFound, match=r'^configmaps "c" not found$'):
        client.get(CONFIG_MAPS, "default", "c")


async def test_a_taken_name(client: Client) -> None:
    """A second create of a name is AlreadyExists."""
    await client.create(CONFIG_MAPS, config())
    with pytest.raises(AlreadyExists, match=r'^configmaps "c" already exists$'):
        await client.create(CONFIG_MAPS, config())


async def test_defaults_admission_and_validation_hold(client: Client) -> None:
    """Whatever is completed or refused over HTTP is completed and refused here."""
    created = await client.create(PODS, pod())
    assert created.spec.restartPolicy == "Always"
    assert len(created.spec.tolerations) == 2
    with pytest.raises(Invalid, match=r"spec.containers: Required value"):
        await client.create(PODS, pod("y", containers=[]))
    with pytest.raises(Forbidden, match=r"no PriorityClass with name gold was found"):
        await client.create(PODS, pod("y", priorityClassName="gold"))
    with pytest.raises(NotFound, match=r'^namespaces "nowhere" not found$'):
        await client.create(CONFIG_MAPS, ConfigMap(metadata=ObjectMeta(name="c", namespace="nowhere")))


async def test_names_are_generated(client: Client) -> None:
    """A generateName makes a name."""
    mine = pod("")
    mine.metadata.generateName = "web-"
    assert (await client.create(PODS, mine)).metadata.name.startswith("web-")


async def test_a_list_selects(client: Client) -> None:
    """A list takes namespace, labels and fields; an unknown field is BadRequest."""
    for name in ("a", "b"):
        mine = pod(name, nodeName="n" if name == "b" else "")
        mine.metadata.labels = {"app": name}
        await client.create(PODS, mine)
    assert [p.metadata.name for p in client.list(PODS)] == ["a", "b"]
    assert client.list(PODS, "nowhere") == []
    assert [p.metadata.name for p in client.list(PODS, labels=Selector.parse("app=a"))] == ["a"]
    by_node = FieldSelector.parse("spec.nodeName=n")
    assert [p.metadata.name for p in client.list(PODS, "default", fields=by_node)] == ["b"]
    with pytest.raises(BadRequest):
        client.list(PODS, fields=FieldSelector.parse("spec.color=red"))


async def test_an_update_compares_versions(client: Client) -> None:
    """Of two updates of one version the second is a Conflict; without a version it overwrites."""
    first = await client.create(CONFIG_MAPS, config(a="1"))
    second = first.model_copy(update={"data": {"a": "2"}})
    third = first.model_copy(update={"data": {"a": "3"}})
    assert (await client.update(CONFIG_MAPS, second)).data == {"a": "2"}
    with pytest.raises(Conflict, match=r"the object has been modified"):
        await client.update(CONFIG_MAPS, third)
    await client.update(CONFIG_MAPS, config(a="4"))
    assert client.get(CONFIG_MAPS, "default", "c").data == {"a": "4"}


async def test_an_update_without_a_change(client: Client) -> None:
    """An update that changes nothing keeps the version."""
    first = await client.create(CONFIG_MAPS, config(a="1"))
    assert (await client.update(CONFIG_MAPS, first)) == first


async def test_an_update_of_nothing(client: Client) -> None:
    """An update of what is not there is NotFound."""
    with pytest.raises(NotFound):
        await client.update(CONFIG_MAPS, config())


async def test_update_and_status_keep_off_each_other(client: Client) -> None:
    """Update leaves the status, update_status leaves everything else."""
    created = await client.create(PODS, pod())
    created.status.phase = "Running"
    created.spec.containers[0].image = "other:1"
    created.metadata.labels = {"a": "b"}
    reported = await client.update_status(PODS, created)
    assert (reported.status.phase, reported.metadata.labels) == ("Running", {})
    assert reported.spec.containers[0].image == "nginx:1.25"
    reported.status.phase = "Failed"
    reported.metadata.labels = {"a": "b"}
    updated = await client.update(PODS, reported)
    assert (updated.status.phase, updated.metadata.labels) == ("Running", {"a": "b"})


async def test_a_status_compares_versions(client: Client) -> None:
    """A stale status is a Conflict; without a version it overwrites, for the object of that uid only."""
    stale = await client.create(NODES, Node(metadata=ObjectMeta(name="n")))
    fresh = stale.model_copy(deep=True)
    fresh.spec.unschedulable = True
    await client.update(NODES, fresh)
    stale.status.capacity = {"cpu": "4"}
    with pytest.raises(Conflict):
        await client.update_status(NODES, stale)
    stale.metadata.resourceVersion = ""
    reported = await client.update_status(NODES, stale)
    assert (reported.status.capacity, reported.spec.unschedulable) == ({"cpu": "4"}, True)
    stale.metadata.uid = "another"
    with pytest.raises(Conflict):
        await client.update_status(NODES, stale)


async def test_a_kind_without_status(client: Client) -> None:
    """Where there is no status subresource none is written."""
    created = await client.create(CONFIG_MAPS, config())
    with pytest.raises(NotFound):
        await client.update_status(CONFIG_MAPS, created)


async def test_a_delete(client: Client) -> None:
    """A deleted object is gone, and a second delete NotFound."""
    await client.create(CONFIG_MAPS, config())
    await client.delete(CONFIG_MAPS, "default", "c")
    with pytest.raises(NotFound):
        client.get(CONFIG_MAPS, "default", "c")
    with pytest.raises(NotFound):
        await client.delete(CONFIG_MAPS, "default", "c")


async def test_a_graceful_delete(client: Client) -> None:
    """A bound pod is marked first; a delete with a grace of 0 and the right uid ends it."""
    created = await client.create(PODS, pod(nodeName="n"))
    await client.delete(PODS, "default", "x")
    assert client.get(PODS, "default", "x").metadata.deletionGracePeriodSeconds == 30
    other = DeleteOptions(gracePeriodSeconds=0, preconditions=Preconditions(uid="other"))
    with pytest.raises(Conflict):
        await client.delete(PODS, "default", "x", other)
    this = DeleteOptions(gracePeriodSeconds=0, preconditions=Preconditions(uid=created.metadata.uid))
    await client.delete(PODS, "default", "x", this)
    assert client.list(PODS) == []


async def test_a_binding(client: Client) -> None:
    """Bind puts a pod on a node, once, and only the very pod that was meant."""
    created = await client.create(PODS, pod())
    await client.bind(created, "n1")
    bound = client.get(PODS, "default", "x")
    assert bound.spec.nodeName == "n1"
    assert [(c.type, c.status) for c in bound.status.conditions] == [("PodScheduled", "True")]
    with pytest.raises(Conflict, match=r'is already assigned to node "n1"'):
        await client.bind(created, "n2")
    await client.delete(PODS, "default", "x", DeleteOptions(gracePeriodSeconds=0))
    await client.create(PODS, pod())
    with pytest.raises(Conflict):
        await client.bind(created, "n1")


async def test_a_watch_goes_on_from_a_list(client: Client) -> None:
    """A watch from a version shows every later change, in order, and nothing else's."""
    first = await client.create(CONFIG_MAPS, config(a="1"))
    with client.watch(CONFIG_MAPS, since=int(first.metadata.resourceVersion)) as watch:
        await client.create(PODS, pod())
        await client.update(CONFIG_MAPS, config(a="2"))
        await client.delete(CONFIG_MAPS, "default", "c")
        async with asyncio.timeout(5):
            changed, deleted = await anext(watch), await anext(watch)
    assert (changed.type, deleted.type) == (EventType.MODIFIED, EventType.DELETED)
    assert ConfigMap.from_json(deleted.entry.data).data == {"a": "2"}


async def test_a_watch_from_the_future(client: Client) -> None:
    """A version that has never been is Expired: list again."""
    with pytest.raises(Expired):
        client.watch(CONFIG_MAPS, since=10**9)
