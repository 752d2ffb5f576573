"""Brings the default roles and bindings up to date when the server starts.

All that is to be written is decided first and then written side by side, in this order, so that a new cluster
waits for the disk once. A server killed in between has written a first part; its next start does the rest.

Nothing is ever taken away: rights and subjects that somebody added stay, and what carries the annotation
``rbac.authorization.kubernetes.io/autoupdate: "false"`` is left alone altogether.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from typing import TypeVar

from edgeorch.api.meta import Object, ObjectMeta
from edgeorch.api.rbac.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from edgeorch.api.rbac.roles import ClusterRole, ClusterRoleBinding
from edgeorch.api.resources import ResourceInfo
from edgeorch_server.access.aggregation import aggregated_rules
from edgeorch_server.access.default_roles import (
    AUTO_UPDATE,
    default_cluster_role_bindings,
    default_cluster_roles,
)
from edgeorch_server.access.rules import missing
from edgeorch_server.controllers.pod_control import side_by_side
from edgeorch_server.registry.base import Client

ObjectT = TypeVar("ObjectT", bound=Object)


async def ensure_default_roles(client: Client) -> None:
    """Create and complete what is there; a binding to another role is made anew."""
    await side_by_side(lambda write: write, [*_roles(client), *_bindings(client)])


def _roles(client: Client) -> Iterator[Awaitable[None]]:
    stored = {role.metadata.name: role for role in client.list(CLUSTER_ROLES)}
    roles = dict(stored)
    for wanted in default_cluster_roles():
        name = wanted.metadata.name
        if wanted.aggregationRule:
            wanted.rules = aggregated_rules(name, wanted.aggregationRule, roles.values())
        roles[name] = _completed_role(stored.get(name), wanted)
        yield _write(client, CLUSTER_ROLES, stored.get(name), roles[name])


def _completed_role(there: ClusterRole | None, wanted: ClusterRole) -> ClusterRole:
    if there is None:
        return wanted
    if not _is_ours(there):
        return there
    rules = there.rules
    if not wanted.aggregationRule:
        rules = [*rules, *missing(rules, wanted.rules)]
    return there.model_copy(
        update={
            "metadata": _completed(there.metadata, wanted.metadata),
            "rules": rules,
            "aggregationRule": there.aggregationRule or wanted.aggregationRule,
        }
    )


def _bindings(client: Client) -> Iterator[Awaitable[None]]:
    stored = {binding.metadata.name: binding for binding in client.list(CLUSTER_ROLE_BINDINGS)}
    for wanted in default_cluster_role_bindings():
        there = stored.get(wanted.metadata.name)
        if there is not None and there.roleRef != wanted.roleRef and _is_ours(there):
            yield _make_anew(client, wanted)
        else:
            yield _write(client, CLUSTER_ROLE_BINDINGS, there, _completed_binding(there, wanted))


def _completed_binding(there: ClusterRoleBinding | None, wanted: ClusterRoleBinding) -> ClusterRoleBinding:
    if there is None:
        return wanted
    if not _is_ours(there):
        return there
    subjects = [*there.subjects, *(one for one in wanted.subjects if one not in there.subjects)]
    metadata = _completed(there.metadata, wanted.metadata)
    return there.model_copy(update={"metadata": metadata, "subjects": subjects})


async def _make_anew(client: Client, wanted: ClusterRoleBinding) -> None:
    """Replace a binding: what it grants cannot be changed."""
    await client.delete(CLUSTER_ROLE_BINDINGS, "", wanted.metadata.name)
    await client.create(CLUSTER_ROLE_BINDINGS, wanted)


def _is_ours(obj: Object) -> bool:
    """Whether nobody has said to leave it alone; absent means no such word."""
    return obj.metadata.annotations.get(AUTO_UPDATE) != "false"


async def _write(
    client: Client, resource: ResourceInfo[ObjectT], there: ObjectT | None, wanted: ObjectT
) -> None:
    if there is None:
        await client.create(resource, wanted)
    elif wanted != there:
        await client.update(resource, wanted)


def _completed(there: ObjectMeta, wanted: ObjectMeta) -> ObjectMeta:
    """Add the labels and annotations that are missing; what somebody set stays."""
    return there.model_copy(
        update={
            "labels": {**wanted.labels, **there.labels},
            "annotations": {**wanted.annotations, **there.annotations},
        }
    )
