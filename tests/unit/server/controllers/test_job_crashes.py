"""A Job's counters are exact, wherever the server is killed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from edgeorch.api.batch.job import Job
from edgeorch.api.batch.resources import JOBS
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import PODS
from tests.fakes.mortal_store import Killed, MortalStore
from tests.fakes.workloads import Workshop

TEMPLATE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1"}]}}
MOST_WRITES = 200


class Life:
    """A Job whose pods end as a script says, some of them being removed at once."""

    def __init__(self, store: MortalStore) -> None:
        self.store = store
        self.shop = Workshop(store)
        self.ended: Counter[str] = Counter()
        self.indexes: set[str] = set()
        self.number = 0

    async def begin(self, spec: dict[str, Any]) -> None:
        await self.shop.open()
        await self.shop.create(JOBS, "sum", spec={"template": TEMPLATE, "backoffLimit": 9, **spec})

    @property
    def job(self) -> Job:
        found: Job = self.shop.get(JOBS, "sum")
        return found

    async def controllers(self) -> bool:
        """Let the controllers work; gives False if that killed the server, which is then started again."""
        try:
            await self.shop.settle()
        except Killed:
            self.store.left = None
            self.shop.restart()
            return False
        return True

    async def node(self) -> None:
        """End every pod, the second one badly; a user removes every other one at once."""
        for pod in self.shop.pods():
            if pod.status.phase in {"Succeeded", "Failed"}:
                continue
            self.number += 1
            phase = "Failed" if self.number == 2 else "Succeeded"
            await self._end(pod, phase)
            if self.number % 2:
                await self.shop.kill(pod)

    async def _end(self, pod: Pod, phase: str) -> None:
        fresh = self.shop.get(PODS, pod.metadata.name)
        fresh.status.phase = phase
        await self.shop.registry.update_status(PODS, fresh)
        self.ended[phase] += 1
        if phase == "Succeeded":
            self.indexes.add(pod.metadata.annotations.get("batch.kubernetes.io/job-completion-index", ""))

    async def run(self, *, kill_at: int | None = None) -> bool:
        """Go on to the end of the Job; gives whether the server was killed on the way."""
        killed = False
        for round_ in range(30):
            if round_ == 0:
                self.store.left = kill_at
            killed |= not await self.controllers()
            left, self.store.left = self.store.left, None
            if self.job.finished:
                return killed
            await self.node()
            self.shop.advance(600)
            self.store.left = left
        raise AssertionError("the Job never ends")


@pytest.mark.parametrize("stored", [True, False], ids=["written", "not written"])
@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"completions": 3, "parallelism": 2}, id="NonIndexed"),
        pytest.param({"completions": 3, "parallelism": 2, "completionMode": "Indexed"}, id="Indexed"),
    ],
)
async def test_no_pod_is_lost_or_counted_twice(spec: dict[str, Any], *, stored: bool) -> None:
    """The server is killed at each of its writes in turn; at the end the counters are what the nodes saw."""
    for kill_at in range(1, MOST_WRITES):
        store = MortalStore()
        life = Life(store)
        await life.begin(spec)
        store.stored_last = stored
        killed = await life.run(kill_at=kill_at)
        status = life.job.status
        assert (status.succeeded, status.failed) == (life.ended["Succeeded"], life.ended["Failed"]), kill_at
        assert status.succeeded == 3
        assert status.uncountedTerminatedPods is None
        await life.shop.settle()
        assert all(not pod.metadata.finalizers for pod in life.shop.all(PODS))
        if "completionMode" in spec:
            assert (status.completedIndexes, life.indexes) == ("0-2", {"0", "1", "2"})
        if not killed:
            return
    raise AssertionError("there was no end of writes")
