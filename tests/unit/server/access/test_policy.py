"""Who may do what, by roles and bindings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.rbac.roles import (
    CLUSTER_ROLE,
    ClusterRole,
    ClusterRoleBinding,
    PolicyRule,
    Role,
    RoleBinding,
)
from edgeorch_server.access import rules as rbac
from edgeorch_server.access.attributes import Attributes, Decision
from edgeorch_server.access.policy import Policy
from edgeorch_server.access.rights import Rights
from edgeorch_server.registry.base import User
from tests.unit.server.access.make import binding, cluster_binding, cluster_role, role, rule

JANE = User("jane", ("dev", "system:authenticated"))
ROBOT = User("system:serviceaccount:shop:robot", ("system:serviceaccounts",))
GET_POD = Attributes(JANE, "get", resource="pods", namespace="default", name="web")


def policy(*objects: Role | ClusterRole | RoleBinding | ClusterRoleBinding) -> Policy:
    made = Policy()
    for obj in objects:
        made.put(obj)
    return made


@pytest.mark.parametrize(
    ("one", "asked", "allowed"),
    [
        pytest.param(rule("get", "pods"), GET_POD, True, id="exactly that"),
        pytest.param(rule("list", "pods"), GET_POD, False, id="another verb"),
        pytest.param(rule("*", "pods"), GET_POD, True, id="every verb"),
        pytest.param(rule("get", "nodes"), GET_POD, False, id="another resource"),
        pytest.param(rule("get", "*"), GET_POD, True, id="every resource"),
        pytest.param(rule("get", "pods", "apps"), GET_POD, False, id="another group"),
        pytest.param(rule("get", "pods", "*"), GET_POD, True, id="every group"),
        pytest.param(rule("get", "pods", names="web db"), GET_POD, True, id="one of the names"),
        pytest.param(rule("get", "pods", names="db"), GET_POD, False, id="another name"),
        pytest.param(
            rule("list", "pods", names="web"),
            replace(GET_POD, verb="list", name=""),
            False,
            id="names do not cover lists",
        ),
        pytest.param(
            rule("get", "pods"), replace(GET_POD, subresource="log"), False, id="not its subresources"
        ),
        pytest.param(rule("get", "pods/log"), replace(GET_POD, subresource="log"), True, id="subresource"),
        pytest.param(rule("get", "pods/log"), GET_POD, False, id="only the subresource"),
        pytest.param(rule("get", "*/log"), replace(GET_POD, subresource="log"), True, id="of every resource"),
        pytest.param(rule("get", "*/log"), GET_POD, False, id="of every resource, itself"),
        pytest.param(rule("get", "*"), replace(GET_POD, subresource="log"), True, id="every part"),
        pytest.param(rule("get", urls="/healthz"), Attributes(JANE, "get", path="/healthz"), True, id="path"),
        pytest.param(
            rule("get", urls="/healthz"), Attributes(JANE, "get", path="/healthz/a"), False, id="path below"
        ),
        pytest.param(
            rule("get", urls="/healthz/*"), Attributes(JANE, "get", path="/healthz/a"), True, id="prefix"
        ),
        pytest.param(
            rule("get", urls="/healthz/*"), Attributes(JANE, "get", path="/healthz"), False, id="not itself"
        ),
        pytest.param(rule("get", urls="*"), Attributes(JANE, "get", path="/x"), True, id="every path"),
        pytest.param(rule("get", urls="/x"), Attributes(JANE, "post", path="/x"), False, id="another method"),
        pytest.param(rule("get", urls="*"), GET_POD, False, id="paths are no resources"),
        pytest.param(rule("*", "*", "*"), Attributes(JANE, "get", path="/x"), False, id="nor the reverse"),
    ],
)
def test_a_rule(one: PolicyRule, asked: Attributes, *, allowed: bool) -> None:
    """Slowly and compiled alike, as Kubernetes' RuleAllows says."""
    assert rbac.allows(one, asked) is allowed
    assert Rights([one]).allow(asked) is allowed


def test_names_of_several_rules_add_up() -> None:
    """And a rule without names takes the limit away, whichever comes first."""
    limited, other, free = (rule("get", "pods", names=names) for names in ("web", "db", ""))
    assert Rights([limited, other]).allow(GET_POD)
    for rules in ([other, free], [free, other]):
        assert Rights(rules).allow(GET_POD)


READER = role("reader", rule("get", "pods"))


@pytest.mark.parametrize(
    ("to", "who", "allowed"),
    [
        ("User:jane", JANE, True),
        ("User:joe", JANE, False),
        ("Group:dev", JANE, True),
        ("Group:jane", JANE, False),
        ("User:dev", JANE, False),
        ("ServiceAccount:shop/robot", ROBOT, True),
        ("ServiceAccount:robot", ROBOT, False),
        ("User:system:serviceaccount:shop:robot", ROBOT, True),
        ("Group:system:serviceaccounts", ROBOT, True),
    ],
)
def test_subjects(to: str, who: User, *, allowed: bool) -> None:
    """Users by name, groups by membership, ServiceAccounts by the user they are."""
    made = policy(READER, binding("b", "reader", to))
    assert made.allows(replace(GET_POD, user=who)) is allowed


def test_a_service_account_without_a_namespace_is_of_the_bindings() -> None:
    """So that a RoleBinding can be copied from one namespace to the next."""
    made = policy(
        role("reader", rule("get", "pods"), namespace="shop"),
        binding("b", "reader", "ServiceAccount:robot", namespace="shop"),
    )
    assert made.allows(replace(GET_POD, user=ROBOT, namespace="shop"))


@pytest.mark.parametrize(("namespace", "allowed"), [("default", True), ("shop", False), ("", False)], ids=str)
def test_a_role_binding_is_for_its_namespace(namespace: str, *, allowed: bool) -> None:
    """Also where it refers to a ClusterRole."""
    made = policy(
        cluster_role("reader", rule("get", "pods"), rule("get", urls="/metrics")),
        binding("b", "reader", "User:jane", kind=CLUSTER_ROLE),
    )
    assert made.allows(replace(GET_POD, namespace=namespace)) is allowed
    assert not made.allows(Attributes(JANE, "get", path="/metrics"))


def test_a_cluster_role_binding_is_for_everything() -> None:
    """Every namespace, the cluster's own resources, and paths."""
    made = policy(
        cluster_role("reader", rule("get", "pods nodes"), rule("get", urls="/metrics")),
        cluster_binding("b", "reader", "User:jane"),
    )
    assert made.allows(GET_POD)
    assert made.allows(Attributes(JANE, "get", resource="nodes", name="pi-1"))
    assert made.allows(Attributes(JANE, "get", path="/metrics"))


def test_changes_take_effect() -> None:
    """A role and a binding that come, change and go."""
    made = Policy()
    reader, bound = READER.model_copy(deep=True), binding("b", "reader", "User:jane")
    made.put(bound)
    assert not made.allows(GET_POD)
    made.put(reader)
    assert made.allows(GET_POD)
    made.put(binding("b", "reader", "User:joe"))
    assert not made.allows(GET_POD)
    made.put(bound)
    made.drop(reader)
    assert not made.allows(GET_POD)
    made.put(reader)
    made.drop(bound)
    made.drop(bound)
    assert not made.allows(GET_POD)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(
            policy(READER, binding("b", "reader", "User:jane")),
            Decision(
                allowed=True,
                reason='RBAC: allowed by RoleBinding "b/default" of Role "reader" to User "jane"',
            ),
            id="role",
        ),
        pytest.param(
            policy(cluster_role("reader", rule("get", "pods")), cluster_binding("b", "reader", "Group:dev")),
            Decision(
                allowed=True,
                reason='RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "reader" to Group "dev"',
            ),
            id="cluster role",
        ),
        pytest.param(policy(READER), Decision(allowed=False), id="nothing"),
        pytest.param(
            policy(binding("b", "gone", "User:jane")),
            Decision(allowed=False, reason='RBAC: role.rbac.authorization.k8s.io "gone" not found'),
            id="lost role",
        ),
        pytest.param(
            policy(binding("b", "gone", "User:jane"), cluster_binding("c", "too", "User:jane")),
            Decision(
                allowed=False,
                reason='RBAC: [clusterrole.rbac.authorization.k8s.io "too" not found, '
                'role.rbac.authorization.k8s.io "gone" not found]',
            ),
            id="lost roles",
        ),
    ],
)
def test_reasons(made: Policy, expected: Decision) -> None:
    """In Kubernetes' words: the binding that allows it, or the roles that are missing."""
    assert made.explain(GET_POD) == expected


# What must never happen, whatever roles and bindings there are

VERBS, RESOURCES, GROUPS = ("get", "list", "*"), ("pods", "pods/log", "*/log", "*"), ("", "apps", "*")
RULES = st.one_of(
    st.builds(
        PolicyRule,
        verbs=st.lists(st.sampled_from(VERBS), min_size=1, max_size=2),
        apiGroups=st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2),
        resources=st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2),
        resourceNames=st.lists(st.sampled_from(["web", "db"]), max_size=2),
    ),
    st.builds(
        PolicyRule,
        verbs=st.lists(st.sampled_from(VERBS), min_size=1, max_size=2),
        nonResourceURLs=st.lists(st.sampled_from(["/a", "/a/*", "*"]), min_size=1, max_size=2),
    ),
)
NAMESPACES = st.sampled_from(["default", "shop"])
NAMES = st.sampled_from(["a", "b"])
SUBJECTS = st.lists(
    st.sampled_from(
        ["User:jane", "User:joe", "Group:dev", "ServiceAccount:shop/robot", "ServiceAccount:robot"]
    ),
    max_size=2,
)
OBJECTS: st.SearchStrategy[Role | ClusterRole | RoleBinding | ClusterRoleBinding] = st.one_of(
    st.builds(
        lambda name, rules, namespace: role(name, *rules, namespace=namespace),
        NAMES,
        st.lists(RULES, max_size=2),
        NAMESPACES,
    ),
    st.builds(lambda name, rules: cluster_role(name, *rules), NAMES, st.lists(RULES, max_size=2)),
    st.builds(
        lambda name, of, to, namespace, kind: binding(name, of, *to, namespace=namespace, kind=kind),
        NAMES,
        NAMES,
        SUBJECTS,
        NAMESPACES,
        st.sampled_from(["Role", "ClusterRole"]),
    ),
    st.builds(lambda name, of, to: cluster_binding(name, of, *to), NAMES, NAMES, SUBJECTS),
)
WHO = st.sampled_from([JANE, ROBOT, User("joe"), User("stranger")])
ASKED = st.one_of(
    st.builds(
        Attributes,
        WHO,
        st.sampled_from(["get", "list"]),
        group=st.sampled_from(["", "apps"]),
        resource=st.sampled_from(["pods", "nodes"]),
        subresource=st.sampled_from(["", "log"]),
        namespace=st.sampled_from(["", "default", "shop"]),
        name=st.sampled_from(["", "web", "db"]),
    ),
    st.builds(Attributes, WHO, st.sampled_from(["get", "post"]), path=st.sampled_from(["/a", "/a/b", "/c"])),
)


@given(objects=st.lists(OBJECTS, max_size=8), asked=ASKED)
def test_compiled_rights_say_what_the_rules_say(
    objects: list[Role | ClusterRole | RoleBinding | ClusterRoleBinding], asked: Attributes
) -> None:
    """Two ways to decide agree, and an index that was changed step by step agrees with a fresh one."""
    made = policy(*objects)
    assert made.allows(asked) is made.explain(asked).allowed
    last = {(type(obj), obj.metadata.namespace, obj.metadata.name): obj for obj in objects}
    assert policy(*last.values()).allows(asked) is made.allows(asked)


@given(objects=st.lists(OBJECTS, max_size=8), asked=ASKED)
def test_without_bindings_nothing_is_allowed(
    objects: list[Role | ClusterRole | RoleBinding | ClusterRoleBinding], asked: Attributes
) -> None:
    """Deny by default: roles alone give nothing, and when the last binding goes so do all rights."""
    made = policy(*objects)
    for obj in objects:
        if isinstance(obj, RoleBinding | ClusterRoleBinding):
            made.drop(obj)
    assert not made.allows(asked)


@given(objects=st.lists(OBJECTS, max_size=6), more=OBJECTS, asked=ASKED)
def test_more_bindings_never_take_rights_away(
    objects: list[Role | ClusterRole | RoleBinding | ClusterRoleBinding],
    more: Role | ClusterRole | RoleBinding | ClusterRoleBinding,
    asked: Attributes,
) -> None:
    """There are no rules that refuse: what is added under a name of its own only adds."""
    made = policy(*objects)
    before = made.allows(asked)
    more.metadata.name = "another"
    made.put(more)
    assert made.allows(asked) or not before
