"""Short ways to write rules, roles and bindings in tests."""

from __future__ import annotations

from collections.abc import Sequence

from edgeorch.api.meta import ObjectMeta
from edgeorch.api.rbac.roles import (
    CLUSTER_ROLE,
    GROUP,
    ROLE,
    ClusterRole,
    ClusterRoleBinding,
    PolicyRule,
    Role,
    RoleBinding,
    RoleRef,
    Subject,
)


def rule(verbs: str, resources: str = "", groups: str = "core", names: str = "", urls: str = "") -> PolicyRule:
    """Write lists with spaces; ``core`` is the empty group."""
    return PolicyRule(
        verbs=verbs.split(),
        apiGroups=[] if urls else ["" if group == "core" else group for group in groups.split()],
        resources=resources.split(),
        resourceNames=names.split(),
        nonResourceURLs=urls.split(),
    )


def role(name: str, *rules: PolicyRule, namespace: str = "default") -> Role:
    return Role(metadata=ObjectMeta(name=name, namespace=namespace), rules=list(rules))


def cluster_role(name: str, *rules: PolicyRule) -> ClusterRole:
    return ClusterRole(metadata=ObjectMeta(name=name), rules=list(rules))


def subject(text: str) -> Subject:
    """Write ``User:jane``, ``Group:dev`` or ``ServiceAccount:default/robot``."""
    kind, _, name = text.partition(":")
    namespace, _, bare = name.rpartition("/")
    return Subject(
        kind=kind,
        name=bare,
        namespace=namespace,
        apiGroup="" if kind == "ServiceAccount" else GROUP,
    )


def binding(name: str, of: str, *to: str, namespace: str = "default", kind: str = ROLE) -> RoleBinding:
    return RoleBinding(
        metadata=ObjectMeta(name=name, namespace=namespace),
        roleRef=RoleRef(apiGroup=GROUP, kind=kind, name=of),
        subjects=subjects(to),
    )


def cluster_binding(name: str, of: str, *to: str) -> ClusterRoleBinding:
    return ClusterRoleBinding(
        metadata=ObjectMeta(name=name),
        roleRef=RoleRef(apiGroup=GROUP, kind=CLUSTER_ROLE, name=of),
        subjects=subjects(to),
    )


def subjects(texts: Sequence[str]) -> list[Subject]:
    return [subject(text) for text in texts]
