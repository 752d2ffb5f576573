"""What admission asks about rights: the roles and bindings as they are stored this very moment.

The API server decides by an index that follows the store; what is asked here hands out power, is rare, and must
not be a moment late.
"""

from __future__ import annotations

from edgeorch.api.rbac.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from edgeorch_server.access.policy import Policy
from edgeorch_server.registry.admission.base import Lookup


def current_policy(objects: Lookup, namespace: str) -> Policy:
    """Read everything that counts in a namespace, or (empty) in the whole cluster."""
    policy = Policy()
    for role in objects.list(CLUSTER_ROLES, ""):
        policy.put(role)
    for cluster_binding in objects.list(CLUSTER_ROLE_BINDINGS, ""):
        policy.put(cluster_binding)
    if namespace:
        for local in objects.list(ROLES, namespace):
            policy.put(local)
        for binding in objects.list(ROLE_BINDINGS, namespace):
            policy.put(binding)
    return policy
