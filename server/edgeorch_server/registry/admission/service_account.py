"""ServiceAccount: every pod runs as one, ``default`` unless it says otherwise."""

from __future__ import annotations

from edgeorch.api.core.admission import (
    DEFAULT_SERVICE_ACCOUNT,
    apply_service_account,
    default_service_account,
)
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import SERVICE_ACCOUNTS
from edgeorch_server.registry.admission.base import Attributes, Lookup, Operation


class DefaultServiceAccount:
    """Names the account, refuses one that does not exist, and hands down its pull secrets.

    Kubernetes waits up to a second for a new namespace's ``default`` account. It is made anew whenever it is
    missing, so here a pod that runs as ``default`` need not wait for it.
    """

    def __init__(self, objects: Lookup) -> None:
        self._objects = objects

    def admit(self, write: Attributes) -> None:
        """Complete a new pod; raises Forbidden."""
        pod = write.obj
        if write.operation is not Operation.CREATE or not isinstance(pod, Pod):
            return
        default_service_account(pod.spec)
        name = pod.spec.serviceAccountName
        account = self._objects.find(SERVICE_ACCOUNTS, write.namespace, name)
        if account is not None:
            apply_service_account(pod.spec, account)
        elif name != DEFAULT_SERVICE_ACCOUNT:
            raise write.forbidden(
                f'error looking up service account {write.namespace}/{name}: serviceaccount "{name}" not found'
            )
