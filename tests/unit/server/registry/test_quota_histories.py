"""Random histories: whatever pods come, end and go, a namespace never gets more than its quota."""

from __future__ import annotations

import asyncio
import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.quota import ResourceQuota
from edgeorch.api.core.resources import NAMESPACES, PODS, RESOURCE_QUOTAS
from edgeorch.api.table import default_table
from edgeorch.errors import Forbidden
from edgeorch_server.registry.base import WriteOptions
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore

NAMES = st.sampled_from("abcdef")
MILLIS = st.integers(0, 600)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), NAMES, MILLIS),
        st.tuples(st.just("end"), NAMES, st.just(0)),
        st.tuples(st.just("delete"), NAMES, st.just(0)),
    ),
    max_size=25,
)
MOST_PODS, MOST_MILLIS = 3, 1000


def manifest(name: str, millis: int) -> Pod:
    resources = {"requests": {"cpu": f"{millis}m"}}
    container = {"name": "main", "image": "i", "resources": resources}
    return Pod.from_dict({"metadata": {"name": name, "namespace": "n"}, "spec": {"containers": [container]}})


async def play(steps: list[tuple[str, str, int]]) -> None:
    store = MemoryStore()
    registry = Registry(store, default_table(), now=lambda: dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
    await registry.create_entry(NAMESPACES, "", {"metadata": {"name": "n"}}, WriteOptions())
    hard = {"pods": str(MOST_PODS), "requests.cpu": f"{MOST_MILLIS}m", "count/pods": "5"}
    quota = ResourceQuota.from_dict({"metadata": {"name": "q", "namespace": "n"}, "spec": {"hard": hard}})
    await registry.create(RESOURCE_QUOTAS, quota)
    running: dict[str, int] = {}
    existing: set[str] = set()
    for what, name, millis in steps:
        if what == "create" and name not in existing:
            fits = (
                len(running) < MOST_PODS
                and len(existing) < 5
                and (not millis or sum(running.values()) + millis <= MOST_MILLIS)
            )
            try:
                await registry.create(PODS, manifest(name, millis))
            except Forbidden:
                assert not fits
                continue
            assert fits
            existing.add(name)
            running[name] = millis
        elif what == "end" and name in running:
            pod = registry.get(PODS, "n", name)
            pod.status.phase = "Succeeded"
            await registry.update_status(PODS, pod)
            del running[name]
        elif what == "delete" and name in existing:
            await registry.delete(PODS, "n", name)
            running.pop(name, None)
            existing.discard(name)
    await store.close()


@given(STEPS)
@settings(max_examples=60)
def test_exactly_what_fits_gets_in(steps: list[tuple[str, str, int]]) -> None:
    """A create is let in if, and only if, what runs and it together are within every limit."""
    asyncio.run(play(steps))
