"""Roles and bindings (``pkg/registry/rbac``); that nobody hands out more than they have is for admission."""

from __future__ import annotations

from edgeorch.api.rbac import validation
from edgeorch.api.rbac.roles import ClusterRole, ClusterRoleBinding, Role, RoleBinding, default_binding
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy


class RoleStrategy(Strategy[Role]):
    """Has nothing special."""

    create_on_update = True

    def validate(self, obj: Role) -> list[FieldError]:
        """Check a new role."""
        return validation.validate_role(obj)

    def validate_update(self, new: Role, old: Role) -> list[FieldError]:
        """Check a changed role."""
        return validation.validate_role_update(new, old)


class ClusterRoleStrategy(Strategy[ClusterRole]):
    """Has nothing special."""

    create_on_update = True

    def validate(self, obj: ClusterRole) -> list[FieldError]:
        """Check a new role."""
        return validation.validate_cluster_role(obj)

    def validate_update(self, new: ClusterRole, old: ClusterRole) -> list[FieldError]:
        """Check a changed role."""
        return validation.validate_cluster_role_update(new, old)


class RoleBindingStrategy(Strategy[RoleBinding]):
    """Knows which groups roles and subjects are of."""

    create_on_update = True

    def default(self, obj: RoleBinding) -> None:
        """Fill in the groups."""
        default_binding(obj)

    def validate(self, obj: RoleBinding) -> list[FieldError]:
        """Check a new binding."""
        return validation.validate_role_binding(obj)

    def validate_update(self, new: RoleBinding, old: RoleBinding) -> list[FieldError]:
        """Check a changed binding."""
        return validation.validate_role_binding_update(new, old)


class ClusterRoleBindingStrategy(Strategy[ClusterRoleBinding]):
    """Knows which groups roles and subjects are of."""

    create_on_update = True

    def default(self, obj: ClusterRoleBinding) -> None:
        """Fill in the groups."""
        default_binding(obj)

    def validate(self, obj: ClusterRoleBinding) -> list[FieldError]:
        """Check a new binding."""
        return validation.validate_cluster_role_binding(obj)

    def validate_update(self, new: ClusterRoleBinding, old: ClusterRoleBinding) -> list[FieldError]:
        """Check a changed binding."""
        return validation.validate_cluster_role_binding_update(new, old)
