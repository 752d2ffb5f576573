"""Makes and deletes the pods of a controller, and tells of it in events, as kube-controller-manager does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

from edgeorch.api.core.pod import Pod, PodSpec
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import DeleteOptions, Object, ObjectMeta, Preconditions
from edgeorch.errors import ApiError, NotFound
from edgeorch_server.controllers.ownership import controller_reference
from edgeorch_server.controllers.pod_facts import PodFacts
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.recorder import EventRecorder

BURST = 500
"""Pods that one reconcile makes or deletes at most (``BurstReplicas``)."""
_FIRST_BATCH = 1


class Template(Protocol):
    """What pods are made from (core/v1 PodTemplateSpec)."""

    metadata: ObjectMeta
    spec: PodSpec


def pod_from(template: Template, owner: Object, *, name: str = "") -> Pod:
    """Build a pod of a controller; without a name one is made up from the owner's (``GetPodFromTemplate``)."""
    meta = template.metadata
    return Pod(
        metadata=ObjectMeta(
            name=name,
            generateName="" if name else f"{owner.metadata.name}-",
            namespace=owner.metadata.namespace,
            labels=dict(meta.labels),
            annotations=dict(meta.annotations),
            finalizers=list(meta.finalizers),
            ownerReferences=[controller_reference(owner)],
        ),
        spec=template.spec.model_copy(deep=True),
    )


class PodControl:
    """Writes pods for one kind of controller."""

    def __init__(self, client: Client, recorder: EventRecorder) -> None:
        self._client = client
        self._recorder = recorder

    async def create(self, pod: Pod, owner: Object) -> Pod:
        """Create a pod; raises what the API refuses it with, after an event that says so."""
        try:
            made = await self._client.create(PODS, pod)
        except ApiError as exc:
            await self._recorder.event(owner, "Warning", "FailedCreate", f"Error creating: {exc.message}")
            raise
        await self._recorder.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {made.metadata.name}")
        return made

    async def delete(self, pod: PodFacts, owner: Object) -> None:
        """Delete this very pod, gracefully; one that is gone already is fine."""
        options = DeleteOptions(preconditions=Preconditions(uid=pod.uid))
        try:
            await self._client.delete(PODS, pod.namespace, pod.name, options)
        except NotFound:
            return
        except ApiError as exc:
            await self._recorder.event(owner, "Warning", "FailedDelete", f"Error deleting: {exc.message}")
            raise
        await self._recorder.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {pod.name}")

    async def create_many(self, pods: Sequence[Pod], owner: Object) -> None:
        """Create pods in batches that double, so that a quota or an error is met by few (``slowStartBatch``).

        Raises the first error; what comes after the batch it happened in is not tried.
        """
        start, size = 0, _FIRST_BATCH
        while start < len(pods):
            batch = pods[start : start + size]
            await _all(self.create, ((pod, owner) for pod in batch))
            start, size = start + size, size * 2

    async def delete_many(self, pods: Iterable[PodFacts], owner: Object) -> None:
        """Delete pods, all at once; raises the first error after trying all."""
        await _all(self.delete, ((pod, owner) for pod in pods))


async def _all(act: Callable[..., Awaitable[object]], arguments: Iterable[tuple[object, ...]]) -> None:
    """Do all of it side by side, so that the writes share a disk sync; then raise the first error, if any."""
    results = await asyncio.gather(*(act(*args) for args in arguments), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
