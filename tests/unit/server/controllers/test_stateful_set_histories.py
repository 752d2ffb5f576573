"""Random histories of a StatefulSet: whatever users, pods and boards do in between, its promises hold."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.api.apps.resources import STATEFUL_SETS
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.meta import DeleteOptions
from edgeorch_server.controllers.runner import Key
from tests.fakes.workloads import Workshop, template, workload

MOST = 4
STEPS = [
    *["controller"] * 10,
    *["ready"] * 8,
    *["end"] * 4,
    *["unready", "fail"] * 2,
    *["delete", "die", "change", "scale", "restart"],
]
"""How often each thing happens: mostly the controller works and pods get ready, or end."""


class History:
    """One StatefulSet on one board, where things happen in the order of a list."""

    async def begin(self, *, parallel: bool, partition: int) -> None:
        """Start in the middle: pods of one template, and another template."""
        self.shop = await Workshop().open()
        await self.shop.create(NODES, "pi-1")
        self.parallel = parallel
        spec = workload(
            MOST,
            serviceName="db",
            podManagementPolicy="Parallel" if parallel else "OrderedReady",
            updateStrategy={"rollingUpdate": {"partition": partition}},
        )
        await self.shop.create(STATEFUL_SETS, "web", spec=spec)
        await self.shop.roll()
        await self.place()
        await self.change(2)

    async def change(self, version: int) -> None:
        await self.shop.patch(STATEFUL_SETS, "web", spec={"template": template(f"nginx:{version}")})

    async def place(self) -> None:
        for pod in self.shop.pods():
            if not pod.spec.nodeName:
                await self.shop.place(pod, "pi-1")

    async def go(self, step: str, number: int) -> None:
        """Let one thing happen."""
        pods = self.shop.pods()
        pod = pods[number % len(pods)] if pods else None
        match step:
            case "controller":
                await self.controller()
            case "change":
                await self.change(number % 3)
            case "scale":
                await self.shop.patch(STATEFUL_SETS, "web", spec={"replicas": number % (MOST + 1)})
            case "restart":
                self.shop.advance(1)
                self.shop.restart()
            case "end":
                await self.end_pods()
            case "die" if pod:
                await self.shop.kill(pod)
            case "delete" if pod:
                await self.shop.registry.delete(PODS, "default", pod.metadata.name, DeleteOptions())
            case "fail" if pod:
                await self.shop.report(pod, ready=False, phase="Failed")
            case "ready" | "unready" if pod and pod.status.phase != "Failed":
                await self.shop.report(pod, ready=step == "ready")

    async def end_pods(self) -> None:
        for pod in self.shop.all(PODS):
            if pod.metadata.deletionTimestamp:
                await self.shop.kill(pod)

    async def all_ready(self) -> None:
        """Let every pod be ready that has not failed, from which there is no way back."""
        for pod in self.shop.pods():
            if pod.status.phase != "Failed" and not is_ready(pod):
                await self.shop.report(pod)

    def there(self) -> dict[int, Pod]:
        """Give all pods by number, also those that are ending."""
        return {int(pod.metadata.name.removeprefix("web-")): pod for pod in self.shop.all(PODS)}

    async def controller(self) -> None:
        """Take a step: nobody is replaced before it is gone, and order is kept."""
        before = self.there()
        await self.shop.reconciler("stateful-set").reconcile(Key("default", "web"))
        await self.place()
        after = self.there()
        for number, pod in before.items():
            assert after.get(number, pod).metadata.uid == pod.metadata.uid
        if self.parallel:
            return
        came = sorted(set(after) - set(before))
        went = [n for n in before if is_going(after.get(n)) and not is_going(before[n])]
        assert len(came) + len(went) <= 1
        for number in came:
            assert all(is_ready(before.get(other)) for other in range(number))
        for number in went:
            if before[number].status.phase != "Failed":
                wanted = self.shop.get(STATEFUL_SETS, "web").spec.replicas
                assert all(is_ready(before.get(other)) for other in range(min(number, wanted)))
                assert not any(is_going(pod) for other, pod in before.items() if other > number)

    async def finish(self) -> None:
        """Left alone, with pods that get ready, it comes to the pods that are wanted, and to rest."""
        for _ in range(6 * MOST):
            await self.shop.settle()
            await self.place()
            await self.end_pods()
            await self.all_ready()
        owner = self.shop.get(STATEFUL_SETS, "web")
        spec, image = owner.spec, owner.spec.template.spec.containers[0].image
        pods = self.there()
        assert sorted(pods) == list(range(spec.replicas))
        new = [n for n, pod in pods.items() if pod.spec.containers[0].image == image]
        assert set(new) >= set(range(spec.updateStrategy.rollingUpdate.partition, spec.replicas))
        assert owner.status.readyReplicas == owner.status.replicas == spec.replicas
        revision = self.shop.store.revision
        await self.shop.reconcile()
        assert self.shop.store.revision == revision


def is_ready(pod: Pod | None) -> bool:
    if pod is None or is_going(pod) or pod.status.phase != "Running":
        return False
    return any(condition.status == "True" for condition in pod.status.conditions)


def is_going(pod: Pod | None) -> bool:
    return pod is None or pod.metadata.deletionTimestamp is not None


@pytest.mark.parametrize("parallel", [False, True], ids=["OrderedReady", "Parallel"])
@settings(max_examples=12)
@given(
    partition=st.sampled_from([0, 0, 2]),
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 20)), min_size=10, max_size=40),
)
def test_histories(partition: int, steps: list[tuple[str, int]], *, parallel: bool) -> None:
    """At most one pod of each number, in order unless told otherwise; converges, and rests."""

    async def live() -> None:
        history = History()
        await history.begin(parallel=parallel, partition=partition)
        for step in steps:
            await history.go(*step)
        await history.finish()

    asyncio.run(live())
