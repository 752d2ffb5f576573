"""The default roles and bindings, at every start."""

from __future__ import annotations

import json

import pytest

from edgeorch.api.rbac.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from edgeorch.api.rbac.roles import PolicyRule
from edgeorch.api.table import default_table
from edgeorch_server.access.attributes import AUTHENTICATED, Attributes
from edgeorch_server.access.default_roles import AUTO_UPDATE
from edgeorch_server.access.policy import Policy
from edgeorch_server.controllers.cluster_role_aggregation import ClusterRoleAggregation
from edgeorch_server.controllers.default_roles import ensure_default_roles
from edgeorch_server.controllers.runner import Key
from edgeorch_server.registry.base import User
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore
from tests.unit.server.access.make import binding, cluster_role, rule, subject


@pytest.fixture
async def registry() -> Registry:
    made = Registry(MemoryStore(), default_table())
    await ensure_default_roles(made)
    return made


async def test_a_second_start_changes_nothing(registry: Registry) -> None:
    """Not one write goes to the card."""
    before = registry.revision
    await ensure_default_roles(registry)
    assert registry.revision == before


async def test_what_was_lost_comes_back(registry: Registry) -> None:
    """A rule, a label, a subject and a whole role."""
    role = registry.get(CLUSTER_ROLES, "", "system:basic-user")
    role.rules, role.metadata.labels = [rule("get", "pods")], {"mine": "1"}
    await registry.update(CLUSTER_ROLES, role)
    bound = registry.get(CLUSTER_ROLE_BINDINGS, "", "system:discovery")
    bound.subjects = [subject("User:jane")]
    await registry.update(CLUSTER_ROLE_BINDINGS, bound)
    await registry.delete(CLUSTER_ROLES, "", "cluster-admin")

    await ensure_default_roles(registry)
    role = registry.get(CLUSTER_ROLES, "", "system:basic-user")
    assert rule("get", "pods") in role.rules
    assert len(role.rules) == 4
    assert role.metadata.labels == {"kubernetes.io/bootstrapping": "rbac-defaults", "mine": "1"}
    subjects = registry.get(CLUSTER_ROLE_BINDINGS, "", "system:discovery").subjects
    assert subjects == [subject("User:jane"), subject(f"Group:{AUTHENTICATED}")]
    assert registry.get(CLUSTER_ROLES, "", "cluster-admin").rules


async def test_what_shall_be_left_alone_is(registry: Registry) -> None:
    """By the annotation that Kubernetes has for it."""
    role = registry.get(CLUSTER_ROLES, "", "view")
    role.metadata.annotations[AUTO_UPDATE] = "false"
    role.aggregationRule, role.rules = None, []
    await registry.update(CLUSTER_ROLES, role)
    bound = registry.get(CLUSTER_ROLE_BINDINGS, "", "system:discovery")
    bound.metadata.annotations[AUTO_UPDATE] = "false"
    bound.subjects = []
    await registry.update(CLUSTER_ROLE_BINDINGS, bound)
    before = registry.revision
    await ensure_default_roles(registry)
    assert registry.revision == before


@pytest.mark.parametrize(
    ("role", "verb", "resource", "allowed"),
    [
        ("view", "list", "pods", True),
        ("view", "list", "secrets", False),
        ("view", "create", "pods", False),
        ("view", "list", "roles.rbac.authorization.k8s.io", False),
        ("edit", "create", "pods", True),
        ("edit", "list", "secrets", True),
        ("edit", "list", "roles.rbac.authorization.k8s.io", False),
        ("edit", "create", "deployments.apps", True),
        ("admin", "create", "roles.rbac.authorization.k8s.io", True),
        ("admin", "create", "resourcequotas", False),
        ("admin", "update", "namespaces", False),
        ("admin", "create", "nodes", False),
        ("cluster-admin", "create", "nodes", True),
        ("view", "list", "pods.metrics.k8s.io", True),
    ],
)
async def test_the_roles_for_people(
    registry: Registry, role: str, verb: str, resource: str, *, allowed: bool
) -> None:
    """They are there, with all that is aggregated, from the first moment on."""
    policy = Policy()
    for one in registry.list(CLUSTER_ROLES):
        policy.put(one)
    policy.put(binding("b", role, "User:jane", kind="ClusterRole"))
    plural, _, group = resource.partition(".")
    asked = Attributes(User("jane"), verb, group=group, resource=plural, namespace="default")
    assert policy.allows(asked) is allowed


async def test_aggregation_follows(registry: Registry) -> None:
    """A role with the label becomes part of those that ask for it; twice does no more than once."""
    crds = cluster_role("crontabs", rule("get list watch", "crontabs", "stable.example.com"))
    crds.metadata.labels = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    await registry.create(CLUSTER_ROLES, crds)
    controller = ClusterRoleAggregation(registry)
    for _ in range(3):
        await controller.reconcile(Key("", ""))
    for name in ("view", "edit", "admin"):
        assert crds.rules[0] in registry.get(CLUSTER_ROLES, "", name).rules
    before = registry.revision
    await controller.reconcile(Key("", ""))
    assert registry.revision == before
    await registry.delete(CLUSTER_ROLES, "", "crontabs")
    await controller.reconcile(Key("", ""))
    assert crds.rules[0] not in registry.get(CLUSTER_ROLES, "", "view").rules


def test_rules_compare_by_what_they_say() -> None:
    """The controller tells new from old by equality."""
    one = PolicyRule.from_json(json.dumps({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}))
    assert one == rule("get", "pods")
