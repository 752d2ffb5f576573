"""Tells of PersistentVolumeClaims that get no volume (``pkg/controller/volume/persistentvolume``).

There are neither volumes to bind nor anything that makes them yet, so every claim stays Pending; its events
say so where Kubernetes' say it, in ``kubectl describe``.
"""

from __future__ import annotations

from typing import Literal

from edgeorch.api.core.persistent_volume_claim import PENDING, PersistentVolumeClaim
from edgeorch.api.core.resources import PERSISTENT_VOLUME_CLAIMS
from edgeorch.errors import NotFound
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.recorder import EventRecorder

NAME = "persistentvolume-controller"

SOURCES = (Source(PERSISTENT_VOLUME_CLAIMS),)


class PendingClaims:
    """Reconciles one claim."""

    def __init__(self, client: Client, recorder: EventRecorder) -> None:
        self._client = client
        self._recorder = recorder
        self._told: dict[Key, str] = {}
        """Uids of the claims that were told of: once in a life of the server."""

    async def reconcile(self, key: Key) -> Result:
        """Tell why a claim waits, unless that was told."""
        try:
            claim = self._client.get(PERSISTENT_VOLUME_CLAIMS, key.namespace, key.name)
        except NotFound:
            self._told.pop(key, None)
            return DONE
        if claim.status.phase == PENDING and self._told.get(key) != claim.metadata.uid:
            self._told[key] = claim.metadata.uid
            await self._recorder.event(claim, *_why(claim))
        return DONE


def _why(claim: PersistentVolumeClaim) -> tuple[Literal["Normal", "Warning"], str, str]:
    """Say it in Kubernetes' words: nothing there that fits, or nobody who would make it."""
    storage_class = claim.spec.storageClassName
    if storage_class and not claim.spec.volumeName:
        message = f'storageclass.storage.k8s.io "{storage_class}" not found'
        return "Warning", "ProvisioningFailed", message
    if claim.spec.volumeName:
        return "Warning", "FailedBinding", f'volume "{claim.spec.volumeName}" not found'
    message = "no persistent volumes available for this claim and no storage class is set"
    return "Normal", "FailedBinding", message
