"""Authorisation: whether this user may do that.

Until RBAC exists the rule is short: the group ``system:masters`` may do everything, nobody else anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edgeorch.errors import Forbidden
from edgeorch_server.registry.base import User

MASTERS = "system:masters"


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is asked, in the words of Kubernetes' authorizers."""

    user: User
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""


class Authorizer(Protocol):
    """Decides."""

    def allows(self, attributes: Attributes) -> bool:
        """Say whether it may go ahead."""
        ...


class MastersOnly:
    """Everything for ``system:masters``, nothing for anyone else."""

    def allows(self, attributes: Attributes) -> bool:
        """Look at the groups only."""
        return MASTERS in attributes.user.groups


def authorize(authorizer: Authorizer, attributes: Attributes) -> None:
    """Raise Forbidden, in Kubernetes' words, unless the authorizer allows it."""
    if authorizer.allows(attributes):
        return
    group_resource = f"{attributes.resource}.{attributes.group}" if attributes.group else attributes.resource
    what = f'{group_resource} "{attributes.name}"' if attributes.name else group_resource
    resource = (
        f"{attributes.resource}/{attributes.subresource}" if attributes.subresource else attributes.resource
    )
    where = f'in the namespace "{attributes.namespace}"' if attributes.namespace else "at the cluster scope"
    raise Forbidden(
        f'{what} is forbidden: User "{attributes.user.name}" cannot {attributes.verb} resource "{resource}"'
        f' in API group "{attributes.group}" {where}',
        group=attributes.group,
        kind=attributes.resource,
        name=attributes.name,
    )
