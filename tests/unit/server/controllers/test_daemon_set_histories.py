"""Random histories of a DaemonSet: whatever users and pods do in between, its promises hold."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.api.apps.resources import DAEMON_SETS
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.int_or_string import scaled
from edgeorch_server.controllers.pod_facts import read_facts
from edgeorch_server.controllers.runner import Key
from tests.fakes.workloads import Workshop, template, workload

BOARDS = ("pi-1", "pi-2", "pi-3", "pi-4", "pi-5")
LIMITS = st.sampled_from([(0, 1), (0, 2), (0, "50%"), (1, 0), (2, 0), ("40%", 0)])
STEPS = ["controller"] * 8 + ["ready"] * 8 + ["end"] * 4 + ["unready"] * 2 + ["die", "change"]
"""How often each thing happens: mostly the controller works and pods get ready, or end."""


class History:
    """One DaemonSet on five boards, where things happen in the order of a list."""

    async def begin(self, limits: tuple[int | str, int | str]) -> None:
        """Start in the middle: pods of one template everywhere, and another template."""
        self.shop = await Workshop().open()
        for board in BOARDS:
            await self.shop.create(NODES, board)
        rolling = {"maxSurge": limits[0], "maxUnavailable": limits[1]}
        self.surge, down = (scaled(limit, len(BOARDS), round_up=True) for limit in limits)
        self.least = len(BOARDS) - down
        await self.shop.create(DAEMON_SETS, "web", spec=workload(updateStrategy={"rollingUpdate": rolling}))
        await self.shop.roll()
        await self.change(2)

    async def change(self, version: int) -> None:
        await self.shop.patch(DAEMON_SETS, "web", spec={"template": template(f"nginx:{version}")})

    async def go(self, step: str, number: int) -> None:
        """Let one thing happen."""
        pods = self.shop.pods()
        match step:
            case "controller":
                await self.controller()
            case "change":
                await self.change(number % 3)
            case "end":
                await self.end_pods()
            case "die" if pods:
                await self.shop.kill(pods[number % len(pods)])
            case "ready" | "unready" if pods:
                await self.shop.report(pods[number % len(pods)], ready=step == "ready")

    async def end_pods(self) -> None:
        for pod in self.shop.all(PODS):
            if pod.metadata.deletionTimestamp:
                await self.shop.kill(pod)

    def served(self) -> int:
        """Count the boards on which a pod is ready and stays."""
        return len({self.where(pod) for pod in self.shop.pods() if is_ready(pod)})

    def where(self, pod: Pod) -> str:
        facts = read_facts(self.shop.registry.get_entry(PODS, "default", pod.metadata.name))
        return facts.node or facts.meant_for

    async def controller(self) -> None:
        """Take a step: no board is left without a pod that is ready but for as many as allowed."""
        before = self.served()
        await self.shop.reconciler("daemon-set").reconcile(Key("default", "web"))
        assert self.served() >= min(before, self.least)
        assert max(Counter(map(self.where, self.shop.pods())).values(), default=0) <= (2 if self.surge else 1)

    async def finish(self) -> None:
        """Left alone, with pods that get ready, it comes to one pod of the last template on each, and to rest."""
        for _ in range(4 * len(BOARDS)):
            await self.shop.settle()
            await self.end_pods()
            await self.shop.all_ready()
        owner = self.shop.get(DAEMON_SETS, "web")
        image = owner.spec.template.spec.containers[0].image
        assert sorted(map(self.where, self.shop.pods())) == list(BOARDS)
        assert {pod.spec.containers[0].image for pod in self.shop.pods()} == {image}
        assert owner.status.updatedNumberScheduled == owner.status.numberAvailable == len(BOARDS)
        revision = self.shop.store.revision
        await self.shop.reconcile()
        assert self.shop.store.revision == revision


def is_ready(pod: Pod) -> bool:
    return any(condition.status == "True" for condition in pod.status.conditions)


@settings(max_examples=20)
@given(
    limits=LIMITS,
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 20)), min_size=10, max_size=50),
)
def test_histories(limits: tuple[int | str, int | str], steps: list[tuple[str, int]]) -> None:
    """Never more boards without a pod than allowed by its own doing; converges, and rests."""

    async def live() -> None:
        history = History()
        await history.begin(limits)
        for step in steps:
            await history.go(*step)
        await history.finish()

    asyncio.run(live())
