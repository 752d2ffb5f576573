"""``metadata``: what the server sets on a create and what it keeps on an update.

Follows ``rest.FillObjectMetaSystemFields`` and ``validation.ValidateObjectMetaUpdate``.
"""

from __future__ import annotations

import datetime as dt

from edgeorch.api.meta import ObjectMeta, format_time
from edgeorch.errors import BadRequest
from edgeorch_server.registry import messages
from edgeorch_server.registry.messages import AnyResource


def match_namespace(resource: AnyResource, meta: ObjectMeta, namespace: str) -> None:
    """Take the request's namespace where the object names none; refuse another one."""
    if not resource.namespaced or not meta.namespace:
        meta.namespace = namespace if resource.namespaced else ""
    elif meta.namespace != namespace:
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def match_url(meta: ObjectMeta, namespace: str, name: str) -> None:
    """Refuse an object that is not the one in the URL (``checkName``)."""
    if not meta.name:
        raise BadRequest(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if meta.name != name:
        raise BadRequest(f"the name of the object ({meta.name}) does not match the name on the URL ({name})")
    if namespace and meta.namespace and meta.namespace != namespace:
        raise BadRequest(
            f"the namespace of the object ({meta.namespace}) does not match "
            f"the namespace on the request ({namespace})"
        )


def refuse_version(meta: ObjectMeta) -> None:
    """Refuse a new object that claims to have been stored already.

    Kubernetes answers 500 with this sentence; it is the client's mistake, so here it is a 400.
    """
    if meta.resourceVersion:
        raise BadRequest("resourceVersion should not be set on objects to be created")


def stamp(meta: ObjectMeta, *, uid: str, now: dt.datetime, generation: int) -> None:
    """Set what only the server may set on a new object."""
    meta.uid = uid
    meta.creationTimestamp = format_time(now)
    meta.generation = generation
    meta.deletionTimestamp = None
    meta.deletionGracePeriodSeconds = None
    meta.selfLink = ""


def check_preconditions(
    resource: AnyResource, new: ObjectMeta, old: ObjectMeta, *, unconditional: bool
) -> None:
    """Refuse to overwrite another object of the same name, or a version the caller has not seen."""
    if new.uid and new.uid != old.uid:
        why = f"Precondition failed: UID in precondition: {new.uid}, UID in object meta: {old.uid}"
        raise messages.conflict(resource, old.name, why)
    if not new.resourceVersion:
        if not unconditional:
            raise messages.version_required(resource, old.name)
    elif new.resourceVersion != old.resourceVersion:
        raise messages.conflict(resource, old.name)


def carry_over(new: ObjectMeta, old: ObjectMeta) -> None:
    """Keep what no client can change. What must be *refused* instead is left for validation to find."""
    new.namespace = old.namespace
    new.uid = old.uid
    new.creationTimestamp = old.creationTimestamp
    new.generation = old.generation
    new.resourceVersion = old.resourceVersion
    new.selfLink = ""
    if old.deletionTimestamp is not None:
        new.deletionTimestamp = old.deletionTimestamp
        if new.deletionGracePeriodSeconds is None:
            new.deletionGracePeriodSeconds = old.deletionGracePeriodSeconds
