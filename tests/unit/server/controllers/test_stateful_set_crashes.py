"""At most one pod of each number, wherever the server is killed and however long a board is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from edgeorch.api.apps.resources import STATEFUL_SETS
from edgeorch.api.core.resources import NODES, PERSISTENT_VOLUME_CLAIMS, PODS
from edgeorch.api.meta import DeleteOptions
from edgeorch.errors import ApiError
from edgeorch_server.controllers.runner import Key
from tests.fakes.mortal_store import Killed, MortalStore
from tests.fakes.plane import Plane
from tests.fakes.workloads import Workshop, template, workload

MOST_WRITES = 200
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


class Life:
    """A StatefulSet with claims, from its beginning through all that happens to it."""

    def __init__(self, story: Story, store: MortalStore) -> None:
        self.story = story
        self.store = store
        self.shop = Workshop(store)
        self.first_claims: dict[str, str] = {}
        """By name: the uid of each claim that there was when all was there for the first time."""
        self.running: dict[str, str] = {}
        """By name: the uid of the pod that the node runs, until the node itself has ended it."""
        self.was_killed = True
        """Whether its writes were enough to come to the one that kills the server."""
        self.gone = ""
        """Uid of the StatefulSet once it is deleted."""

    async def controller(self) -> None:
        """Let the controller work until it rests; if that kills the server, it is started again."""
        for _ in range(MOST_WRITES):
            before = self.store.revision
            try:
                await self.shop.reconciler("stateful-set").reconcile(Key("default", "web"))
            except Killed:
                self.store.left = None
                self.shop.restart()
                continue
            except ApiError:
                continue
            if self.store.revision == before:
                return
        raise AssertionError("the controller never rests")

    async def node(self) -> None:
        """Run what is there and end what is to go; nobody may replace what still runs."""
        left, self.store.left = self.store.left, None
        there = {pod.metadata.name: pod for pod in self.shop.all(PODS)}
        for name, uid in self.running.items():
            assert there[name].metadata.uid == uid, f"{name} was replaced while it ran"
        if self.gone:
            await self.collect(self.gone)
            there = {pod.metadata.name: pod for pod in self.shop.all(PODS)}
        for name, pod in there.items():
            if not pod.spec.nodeName:
                await self.shop.place(pod, "pi-1")
            self.running[name] = pod.metadata.uid
            if pod.metadata.deletionTimestamp:
                await self.shop.kill(pod)
                del self.running[name]
                await self.collect(pod.metadata.uid)
        await self.shop.all_ready()
        self.store.left = left

    async def collect(self, uid: str) -> None:
        """Delete what belonged to somebody who is gone, as the garbage collector does."""
        for kind in (PODS, PERSISTENT_VOLUME_CLAIMS):
            for one in self.shop.all(kind):
                if any(owner.uid == uid for owner in one.metadata.ownerReferences):
                    await self.shop.registry.delete(kind, "default", one.metadata.name)

    async def work(self) -> None:
        """Go on until neither the controller nor the node has anything left to do."""
        for _ in range(MOST_WRITES):
            before = self.store.revision
            await self.controller()
            await self.node()
            if self.store.revision == before:
                return
        raise AssertionError("there is no end of it")

    async def live(self, kill_at: int) -> None:
        """Go through a whole life."""
        await self.shop.open()
        await self.shop.create(NODES, "pi-1")
        policy = {"whenScaled": self.story.policy, "whenDeleted": self.story.policy}
        spec = workload(
            self.story.replicas,
            serviceName="db",
            volumeClaimTemplates=[CLAIM],
            persistentVolumeClaimRetentionPolicy=policy,
        )
        await self.shop.create(STATEFUL_SETS, "web", spec=spec)
        self.store.left = kill_at
        await self.work()
        self.first_claims = self.claims
        for change in self.story.changes:
            left, self.store.left = self.store.left, None
            await self.happen(change)
            self.store.left = left
            await self.work()
        # An event that kills the server is no error of its own, so it is the count that tells.
        self.was_killed = self.store.left is None or self.store.left <= 0
        self.store.left = None

    async def happen(self, change: Mapping[str, Any] | None) -> None:
        """Change the spec, or (None) delete the whole."""
        if change is not None:
            await self.shop.patch(STATEFUL_SETS, "web", spec=change)
            return
        self.gone = self.shop.get(STATEFUL_SETS, "web").metadata.uid
        await self.shop.registry.delete(STATEFUL_SETS, "default", "web")

    @property
    def claims(self) -> dict[str, str]:
        """Uids by name."""
        found = self.shop.all(PERSISTENT_VOLUME_CLAIMS)
        return {claim.metadata.name: claim.metadata.uid for claim in found}

    def check_pods(self, *names: str, image: str = "nginx:1") -> None:
        """Check that these are there, ready and counted, and no others."""
        owner, pods = self.shop.get(STATEFUL_SETS, "web"), self.shop.all(PODS)
        assert {pod.metadata.name: pod.spec.containers[0].image for pod in pods} == dict.fromkeys(names, image)
        assert (owner.status.replicas, owner.status.readyReplicas) == (len(names), len(names))
        assert owner.status.currentRevision == owner.status.updateRevision

    def check_owners(self, *uids: str) -> None:
        """Check that all claims belong to these, and go with them."""
        for claim in self.shop.all(PERSISTENT_VOLUME_CLAIMS):
            assert [owner.uid for owner in claim.metadata.ownerReferences] == list(uids)


@dataclass(frozen=True)
class Story:
    """What happens to a StatefulSet, and what must have become of it in the end."""

    policy: str
    """What becomes of the claims of pods that go: ``Delete`` or ``Retain``."""
    replicas: int
    changes: tuple[Mapping[str, Any] | None, ...]
    """Changes of its spec; None deletes it."""
    check: Callable[[Life], None]


def _rolled_and_shrunk(life: Life) -> None:
    life.check_pods("web-0", image="nginx:2")
    assert life.claims.keys() == {"data-web-0"}
    life.check_owners(life.shop.get(STATEFUL_SETS, "web").metadata.uid)


def _grown(life: Life) -> None:
    life.check_pods("web-0", "web-1", "web-2")
    assert life.claims.keys() == {"data-web-0", "data-web-1", "data-web-2"}
    assert life.first_claims.items() <= life.claims.items()
    life.check_owners(life.shop.get(STATEFUL_SETS, "web").metadata.uid)


def _back_with_its_data(life: Life) -> None:
    life.check_pods("web-0", "web-1")
    assert life.claims == life.first_claims
    life.check_owners()


def _gone_altogether(life: Life) -> None:
    assert not life.shop.all(PODS)
    assert not life.claims


def _gone_but_for_its_data(life: Life) -> None:
    assert not life.shop.all(PODS)
    assert life.claims == life.first_claims
    life.check_owners()


STORIES = {
    "rolled out, then fewer": Story(
        "Delete", 2, ({"template": template("nginx:2")}, {"replicas": 1}), _rolled_and_shrunk
    ),
    "more": Story("Delete", 1, ({"replicas": 3},), _grown),
    "fewer, and as many as before, claims retained": Story(
        "Retain", 2, ({"replicas": 1}, {"replicas": 2}), _back_with_its_data
    ),
    "deleted": Story("Delete", 2, (None,), _gone_altogether),
    "deleted, claims retained": Story("Retain", 2, (None,), _gone_but_for_its_data),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
@pytest.mark.parametrize("stored", [True, False], ids=["written", "not written"])
async def test_the_server_is_killed_at_each_write(story: Story, *, stored: bool) -> None:
    """StatefulSet, "at most one": the end is as it should be, and no pod had a twin on the way."""
    for kill_at in range(1, MOST_WRITES):
        store = MortalStore()
        store.stored_last = stored
        life = Life(story, store)
        await life.live(kill_at)
        story.check(life)
        if not life.was_killed:
            return
    raise AssertionError("there was no end of writes")


@pytest.mark.looptime
async def test_a_board_that_is_away_for_a_day() -> None:
    """StatefulSet, "at most one": its pod is not replaced before somebody says that it is gone for good."""
    plane = await Plane().open()
    await plane.create(STATEFUL_SETS, "web", spec=workload(2, serviceName="db"))
    async with plane.running():
        await asyncio.sleep(60)
        before = {pod.metadata.name: pod for pod in plane.all(PODS)}
        node = before["web-0"].spec.nodeName
        plane.present.lose(node)
        await asyncio.sleep(24 * 3600)
        pod = plane.get(PODS, "web-0")
        assert pod.metadata.uid == before["web-0"].metadata.uid
        assert pod.metadata.deletionTimestamp
        at_once = DeleteOptions(gracePeriodSeconds=0)
        await plane.registry.delete(PODS, "default", "web-0", at_once)
        await asyncio.sleep(60)
        replaced = plane.get(PODS, "web-0")
        assert replaced.metadata.uid != pod.metadata.uid
        assert replaced.spec.nodeName != node
        assert replaced.status.phase == "Running"
