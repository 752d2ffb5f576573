"""Claims that wait: whoever looks is told what for."""

from typing import Any

import pytest

from edgeorch.api.core.resources import PERSISTENT_VOLUME_CLAIMS
from edgeorch.api.meta import DeleteOptions
from edgeorch_server.controllers.pending_claims import PendingClaims
from edgeorch_server.controllers.runner import Key
from edgeorch_server.registry.recorder import EventRecorder
from tests.fakes.workloads import Workshop

KEY = Key("default", "data")


async def claim(shop: Workshop, **spec: Any) -> None:
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    await shop.create(PERSISTENT_VOLUME_CLAIMS, "data", spec={**asked, **spec})


@pytest.mark.parametrize(
    ("spec", "reason", "message"),
    [
        pytest.param(
            {},
            "FailedBinding",
            "no persistent volumes available for this claim and no storage class is set",
            id="no class",
        ),
        pytest.param(
            {"storageClassName": "fast"},
            "ProvisioningFailed",
            'storageclass.storage.k8s.io "fast" not found',
            id="a class",
        ),
        pytest.param({"volumeName": "disk"}, "FailedBinding", 'volume "disk" not found', id="a volume"),
    ],
)
async def test_told_once(spec: dict[str, Any], reason: str, message: str) -> None:
    """Why a claim is pending is told in an event, and told again of another claim of the name."""
    shop = await Workshop().open()
    recorder = EventRecorder(shop.registry, "persistentvolume-controller", shop.now)
    controller = PendingClaims(shop.registry, recorder)
    await claim(shop, **spec)
    for _ in range(2):
        await controller.reconcile(KEY)
    assert shop.events("data") == [(reason, message)]
    await shop.registry.delete(PERSISTENT_VOLUME_CLAIMS, "default", "data", DeleteOptions())
    await controller.reconcile(KEY)
    await claim(shop, **spec)
    await controller.reconcile(KEY)
    assert shop.events("data") == [(reason, message)] * 2


async def test_a_bound_claim() -> None:
    """There is nothing to tell of it."""
    shop = await Workshop().open()
    await claim(shop)
    await shop.patch(PERSISTENT_VOLUME_CLAIMS, "data", "status", status={"phase": "Bound"})
    controller = PendingClaims(shop.registry, EventRecorder(shop.registry, "c", shop.now))
    await controller.reconcile(KEY)
    assert shop.events("data") == []
