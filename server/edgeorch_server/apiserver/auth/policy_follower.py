"""Keeps the policy in step with the roles and bindings that are stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from edgeorch.api.rbac.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from edgeorch.api.rbac.roles import ClusterRole, ClusterRoleBinding, Role, RoleBinding
from edgeorch.api.resources import ResourceInfo
from edgeorch_server.access.policy import Policy
from edgeorch_server.registry.base import Reader
from edgeorch_server.registry.follow import Listed, follow
from edgeorch_server.store.base import EventType

Rbac = Role | ClusterRole | RoleBinding | ClusterRoleBinding

_FOLLOWED: tuple[ResourceInfo[Rbac], ...] = (
    CLUSTER_ROLES,
    CLUSTER_ROLE_BINDINGS,
    ROLES,
    ROLE_BINDINGS,
)


class PolicyFollower:
    """Fills a policy: at once with :meth:`load`, and for good while :meth:`run` runs."""

    def __init__(self, reader: Reader, policy: Policy) -> None:
        self._reader = reader
        self._policy = policy
        self._known: dict[str, dict[tuple[str, str], Rbac]] = {one.key: {} for one in _FOLLOWED}

    def load(self) -> None:
        """Read all there is, so that the first request is decided by it."""
        for resource in _FOLLOWED:
            self._replace(resource, self._reader.list(resource))

    async def run(self) -> None:
        """Follow every change for ever."""
        async with asyncio.TaskGroup() as group:
            for resource in _FOLLOWED:
                group.create_task(self._follow(resource), name=f"rbac-{resource.plural}")

    async def _follow(self, resource: ResourceInfo[Rbac]) -> None:
        async for news in follow(self._reader, resource):
            if isinstance(news, Listed):
                self._replace(resource, news.objects)
            elif news.type is EventType.DELETED:
                self._drop(resource, news.object)
            else:
                self._put(resource, news.object)

    def _replace(self, resource: ResourceInfo[Rbac], objects: Sequence[Rbac]) -> None:
        """Take a whole list: what was known and is not in it is gone."""
        there = {(obj.metadata.namespace, obj.metadata.name) for obj in objects}
        for key, obj in tuple(self._known[resource.key].items()):
            if key not in there:
                self._drop(resource, obj)
        for obj in objects:
            self._put(resource, obj)

    def _put(self, resource: ResourceInfo[Rbac], obj: Rbac) -> None:
        self._known[resource.key][obj.metadata.namespace, obj.metadata.name] = obj
        self._policy.put(obj)

    def _drop(self, resource: ResourceInfo[Rbac], obj: Rbac) -> None:
        self._known[resource.key].pop((obj.metadata.namespace, obj.metadata.name), None)
        self._policy.drop(obj)
