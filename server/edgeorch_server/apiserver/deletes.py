"""What a DELETE is answered with: the object, or a Status that says what was deleted.

Kubernetes answers the object while it is still there (grace period, finalizers), and for the kinds below also
when it is gone (their strategies set ``ReturnDeletedObject``); clients generated from its API description
expect exactly that.
"""

from __future__ import annotations

from typing import Any

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch_server.registry.base import Written

_RETURNED = frozenset(
    {
        "pods",
        "services",
        "serviceaccounts",
        "persistentvolumes",
        "persistentvolumeclaims",
        "resourcequotas",
        "podtemplates",
        "storageclasses.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
        "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io",
    }
)


def answers_object(resource: ResourceInfo[Object], written: Written) -> bool:
    """Say whether the object itself is the answer."""
    return not written.deleted or returns_deleted(resource)


def returns_deleted(resource: ResourceInfo[Object]) -> bool:
    """Say whether the answer is the object even when it is gone."""
    return resource.group_resource in _RETURNED or resource.group == "resource.k8s.io"


def deleted_status(resource: ResourceInfo[Object], written: Written) -> dict[str, Any]:
    """Give the Status of a completed delete."""
    about = {
        "name": written.entry.name,
        "group": resource.group,
        "kind": resource.plural,
        "uid": written.entry.uid,
    }
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in about.items() if value},
    }
