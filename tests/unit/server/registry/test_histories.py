"""Random histories: whatever clients do in whatever order, the promises of the API hold."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from edgeorch.api.core.resources import NAMESPACES, PODS
from edgeorch.api.meta import DeleteOptions
from edgeorch.api.table import default_table
from edgeorch.errors import AlreadyExists, ApiError, Conflict, Invalid, NotFound
from edgeorch_server.registry.base import PatchType, WriteOptions
from edgeorch_server.registry.registry import Registry
from edgeorch_server.registry.strategies.pods import PodStrategy
from edgeorch_server.store.base import Event, EventType
from edgeorch_server.store.memory import MemoryStore

T = TypeVar("T")

NAMES = st.sampled_from(["a", "b"])
LABELS = st.dictionaries(st.sampled_from(["k", "l"]), st.sampled_from(["1", "2"]), max_size=2)
FINALIZERS = st.sampled_from([[], ["a.b/c"], ["a.b/c", "d.e/f"]])
PHASES = st.sampled_from(["Pending", "Running", "Succeeded", "Failed"])
GRACE = st.sampled_from([None, 0, 5, 60])

STRATEGY = PodStrategy()


def now() -> dt.datetime:
    return dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


class Histories(RuleBasedStateMachine):
    """Clients that create, read, change and delete two pods, some of them with stale knowledge."""

    seen = Bundle("seen")
    """Versions of pods that some client has read and may send back, changed, at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = MemoryStore()
        self.registry = Registry(self.store, default_table(), now=now)
        self.revision = 0
        self.ended: dict[str, str] = {}
        """Pods (by uid) that have been seen to end, and how."""

    def do(self, work: Coroutine[Any, Any, T]) -> T | ApiError:
        """Carry a request out; whatever it comes to, failures leave no trace and revisions only grow."""
        before = self.store.revision
        try:
            return self.runner.run(work)
        except ApiError as exc:
            assert self.store.revision == before, "a refused request spent a revision"
            return exc

    @initialize()
    def begin(self) -> None:
        self.do(self.registry.create_entry(NAMESPACES, "", {"metadata": {"name": "default"}}, WriteOptions()))
        self.watch = self.registry.watch_entries(PODS, "default", since=self.store.revision)
        self.replayed: dict[str, bytes] = {}

    @rule(target=seen, name=NAMES, labels=LABELS, finalizers=FINALIZERS, dry=st.booleans())
    def create(self, name: str, labels: dict[str, str], finalizers: list[str], *, dry: bool) -> Any:
        there = self.store.get(PODS.key, "default", name)
        before = self.store.revision
        body = {
            "metadata": {"name": name, "labels": labels, "finalizers": finalizers},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        }
        options = WriteOptions(dry_run=dry)
        result = self.do(self.registry.create_entry(PODS, "default", body, options))
        if there:
            assert isinstance(result, AlreadyExists)
        elif dry:
            assert self.store.revision == before
        else:
            assert self.store.revision == before + 1
        return self.read(name)

    @rule(target=seen, name=NAMES)
    def read(self, name: str) -> Any:
        entry = self.store.get(PODS.key, "default", name)
        return json.loads(entry.data) if entry else multiple()

    @rule(body=seen, labels=LABELS, image=st.sampled_from(["i", "j"]), dry=st.booleans())
    def put(self, body: dict[str, Any], labels: dict[str, str], image: str, *, dry: bool) -> None:
        name = body["metadata"]["name"]
        there = self.store.get(PODS.key, "default", name)
        before = self.store.revision
        changed = json.loads(json.dumps(body))
        changed["metadata"]["labels"] = labels
        changed["spec"]["containers"][0]["image"] = image
        result = self.do(self.registry.update_entry(PODS, "default", name, changed, WriteOptions(dry_run=dry)))
        if there is None:
            assert isinstance(result, NotFound)
        elif there.revision != int(body["metadata"]["resourceVersion"]):
            assert isinstance(result, Conflict), "an update of a stale version was let through"
        elif not isinstance(result, Invalid):
            assert not isinstance(result, ApiError)
            same = body["metadata"].get("labels", {}) == labels
            same = same and body["spec"]["containers"][0]["image"] == image
            assert self.store.revision == before + (0 if same or dry else 1)

    @rule(name=NAMES, labels=LABELS)
    def patch(self, name: str, labels: dict[str, str]) -> None:
        self.do(
            self.registry.patch_entry(
                PODS, "default", name, PatchType.MERGE, {"metadata": {"labels": labels}}, WriteOptions()
            )
        )
        entry = self.store.get(PODS.key, "default", name)
        assert entry is None or labels.items() <= entry.labels.items()

    @rule(name=NAMES)
    def put_back(self, name: str) -> None:
        """Send back what was read: nothing is written."""
        entry = self.store.get(PODS.key, "default", name)
        if entry is None:
            return
        before = self.store.revision
        body = json.loads(entry.data)
        result = self.do(self.registry.update_entry(PODS, "default", name, body, WriteOptions()))
        assert not isinstance(result, ApiError)
        assert self.store.revision == before

    @rule(body=seen, phase=PHASES)
    def report(self, body: dict[str, Any], phase: str) -> None:
        """Report as a node does, knowing the uid of its pod and not its version."""
        meta = {key: body["metadata"][key] for key in ("name", "uid")}
        changed = body | {"metadata": meta, "status": body["status"] | {"phase": phase}}
        self.do(self.registry.update_entry(PODS, "default", meta["name"], changed, WriteOptions(), "status"))

    @rule(body=seen, node=st.sampled_from(["n1", "n2"]))
    def bind(self, body: dict[str, Any], node: str) -> None:
        pod = PODS.model.from_dict(body)
        there = self.store.get(PODS.key, "default", pod.metadata.name)
        result = self.do(self.registry.bind(pod, node))
        if there and there.uid == pod.metadata.uid and not there.fields["spec.nodeName"]:
            assert result is None or b"deletionTimestamp" in there.data
        else:
            assert isinstance(result, ApiError)

    @rule(name=NAMES, grace=GRACE, dry=st.booleans())
    def delete(self, name: str, grace: int | None, *, dry: bool) -> None:
        there = self.store.get(PODS.key, "default", name)
        before = self.store.revision
        self.do(
            self.registry.delete_entry(
                PODS, "default", name, DeleteOptions(gracePeriodSeconds=grace), WriteOptions(dry_run=dry)
            )
        )
        assert self.store.revision <= before + (0 if dry else 1)
        if there and not dry:
            kept = self.store.get(PODS.key, "default", name) is not None
            if b'"finalizers"' in there.data:
                assert kept, "a pod went while a finalizer held it"
            elif grace == 0:
                assert not kept, "a pod outlived its forced deletion"

    @rule(name=NAMES)
    def finalize(self, name: str) -> None:
        patch = {"metadata": {"finalizers": None}}
        self.do(self.registry.patch_entry(PODS, "default", name, PatchType.MERGE, patch, WriteOptions()))

    @invariant()
    def revisions_only_grow(self) -> None:
        assert self.store.revision >= self.revision
        self.revision = self.store.revision

    @invariant()
    def every_stored_pod_is_valid_and_knows_its_version(self) -> None:
        for entry in self.store.list(PODS.key):
            pod = PODS.model.from_json(entry.data)
            assert STRATEGY.validate(pod) == []
            assert pod.metadata.resourceVersion == str(entry.revision)
            assert (pod.metadata.uid, dict(pod.metadata.labels)) == (entry.uid, dict(entry.labels))
            assert pod.status.phase == entry.fields["status.phase"]
            if pod.metadata.deletionTimestamp and not pod.metadata.finalizers:
                assert pod.metadata.deletionGracePeriodSeconds, "a pod nothing waits for was kept"

    @invariant()
    def an_ended_pod_stays_ended(self) -> None:
        for entry in self.store.list(PODS.key):
            phase = entry.fields["status.phase"]
            assert self.ended.setdefault(entry.uid, phase) == phase or self.ended[entry.uid] not in {
                "Succeeded",
                "Failed",
            }
            self.ended[entry.uid] = phase

    @invariant()
    def a_watcher_knows_it_all(self) -> None:
        """Replaying the events gives the stored state: none is lost, doubled or out of order."""
        if not hasattr(self, "watch"):
            return
        for event in self.runner.run(drain(self.watch, self.store)):
            if event.type is EventType.DELETED:
                del self.replayed[event.entry.name]
            else:
                assert (event.type is EventType.ADDED) == (event.entry.name not in self.replayed)
                self.replayed[event.entry.name] = event.entry.data
        assert self.replayed == {entry.name: entry.data for entry in self.store.list(PODS.key)}

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()


async def drain(watch: Any, store: MemoryStore) -> list[Event]:
    """Take what a watch has ready."""
    await store.committed(store.revision)
    found: list[Event] = []
    while True:
        step = asyncio.ensure_future(anext(watch))
        await asyncio.sleep(0)
        if not step.done():
            step.cancel()
            return found
        found.append(step.result())


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=25, stateful_step_count=25)
