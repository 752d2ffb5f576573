"""Random histories: whatever owns whatever and goes in whatever way, the collector's promises hold."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import looptime
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edgeorch.api.core.config import ConfigMap
from edgeorch.api.core.resources import CONFIG_MAPS
from edgeorch.api.meta import DeleteOptions, ObjectMeta, OwnerReference
from edgeorch.errors import ApiError
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.garbage.collector import GarbageCollector, run_garbage_collector
from edgeorch_server.registry.recorder import EventRecorder
from tests.unit.server.controllers.world import World

NAMES = st.sampled_from("abcde")
OWNERS = st.lists(NAMES, max_size=3, unique=True)
KEEP = "example.com/keep"


class Histories(RuleBasedStateMachine):
    """Five objects that own each other at random, while the collector runs, stops and starts again."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=looptime.new_event_loop)
        self.task: asyncio.Task[None] | None = None
        self.uids: dict[str, str] = {}
        """Newest uid that each name has had; its object may be gone."""
        self.safe: set[str] = set()
        """Who must be there at the next look, as long as nobody touches those it depends on."""
        self.before: list[ConfigMap] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something and let the collector finish what follows from it."""

        async def settled() -> None:
            try:
                await work
            except ApiError:
                return
            finally:
                await asyncio.sleep(10)

        self.runner.run(settled())

    @initialize(graph=st.dictionaries(NAMES, OWNERS, min_size=2), keep=NAMES)
    def begin(self, graph: dict[str, list[str]], keep: str) -> None:
        async def build() -> None:
            self.world = World()
            await create_initial_objects(self.world.registry)

        self.run(build())
        for name in graph:
            self.create(name, [], blocks=True, finalizers=[KEEP] if name == keep else [])
        for name, owners in graph.items():
            self.change_owners(name, [owner for owner in owners if owner in graph], blocks=True)
        self.start()

    def reference(self, name: str, *, blocks: bool) -> OwnerReference:
        uid = self.uids.get(name, f"never-{name}")
        return OwnerReference(apiVersion="v1", kind="ConfigMap", name=name, uid=uid, blockOwnerDeletion=blocks)

    @rule(name=NAMES, owners=OWNERS, blocks=st.booleans(), finalizers=st.sampled_from([[], [KEEP]]))
    def create(self, name: str, owners: list[str], blocks: bool, finalizers: list[str]) -> None:
        references = [self.reference(owner, blocks=blocks) for owner in owners]
        meta = ObjectMeta(name=name, namespace="default", ownerReferences=references, finalizers=finalizers)

        self.touch("")

        async def work() -> None:
            made = await self.world.registry.create(CONFIG_MAPS, ConfigMap(metadata=meta))
            self.uids[name] = made.metadata.uid

        self.run(work())

    @rule(name=NAMES, owners=OWNERS, blocks=st.booleans())
    def change_owners(self, name: str, owners: list[str], blocks: bool) -> None:
        self.touch(name)

        async def work() -> None:
            obj = self.world.registry.get(CONFIG_MAPS, "default", name)
            obj.metadata.ownerReferences = [self.reference(owner, blocks=blocks) for owner in owners]
            await self.world.registry.update(CONFIG_MAPS, obj)

        self.run(work())

    @rule(name=NAMES)
    def take_finalizer(self, name: str) -> None:
        async def work() -> None:
            obj = self.world.registry.get(CONFIG_MAPS, "default", name)
            obj.metadata.finalizers = [f for f in obj.metadata.finalizers if f != KEEP]
            await self.world.registry.update(CONFIG_MAPS, obj)

        self.run(work())

    @rule(name=NAMES, policy=st.sampled_from(["Background", "Foreground", "Orphan"]))
    def delete(self, name: str, policy: str) -> None:
        self.touch(name)
        options = DeleteOptions(propagationPolicy=policy)
        self.run(self.world.registry.delete(CONFIG_MAPS, "default", name, options))

    @precondition(lambda self: self.task is not None)
    @rule()
    def stop(self) -> None:
        async def work() -> None:
            assert self.task is not None
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
            self.task = None

        self.run(work())

    @precondition(lambda self: self.task is None)
    @rule()
    def start(self) -> None:
        self.touch("")

        async def work() -> None:
            recorder = EventRecorder(self.world.registry, "gc", self.world.now)
            collector = GarbageCollector(self.world.registry, recorder)
            self.task = asyncio.create_task(run_garbage_collector(collector, self.world.registry))

        self.run(work())

    def touch(self, name: str) -> None:
        """Expect anything of an object, and of those that only it holds."""
        alive = [
            o.metadata for o in self.before if not o.metadata.deletionTimestamp and o.metadata.name != name
        ]
        self.safe = {meta.uid for meta in alive if not meta.ownerReferences}
        for _ in alive:
            self.safe |= {meta.uid for meta in alive if any(r.uid in self.safe for r in meta.ownerReferences)}

    @invariant()
    def nothing_that_is_held_goes(self) -> None:
        """Check that what nobody deleted, and what has an owner that nobody deleted, is still there."""
        now = self.world.registry.list(CONFIG_MAPS, "default")
        gone = self.safe - {o.metadata.uid for o in now if not o.metadata.deletionTimestamp}
        assert not gone
        self.safe, self.before = set(), list(now)

    @invariant()
    def what_is_left_is_owned_and_quiet(self) -> None:
        """Check that nobody outlives its owners or waits without need, and that all writing has ended."""
        if self.task is None:
            return
        objects = {obj.metadata.uid: obj for obj in self.world.registry.list(CONFIG_MAPS, "default")}
        for obj in objects.values():
            meta = obj.metadata
            if meta.deletionTimestamp:
                assert "orphan" not in meta.finalizers
                assert KEEP in meta.finalizers or self.held(meta.uid, objects)
            elif meta.ownerReferences:
                assert all(reference.uid in objects for reference in meta.ownerReferences)
        revision = self.world.store.revision
        self.run(asyncio.sleep(1000))
        assert self.world.store.revision == revision

    @staticmethod
    def held(start: str, objects: dict[str, ConfigMap]) -> bool:
        """Whether a foreign finalizer, on a dependent of a dependent, holds an object."""
        seen, ahead = {start}, [start]
        while ahead:
            owner = ahead.pop()
            for uid, obj in objects.items():
                if uid not in seen and any(r.uid == owner for r in obj.metadata.ownerReferences):
                    if KEEP in obj.metadata.finalizers:
                        return True
                    seen.add(uid)
                    ahead.append(uid)
        return False

    def teardown(self) -> None:
        if self.task is not None:
            self.stop()
        self.runner.close()


Histories.TestCase.settings = settings(max_examples=50, stateful_step_count=12)
TestHistories = Histories.TestCase
