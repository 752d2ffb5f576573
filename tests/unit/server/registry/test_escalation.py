"""Nobody hands out rights they do not have."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.resources import NAMESPACES
from edgeorch.api.meta import Object, ObjectMeta
from edgeorch.api.rbac.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.table import default_table
from edgeorch.errors import Forbidden, NotFound
from edgeorch_server.registry.base import User, WriteOptions
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore
from tests.unit.server.access.make import binding, cluster_binding, cluster_role, role, rule

JANE = User("jane", ("dev",))
AS_JANE = WriteOptions(user=JANE)
NO_MORE = 'user "jane" (groups=["dev"]) is attempting to grant RBAC permissions not currently held:\n'


@pytest.fixture
async def registry() -> Registry:
    made = Registry(MemoryStore(), default_table())
    await made.create(NAMESPACES, Namespace(metadata=ObjectMeta(name="default")))
    await made.create(ROLES, role("reader", rule("get list", "pods")))
    await made.create(ROLE_BINDINGS, binding("janes", "reader", "User:jane"))
    return made


async def write(registry: Registry, resource: ResourceInfo[Any], obj: Object) -> None:
    await registry.create_entry(resource, obj.metadata.namespace, obj.to_dict(), AS_JANE)


async def test_what_one_has_can_be_passed_on(registry: Registry) -> None:
    """In the namespace where one has it."""
    await write(registry, ROLES, role("less", rule("get", "pods")))
    await write(registry, ROLE_BINDINGS, binding("joes", "reader", "User:joe"))


@pytest.mark.parametrize(
    ("resource", "obj", "message"),
    [
        pytest.param(
            ROLES,
            role("more", rule("get delete", "pods")),
            f'roles.rbac.authorization.k8s.io "more" is forbidden: {NO_MORE}'
            '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
            id="a verb more",
        ),
        pytest.param(
            CLUSTER_ROLES,
            cluster_role("wide", rule("get", "pods")),
            f'clusterroles.rbac.authorization.k8s.io "wide" is forbidden: {NO_MORE}'
            '{APIGroups:[""], Resources:["pods"], Verbs:["get"]}',
            id="everywhere",
        ),
        pytest.param(
            ROLE_BINDINGS,
            binding("b", "all", "User:jane", kind="ClusterRole"),
            f'rolebindings.rbac.authorization.k8s.io "b" is forbidden: {NO_MORE}'
            '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
            id="a role with more",
        ),
        pytest.param(
            CLUSTER_ROLE_BINDINGS,
            cluster_binding("b", "all", "User:jane"),
            f'clusterrolebindings.rbac.authorization.k8s.io "b" is forbidden: {NO_MORE}'
            '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
            id="bound everywhere",
        ),
    ],
)
async def test_more_is_refused(
    registry: Registry, resource: ResourceInfo[Any], obj: Object, message: str
) -> None:
    """And what is missing is listed."""
    await registry.create(CLUSTER_ROLES, cluster_role("all", rule("*", "*", "*")))
    with pytest.raises(Forbidden) as refused:
        await write(registry, resource, obj)
    assert refused.value.message == message


async def test_a_role_cannot_grow_by_an_update(registry: Registry) -> None:
    """Nor by a PUT that creates it."""
    more = role("reader", rule("*", "secrets")).to_dict()
    with pytest.raises(Forbidden):
        await registry.update_entry(ROLES, "default", "reader", more, AS_JANE)
    with pytest.raises(Forbidden):
        await registry.update_entry(
            ROLES, "default", "new", role("new", rule("*", "secrets")).to_dict(), AS_JANE
        )


async def test_a_role_that_is_not_there_cannot_be_bound(registry: Registry) -> None:
    """It could be made with anything in it later."""
    with pytest.raises(NotFound, match=r'clusterroles\.rbac\.authorization\.k8s\.io "later" not found'):
        await write(registry, ROLE_BINDINGS, binding("b", "later", "User:jane", kind="ClusterRole"))


async def test_escalate_and_bind_allow_it(registry: Registry) -> None:
    """The verbs that Kubernetes has for those who are trusted with it, as far as they go."""
    group = "rbac.authorization.k8s.io"
    trusted = role(
        "trusted", rule("escalate", "roles", group), rule("bind", "clusterroles", group, names="all")
    )
    await registry.create(ROLES, trusted)
    await registry.create(ROLE_BINDINGS, binding("trusted", "trusted", "User:jane"))
    await registry.create(CLUSTER_ROLES, cluster_role("all", rule("*", "*", "*")))
    await registry.create(CLUSTER_ROLES, cluster_role("other", rule("*", "*", "*")))
    await write(registry, ROLES, role("more", rule("*", "*", "*")))
    await write(registry, ROLE_BINDINGS, binding("b", "all", "User:jane", kind="ClusterRole"))
    with pytest.raises(Forbidden):
        await write(registry, CLUSTER_ROLE_BINDINGS, cluster_binding("b", "all", "User:jane"))


async def test_an_aggregation_rule_needs_everything(registry: Registry) -> None:
    """Whoever may label a role could put anything into it."""
    wide = cluster_role("sum")
    body = {**wide.to_dict(), "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}
    with pytest.raises(Forbidden, match="must have cluster-admin privileges to use an aggregationRule"):
        await registry.create_entry(CLUSTER_ROLES, "", body, AS_JANE)


async def test_garbage_collection_is_no_escalation(registry: Registry) -> None:
    """Whoever may write a role may take its finalizer off, whatever is in it."""
    big = role("big", rule("*", "*", "*"))
    big.metadata.finalizers = ["example.com/wait"]
    stored = await registry.create(ROLES, big)
    stored.metadata.finalizers = []
    await registry.update_entry(ROLES, "default", "big", stored.to_dict(), AS_JANE)
    assert registry.get(ROLES, "default", "big").metadata.finalizers == []
