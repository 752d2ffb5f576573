"""ReplicaSets and ReplicationControllers: so many pods of one template, no more and no fewer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgeorch.api import conditions
from edgeorch.api.apps.replica_set import REPLICA_FAILURE, ReplicaSetCondition
from edgeorch.api.apps.resources import REPLICA_SETS
from edgeorch.api.conditions import WorkloadCondition
from edgeorch.api.core.replication_controller import ReplicationControllerCondition
from edgeorch.api.core.resources import PODS, REPLICATION_CONTROLLERS
from edgeorch.api.meta import format_time
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.selectors import Selector
from edgeorch.errors import ApiError, NotFound
from edgeorch_server.controllers.ownership import Adoption
from edgeorch_server.controllers.pod_control import BURST, PodControl, pod_from
from edgeorch_server.controllers.pod_facts import PodFacts, PodReader
from edgeorch_server.controllers.replica_plan import Counts, count, first_to_go
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.controllers.selecting import ReadSelector, Selecting, label_selector_of
from edgeorch_server.registry.base import Client, Entries, Objects
from edgeorch_server.registry.recorder import EventRecorder


@dataclass(frozen=True, slots=True)
class ReplicaKind:
    """What differs between the kinds that keep so many pods."""

    resource: ResourceInfo[Any]
    condition: type[WorkloadCondition]
    read_selector: ReadSelector

    def sources(self, objects: Entries) -> tuple[Source, ...]:
        """Give what wakes the controller."""
        return Source(self.resource), Source(PODS, Selecting(objects, self.resource, self.read_selector).keys)


def _map_selector_of(body: Mapping[str, Any]) -> Selector:
    return Selector.from_set(body.get("spec", {}).get("selector", {}))


REPLICA_SET = ReplicaKind(REPLICA_SETS, ReplicaSetCondition, label_selector_of)
REPLICATION_CONTROLLER = ReplicaKind(REPLICATION_CONTROLLERS, ReplicationControllerCondition, _map_selector_of)


class Replicas:
    """Reconciles one object of a kind."""

    def __init__(
        self,
        kind: ReplicaKind,
        client: Client,
        objects: Objects,
        recorder: EventRecorder,
        pods: PodReader,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._kind = kind
        self._client = client
        self._objects = objects
        self._pods = pods
        self._adoption = Adoption(objects)
        self._control = PodControl(client, recorder)
        self._now = now

    async def reconcile(self, key: Key) -> Result:
        """Make or delete pods, and say how many there are.

        Raises what a pod was refused with, once the status says so too.
        """
        try:
            owner = self._client.get(self._kind.resource, key.namespace, key.name)
        except NotFound:
            return DONE
        await self._adoption.settle(PODS, owner, Selector.of(owner.spec.selector))
        active, failure = self._active(owner), None
        if len(active) != owner.spec.replicas and not owner.metadata.deletionTimestamp:
            failure = await self._manage(owner, active)
            active = self._active(owner)
        counts = self._count(owner, active)
        await self._set_status(owner, counts, failure)
        if failure is not None:
            raise failure
        return Result(requeue_after=counts.next_available)

    def _active(self, owner: Any) -> list[PodFacts]:
        return [pod for pod in self._pods.owned(owner.metadata.uid) if pod.active]

    def _count(self, owner: Any, active: Sequence[PodFacts]) -> Counts:
        spec = owner.spec
        return count(active, spec.template.metadata.labels, spec.minReadySeconds, self._now())

    async def _manage(self, owner: Any, active: Sequence[PodFacts]) -> ApiError | None:
        """Close the gap between what there is and what is wanted; gives what went wrong."""
        missing = owner.spec.replicas - len(active)
        try:
            if missing > 0:
                pods = [pod_from(owner.spec.template, owner) for _ in range(min(missing, BURST))]
                await self._control.create_many(pods, owner)
            elif missing < 0:
                surplus = first_to_go(active, self._related(owner), min(-missing, BURST), self._now())
                await self._control.delete_many(surplus, owner)
        except ApiError as exc:
            return None if _namespace_ends(exc) else exc
        return None

    def _related(self, owner: Any) -> Sequence[PodFacts]:
        """Give the pods of all that the same controller manages: a Deployment's, while it rolls out."""
        manager = next((ref.uid for ref in owner.metadata.ownerReferences if ref.controller), None)
        if manager is None:
            return self._pods.owned(owner.metadata.uid)
        siblings = self._objects.owned_entries(self._kind.resource, manager)
        return [pod for sibling in siblings for pod in self._pods.owned(sibling.uid)]

    async def _set_status(self, owner: Any, counts: Counts, failure: ApiError | None) -> None:
        status = owner.status.model_copy(
            update={
                "replicas": counts.replicas,
                "fullyLabeledReplicas": counts.fully_labelled,
                "readyReplicas": counts.ready,
                "availableReplicas": counts.available,
                "observedGeneration": owner.metadata.generation,
                "conditions": self._conditions(owner, counts, failure),
            }
        )
        if status != owner.status:
            owner.status = status
            await self._client.update_status(self._kind.resource, owner)

    def _conditions(self, owner: Any, counts: Counts, failure: ApiError | None) -> list[WorkloadCondition]:
        """Say whether pods were refused; the first refusal stays until there is none (``calculateStatus``)."""
        before: list[WorkloadCondition] = owner.status.conditions
        if failure is None:
            return conditions.without(before, REPLICA_FAILURE)
        if conditions.find(before, REPLICA_FAILURE) is not None:
            return before
        too_few = counts.replicas < owner.spec.replicas
        new = self._kind.condition(
            type=REPLICA_FAILURE,
            status="True",
            reason="FailedCreate" if too_few else "FailedDelete",
            message=failure.message,
            lastTransitionTime=format_time(self._now()),
        )
        return [*before, new]


def _namespace_ends(exc: ApiError) -> bool:
    """Tell whether a pod was refused because its namespace is going, which will not change."""
    return any(cause.reason == "NamespaceTerminating" for cause in exc.causes)
