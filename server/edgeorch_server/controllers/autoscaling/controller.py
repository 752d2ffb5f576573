"""HorizontalPodAutoscalers: look, decide, scale, every 15 seconds (``reconcileAutoscaler``).

Words, conditions and reasons are Kubernetes'; one thing is not: what goes on failing in the same way is told
in one event, not in one every 15 seconds.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from edgeorch.api import conditions
from edgeorch.api.autoscaling.horizontal_pod_autoscaler import (
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerCondition,
    HorizontalPodAutoscalerSpec,
    HorizontalPodAutoscalerStatus,
    HPAScalingRules,
)
from edgeorch.api.autoscaling.metrics import MetricStatus
from edgeorch.api.autoscaling.resources import HORIZONTAL_POD_AUTOSCALERS
from edgeorch.api.autoscaling.scale import Scale
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import format_time
from edgeorch.api.quantity import Amount
from edgeorch.api.selectors import Selector
from edgeorch.errors import ApiError, BadRequest, NotFound
from edgeorch_server.controllers.autoscaling.metrics import Situation, Verdict, judge
from edgeorch_server.controllers.autoscaling.pace import History, Limits, Timed, pace
from edgeorch_server.controllers.autoscaling.pods import read_pod
from edgeorch_server.controllers.autoscaling.replicas import TOLERANCE, Tolerances
from edgeorch_server.controllers.autoscaling.targets import Targets
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.metrics.pod_usage import PodUsages
from edgeorch_server.registry.base import Client, ListOptions, Objects
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.store.base import Entry

PERIOD = 15.0
"""Seconds between two looks (``--horizontal-pod-autoscaler-sync-period``)."""

SOURCES: Sequence[Source] = (Source(HORIZONTAL_POD_AUTOSCALERS),)

ABLE = "AbleToScale"
ACTIVE = "ScalingActive"
LIMITED = "ScalingLimited"


@dataclass(slots=True)
class _Memory:
    """What is known of one autoscaler beyond what is stored; lost with the process, as in Kubernetes."""

    uid: str
    spec: HorizontalPodAutoscalerSpec
    due: float = 0.0
    """When to look again, by the loop's clock."""
    history: History = field(default_factory=History)
    selector: Selector | None = None
    """The pods of its target."""
    told: frozenset[tuple[str, str]] = frozenset()
    """The warnings of the last look: reason and message."""
    telling: set[tuple[str, str]] = field(default_factory=set)
    """Those of this one."""


class Autoscalers:
    """Reconciles HorizontalPodAutoscalers."""

    def __init__(
        self,
        client: Client,
        objects: Objects,
        recorder: EventRecorder,
        usages: PodUsages,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._client = client
        self._objects = objects
        self._recorder = recorder
        self._usages = usages
        self._targets = Targets(objects)
        self._now = now
        self._memories: dict[Key, _Memory] = {}

    async def reconcile(self, key: Key) -> Result:
        """Look when it is time, or when what is wanted has changed; a status that was written is no reason."""
        try:
            hpa = self._client.get(HORIZONTAL_POD_AUTOSCALERS, key.namespace, key.name)
        except NotFound:
            self._memories.pop(key, None)
            return DONE
        time = asyncio.get_running_loop().time
        clock = time()
        memory = self._memories.get(key)
        if memory is None or memory.uid != hpa.metadata.uid:
            memory = self._memories[key] = _Memory(hpa.metadata.uid, hpa.spec)
        elif memory.spec == hpa.spec and clock < memory.due:
            return Result(requeue_after=memory.due - clock)
        memory.spec, memory.due = hpa.spec, clock + PERIOD
        before = hpa.status.model_copy(deep=True)
        try:
            await self._look(hpa, key, memory)
        finally:
            memory.told, memory.telling = frozenset(memory.telling), set()
        if hpa.status != before:
            await self._client.update_status(HORIZONTAL_POD_AUTOSCALERS, hpa)
        return Result(requeue_after=max(0.0, memory.due - time()))

    async def _look(self, hpa: HorizontalPodAutoscaler, key: Key, memory: _Memory) -> None:
        spec, namespace = hpa.spec, hpa.metadata.namespace
        try:
            scale = self._targets.read(namespace, spec.scaleTargetRef)
        except ApiError as exc:
            await self._warn(hpa, memory, "FailedGetScale", exc.message)
            message = f"the HPA controller was unable to get the target's current scale: {exc.message}"
            self._set(hpa, ABLE, "FailedGetScale", message, status="False")
            return
        able = "the HPA controller was able to get the target's current scale"
        self._set(hpa, ABLE, "SucceededGetScale", able)
        current, fewest = scale.spec.replicas, 1 if spec.minReplicas is None else spec.minReplicas
        clock = asyncio.get_running_loop().time()
        if not memory.history.wishes:
            # Whatever there is was wished for before we knew anything (``recordInitialRecommendation``).
            memory.history = replace(memory.history, wishes=(Timed(clock, current),))
        statuses: list[MetricStatus] = []
        if current == 0 and fewest != 0:
            message = "scaling is disabled since the replica count of the target is zero"
            self._set(hpa, ACTIVE, "ScalingDisabled", message, status="False")
            self._note(hpa, current, current, statuses)
            return
        if current > spec.maxReplicas:
            wanted, reason = spec.maxReplicas, "Current number of replicas above Spec.MaxReplicas"
        elif current < fewest:
            wanted, reason = fewest, "Current number of replicas below Spec.MinReplicas"
        else:
            verdict = await self._judge(hpa, key, memory, scale)
            statuses = verdict.statuses if verdict else []
            if verdict is None or verdict.replicas is None:
                self._note(hpa, current, hpa.status.desiredReplicas, statuses)
                return
            limits = Limits(fewest, spec.maxReplicas, spec.behavior)
            paced = pace(limits, memory.history, current, verdict.replicas, clock)
            memory.history = paced.history
            self._set(hpa, ABLE, *paced.able)
            self._set(hpa, LIMITED, *paced.limit, status="True" if paced.limited else "False")
            wanted = paced.replicas
            above = verdict.replicas > current
            reason = f"{verdict.metric} above target" if above else "All metrics below target"
        if wanted != current:
            await self._scale(hpa, memory, scale, wanted, reason, statuses)
        else:
            self._note(hpa, current, current, statuses)

    async def _judge(
        self, hpa: HorizontalPodAutoscaler, key: Key, memory: _Memory, scale: Scale
    ) -> Verdict | None:
        """Measure; None when it cannot be said what. Conditions and events have been told then."""
        pods = await self._pods(hpa, key, memory, scale)
        if pods is None:
            return None
        situation = Situation(
            namespace=hpa.metadata.namespace,
            replicas=scale.spec.replicas,
            pods=[read_pod(pod) for pod in pods],
            usages=await self._usages.of(pods),
            now=self._now(),
            tolerances=_tolerances(hpa.spec),
        )
        verdict = judge(hpa.spec.metrics, situation)
        for failure in verdict.failures:
            await self._warn(hpa, memory, failure.reason, failure.message)
        status = "False" if verdict.replicas is None else "True"
        self._set(hpa, ACTIVE, verdict.reason, verdict.message, status=status)
        if verdict.replicas is None:
            await self._warn(hpa, memory, "FailedComputeMetricsReplicas", verdict.error)
        return verdict

    async def _pods(
        self, hpa: HorizontalPodAutoscaler, key: Key, memory: _Memory, scale: Scale
    ) -> Sequence[Entry] | None:
        """Find the target's pods; None when that cannot be said (``validateAndParseSelector``)."""
        if not scale.status.selector:
            await self._warn(hpa, memory, "SelectorRequired", "selector is required")
            missing = "the HPA target's scale is missing a selector"
            await self._no_pods(hpa, memory, "InvalidSelector", missing, "selector is required")
            return None
        try:
            selector = memory.selector = Selector.parse(scale.status.selector)
        except BadRequest as exc:
            wrong = f"couldn't convert selector into a corresponding internal selector object: {exc.message}"
            await self._warn(hpa, memory, "InvalidSelector", wrong)
            await self._no_pods(hpa, memory, "InvalidSelector", wrong, wrong)
            return None
        options = ListOptions(namespace=hpa.metadata.namespace, labels=selector)
        pods = self._objects.list_entries(PODS, options).entries
        if rivals := self._rivals(key, pods):
            names = " ".join(f"{{{rival.name} {rival.namespace}}}" for rival in (key, *rivals))
            several = f"pods by selector {selector} are controlled by multiple HPAs: [{names}]"
            await self._warn(hpa, memory, "AmbiguousSelector", several)
            await self._no_pods(hpa, memory, "AmbiguousSelector", several, several)
            return None
        return pods

    async def _no_pods(
        self, hpa: HorizontalPodAutoscaler, memory: _Memory, reason: str, message: str, error: str
    ) -> None:
        self._set(hpa, ACTIVE, reason, message, status="False")
        await self._warn(hpa, memory, "FailedComputeMetricsReplicas", error)

    def _rivals(self, key: Key, pods: Sequence[Entry]) -> list[Key]:
        """Find the other autoscalers of these pods: two would work against each other."""
        return sorted(
            other
            for other, memory in self._memories.items()
            if other != key
            and other.namespace == key.namespace
            and (selector := memory.selector)
            and any(selector.matches(pod.labels) for pod in pods)
        )

    async def _scale(
        self,
        hpa: HorizontalPodAutoscaler,
        memory: _Memory,
        seen: Scale,
        wanted: int,
        reason: str,
        statuses: list[MetricStatus],
    ) -> None:
        current = seen.spec.replicas
        try:
            await self._targets.write(hpa.metadata.namespace, hpa.spec.scaleTargetRef, seen, wanted)
        except ApiError as exc:
            failed = f"New size: {wanted}; reason: {reason}; error: {exc.message}"
            await self._warn(hpa, memory, "FailedRescale", failed)
            message = f"the HPA controller was unable to update the target scale: {exc.message}"
            self._set(hpa, ABLE, "FailedUpdateScale", message, status="False")
            self._note(hpa, current, hpa.status.desiredReplicas, statuses)
            return
        message = f"the HPA controller was able to update the target scale to {wanted}"
        self._set(hpa, ABLE, "SucceededRescale", message)
        await self._recorder.event(hpa, "Normal", "SuccessfulRescale", f"New size: {wanted}; reason: {reason}")
        if hpa.spec.behavior is not None:
            clock = asyncio.get_running_loop().time()
            memory.history = memory.history.with_change(current, wanted, clock, hpa.spec.behavior)
        self._note(hpa, current, wanted, statuses)
        hpa.status.lastScaleTime = format_time(self._now())

    async def _warn(self, hpa: HorizontalPodAutoscaler, memory: _Memory, reason: str, message: str) -> None:
        """Tell of what is wrong, unless it was already wrong in this way when it was last looked."""
        if (reason, message) not in memory.told | memory.telling:
            await self._recorder.event(hpa, "Warning", reason, message)
        memory.telling.add((reason, message))

    def _set(
        self, hpa: HorizontalPodAutoscaler, kind: str, reason: str, message: str, *, status: str = "True"
    ) -> None:
        """Set a condition, in its place; its time changes only with its status (``setConditionInList``)."""
        old = conditions.find(hpa.status.conditions, kind)
        same = old is not None and old.status == status
        new = HorizontalPodAutoscalerCondition(
            type=kind,
            status=status,
            lastTransitionTime=old.lastTransitionTime if old and same else format_time(self._now()),
            reason=reason,
            message=message,
        )
        if old is None:
            hpa.status.conditions = [*hpa.status.conditions, new]
        else:
            hpa.status.conditions = [new if c.type == kind else c for c in hpa.status.conditions]

    @staticmethod
    def _note(hpa: HorizontalPodAutoscaler, current: int, wanted: int, statuses: list[MetricStatus]) -> None:
        """Write down what was found."""
        hpa.status = HorizontalPodAutoscalerStatus(
            lastScaleTime=hpa.status.lastScaleTime,
            currentReplicas=current,
            desiredReplicas=wanted,
            currentMetrics=statuses,
            conditions=hpa.status.conditions,
        )


def _tolerances(spec: HorizontalPodAutoscalerSpec) -> Tolerances:
    behavior = spec.behavior
    if behavior is None:
        return Tolerances()
    return Tolerances(_tolerance(behavior.scaleUp), _tolerance(behavior.scaleDown))


def _tolerance(rules: HPAScalingRules | None) -> float:
    given = rules.tolerance if rules else None
    return TOLERANCE if given is None else Amount.parse(given).nanos / 1e9
