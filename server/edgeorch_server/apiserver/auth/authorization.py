"""Authorisation: whether this user may do that, and how a refusal is worded."""

from __future__ import annotations

import json

from edgeorch.errors import Forbidden
from edgeorch_server.access.attributes import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    UNAUTHENTICATED,
    Attributes,
    Authorizer,
    Decision,
    is_master,
)
from edgeorch_server.access.policy import Policy

__all__ = [
    "ANONYMOUS",
    "AUTHENTICATED",
    "MASTERS",
    "UNAUTHENTICATED",
    "Attributes",
    "Authorizer",
    "Decision",
    "MastersOnly",
    "RbacAuthorizer",
    "authorize",
]


class MastersOnly:
    """Everything for ``system:masters``, nothing for anyone else."""

    def allows(self, attributes: Attributes) -> bool:
        """Look at the groups only."""
        return is_master(attributes.user)

    def explain(self, attributes: Attributes) -> Decision:
        """Give no reasons."""
        return Decision(self.allows(attributes))


class RbacAuthorizer:
    """Everything for ``system:masters``; for all others what roles and bindings say."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def allows(self, attributes: Attributes) -> bool:
        """Decide by the compiled rights."""
        return is_master(attributes.user) or self._policy.allows(attributes)

    def explain(self, attributes: Attributes) -> Decision:
        """Decide by the bindings one by one."""
        return Decision(allowed=True) if is_master(attributes.user) else self._policy.explain(attributes)


def authorize(authorizer: Authorizer, attributes: Attributes) -> None:
    """Raise Forbidden unless the authorizer allows it, in the words of ``responsewriters.Forbidden``."""
    if authorizer.allows(attributes):
        return
    why = f"User {_q(attributes.user.name)} cannot {attributes.verb} {_what(attributes)}"
    if reason := authorizer.explain(attributes).reason:
        why += f": {reason}"
    if attributes.path:
        raise Forbidden(f"forbidden: {why}")
    resource = attributes.resource
    group_resource = f"{resource}.{attributes.group}" if attributes.group else resource
    about = f"{group_resource} {_q(attributes.name)}" if attributes.name else group_resource
    raise Forbidden(f"{about} is forbidden: {why}", group=attributes.group, kind=resource, name=attributes.name)


def _what(attributes: Attributes) -> str:
    if attributes.path:
        return f"path {_q(attributes.path)}"
    namespace = attributes.namespace
    where = f"in the namespace {_q(namespace)}" if namespace else "at the cluster scope"
    return f"resource {_q(attributes.full_resource)} in API group {_q(attributes.group)} {where}"


def _q(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
