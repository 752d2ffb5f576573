"""Whether some rules cover others, and how what is missing is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.rbac.roles import PolicyRule
from edgeorch_server.access.attributes import Attributes
from edgeorch_server.access.rights import Rights
from edgeorch_server.access.rules import describe, missing
from tests.unit.server.access.make import rule
from tests.unit.server.access.test_policy import ASKED, RULES


@pytest.mark.parametrize(
    ("held", "wanted", "covered"),
    [
        pytest.param([rule("get list", "pods")], rule("get", "pods"), True, id="less"),
        pytest.param([rule("get", "pods")], rule("get list", "pods"), False, id="more"),
        pytest.param([rule("get", "pods"), rule("list", "pods")], rule("get list", "pods"), True, id="two"),
        pytest.param([rule("*", "*", "*")], rule("get", "pods", "apps"), True, id="everything"),
        pytest.param([rule("get", "pods")], rule("*", "pods"), False, id="every verb"),
        pytest.param([rule("get", "*")], rule("get", "pods/log"), True, id="every resource"),
        pytest.param([rule("get", "*/scale")], rule("get", "pods/scale"), True, id="every scale"),
        pytest.param([rule("get", "*/scale")], rule("get", "*"), False, id="not everything"),
        pytest.param([rule("get", "pods")], rule("get", "pods", names="a"), True, id="a name of all"),
        pytest.param([rule("get", "pods", names="a")], rule("get", "pods"), False, id="all of a name"),
        pytest.param([rule("get", "pods", names="a b")], rule("get", "pods", names="b"), True, id="names"),
        pytest.param([rule("get", urls="/a/*")], rule("get", urls="/a/b"), True, id="path below"),
        pytest.param([rule("get", urls="/a/*")], rule("get", urls="/a/b/*"), True, id="paths below"),
        pytest.param([rule("get", urls="/a")], rule("get", urls="/*"), False, id="every path"),
        pytest.param([rule("*", "*", "*")], rule("get", urls="/a"), False, id="no path"),
        pytest.param([], rule("get", "pods"), False, id="nothing"),
    ],
)
def test_covering(held: list[PolicyRule], wanted: PolicyRule, *, covered: bool) -> None:
    """As Kubernetes' Covers says: piece by piece."""
    assert (not missing(held, [wanted])) is covered


@given(held=st.lists(RULES, max_size=3), wanted=RULES, asked=ASKED)
def test_what_is_covered_allows_nothing_new(
    held: list[PolicyRule], wanted: PolicyRule, asked: Attributes
) -> None:
    """This is what makes escalation impossible."""
    if not missing(held, [wanted]) and Rights([wanted]).allow(asked):
        assert Rights(held).allow(asked)


def test_what_is_missing_is_told_in_kubernetes_words() -> None:
    """One line per resource with its verbs together, sorted."""
    lacking = missing([rule("get", "pods")], [rule("get list watch", "pods nodes"), rule("get", urls="/x")])
    assert describe(lacking) == (
        '{APIGroups:[""], Resources:["nodes"], Verbs:["get" "list" "watch"]}\n'
        '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}\n'
        '{NonResourceURLs:["/x"], Verbs:["get"]}'
    )
