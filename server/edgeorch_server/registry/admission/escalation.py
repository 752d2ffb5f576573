"""Nobody hands out rights they do not have (``pkg/registry/rbac/*/policybased``).

Who writes a role needs everything in it, or the verb ``escalate``; who binds one needs everything in it, or the
verb ``bind``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from edgeorch.api.meta import Object
from edgeorch.api.rbac.resources import CLUSTER_ROLES, ROLES
from edgeorch.api.rbac.roles import (
    ANY,
    CLUSTER_ROLE,
    ClusterRole,
    ClusterRoleBinding,
    PolicyRule,
    Role,
    RoleBinding,
)
from edgeorch_server.access import rules as rbac
from edgeorch_server.access.attributes import Attributes as Asked
from edgeorch_server.access.attributes import is_master
from edgeorch_server.access.policy import Policy
from edgeorch_server.registry import messages
from edgeorch_server.registry.admission.base import Attributes, Lookup, Operation
from edgeorch_server.registry.admission.policies import current_policy

ObjectT = TypeVar("ObjectT", bound=Object)

_EVERYTHING = (
    PolicyRule(verbs=[ANY], apiGroups=[ANY], resources=[ANY]),
    PolicyRule(verbs=[ANY], nonResourceURLs=[ANY]),
)


class Escalation:
    """Compares what a role gives with what its writer has."""

    def __init__(self, objects: Lookup) -> None:
        self._objects = objects

    def admit(self, write: Attributes) -> None:
        """Check a role or binding; raises Forbidden, and NotFound for a role that is bound and not there."""
        obj = write.obj
        if not isinstance(obj, Role | ClusterRole | RoleBinding | ClusterRoleBinding):
            return
        if write.operation is Operation.DELETE or is_master(write.user) or _only_collected(obj, write.old):
            return
        policy = current_policy(self._objects, obj.metadata.namespace)
        if isinstance(obj, Role | ClusterRole):
            self._check_role(write, obj, policy)
        else:
            self._check_binding(write, obj, policy)

    def _check_role(self, write: Attributes, role: Role | ClusterRole, policy: Policy) -> None:
        asked = Asked(
            user=write.user,
            verb="escalate",
            group=write.resource.group,
            resource=write.resource.plural,
            namespace=role.metadata.namespace,
            name=write.name if write.operation is Operation.UPDATE else "",
        )
        if policy.allows(asked):
            return
        if _aggregates(role) or _aggregates(write.old):
            held = policy.rules_for(write.user, "")
            if rbac.missing(held, _EVERYTHING):
                raise write.forbidden("must have cluster-admin privileges to use an aggregationRule")
        _confirm(write, policy, role.rules, role.metadata.namespace)

    def _check_binding(
        self, write: Attributes, binding: RoleBinding | ClusterRoleBinding, policy: Policy
    ) -> None:
        ref, namespace = binding.roleRef, binding.metadata.namespace
        resource = CLUSTER_ROLES if ref.kind == CLUSTER_ROLE else ROLES
        asked = Asked(
            user=write.user,
            verb="bind",
            group=ref.apiGroup,
            resource=resource.plural,
            namespace=namespace,
            name=ref.name,
        )
        if policy.allows(asked):
            return
        rules = policy.role_rules(ref, namespace)
        if rules is None:
            raise messages.not_found(resource, ref.name)
        _confirm(write, policy, rules, namespace)


def _confirm(write: Attributes, policy: Policy, rules: Sequence[PolicyRule], namespace: str) -> None:
    """Refuse rules that the writer does not have (``ConfirmNoEscalation``)."""
    lacking = rbac.missing(policy.rules_for(write.user, namespace), rules)
    if not lacking:
        return
    user = write.user
    why = (
        f"user {messages.quote(user.name)} (groups={rbac.quoted_list(user.groups)}) "
        f"is attempting to grant RBAC permissions not currently held:\n{rbac.describe(lacking)}"
    )
    if lost := policy.lost_roles(user, namespace):
        why += f"; resolution errors: {lost if lost.startswith('[') else f'[{lost}]'}"
    raise write.forbidden(why)


def _aggregates(role: Object | None) -> bool:
    return isinstance(role, ClusterRole) and role.aggregationRule is not None


def _only_collected(new: ObjectT, old: Object | None) -> bool:
    """Whether an update writes only what garbage collection needs (``IsOnlyMutatingGCFields``)."""
    if old is None:
        return False
    same = {
        "ownerReferences": old.metadata.ownerReferences,
        "finalizers": old.metadata.finalizers,
        "managedFields": old.metadata.managedFields,
        "resourceVersion": old.metadata.resourceVersion,
    }
    return new.model_copy(update={"metadata": new.metadata.model_copy(update=same)}) == old
