"""Resource table entries of rbac.authorization.k8s.io/v1."""

from __future__ import annotations

from edgeorch.api.rbac.roles import GROUP, ClusterRole, ClusterRoleBinding, Role, RoleBinding
from edgeorch.api.resources import ResourceInfo

ROLES = ResourceInfo(
    group=GROUP,
    version="v1",
    kind="Role",
    plural="roles",
    singular="role",
    model=Role,
)
ROLE_BINDINGS = ResourceInfo(
    group=GROUP,
    version="v1",
    kind="RoleBinding",
    plural="rolebindings",
    singular="rolebinding",
    model=RoleBinding,
)
CLUSTER_ROLES = ResourceInfo(
    group=GROUP,
    version="v1",
    kind="ClusterRole",
    plural="clusterroles",
    singular="clusterrole",
    model=ClusterRole,
    namespaced=False,
)
CLUSTER_ROLE_BINDINGS = ResourceInfo(
    group=GROUP,
    version="v1",
    kind="ClusterRoleBinding",
    plural="clusterrolebindings",
    singular="clusterrolebinding",
    model=ClusterRoleBinding,
    namespaced=False,
)
