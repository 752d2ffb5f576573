"""Random histories of a Deployment: whatever users and pods do in between, its promises hold."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.api.apps.replica_set import ReplicaSet
from edgeorch.api.apps.resources import DEPLOYMENTS, REPLICA_SETS
from edgeorch.api.core.pod import Pod
from edgeorch.api.int_or_string import is_zero
from edgeorch_server.controllers.deployments import plan
from edgeorch_server.controllers.deployments.plan import Aim, Group
from edgeorch_server.controllers.deployments.revisions import group_of
from edgeorch_server.controllers.runner import Key
from tests.fakes.workloads import Workshop, template, workload

LIMITS: st.SearchStrategy[int | str] = st.sampled_from([0, 1, 2, "25%", "50%"])
ROLLING = st.tuples(LIMITS, LIMITS).filter(lambda pair: not (is_zero(pair[0]) and is_zero(pair[1])))


def rolling_update(limits: tuple[int | str, int | str]) -> dict[str, Any]:
    """Make the strategy with this surge and unavailability."""
    rolling = {"maxSurge": limits[0], "maxUnavailable": limits[1]}
    return {"strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}


CHANGES = st.one_of(
    st.integers(1, 3).map(lambda version: {"template": template(f"nginx:{version}")}),
    st.integers(1, 3).map(lambda version: {"template": template(f"nginx:{version}")}),
    st.integers(0, 8).map(lambda replicas: {"replicas": replicas}),
    ROLLING.map(rolling_update),
    st.just({"strategy": {"type": "Recreate", "rollingUpdate": None}}),
    st.booleans().map(lambda paused: {"paused": paused}),
)
STEPS = ["deployment"] * 8 + ["replica sets"] * 5 + ["ready"] * 8 + ["unready"] * 2 + ["die", "change"]
"""How often each thing happens: mostly controllers work and pods get ready."""


class History:
    """One Deployment in a cluster where things happen in the order of a list."""

    async def begin(self, replicas: int, limits: tuple[int | str, int | str]) -> None:
        """Start in the middle: a Deployment that is complete, and another template."""
        self.shop = await Workshop().open()
        self.replica_sets = self.shop.reconciler("replica-set")
        self.deployments = self.shop.reconciler("deployment")
        spec = workload(replicas, **rolling_update(limits))
        await self.shop.create(DEPLOYMENTS, "web", spec=spec)
        await self.shop.roll()
        await self.change({"template": template("nginx:2")})

    async def change(self, spec: dict[str, Any]) -> None:
        await self.shop.patch(DEPLOYMENTS, "web", spec=spec)

    async def go(self, step: str, number: int, spec: dict[str, Any]) -> None:
        """Let one thing happen."""
        pods = self.shop.pods()
        match step:
            case "deployment":
                await self.deployment_controller()
            case "replica sets":
                await self.replica_set_controller()
            case "change":
                await self.change(spec)
            case "die" if pods:
                await self.shop.kill(pods[number % len(pods)])
            case "ready" | "unready" if pods:
                await self.shop.report(pods[number % len(pods)], ready=step == "ready")

    def pods_of(self, replica_set: ReplicaSet) -> list[Pod]:
        uid = replica_set.metadata.uid
        return [p for p in self.shop.pods() if any(o.uid == uid for o in p.metadata.ownerReferences)]

    def groups(self) -> list[Group]:
        """Look at the ReplicaSets, and at what their pods are really like."""
        found = []
        for replica_set in self.shop.all(REPLICA_SETS):
            pods = self.pods_of(replica_set)
            ready = sum(any(c.status == "True" for c in pod.status.conditions) for pod in pods)
            group = group_of(replica_set)
            found.append(Group(group.name, group.created, group.size, len(pods), ready, group.total_before))
        return found

    async def deployment_controller(self) -> None:
        """Take a step: of what is there it gives up, and adds, no more than the user allows."""
        spec = self.shop.get(DEPLOYMENTS, "web").spec
        aim, before = Aim.of(spec), self.groups()
        await self.deployments.reconcile(Key("default", "web"))
        after = self.groups()
        scaling = plan.is_scaling(aim, before)
        there = [
            sum(group.size if scaling else max(group.size, group.pods) for group in groups)
            for groups in (before, after)
        ]
        assert there[1] <= max(there[0], aim.most)
        if aim.rolling and not spec.paused and not scaling:
            safe = [sum(group.safe for group in groups) for groups in (before, after)]
            assert safe[1] >= min(safe[0], aim.least)

    async def replica_set_controller(self) -> None:
        """Give every set the pods it is to have; no available one goes while another could."""
        before = {group.name: group for group in self.groups()}
        for name in before:
            await self.replica_sets.reconcile(Key("default", name))
        for group in self.groups():
            assert group.pods == group.size
            assert group.available == before[group.name].safe

    async def end(self) -> None:
        """Left alone, with pods that get ready, it comes to what the user wants, and to rest."""
        await self.change({"paused": False})
        await self.shop.roll()
        deployment = self.shop.get(DEPLOYMENTS, "web")
        wanted = deployment.spec.template.spec.containers[0].image
        assert {p.spec.containers[0].image for p in self.shop.pods()} <= {wanted}
        assert len(self.shop.pods()) == deployment.spec.replicas == deployment.status.availableReplicas
        progress = next(c for c in deployment.status.conditions if c.type == "Progressing")
        assert progress.reason == "NewReplicaSetAvailable"
        revision = self.shop.store.revision
        await self.shop.reconcile()
        assert self.shop.store.revision == revision


@settings(max_examples=25)
@given(
    replicas=st.integers(1, 8),
    limits=ROLLING,
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 20), CHANGES), min_size=10, max_size=50),
)
def test_histories(
    replicas: int, limits: tuple[int | str, int | str], steps: list[tuple[str, int, dict[str, Any]]]
) -> None:
    """Never more than maxSurge above, never fewer than allowed by its own doing; converges, and rests."""

    async def live() -> None:
        history = History()
        await history.begin(replicas, limits)
        for step in steps:
            await history.go(*step)
        await history.end()

    asyncio.run(live())
