"""Roles, which say what may be done, and bindings, which say by whom."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.meta import LabelSelector, Model, Object, Required

GROUP = "rbac.authorization.k8s.io"

ROLE = "Role"
CLUSTER_ROLE = "ClusterRole"
"""Kinds of a :class:`RoleRef`."""

USER = "User"
GROUP_KIND = "Group"
SERVICE_ACCOUNT = "ServiceAccount"
"""Kinds of a :class:`Subject`."""

ANY = "*"
"""Stands for every verb, group or resource; at the end of a URL for whatever follows."""


class PolicyRule(Model):
    """Something that may be done; what is not said in any rule may not be done."""

    verbs: list[str]
    """What may be done: ``get``, ``list``, ``create``... or ``*`` for everything."""
    apiGroups: list[str] = Field(default_factory=list)
    """Groups of the resources; the empty text is the core group, ``*`` all of them."""
    resources: list[str] = Field(default_factory=list)
    """Resources by their plural name; ``pods/log`` is a subresource, ``*/scale`` that of every resource, ``*``
    everything."""
    resourceNames: list[str] = Field(default_factory=list)
    """Names the rule is limited to; empty is every name."""
    nonResourceURLs: list[str] = Field(default_factory=list)
    """Paths that are no resources, such as ``/healthz``; a ``*`` at the end stands for whatever follows. Only
    in ClusterRoles, and in rules without resources."""


class Role(Object):
    """What may be done within one namespace."""

    rules: list[PolicyRule] = Field(default_factory=list)
    """Everything it allows."""


class AggregationRule(Model):
    """Makes a ClusterRole out of others."""

    clusterRoleSelectors: list[LabelSelector] = Field(default_factory=list)
    """Labels of the ClusterRoles whose rules are put together; any of the selectors will do."""


class ClusterRole(Object):
    """What may be done in the whole cluster, or in the namespaces of the RoleBindings that refer to it."""

    rules: list[PolicyRule] = Field(default_factory=list)
    """Everything it allows; written by a controller if there is an ``aggregationRule``."""
    aggregationRule: AggregationRule | None = None
    """Which other ClusterRoles its rules are taken from."""


class Subject(Model):
    """Whom a binding is about."""

    atomic = True

    kind: str
    """``User``, ``Group`` or ``ServiceAccount``."""
    apiGroup: str = ""
    """Group of the kind: empty for a ServiceAccount, ``rbac.authorization.k8s.io`` for the others."""
    name: str
    """Name of the user, group or ServiceAccount."""
    namespace: str = ""
    """Namespace of the ServiceAccount; in a RoleBinding its own if it is empty."""


class RoleRef(Model):
    """Which role a binding gives."""

    atomic = True

    apiGroup: str = ""
    """Group of the role: ``rbac.authorization.k8s.io``."""
    kind: str
    """``Role`` or ``ClusterRole``."""
    name: str
    """Name of the role."""


def no_role() -> RoleRef:
    """Give the reference of a binding that names none, which validation refuses."""
    return RoleRef(kind="", name="")


class RoleBinding(Object):
    """Gives a role to somebody within one namespace."""

    subjects: list[Subject] = Field(default_factory=list)
    """Who gets it."""
    roleRef: Required[RoleRef] = Field(default_factory=no_role)
    """What they get: a Role of the same namespace, or a ClusterRole. Cannot change."""


class ClusterRoleBinding(Object):
    """Gives a ClusterRole to somebody in the whole cluster."""

    subjects: list[Subject] = Field(default_factory=list)
    """Who gets it."""
    roleRef: Required[RoleRef] = Field(default_factory=no_role)
    """What they get: a ClusterRole. Cannot change."""


def default_binding(binding: RoleBinding | ClusterRoleBinding) -> None:
    """Fill in the groups (``SetDefaults_RoleBinding``, ``SetDefaults_Subject``)."""
    binding.roleRef.apiGroup = binding.roleRef.apiGroup or GROUP
    for subject in binding.subjects:
        if not subject.apiGroup and subject.kind in {USER, GROUP_KIND}:
            subject.apiGroup = GROUP
