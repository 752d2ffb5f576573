"""DefaultTolerationSeconds: a pod outlives the loss of its node by five minutes unless it says otherwise."""

from __future__ import annotations

from edgeorch.api.core.admission import default_tolerations
from edgeorch.api.core.pod import Pod
from edgeorch_server.registry.admission.base import Attributes, Operation


class DefaultTolerations:
    """Adds the two tolerations to pods that do not tolerate those taints in their own way."""

    def admit(self, write: Attributes) -> None:
        """Complete a pod, on update too: a client that sends an old manifest must not lose them."""
        if write.operation is Operation.DELETE or write.subresource or not isinstance(write.obj, Pod):
            return
        default_tolerations(write.obj.spec)
