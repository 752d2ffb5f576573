"""VolumeBinding: a pod waits until there are volumes for all its claims.

There is nothing here that makes volumes or binds claims to them while a pod waits, so every claim counts as
one that is to be bound at once (``volumeBindingMode: Immediate``).
"""

from __future__ import annotations

from edgeorch.api.core.persistent_volume_claim import BOUND, LOST
from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Helps
from edgeorch_server.scheduler.shape import Shape

UNBOUND = "pod has unbound immediate PersistentVolumeClaims"


class VolumeBinding:
    """Refuses pods by the claims that they refer to."""

    name = "VolumeBinding"
    helped_by = Helps.CLAIM

    def refusal(self, shape: Shape, cluster: Cluster) -> str:
        """Look whether all claims are there, and then whether all are bound (``podHasPVCs``)."""
        found = [(name, cluster.claims.get((shape.namespace, name))) for name in shape.claims]
        for name, claim in found:
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if claim.phase == LOST:
                return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{claim.volume}"'
            if claim.leaving:
                return f'persistentvolumeclaim "{name}" is being deleted'
        return UNBOUND if any(claim is None or claim.phase != BOUND for _, claim in found) else ""
