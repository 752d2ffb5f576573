"""Keeps the rules of aggregated ClusterRoles in step with the roles they are taken from."""

from __future__ import annotations

from edgeorch.api.rbac.resources import CLUSTER_ROLES
from edgeorch.errors import NotFound
from edgeorch_server.access.aggregation import aggregated_rules
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.registry.base import Client
from edgeorch_server.store.base import Entry

_ALL = Key("", "")
"""Any role may be part of any other, and those that change are few: all are looked at together."""


def everything(_entry: Entry) -> tuple[Key, ...]:
    """Map every role to the one key."""
    return (_ALL,)


SOURCES = (Source(CLUSTER_ROLES, everything),)


class ClusterRoleAggregation:
    """Reconciles all aggregated roles."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def reconcile(self, key: Key) -> Result:  # noqa: ARG002 - there is but one
        """Write the rules that have changed; what is aggregated of those follows in the next round."""
        roles = self._client.list(CLUSTER_ROLES)
        for role in roles:
            if role.aggregationRule is None or role.metadata.deletionTimestamp:
                continue
            rules = aggregated_rules(role.metadata.name, role.aggregationRule, roles)
            if rules != role.rules:
                role.rules = rules
                try:
                    await self._client.update(CLUSTER_ROLES, role)
                except NotFound:
                    continue
        return DONE
