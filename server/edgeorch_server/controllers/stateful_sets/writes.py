"""Makes and deletes the pods of StatefulSets and their claims, with the events of Kubernetes' controller."""

from __future__ import annotations

from collections.abc import Iterable

from edgeorch.api.apps.stateful_set import StatefulSet
from edgeorch.api.core.persistent_volume_claim import PersistentVolumeClaim
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import PERSISTENT_VOLUME_CLAIMS, PODS
from edgeorch.api.meta import Object
from edgeorch.errors import AlreadyExists, ApiError, Conflict, NotFound
from edgeorch_server.controllers.pod_control import delete_pod
from edgeorch_server.controllers.pod_facts import PodFacts
from edgeorch_server.controllers.stateful_sets import retention
from edgeorch_server.controllers.stateful_sets.pods import claim_for, claim_name, identity_labels, pod_name
from edgeorch_server.registry.base import Client, Objects, PatchType, WriteOptions
from edgeorch_server.registry.codec import is_marked
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.store.base import Entry


class Claims:
    """The claims that pods get from ``volumeClaimTemplates``."""

    def __init__(self, client: Client, objects: Objects, recorder: EventRecorder) -> None:
        self._client = client
        self._objects = objects
        self._recorder = recorder

    async def ensure(self, owner: StatefulSet, number: int) -> None:
        """Make the claims of a pod that are missing; raises Conflict while one of them is being deleted."""
        for template in owner.spec.volumeClaimTemplates:
            entry = self._find(owner, claim_name(owner, template, number))
            if entry is None:
                await self._create(owner, claim_for(owner, template, number), pod_name(owner, number))
            elif is_marked(entry):
                raise Conflict(f"pvc {entry.name} is being deleted")

    async def _create(self, owner: StatefulSet, claim: PersistentVolumeClaim, pod: str) -> None:
        name, where = claim.metadata.name, f"Pod {pod} in StatefulSet {owner.metadata.name}"
        try:
            await self._client.create(PERSISTENT_VOLUME_CLAIMS, claim)
        except ApiError as exc:
            message = f"create Claim {name} for {where} failed error: {exc.message}"
            await self._recorder.event(owner, "Warning", "FailedCreate", message)
            raise
        message = f"create Claim {name} {where} success"
        await self._recorder.event(owner, "Normal", "SuccessfulCreate", message)

    def blocked(self, owner: StatefulSet, numbers: Iterable[int]) -> frozenset[int]:
        """Choose the numbers of pods whose claims still go with an earlier pod, and must be made anew."""
        if not owner.spec.volumeClaimTemplates or not retention.goes_when_scaled(owner):
            return frozenset()
        return frozenset(number for number in numbers if self._is_stale(owner, number))

    def _is_stale(self, owner: StatefulSet, number: int) -> bool:
        found = (
            self._find(owner, claim_name(owner, template, number))
            for template in owner.spec.volumeClaimTemplates
        )
        name = pod_name(owner, number)
        return any(entry is not None and retention.is_of_another_pod(entry.owners, name) for entry in found)

    async def settle(self, owner: StatefulSet, number: int, pod: PodFacts, *, wanted: bool) -> None:
        """Let the claims of a pod belong to whom they should go with."""
        for template in owner.spec.volumeClaimTemplates:
            entry = self._find(owner, claim_name(owner, template, number))
            if entry is None or is_marked(entry):
                continue
            if change := retention.decide(entry.owners, owner, pod, wanted=wanted):
                await self._change_owners(entry, change)
                if change.conflict:
                    await self._tell_conflict(owner, entry.name)

    async def _change_owners(self, entry: Entry, change: retention.Change) -> None:
        references = [reference.to_dict() for reference in change.add]
        references += [{"$patch": "delete", "uid": uid} for uid in change.remove]
        patch = {"metadata": {"uid": entry.uid, "ownerReferences": references}}
        await self._objects.patch_entry(
            PERSISTENT_VOLUME_CLAIMS,
            entry.namespace,
            entry.name,
            PatchType.STRATEGIC,
            patch,
            WriteOptions(),
        )

    async def _tell_conflict(self, owner: StatefulSet, name: str) -> None:
        message = (
            f"PersistentVolumeClaim {name} has a conflicting OwnerReference that acts as a manging controller, "
            "the retention policy is ignored for this claim"
        )
        await self._recorder.event(owner, "Warning", "ConflictingController", message)

    def _find(self, owner: Object, name: str) -> Entry | None:
        try:
            return self._objects.get_entry(PERSISTENT_VOLUME_CLAIMS, owner.metadata.namespace, name)
        except NotFound:
            return None


class Pods:
    """The pods themselves."""

    def __init__(self, client: Client, objects: Objects, recorder: EventRecorder, claims: Claims) -> None:
        self._client = client
        self._objects = objects
        self._recorder = recorder
        self._claims = claims

    async def create(self, owner: StatefulSet, number: int, pod: Pod) -> None:
        """Make a pod after its claims; raises what the API refuses either with.

        A pod of this name that is not the StatefulSet's own is in the way until somebody removes it.
        """
        name = pod.metadata.name
        try:
            await self._claims.ensure(owner, number)
            await self._client.create(PODS, pod)
        except AlreadyExists:
            raise
        except ApiError as exc:
            await self._tell_failure(owner, "create", name, exc)
            raise
        await self._tell(owner, "create", name)

    async def delete(self, owner: StatefulSet, pod: PodFacts) -> None:
        """Delete a pod as :func:`delete_pod` does; raises what the API refuses it with, after an event."""
        try:
            deleted = await delete_pod(self._client, pod)
        except ApiError as exc:
            await self._tell_failure(owner, "delete", pod.name, exc)
            raise
        if deleted:
            await self._tell(owner, "delete", pod.name)

    async def identify(self, owner: StatefulSet, number: int, pod: PodFacts) -> None:
        """Give a pod that was adopted the labels that say which it is (``updateIdentity``)."""
        labels = identity_labels(pod.name, number)
        if labels.items() <= pod.labels.items():
            return
        patch = {"metadata": {"uid": pod.uid, "labels": labels}}
        try:
            await self._objects.patch_entry(
                PODS, pod.namespace, pod.name, PatchType.STRATEGIC, patch, WriteOptions()
            )
        except ApiError as exc:
            await self._tell_failure(owner, "update", pod.name, exc)
            raise
        await self._tell(owner, "update", pod.name)

    async def _tell(self, owner: StatefulSet, verb: str, pod: str) -> None:
        message = f"{verb} Pod {pod} in StatefulSet {owner.metadata.name} successful"
        await self._recorder.event(owner, "Normal", f"Successful{verb.capitalize()}", message)

    async def _tell_failure(self, owner: StatefulSet, verb: str, pod: str, exc: ApiError) -> None:
        message = f"{verb} Pod {pod} in StatefulSet {owner.metadata.name} failed error: {exc.message}"
        await self._recorder.event(owner, "Warning", f"Failed{verb.capitalize()}", message)
