"""The plugins that are active, in their order."""

from __future__ import annotations

from edgeorch_server.registry.admission.base import Chain, Lookup
from edgeorch_server.registry.admission.default_tolerations import DefaultTolerations
from edgeorch_server.registry.admission.namespace_lifecycle import NamespaceLifecycle
from edgeorch_server.registry.admission.priority import Priority
from edgeorch_server.registry.admission.service_account import DefaultServiceAccount


def default_chain(objects: Lookup) -> Chain:
    """Build the chain with every plugin, in Kubernetes' order."""
    return Chain(
        (
            NamespaceLifecycle(objects),
            DefaultServiceAccount(objects),
            Priority(),
            DefaultTolerations(),
        )
    )
