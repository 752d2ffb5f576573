"""Resource table entries of coordination.k8s.io/v1."""

from __future__ import annotations

from edgeorch.api.coordination.lease import Lease
from edgeorch.api.resources import ResourceInfo

LEASES = ResourceInfo(
    group="coordination.k8s.io",
    version="v1",
    kind="Lease",
    plural="leases",
    singular="lease",
    model=Lease,
)
