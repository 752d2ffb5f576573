"""Facts of pods, adoption and release, and the making of pods: what all workload controllers stand on."""

import dataclasses
import datetime as dt
from typing import Any

import pytest

from edgeorch.api.core.config import ConfigMap
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import CONFIG_MAPS, EVENTS, PODS
from edgeorch.api.meta import DeleteOptions, Object, ObjectMeta
from edgeorch.api.selectors import Selector
from edgeorch.errors import Conflict, Invalid
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.ownership import Adoption, controller_reference
from edgeorch_server.controllers.pod_control import PodControl, pod_from
from edgeorch_server.controllers.pod_facts import PodReader, read_facts
from edgeorch_server.controllers.runner import Key
from edgeorch_server.controllers.service_account import DefaultServiceAccount
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.store.base import Entry

from .world import EPOCH, World

pytestmark = pytest.mark.looptime

WEB = Selector.parse("app=web")


def manifest(name: str, **labels: str) -> Pod:
    return Pod.from_dict(
        {
            "metadata": {"name": name, "namespace": "default", "labels": labels},
            "spec": {"containers": [{"name": "main", "image": "i"}]},
        }
    )


@pytest.fixture
async def world() -> World:
    """Give a control plane where pods can be made."""
    made = World()
    await create_initial_objects(made.registry)
    await DefaultServiceAccount(made.registry).reconcile(Key("", "default"))
    return made


async def owner(world: World, name: str = "owner") -> ConfigMap:
    """Any object can be a controller."""
    return await world.registry.create(
        CONFIG_MAPS, ConfigMap(metadata=ObjectMeta(name=name, namespace="default"))
    )


def owned(world: World, by: Object) -> list[str]:
    return [pod.name for pod in PodReader(world.registry).owned(by.metadata.uid)]


def entry(**parts: Any) -> Entry:
    data = Pod.from_dict({"metadata": {"name": "p", "namespace": "n"}, **parts}).to_json()
    return Entry("n", "p", 1, data, "u", {}, {})


class TestFacts:
    def test_a_new_pod(self) -> None:
        """What has no status yet is active and not ready."""
        facts = read_facts(entry())
        assert (facts.active, facts.ready, facts.node, facts.phase, facts.restarts) == (True, False, "", "", 0)

    @pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
    def test_an_ended_pod_is_not_active(self, phase: str) -> None:
        """Of a pod that has ended nothing runs."""
        assert not read_facts(entry(status={"phase": phase})).active

    def test_a_deleted_pod_is_not_active(self) -> None:
        """Nobody counts on a pod in its grace period."""
        meta = {"name": "p", "namespace": "n", "deletionTimestamp": "2026-05-01T12:00:00Z"}
        assert not read_facts(entry(metadata=meta)).active

    @pytest.mark.parametrize(
        ("status", "min_ready", "available"),
        [("True", 0, True), ("False", 0, False), ("True", 10, True), ("True", 11, False), ("False", 10, False)],
    )
    def test_available(self, status: str, min_ready: int, available: bool) -> None:
        """Deployment, minReadySeconds: ready for so long without a break."""
        condition = {"type": "Ready", "status": status, "lastTransitionTime": "2026-05-01T12:00:00Z"}
        facts = read_facts(entry(status={"conditions": [condition]}))
        assert facts.available(min_ready, EPOCH + dt.timedelta(seconds=10)) is available

    @pytest.mark.parametrize(("text", "cost"), [("5", 5), ("-3", -3), ("dear", 0)])
    def test_the_deletion_cost(self, text: str, cost: int) -> None:
        """ReplicaSet, "Pod deletion cost"; what is no number counts for nothing."""
        meta = {"name": "p", "annotations": {"controller.kubernetes.io/pod-deletion-cost": text}}
        assert read_facts(entry(metadata=meta)).deletion_cost == cost

    async def test_facts_are_of_the_newest_version(self, world: World) -> None:
        """A reader remembers versions, not pods, and no more of them than it may."""
        by = await owner(world)
        for name in ("a", "b", "c"):
            pod = manifest(name)
            pod.metadata.ownerReferences = [controller_reference(by)]
            await world.registry.create(PODS, pod)
        reader = PodReader(world.registry, remembered=2)
        assert [pod.phase for pod in reader.owned(by.metadata.uid)] == ["Pending"] * 3
        pod = world.registry.get(PODS, "default", "b")
        pod.status.phase = "Running"
        await world.registry.update_status(PODS, pod)
        assert [pod.phase for pod in reader.owned(by.metadata.uid)] == ["Pending", "Running", "Pending"]


class TestAdoption:
    async def settle(self, world: World, by: Object) -> None:
        await Adoption(world.registry).settle(PODS, by, WEB)

    async def test_a_matching_orphan_is_adopted(self, world: World) -> None:
        """ReplicaSet, "Non-Template Pod acquisitions": what matches the selector and has no controller."""
        by = await owner(world)
        await world.registry.create(PODS, manifest("mine", app="web"))
        await world.registry.create(PODS, manifest("other", app="db"))
        await self.settle(world, by)
        assert owned(world, by) == ["mine"]

    async def test_what_another_controls_is_left(self, world: World) -> None:
        """An object has one controller."""
        first, second = await owner(world, "first"), await owner(world, "second")
        await world.registry.create(PODS, manifest("mine", app="web"))
        await self.settle(world, first)
        revision = world.store.revision
        await self.settle(world, second)
        await self.settle(world, first)
        assert (owned(world, first), owned(world, second)) == (["mine"], [])
        assert world.store.revision == revision

    async def test_what_no_longer_matches_is_released(self, world: World) -> None:
        """ReplicaSet, "Isolating Pods from a ReplicaSet": changing the labels takes the pod out."""
        by = await owner(world)
        await world.registry.create(PODS, manifest("mine", app="web"))
        await self.settle(world, by)
        pod = world.registry.get(PODS, "default", "mine")
        pod.metadata.labels = {"app": "debug"}
        await world.registry.update(PODS, pod)
        await self.settle(world, by)
        assert owned(world, by) == []
        assert world.registry.get(PODS, "default", "mine").metadata.ownerReferences == []

    async def test_a_pod_that_is_going_is_not_adopted(self, world: World) -> None:
        """What is being deleted belongs to nobody anew."""
        by = await owner(world)
        pod = manifest("going", app="web")
        pod.metadata.finalizers = ["example.com/keep"]
        await world.registry.create(PODS, pod)
        await world.registry.delete(PODS, "default", "going", DeleteOptions(gracePeriodSeconds=0))
        await self.settle(world, by)
        assert owned(world, by) == []

    async def test_an_owner_that_is_going_adopts_nothing(self, world: World) -> None:
        """Its dependents are about to be collected."""
        by = await owner(world)
        by.metadata.deletionTimestamp = "2026-05-01T12:00:00Z"
        await world.registry.create(PODS, manifest("free", app="web"))
        await self.settle(world, by)
        assert owned(world, by) == []


class TestPodControl:
    @staticmethod
    def control(world: World) -> PodControl:
        return PodControl(world.registry, EventRecorder(world.registry, "test-controller", world.now))

    @staticmethod
    def told(world: World) -> set[tuple[str, str]]:
        return {(event.reason, event.message) for event in world.registry.list(EVENTS, "default")}

    async def test_a_pod_is_made_from_the_template(self, world: World) -> None:
        """It has the template's labels, its owner's name and namespace, and the owner as controller."""
        by = await owner(world)
        pod = pod_from(manifest("template", app="web"), by)
        made = await self.control(world).create(pod, by)
        assert made.metadata.name.startswith("owner-")
        assert (made.metadata.labels, owned(world, by)) == ({"app": "web"}, [made.metadata.name])
        assert self.told(world) == {("SuccessfulCreate", f"Created pod: {made.metadata.name}")}

    async def test_a_refused_pod_stops_the_batches(self, world: World) -> None:
        """One pod finds out that the template is refused, not all of them; the event says why."""
        by = await owner(world)
        template = manifest("template", app="web")
        template.spec.containers[0].image = ""
        with pytest.raises(Invalid):
            await self.control(world).create_many([pod_from(template, by) for _ in range(10)], by)
        assert owned(world, by) == []
        [(reason, message)] = self.told(world)
        assert reason == "FailedCreate"
        assert message.startswith("Error creating: Pod ")
        assert "spec.containers[0].image: Required value" in message

    async def test_many_are_made_and_deleted(self, world: World) -> None:
        """All of them, whatever the number; what is gone already does no harm."""
        by, control = await owner(world), self.control(world)
        await control.create_many([pod_from(manifest("t", app="web"), by) for _ in range(10)], by)
        pods = PodReader(world.registry).owned(by.metadata.uid)
        assert len(pods) == 10
        await control.delete_many(pods, by)
        await control.delete_many(pods, by)
        assert owned(world, by) == []

    async def test_another_pod_of_the_same_name_is_not_deleted(self, world: World) -> None:
        """A delete names the uid: what was made anew meanwhile is not meant."""
        by = await owner(world)
        await world.registry.create(PODS, manifest("p"))
        old = dataclasses.replace(read_facts(world.registry.get_entry(PODS, "default", "p")), uid="another")
        with pytest.raises(Conflict, match="UID in the precondition"):
            await self.control(world).delete(old, by)
        assert world.registry.get(PODS, "default", "p").metadata.name == "p"
