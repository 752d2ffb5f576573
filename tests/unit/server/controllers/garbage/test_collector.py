"""The garbage collector at work on a real registry."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

import pytest

from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.replication_controller import ReplicationController
from edgeorch.api.core.resources import (
    CONFIG_MAPS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICATION_CONTROLLERS,
    SECRETS,
)
from edgeorch.api.meta import DeleteOptions, Object, ObjectMeta, OwnerReference
from edgeorch.errors import NotFound
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.garbage.collector import GarbageCollector, run_garbage_collector
from edgeorch_server.registry.recorder import EventRecorder
from tests.unit.server.controllers.world import World

pytestmark = pytest.mark.looptime

FINALIZER = "example.com/keep"


class Family:
    """ConfigMaps that own each other, and the collector."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.registry = world.registry

    @asynccontextmanager
    async def collecting(self) -> AsyncIterator[None]:
        recorder = EventRecorder(self.registry, "garbage-collector-controller", self.world.now)
        collector = GarbageCollector(self.registry, recorder)
        task = asyncio.create_task(run_garbage_collector(collector, self.registry))
        try:
            await asyncio.sleep(1)
            yield
            await asyncio.sleep(1)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def make(
        self,
        name: str,
        *owners: Object,
        blocks: bool = True,
        finalizers: Sequence[str] = (),
        namespace: str = "default",
        wrong: Mapping[str, str] = MappingProxyType({}),
    ) -> ConfigMap:
        """Create a ConfigMap; ``wrong`` replaces parts of its references."""
        meta = ObjectMeta(
            name=name,
            namespace=namespace,
            finalizers=list(finalizers),
            ownerReferences=[refer(owner, blocks=blocks, **wrong) for owner in owners],
        )
        return await self.registry.create(CONFIG_MAPS, ConfigMap(metadata=meta))

    async def refer(self, name: str, *owners: Object) -> None:
        """Give an object that exists these owners."""
        obj = self.registry.get(CONFIG_MAPS, "default", name)
        obj.metadata.ownerReferences = [refer(owner) for owner in owners]
        await self.registry.update(CONFIG_MAPS, obj)

    async def release(self, name: str) -> None:
        """Take our finalizer off."""
        obj = self.registry.get(CONFIG_MAPS, "default", name)
        obj.metadata.finalizers.remove(FINALIZER)
        await self.registry.update(CONFIG_MAPS, obj)

    async def delete(self, name: str, policy: str = "Background") -> None:
        await self.registry.delete(CONFIG_MAPS, "default", name, DeleteOptions(propagationPolicy=policy))
        await asyncio.sleep(1)

    @property
    def names(self) -> str:
        """Who is there, in short."""
        return "".join(entry.name for entry in self.world.store.list(CONFIG_MAPS.key))

    def owners(self, name: str) -> list[str]:
        return [r.name for r in self.registry.get(CONFIG_MAPS, "default", name).metadata.ownerReferences]

    def is_going(self, name: str) -> bool:
        return bool(self.registry.get(CONFIG_MAPS, "default", name).metadata.deletionTimestamp)

    async def is_quiet(self) -> bool:
        """Nothing is written any more."""
        await asyncio.sleep(1)
        revision = self.world.store.revision
        await asyncio.sleep(3600)
        return self.world.store.revision == revision

    def warnings(self) -> list[tuple[str, str, str]]:
        return [(e.reason, e.involvedObject.name, e.message) for e in self.registry.list(EVENTS)]


def refer(owner: Object, *, blocks: bool = True, **wrong: str) -> OwnerReference:
    meta = owner.metadata
    parts: dict[str, Any] = {
        "apiVersion": owner.apiVersion,
        "kind": owner.kind,
        "name": meta.name,
        "uid": meta.uid,
    }
    return OwnerReference(**{**parts, **wrong}, blockOwnerDeletion=blocks)


def bare(obj: Object) -> ObjectMeta:
    """Name an object without its version: an update overwrites whatever is there."""
    return ObjectMeta(name=obj.metadata.name, namespace=obj.metadata.namespace)


@pytest.fixture
async def family() -> Family:
    world = World()
    await create_initial_objects(world.registry)
    return Family(world)


class TestBackground:
    async def test_dependents_follow_their_owner(self, family: Family) -> None:
        """Background deletion: the owner goes at once, its dependents, and theirs, after it."""
        async with family.collecting():
            a = await family.make("a")
            b = await family.make("b", a)
            await family.make("c", b)
            await family.make("x")
            await family.delete("a")
        assert family.names == "x"

    async def test_one_living_owner_is_enough(self, family: Family) -> None:
        """Deleted only once all owners are absent; references to those that are gone are taken off."""
        async with family.collecting():
            a, b = await family.make("a"), await family.make("b")
            await family.make("c", a, b)
            await family.delete("a")
            assert (family.names, family.owners("c")) == ("bc", ["b"])
            await family.delete("b")
        assert family.names == ""

    async def test_a_dependent_that_comes_too_late(self, family: Family) -> None:
        """What is made for an owner that has gone meanwhile is collected as well."""
        async with family.collecting():
            a = await family.make("a")
            await family.delete("a")
            await family.make("b", a)
        assert family.names == ""

    async def test_an_owner_of_the_same_name_is_another_one(self, family: Family) -> None:
        """An owner is its uid: one made anew under the same name owns nothing."""
        async with family.collecting():
            a = await family.make("a")
            await family.delete("a")
            await family.make("a")
            await family.make("b", a)
        assert family.names == "a"

    async def test_after_a_start_nothing_stays_orphaned(self, family: Family) -> None:
        """What lost its owner while nobody looked is collected at the next start."""
        a = await family.make("a")
        await family.make("c", await family.make("b", a))
        await family.delete("a")
        assert family.names == "bc"
        async with family.collecting():
            pass
        assert family.names == ""

    async def test_a_gap_in_the_news_is_made_up_for(self, family: Family) -> None:
        """Where the watch of the owners falls behind, their dependents are collected all the same."""
        async with family.collecting():
            a = await family.make("a")
            secret = Secret(metadata=ObjectMeta(name="s", namespace="default", ownerReferences=[refer(a)]))
            await family.registry.create(SECRETS, secret)
            await asyncio.sleep(1)
            # A store in memory never makes a writer wait, so nobody reads the news between these writes.
            await family.registry.delete(CONFIG_MAPS, "default", "a")
            busy = await family.make("b")
            for number in range(1100):
                busy.data = {"n": str(number)}
                await family.registry.update(CONFIG_MAPS, busy.model_copy(update={"metadata": bare(busy)}))
        assert not family.registry.list(SECRETS)

    async def test_finalizers_of_others_are_waited_for(self, family: Family) -> None:
        """A collected object with a finalizer is marked, and goes once that is taken off."""
        async with family.collecting():
            a = await family.make("a")
            await family.make("b", a, finalizers=[FINALIZER])
            await family.delete("a")
            assert (family.names, family.is_going("b")) == ("b", True)
            assert await family.is_quiet()
            await family.release("b")
        assert family.names == ""

    async def test_a_pod_gets_its_grace(self, family: Family) -> None:
        """A pod on a node is deleted gracefully, not by force."""
        async with family.collecting():
            a = await family.make("a")
            spec = {
                "containers": [{"name": "main", "image": "i"}],
                "nodeName": "pi",
                "serviceAccountName": "default",
            }
            pod = Pod.from_dict({"metadata": {"name": "p", "namespace": "default"}, "spec": spec})
            pod.metadata.ownerReferences = [refer(a)]
            await family.registry.create(PODS, pod)
            await family.delete("a")
            assert family.registry.get(PODS, "default", "p").metadata.deletionGracePeriodSeconds == 30


class TestForeground:
    async def test_the_owner_waits_for_those_that_block(self, family: Family) -> None:
        """Foreground deletion: the owner stays, marked, until its blocking dependents are gone."""
        async with family.collecting():
            a = await family.make("a")
            b = await family.make("b", a)
            await family.make("c", b, finalizers=[FINALIZER])
            await family.make("d", a, blocks=False)
            await family.delete("a", "Foreground")
            assert family.names == "abc"
            assert all(family.is_going(name) for name in "abc")
            assert await family.is_quiet()
            await family.release("c")
        assert family.names == ""

    async def test_the_owner_does_not_wait_for_those_that_do_not(self, family: Family) -> None:
        """Without blockOwnerDeletion a dependent holds nobody; it goes by itself."""
        async with family.collecting():
            a = await family.make("a")
            await family.make("b", a, blocks=False, finalizers=[FINALIZER])
            await family.delete("a", "Foreground")
            assert (family.names, family.is_going("b")) == ("b", True)

    async def test_a_dependent_with_another_owner_is_let_go(self, family: Family) -> None:
        """A shared dependent stays with its other owner and no longer refers to the one that goes."""
        async with family.collecting():
            a, b = await family.make("a"), await family.make("b")
            await family.make("c", a, b)
            await family.delete("a", "Foreground")
        assert (family.names, family.owners("c")) == ("bc", ["b"])

    async def test_a_dependent_that_is_released_sets_the_owner_free(self, family: Family) -> None:
        """The owner also goes when what it waits for is no dependent any more."""
        async with family.collecting():
            a = await family.make("a")
            await family.make("b", a, finalizers=[FINALIZER])
            await family.delete("a", "Foreground")
            assert family.names == "ab"
            await family.refer("b")
        assert family.names == "b"

    async def test_a_start_goes_on_with_it(self, family: Family) -> None:
        """A foreground deletion that a stop interrupted is carried out after the next start."""
        a = await family.make("a")
        await family.make("b", a)
        await family.delete("a", "Foreground")
        assert family.names == "ab"
        async with family.collecting():
            pass
        assert family.names == ""

    @pytest.mark.parametrize("policy", ["Background", "Foreground"])
    @pytest.mark.parametrize("names", ["a", "ab", "abc"])
    async def test_a_ring_goes_as_a_whole(self, family: Family, names: str, policy: str) -> None:
        """Circular owners do not wait for each other for ever."""
        async with family.collecting():
            ring = [await family.make(name) for name in names]
            for name, owner in zip(names, [*ring[1:], ring[0]], strict=True):
                await family.refer(name, owner)
            assert await family.is_quiet()
            assert family.names == names
            await family.delete("a", policy)
        assert family.names == ""

    async def test_a_ring_whose_members_all_wait(self, family: Family) -> None:
        """Two that own each other, both deleted in the foreground, both go."""
        a, b = await family.make("a"), await family.make("b")
        await family.refer("a", b)
        await family.refer("b", a)
        await family.delete("a", "Foreground")
        await family.delete("b", "Foreground")
        assert family.names == "ab"
        async with family.collecting():
            pass
        assert family.names == ""


class TestOrphan:
    async def test_dependents_are_set_free(self, family: Family) -> None:
        """Orphaned dependents: the owner goes, they stay and refer to it no more."""
        async with family.collecting():
            a, x = await family.make("a"), await family.make("x")
            await family.make("b", a)
            await family.make("c", a, x, blocks=False)
            await family.delete("a", "Orphan")
        assert family.names == "bcx"
        assert (family.owners("b"), family.owners("c")) == ([], ["x"])

    async def test_an_owner_without_dependents_goes(self, family: Family) -> None:
        """The orphan finalizer is taken off also where nobody is to be set free."""
        async with family.collecting():
            await family.make("a")
            await family.delete("a", "Orphan")
        assert family.names == ""

    async def test_another_finalizer_stays(self, family: Family) -> None:
        """Only the garbage collector's own finalizer is taken off."""
        async with family.collecting():
            a = await family.make("a", finalizers=[FINALIZER])
            await family.make("b", a)
            await family.delete("a", "Orphan")
            assert (family.names, family.owners("b")) == ("ab", [])
            assert family.registry.get(CONFIG_MAPS, "default", "a").metadata.finalizers == [FINALIZER]
            assert await family.is_quiet()

    async def test_a_kind_whose_dependents_live_on_by_default(self, family: Family) -> None:
        """A ReplicationController that is deleted without a policy leaves its dependents behind."""
        body = {
            "metadata": {"name": "rc", "namespace": "default"},
            "spec": {
                "replicas": 0,
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "main", "image": "i"}]},
                },
            },
        }
        async with family.collecting():
            for options, left in ((DeleteOptions(), "a"), (DeleteOptions(propagationPolicy="Background"), "a")):
                made = await family.registry.create(
                    REPLICATION_CONTROLLERS, ReplicationController.from_dict(body)
                )
                await family.make("b" if "a" in family.names else "a", made)
                await family.registry.delete(REPLICATION_CONTROLLERS, "default", "rc", options)
                await asyncio.sleep(1)
                assert (family.names, family.owners("a")) == (left, [])
                assert not family.registry.list(REPLICATION_CONTROLLERS)


class TestWrongReferences:
    async def test_an_owner_in_another_namespace_is_absent(self, family: Family) -> None:
        """Cross-namespace references are disallowed by design: absent, with a warning event."""
        async with family.collecting():
            a = await family.make("a", namespace="kube-system")
            await family.make("b", a)
        assert family.names == "a"
        message = f"ownerRef [v1/ConfigMap, namespace: default, name: a, uid: {a.metadata.uid}] does not exist"
        where = 'in namespace "default"'
        assert family.warnings() == [("OwnerRefInvalidNamespace", "b", f"{message} {where}")]

    async def test_a_stranger_does_not_hold_an_owner(self, family: Family) -> None:
        """Who refers to an owner in another namespace cannot keep it from going."""
        async with family.collecting():
            await family.make("a")
            a = family.registry.get(CONFIG_MAPS, "default", "a")
            await family.make("b", a, namespace="kube-system", finalizers=[FINALIZER])
            await family.delete("a", "Foreground")
        assert family.names == "b"

    @pytest.mark.parametrize("wrong", [{"kind": "Secret"}, {"name": "z"}, {"uid": "other"}])
    async def test_a_reference_that_does_not_fit_is_absent(self, family: Family, wrong: dict[str, str]) -> None:
        """Kind, name and uid must all be the owner's."""
        async with family.collecting():
            a = await family.make("a")
            await family.make("b", a, wrong=wrong)
        assert (family.names, family.warnings()) == ("a", [])

    @pytest.mark.parametrize("order", [1, -1])
    async def test_a_right_reference_beside_a_wrong_one(self, family: Family, order: int) -> None:
        """Two references to the same uid, one of them under a wrong name: the owner holds the object."""
        async with family.collecting():
            a = await family.make("a")
            references = [refer(a), refer(a, name="z")][::order]
            meta = ObjectMeta(name="b", namespace="default", ownerReferences=references)
            await family.registry.create(CONFIG_MAPS, ConfigMap(metadata=meta))
            assert await family.is_quiet()
        assert family.names == "ab"

    @pytest.mark.parametrize("wrong", [{"kind": "Widget"}, {"apiVersion": "example.com/v1"}])
    async def test_a_kind_that_is_not_served_is_left_alone(self, family: Family, wrong: dict[str, str]) -> None:
        """Whether such an owner exists nobody knows; the dependent stays, and nothing is written."""
        async with family.collecting():
            a = await family.make("a")
            await family.make("b", a, wrong=wrong)
            await family.delete("a")
            assert await family.is_quiet()
        assert family.names == "b"

    async def test_a_cluster_scoped_dependent_of_a_namespaced_owner(self, family: Family) -> None:
        """Its owner cannot be resolved: it is never collected, and a warning event says so."""
        async with family.collecting():
            a = await family.make("a")
            meta = ObjectMeta(name="n", ownerReferences=[refer(a)])
            await family.registry.create(NAMESPACES, Namespace(metadata=meta))
            await asyncio.sleep(1)
            assert [warning[:2] for warning in family.warnings()] == [("OwnerRefInvalidNamespace", "n")]
            await family.delete("a")
            assert not family.registry.get(NAMESPACES, "", "n").metadata.deletionTimestamp

    async def test_a_cluster_scoped_owner_serves_all_namespaces(self, family: Family) -> None:
        """A Node may own objects in any namespace."""
        async with family.collecting():
            node = await family.world.add_node("pi")
            await family.make("a", node)
            await family.make("b", node, namespace="kube-system")
            assert (await family.is_quiet(), family.names) == (True, "ab")
            await family.registry.delete(NODES, "", "pi")
        assert family.names == ""


async def test_an_idle_cluster_writes_nothing(family: Family) -> None:
    """A cluster that holds rings, unknown owners and finalizers is left in peace; so is it by a restart."""
    a, b = await family.make("a"), await family.make("b")
    await family.refer("a", b)
    await family.refer("b", a)
    await family.make("c", a, finalizers=[FINALIZER])
    await family.make("d", a, wrong={"kind": "Widget"})
    await family.delete("c", "Foreground")
    async with family.collecting():
        assert await family.is_quiet()
    revision = family.world.store.revision
    async with family.collecting():
        assert await family.is_quiet()
    assert family.world.store.revision == revision


async def test_a_deletion_in_the_foreground_answers_not_found_at_its_end(family: Family) -> None:
    """Who waits for the owner sees it go: kubectl delete --cascade=foreground."""
    async with family.collecting():
        await family.make("b", await family.make("a"))
        await family.delete("a", "Foreground")
    with pytest.raises(NotFound):
        family.registry.get(CONFIG_MAPS, "default", "a")
