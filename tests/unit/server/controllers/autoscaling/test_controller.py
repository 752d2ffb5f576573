"""The controller on virtual time: conditions, events and what it writes when there is nothing to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edgeorch.api.apps.resources import DEPLOYMENTS
from edgeorch.api.autoscaling.resources import HORIZONTAL_POD_AUTOSCALERS
from edgeorch.api.core.resources import EVENTS, PODS, REPLICATION_CONTROLLERS
from edgeorch_server.controllers.autoscaling.controller import PERIOD, SOURCES, Autoscalers
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.runner import Controller, Key
from edgeorch_server.controllers.service_account import DefaultServiceAccount
from edgeorch_server.metrics.node_stats import NodeStatsCache
from edgeorch_server.metrics.pod_usage import PodUsages
from edgeorch_server.registry.base import PatchType, WriteOptions
from edgeorch_server.registry.recorder import EventRecorder
from tests.fakes.usage import Meters
from tests.unit.server.controllers.world import World

pytestmark = pytest.mark.looptime

CPU_50 = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}


class Lab(World):
    """A Deployment of 2, its two pods on the node ``pi``, each with a request of half a processor."""

    def __init__(self) -> None:
        super().__init__()
        self.meters = Meters(self.now)

    async def open(self, replicas: int = 2) -> Lab:
        await create_initial_objects(self.registry)
        await DefaultServiceAccount(self.registry).reconcile(Key("", "default"))
        template = {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [{"name": "main", "image": "web:1", "resources": {"requests": {"cpu": "500m"}}}]
            },
        }
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template}
        await self.create(DEPLOYMENTS, "web", spec=spec)
        await self.add_node("pi")
        for number in range(replicas):
            await self.add_pod(f"web-{number}", template)
        return self

    async def create(self, resource: Any, name: str, **body: Any) -> None:
        await self.registry.create_entry(
            resource, "default", {"metadata": {"name": name}, **body}, WriteOptions()
        )

    async def add_pod(self, name: str, template: dict[str, Any], cores: float = 0.25) -> None:
        meta = {"name": name, **template["metadata"]}
        body = {"metadata": meta, "spec": template["spec"]}
        await self.registry.create_entry(PODS, "default", body, WriteOptions())
        pod = self.registry.get(PODS, "default", name)
        await self.registry.bind(pod, "pi")
        since = "2026-05-01T11:00:00Z"
        status = {
            "phase": "Running",
            "startTime": since,
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": since}],
        }
        await self.registry.patch_entry(
            PODS, "default", name, PatchType.MERGE, {"status": status}, WriteOptions(), "status"
        )
        self.meters.cores[pod.metadata.uid] = {"main": cores}

    def use(self, cores: float) -> None:
        """Let each pod use so many processors."""
        self.meters.cores = {uid: {"main": cores} for uid in self.meters.cores}

    async def autoscale(self, name: str = "web", **spec: Any) -> None:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        defaults = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 10, "metrics": [CPU_50]}
        await self.create(HORIZONTAL_POD_AUTOSCALERS, name, spec={**defaults, **spec})

    async def scale(self, replicas: int) -> None:
        await self.patch(DEPLOYMENTS, "web", {"spec": {"replicas": replicas}})

    async def patch(self, resource: Any, name: str, patch: dict[str, Any]) -> None:
        await self.registry.patch_entry(resource, "default", name, PatchType.MERGE, patch, WriteOptions())

    @property
    def replicas(self) -> int | None:
        return self.registry.get(DEPLOYMENTS, "default", "web").spec.replicas

    def status(self, name: str = "web") -> Any:
        return self.registry.get(HORIZONTAL_POD_AUTOSCALERS, "default", name).status

    def conditions(self, name: str = "web") -> dict[str, tuple[str, str]]:
        return {c.type: (c.status, c.reason) for c in self.status(name).conditions}

    def message(self, kind: str) -> str:
        return next(str(c.message) for c in self.status().conditions if c.type == kind)

    def events(self) -> list[tuple[str, str]]:
        found = sorted(self.registry.list(EVENTS), key=lambda event: int(event.metadata.resourceVersion))
        return [(event.reason, event.message) for event in found]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        recorder = EventRecorder(self.registry, "horizontal-pod-autoscaler", self.now)
        usages = PodUsages(NodeStatsCache(self.meters))
        logic = Autoscalers(self.registry, self.registry, recorder, usages, now=self.now)
        task = asyncio.create_task(Controller("hpa", logic, SOURCES, self.registry).run())
        try:
            await asyncio.sleep(1)
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_more_work_more_pods() -> None:
    """Twice the target: twice the pods, with Kubernetes' conditions, event and status."""
    lab = await Lab().open()
    lab.use(0.5)
    await lab.autoscale()
    async with lab.running():
        assert lab.replicas == 4
        status = lab.status()
        assert (status.currentReplicas, status.desiredReplicas) == (2, 4)
        assert status.lastScaleTime == "2026-05-01T12:00:00Z"
        assert status.currentMetrics[0].to_dict() == {
            "type": "Resource",
            "resource": {"name": "cpu", "current": {"averageUtilization": 100, "averageValue": "500m"}},
        }
        assert lab.conditions() == {
            "AbleToScale": ("True", "SucceededRescale"),
            "ScalingActive": ("True", "ValidMetricFound"),
            "ScalingLimited": ("False", "DesiredWithinRange"),
        }
        assert lab.message("AbleToScale") == "the HPA controller was able to update the target scale to 4"
        reason = "New size: 4; reason: cpu resource utilization (percentage of request) above target"
        assert lab.events() == [("SuccessfulRescale", reason)]


async def test_less_work_fewer_pods_after_five_minutes() -> None:
    """The number of pods falls to what was wished for most in the last five minutes."""
    lab = await Lab().open(4)
    lab.use(0.25)
    await lab.autoscale()
    async with lab.running():
        lab.use(0.05)
        await asyncio.sleep(290)
        assert lab.replicas == 4
        assert lab.conditions()["AbleToScale"] == ("True", "ScaleDownStabilized")
        await asyncio.sleep(45)
        assert lab.replicas == 1
        assert lab.events()[-1] == ("SuccessfulRescale", "New size: 1; reason: All metrics below target")


async def test_nothing_new_is_not_written() -> None:
    """An hour without change: measured every 15 seconds, and not one write."""
    lab = await Lab().open()
    await lab.autoscale()
    async with lab.running():
        revision, asked = lab.registry.revision, lab.meters.asked
        await asyncio.sleep(3600)
        assert lab.registry.revision == revision
        assert 235 <= lab.meters.asked - asked <= 241


@pytest.mark.parametrize(
    ("spec", "condition", "reasons"),
    [
        pytest.param(
            {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gone"}},
            ("AbleToScale", "False", "FailedGetScale", 'deployments/scale.apps "gone" not found'),
            ["FailedGetScale"],
            id="no target",
        ),
        pytest.param(
            {"scaleTargetRef": {"apiVersion": "example.com/v1", "kind": "Robot", "name": "r"}},
            ("AbleToScale", "False", "FailedGetScale", 'no matches for kind "Robot" in group "example.com"'),
            ["FailedGetScale"],
            id="no such kind",
        ),
        pytest.param(
            {"scaleTargetRef": {"apiVersion": "a/b/c", "kind": "Deployment", "name": "web"}},
            ("AbleToScale", "False", "FailedGetScale", "unexpected GroupVersion string: a/b/c"),
            ["FailedGetScale"],
            id="no version",
        ),
        pytest.param(
            {"scaleTargetRef": {"apiVersion": "v1", "kind": "Pod", "name": "web"}},
            ("AbleToScale", "False", "FailedGetScale", "the server could not find the requested resource"),
            ["FailedGetScale"],
            id="nothing to scale",
        ),
        pytest.param(
            {"metrics": [{"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "5"}}}]},
            ("ScalingActive", "False", "FailedGetPodsMetric", "no custom metrics API (custom.metrics.k8s.io) registered"),
            ["FailedGetPodsMetric", "FailedComputeMetricsReplicas"],
            id="no custom metrics",
        ),
        pytest.param(
            {"metrics": [{"type": "Resource", "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 5}}}]},
            ("ScalingActive", "False", "FailedGetResourceMetric", "missing request for memory in container main of Pod web-0"),
            ["FailedGetResourceMetric", "FailedComputeMetricsReplicas"],
            id="no request",
        ),
    ],
)  # fmt: skip
async def test_what_goes_on_failing_is_told_once(
    spec: dict[str, Any], condition: tuple[str, str, str, str], reasons: list[str]
) -> None:
    """Kubernetes' condition and events; but an autoscaler that cannot work does not write for ever."""
    lab = await Lab().open()
    await lab.autoscale(**spec)
    async with lab.running():
        kind, status, reason, message = condition
        assert lab.conditions()[kind] == (status, reason)
        assert message in lab.message(kind)
        assert [event for event, _ in lab.events()] == reasons
        revision = lab.registry.revision
        await asyncio.sleep(600)
        assert lab.registry.revision == revision
        assert lab.replicas == 2


async def test_a_node_that_comes_back() -> None:
    """Nothing is done while nothing is known, and what was wrong is told again when it is wrong again."""
    lab = await Lab().open()
    lab.meters.silent = True
    await lab.autoscale()
    async with lab.running():
        assert lab.conditions()["ScalingActive"] == ("False", "FailedGetResourceMetric")
        assert lab.status().currentReplicas == 2
        lab.meters.silent = False
        lab.use(0.5)
        await asyncio.sleep(2 * PERIOD)
        assert lab.replicas == 4
        lab.meters.silent = True
        await asyncio.sleep(2 * PERIOD)
        reasons = [reason for reason, _ in lab.events()]
        # The same event counts up: it is one object.
        assert sorted(reasons) == [
            "FailedComputeMetricsReplicas",
            "FailedGetResourceMetric",
            "SuccessfulRescale",
        ]
        counts = {event.reason: event.count for event in lab.registry.list(EVENTS)}
        assert counts["FailedGetResourceMetric"] == 2


@pytest.mark.parametrize(
    ("replicas", "spec", "expected", "reason"),
    [
        (0, {}, 0, None),
        (20, {}, 10, "Current number of replicas above Spec.MaxReplicas"),
        (2, {"minReplicas": 5}, 5, "Current number of replicas below Spec.MinReplicas"),
    ],
    ids=["switched off", "too many", "too few"],
)
async def test_numbers_beyond_the_limits(
    replicas: int, spec: dict[str, Any], expected: int, reason: str | None
) -> None:
    """A target at zero is left alone; any other is brought within the limits without measuring."""
    lab = await Lab().open(2)
    await lab.scale(replicas)
    await lab.autoscale(**spec)
    async with lab.running():
        assert lab.replicas == expected
        if reason:
            assert lab.events() == [("SuccessfulRescale", f"New size: {expected}; reason: {reason}")]
        else:
            assert lab.conditions()["ScalingActive"] == ("False", "ScalingDisabled")
        await asyncio.sleep(2 * PERIOD)
        assert lab.replicas == expected


async def test_a_change_of_the_spec_is_not_waited_for() -> None:
    """What a user changes counts at once; what the controller itself has written wakes nobody."""
    lab = await Lab().open()
    await lab.autoscale()
    async with lab.running():
        await asyncio.sleep(1)
        await lab.patch(HORIZONTAL_POD_AUTOSCALERS, "web", {"spec": {"minReplicas": 3}})
        await asyncio.sleep(0.1)
        assert lab.replicas == 3


async def test_a_target_that_others_change_meanwhile() -> None:
    """A user who scales while nodes are being asked wins; it is looked at anew the next time."""
    lab = await Lab().open()
    lab.use(0.5)
    await lab.autoscale()
    ask = lab.meters.stats

    async def slowly(node: str) -> Any:
        await asyncio.sleep(0.5)
        if lab.meters.asked == 0:
            await lab.scale(3)
        return await ask(node)

    lab.meters.stats = slowly  # type: ignore[method-assign]
    async with lab.running():
        assert lab.replicas == 3
        assert lab.conditions()["AbleToScale"] == ("False", "FailedUpdateScale")
        await asyncio.sleep(PERIOD)
        assert lab.conditions()["AbleToScale"][0] == "True"


async def test_two_autoscalers_of_the_same_pods() -> None:
    """They would work against each other, so neither does anything."""
    lab = await Lab().open()
    lab.use(0.5)
    body = {
        "replicas": 1,
        "selector": {"app": "web"},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "web:1"}]},
        },
    }
    await lab.create(REPLICATION_CONTROLLERS, "twin", spec=body)
    twin = {"apiVersion": "v1", "kind": "ReplicationController", "name": "twin"}
    await lab.autoscale(minReplicas=2)
    async with lab.running():
        await lab.scale(2)
        await lab.autoscale("twin", scaleTargetRef=twin)
        await asyncio.sleep(2 * PERIOD)
        for name in ("web", "twin"):
            assert lab.conditions(name)["ScalingActive"] == ("False", "AmbiguousSelector")
        assert "pods by selector app=web are controlled by multiple HPAs: [{web default} {twin default}]" in (
            lab.message("ScalingActive")
        )


async def test_behaviour_is_kept_to() -> None:
    """One pod more in a minute, however much there is to do."""
    lab = await Lab().open()
    lab.use(2.0)
    up = {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}
    await lab.autoscale(behavior={"scaleUp": up})
    async with lab.running():
        seen = []
        for _ in range(4):
            seen.append(lab.replicas)
            await asyncio.sleep(60)
        assert seen == [3, 4, 5, 6]
        assert lab.conditions()["ScalingLimited"] == ("True", "ScaleUpLimit")
