"""Makes and deletes the pods of a controller, and tells of it in events, as kube-controller-manager does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, TypeVar

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

ItemT = TypeVar("ItemT")


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


async def delete_pod(client: Client, pod: PodFacts) -> bool:
    """Delete this very pod, gracefully; gives False when it was gone already."""
    options = DeleteOptions(preconditions=Preconditions(uid=pod.uid))
    try:
        await client.delete(PODS, pod.namespace, pod.name, options)
    except NotFound:
        return False
    return True


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
        """Delete a pod as :func:`delete_pod` does; raises what the API refuses it with, after an event."""
        try:
            deleted = await delete_pod(self._client, pod)
        except ApiError as exc:
            await self._recorder.event(owner, "Warning", "FailedDelete", f"Error deleting: {exc.message}")
            raise
        if deleted:
            await self._recorder.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {pod.name}")

    async def create_many(self, pods: Sequence[Pod], owner: Object) -> None:
        """Create pods, a few at first (see :func:`start_slowly`)."""
        await start_slowly(lambda pod: self.create(pod, owner), pods)

    async def delete_many(self, pods: Iterable[PodFacts], owner: Object) -> None:
        """Delete pods, all at once; raises the first error after trying all."""
        await side_by_side(lambda pod: self.delete(pod, owner), pods)


async def start_slowly(act: Callable[[ItemT], Awaitable[object]], items: Sequence[ItemT]) -> None:
    """Act in batches that double, so that a quota or an error is met by few (``slowStartBatch``).

    Raises the first error; what comes after the batch it happened in is not tried.
    """
    start, size = 0, _FIRST_BATCH
    while start < len(items):
        await side_by_side(act, items[start : start + size])
        start, size = start + size, size * 2


async def side_by_side(act: Callable[[ItemT], Awaitable[object]], items: Iterable[ItemT]) -> None:
    """Do all of it side by side, so that the writes share a disk sync; then raise the first error, if any."""
    results = await asyncio.gather(*map(act, items), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
