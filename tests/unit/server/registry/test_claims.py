"""PersistentVolumeClaims on their way into the store."""

from typing import Any

import pytest

from edgeorch.api.core.resources import PERSISTENT_VOLUME_CLAIMS as CLAIMS
from edgeorch.api.core.resources import RESOURCE_QUOTAS
from edgeorch.errors import Forbidden

BODY = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    "status": {"phase": "Bound"},
}


async def test_a_client_binds_no_claim(world: Any) -> None:
    """It starts pending; only its status says that it is bound, and changes nothing else."""
    await world.create(CLAIMS, BODY)
    assert world.get(CLAIMS, "data").status.phase == "Pending"
    await world.patch(CLAIMS, "data", {"status": {"phase": "Bound"}})
    assert world.get(CLAIMS, "data").status.phase == "Pending"
    change = {"status": {"phase": "Bound"}, "spec": {"volumeName": "disk"}}
    await world.patch(CLAIMS, "data", change, subresource="status")
    after = world.get(CLAIMS, "data")
    assert (after.status.phase, after.spec.volumeName) == ("Bound", "")


async def test_quota(world: Any) -> None:
    """A quota may limit how many there are."""
    hard = {"persistentvolumeclaims": "1"}
    await world.create(RESOURCE_QUOTAS, {"metadata": {"name": "few"}, "spec": {"hard": hard}})
    await world.create(CLAIMS, BODY)
    with pytest.raises(Forbidden, match="exceeded quota: few, requested: persistentvolumeclaims=1"):
        await world.create(CLAIMS, {**BODY, "metadata": {"name": "more"}})
