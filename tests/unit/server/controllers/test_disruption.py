"""Disruption budgets: the controller and the evictions that it allows (Kubernetes, "Disruptions")."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.api.apps.resources import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS
from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import EVENTS, NODES, PODS
from edgeorch.api.meta import ObjectMeta
from edgeorch.api.policy.pod_disruption_budget import PodDisruptionBudget
from edgeorch.api.policy.resources import POD_DISRUPTION_BUDGETS
from edgeorch.errors import ApiError, InternalError, TooManyRequests
from edgeorch_server.controllers.runner import Key, Result
from edgeorch_server.registry.base import ListOptions, WriteOptions
from edgeorch_server.scheduler.budgets import StoredBudgets
from tests.fakes.workloads import Workshop, template, workload

pytestmark = pytest.mark.looptime

SELECTOR = {"matchLabels": {"app": "web"}}
VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."


@pytest.fixture
async def shop() -> Workshop:
    return await Workshop().open()


async def guard(shop: Workshop, name: str = "web", **spec: Any) -> PodDisruptionBudget:
    """Create a budget and let it be counted."""
    await shop.create(POD_DISRUPTION_BUDGETS, name, spec={"selector": SELECTOR, **spec})
    await shop.settle()
    return budget(shop, name)


def budget(shop: Workshop, name: str = "web") -> PodDisruptionBudget:
    found: PodDisruptionBudget = shop.get(POD_DISRUPTION_BUDGETS, name)
    return found


def counts(shop: Workshop) -> tuple[int, int, int, int]:
    """Give what is expected, must be healthy, is healthy, and may go."""
    status = budget(shop).status
    return status.expectedPods, status.desiredHealthy, status.currentHealthy, status.disruptionsAllowed


def condition(shop: Workshop) -> tuple[str, str, str]:
    [only] = budget(shop).status.conditions
    return only.status, only.reason, only.message


async def run(shop: Workshop, replicas: int = 3) -> list[Pod]:
    """Run a ReplicaSet with pods that are ready, each on a node."""
    await shop.create(REPLICA_SETS, "web", spec=workload(replicas))
    await shop.roll()
    for pod in shop.pods():
        await shop.place(pod, "pi-1")
    return shop.pods()


async def evict(shop: Workshop, pod: str, *, dry_run: bool = False, **options: Any) -> None:
    body = {"metadata": {"name": pod}, "deleteOptions": options}
    await shop.registry.post_subresource(PODS, "default", pod, "eviction", body, WriteOptions(dry_run=dry_run))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"minAvailable": 2}, (3, 2, 3, 1), id="two must be there"),
        pytest.param({"minAvailable": "50%"}, (3, 2, 3, 1), id="a percentage is rounded up"),
        pytest.param({"maxUnavailable": 2}, (3, 1, 3, 2), id="two may be away"),
        pytest.param({"maxUnavailable": "34%"}, (3, 1, 3, 2), id="also of what may be away"),
        pytest.param({"maxUnavailable": "0%"}, (3, 3, 3, 0), id="none may be away"),
        pytest.param({"minAvailable": 7}, (3, 7, 3, 0), id="more than there ever are"),
        pytest.param({"maxUnavailable": 7}, (3, 0, 3, 3), id="all"),
        pytest.param({}, (0, 0, 3, 0), id="no limit allows nothing"),
    ],
)
async def test_counting(shop: Workshop, spec: dict[str, Any], expected: tuple[int, int, int, int]) -> None:
    """PodDisruptionBudget, "Think about how your application reacts": numbers and percentages."""
    await run(shop)
    await guard(shop, **spec)
    assert counts(shop) == expected
    assert budget(shop).status.observedGeneration == budget(shop).metadata.generation == 1
    allowed = expected[3] > 0
    words = ("True", "SufficientPods", "") if allowed else ("False", "InsufficientPods", "")
    assert condition(shop) == words


async def test_percentages_are_of_what_the_deployment_wants(shop: Workshop) -> None:
    """Kubernetes: "gets the intended number of pods from the ``.spec.replicas`` of the workload resource"."""
    await shop.create(DEPLOYMENTS, "web", spec=workload(4))
    await shop.roll()
    await guard(shop, minAvailable="75%")
    assert counts(shop) == (4, 3, 4, 1)
    await shop.kill(shop.pods()[0])
    await shop.reconciler("disruption").reconcile(Key("default", "web"))
    assert counts(shop) == (4, 3, 3, 0)


async def test_pods_that_are_not_ready_are_not_healthy(shop: Workshop) -> None:
    """Kubernetes, "Healthiness of a Pod": ready, and not on its way out."""
    first, second, _ = await run(shop)
    await shop.report(first, ready=False)
    await guard(shop, minAvailable=1)
    assert counts(shop) == (3, 1, 2, 1)
    await evict(shop, second.metadata.name)
    await shop.reconciler("disruption").reconcile(Key("default", "web"))
    assert counts(shop)[2:] == (1, 0)


async def test_an_eviction_takes_from_the_budget_at_once(shop: Workshop) -> None:
    """Two evictions cannot both be granted by one count; the refusal names budget and numbers."""
    first, second, _ = await run(shop)
    await guard(shop, minAvailable=2)
    await evict(shop, first.metadata.name)
    assert shop.get(PODS, first.metadata.name).metadata.deletionTimestamp
    status = budget(shop).status
    assert (status.disruptionsAllowed, list(status.disruptedPods)) == (0, [first.metadata.name])
    assert condition(shop)[:2] == ("False", "InsufficientPods")
    with pytest.raises(TooManyRequests) as caught:
        await evict(shop, second.metadata.name)
    assert caught.value.to_status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": VIOLATES,
        "reason": "TooManyRequests",
        "details": {
            "causes": [
                {
                    "reason": "DisruptionBudget",
                    "message": "The disruption budget web needs 2 healthy pods and has 3 currently",
                }
            ]
        },
        "code": 429,
    }
    assert not shop.get(PODS, second.metadata.name).metadata.deletionTimestamp


async def test_the_next_eviction_waits_for_a_replacement(shop: Workshop) -> None:
    """``kubectl drain`` repeats what was refused until the controller of the pods has made new ones."""
    first, second, _ = await run(shop)
    await guard(shop, minAvailable=2)
    await evict(shop, first.metadata.name)
    await shop.settle()
    assert counts(shop) == (4, 2, 2, 0)
    assert budget(shop).status.disruptedPods == {}
    await shop.all_ready()
    await shop.settle()
    await evict(shop, second.metadata.name)


async def test_a_dry_run_takes_nothing(shop: Workshop) -> None:
    """Neither as a parameter of the request nor in the delete options; a refusal is a refusal."""
    first, *_ = await run(shop)
    await guard(shop, minAvailable=2)
    revision = shop.store.revision
    await evict(shop, first.metadata.name, dry_run=True)
    await evict(shop, first.metadata.name, dryRun=["All"])
    assert shop.store.revision == revision
    await shop.patch(POD_DISRUPTION_BUDGETS, "web", spec={"minAvailable": 3})
    await shop.settle()
    with pytest.raises(TooManyRequests):
        await evict(shop, first.metadata.name, dry_run=True)


async def test_an_eviction_that_fails_costs_nothing(shop: Workshop) -> None:
    """A wrong precondition is refused before the budget is charged."""
    first, *_ = await run(shop)
    await guard(shop, minAvailable=2)
    with pytest.raises(ApiError, match="does not match the UID in record"):
        await evict(shop, first.metadata.name, preconditions={"uid": "other"})
    assert counts(shop)[3] == 1


async def test_nothing_goes_before_it_is_counted(shop: Workshop) -> None:
    """A budget that is new, or has changed, allows nothing until the controller has seen it."""
    first, *_ = await run(shop)
    await shop.create(POD_DISRUPTION_BUDGETS, "web", spec={"selector": SELECTOR, "minAvailable": 1})
    with pytest.raises(TooManyRequests, match="disruption budget") as caught:
        await evict(shop, first.metadata.name)
    assert caught.value.retry_after == 10
    assert caught.value.causes[0].message == "The disruption budget web is still being processed by the server."


@pytest.mark.parametrize(
    ("spec", "goes"),
    [
        pytest.param({"minAvailable": 2}, True, id="the others suffice"),
        pytest.param({"minAvailable": 3}, False, id="the others do not suffice"),
        pytest.param({"minAvailable": 3, "unhealthyPodEvictionPolicy": "AlwaysAllow"}, True, id="always"),
        pytest.param({"minAvailable": 3, "unhealthyPodEvictionPolicy": "IfHealthyBudget"}, False, id="usual"),
    ],
)
async def test_pods_that_are_not_ready(shop: Workshop, spec: dict[str, Any], *, goes: bool) -> None:
    """Kubernetes, "Unhealthy Pod Eviction Policy": they may go when enough others are healthy, or always."""
    sick, *_ = await run(shop)
    await shop.report(sick, ready=False)
    await guard(shop, **spec)
    before = counts(shop)
    try:
        await evict(shop, sick.metadata.name)
    except TooManyRequests:
        assert not goes
    else:
        assert goes
    assert counts(shop) == before


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed"])
async def test_pods_that_do_not_run_are_not_guarded(shop: Workshop, phase: str) -> None:
    """Removing them disrupts nobody (``canIgnorePDB``)."""
    first, *_ = await run(shop)
    await guard(shop, minAvailable=3)
    if phase == "Pending":
        await shop.create(PODS, "first", **template())
        await evict(shop, "first")
        return
    await shop.report(first, phase=phase)
    await evict(shop, first.metadata.name)


async def test_two_budgets(shop: Workshop) -> None:
    """A pod with two budgets is not evicted at all; other namespaces' budgets are none of it."""
    first, *_ = await run(shop)
    await guard(shop, minAvailable=1)
    await guard(shop, "again", minAvailable=1)
    with pytest.raises(InternalError, match="has more than one PodDisruptionBudget"):
        await evict(shop, first.metadata.name)


async def test_an_empty_selector_guards_all_of_the_namespace(shop: Workshop) -> None:
    """policy/v1: "An empty selector ({}) matches all pods in the namespace"; an absent one matches none."""
    first, *_ = await run(shop)
    await shop.create(POD_DISRUPTION_BUDGETS, "none", spec={"minAvailable": 9})
    await guard(shop, selector={}, minAvailable=3)
    assert counts(shop) == (3, 3, 3, 0)
    with pytest.raises(TooManyRequests):
        await evict(shop, first.metadata.name)


async def test_a_pod_that_was_not_deleted_in_time_counts_again(shop: Workshop) -> None:
    """After two minutes an eviction that was granted and has come to nothing is forgotten, and told of."""
    first, *_ = await run(shop)
    await guard(shop, minAvailable=2)
    fresh = budget(shop)
    fresh.status.disruptedPods = {first.metadata.name: "2026-05-01T12:00:00Z"}
    await shop.registry.update_status(POD_DISRUPTION_BUDGETS, fresh)
    result: Result = await shop.reconciler("disruption").reconcile(Key("default", "web"))
    assert (counts(shop)[2:], result.requeue_after) == ((2, 0), 120)
    shop.advance(120)
    await shop.settle()
    assert counts(shop)[2:] == (3, 1)
    assert budget(shop).status.disruptedPods == {}
    why = "Pod was expected by PDB default/web to be deleted but it wasn't"
    assert ("NotDeleted", why) in shop.events(first.metadata.name)


async def test_pods_without_a_controller(shop: Workshop) -> None:
    """Kubernetes, "Arbitrary workloads": only whole numbers of ``minAvailable`` mean anything; an event says so."""
    await shop.create(PODS, "bare", **template())
    await shop.report(shop.get(PODS, "bare"))
    await guard(shop, maxUnavailable=1)
    assert counts(shop) == (0, 0, 1, 0)
    assert "UnmanagedPods" in dict(shop.events("web"))
    await shop.patch(POD_DISRUPTION_BUDGETS, "web", spec={"maxUnavailable": None, "minAvailable": 0})
    await shop.settle()
    assert counts(shop) == (1, 0, 1, 1)


async def test_controllers_without_scale(shop: Workshop) -> None:
    """What a DaemonSet is to have nobody can say: the budget allows nothing, and says why."""
    await shop.registry.create(NODES, Node(metadata=ObjectMeta(name="pi-1")))
    await shop.create(DAEMON_SETS, "web", spec=workload())
    await shop.settle()
    [pod] = shop.pods()
    await shop.report(pod)
    await guard(shop, maxUnavailable=1)
    why = "daemonsets.apps does not implement the scale subresource"
    assert condition(shop) == ("False", "SyncFailed", why)
    assert counts(shop)[3] == 0
    await shop.patch(POD_DISRUPTION_BUDGETS, "web", spec={"maxUnavailable": None, "minAvailable": 0})
    await shop.settle()
    assert condition(shop) == ("True", "SufficientPods", "")


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"minAvailable": 9}, id="cannot be met"),
        pytest.param({"maxUnavailable": 1, "selector": {"matchLabels": {"app": "nobody"}}}, id="nobody's"),
        pytest.param({"maxUnavailable": 1, "selector": {}}, id="of what has no controller too"),
    ],
)
async def test_a_budget_that_cannot_be_met_costs_nothing(shop: Workshop, spec: dict[str, Any]) -> None:
    """A cluster at rest that holds one makes no writes, not even of events."""
    await run(shop)
    await shop.create(PODS, "bare", **template(app="bare"))
    await guard(shop, **spec)
    async with shop.running():
        await asyncio.sleep(5)
        revision = shop.store.revision
        await asyncio.sleep(3600)
        assert shop.store.revision == revision
    assert shop.registry.list_entries(EVENTS, ListOptions()).entries


async def test_what_preemption_sees(shop: Workshop) -> None:
    """The scheduler asks the same budgets, and knows whose eviction is paid for already."""
    first, *_ = await run(shop)
    await guard(shop, minAvailable=1)
    await evict(shop, first.metadata.name)
    [seen] = StoredBudgets(shop.registry).all()
    assert (seen.namespace, seen.allowed) == ("default", 1)
    assert seen.disrupted == {first.metadata.name}
    assert seen.selector.matches({"app": "web"})


@settings(max_examples=30, deadline=None)
@given(
    least=st.integers(0, 4),
    steps=st.lists(st.one_of(st.integers(0, 9), st.sampled_from(["count", "ready"])), max_size=25),
)
def test_evictions_never_go_below_the_budget(least: int, steps: list[int | str]) -> None:
    """However evictions, counts and replacements follow each other: ``minAvailable`` pods stay ready."""

    async def history() -> None:
        shop = await Workshop().open()
        await run(shop, 4)
        await guard(shop, minAvailable=least)
        for step in steps:
            if step == "count":
                await shop.settle()
            elif step == "ready":
                await shop.all_ready()
            elif pods := [pod for pod in shop.pods() if pod.status.phase == "Running"]:
                try:
                    await evict(shop, pods[int(step) % len(pods)].metadata.name)
                except TooManyRequests:
                    continue
            ready = [pod for pod in shop.pods() if any(c.type == "Ready" for c in pod.status.conditions)]
            assert len(ready) >= least

    asyncio.run(history())
