"""Label and field selectors: Kubernetes' grammar, meaning and words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.label_rules import label_value_problems, qualified_name_problems
from edgeorch.api.meta import LabelSelector, LabelSelectorRequirement
from edgeorch.api.selectors import FieldSelector, Operator, Requirement, Selector
from edgeorch.errors import BadRequest

LABELS = {"app": "web", "tier": "front", "empty": "", "count": "10", "example.com/zone": "a"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("  ", True),
        ("app=web", True),
        ("app==web", True),
        ("app = web , tier = front", True),
        ("app=web,tier=back", False),
        ("app!=web", False),
        ("app!=db", True),
        ("absent!=x", True),
        ("absent=x", False),
        ("absent=", False),
        ("empty=", True),
        ("empty=,app=web", True),
        ("app in (web,db)", True),
        ("app in (db)", False),
        ("app notin (db)", True),
        ("app notin (web)", False),
        ("absent notin (a)", True),
        ("absent in ()", False),
        ("empty in ()", True),
        ("empty in (,a)", True),
        ("app", True),
        ("absent", False),
        ("!app", False),
        ("!absent", True),
        ("! absent", True),
        ("count>9", True),
        ("count>10", False),
        ("count<11", True),
        ("app>1", False),
        ("absent<1", False),
        ("example.com/zone in (a,b),!absent", True),
        ("in in (in,notin)", False),
        ("app in (in,web)", True),
    ],
)
def test_label_selector_matches(text: str, *, expected: bool) -> None:
    """Each operator of labels.Parse means what Kubernetes documents, absent labels included."""
    assert Selector.parse(text).matches(LABELS) is expected


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("tier=front,app==web", "app==web,tier=front"),
        ("a in (c,b,b)", "a in (b,c)"),
        ("a notin ()", "a notin ()"),
        ("a in (,b)", "a in (,b)"),
        (" ! a , b ", "!a,b"),
        ("a>1,b<2", "a>1,b<2"),
        ("a=", "a="),
        ("a in (x),a", "a in (x),a"),
    ],
)
def test_label_selector_text_is_canonical(text: str, canonical: str) -> None:
    """Requirements are sorted by key and values by text; the result parses back to the same selector."""
    selector = Selector.parse(text)
    assert str(selector) == canonical
    assert Selector.parse(canonical) == selector


NAME_RULE = qualified_name_problems("-")[0].removeprefix("name part ")
VALUE_RULE = label_value_problems("-")[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        (",", "found ',', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
        ("a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("a=(", "unable to parse requirement: found '(', expected: identifier"),
        ("-a=b", f'unable to parse requirement: <nil>: Invalid value: "-a": name part {NAME_RULE}'),
        ("a=-b", f'unable to parse requirement: values[0][a]: Invalid value: "-b": {VALUE_RULE}'),
        (
            "a>b",
            (
                'unable to parse requirement: values[0]: Invalid value: "b": '
                "for 'Gt', 'Lt' operators, the value must be an integer"
            ),
        ),
    ],
)
def test_bad_label_selector(text: str, message: str) -> None:
    """A selector that does not parse is a BadRequest with apimachinery's message."""
    with pytest.raises(BadRequest) as refused:
        Selector.parse(text)
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("key", "starts"),
    [
        ("app", []),
        ("example.com/app", []),
        ("/app", ["prefix part must be non-empty"]),
        ("Example.com/app", ["prefix part a lowercase RFC 1123 subdomain must consist"]),
        ("a/b/c", ["a qualified name must consist of alphanumeric characters"]),
        ("example.com/", ["name part must be non-empty", "name part must consist"]),
        ("a" * 64, ["name part must be no more than 63 bytes"]),
        ("a" * 254 + "/b", ["prefix part must be no more than 253 bytes"]),
        ("a\n", ["name part must consist"]),
    ],
)
def test_label_keys(key: str, starts: list[str]) -> None:
    """IsQualifiedName's sentences, all that apply, in its order."""
    problems = qualified_name_problems(key)
    assert len(problems) == len(starts)
    assert all(problem.startswith(start) for problem, start in zip(problems, starts, strict=True))


def test_requirements_check_their_values() -> None:
    """labels.NewRequirement names every problem at once; several stand in brackets."""
    with pytest.raises(BadRequest) as refused:
        Requirement.of("a", Operator.IN)
    assert refused.value.message == (
        "values: Invalid value: []string(nil): for 'in', 'notin' operators, values set can't be empty"
    )
    with pytest.raises(
        BadRequest,
        match=r'^\[values: Invalid value: \[\]string\{"b", "-"\}: exact-match .*, values\[1\]\[a\]: ',
    ):
        Requirement.of("a", Operator.EQUALS, ["b", "-"])
    with pytest.raises(BadRequest, match="values set must be empty for exists and does not exist"):
        Requirement.of("a", Operator.EXISTS, ["b"])
    with pytest.raises(BadRequest, match="exactly one value is required"):
        Requirement.of("a", Operator.LESS_THAN)


def test_from_api_type() -> None:
    """Both matchLabels and matchExpressions are ANDed."""
    selector = Selector.from_label_selector(
        LabelSelector(
            matchLabels={"tier": "front", "app": "web"},
            matchExpressions=[
                LabelSelectorRequirement(key="count", operator="NotIn", values=["1", "2"]),
                LabelSelectorRequirement(key="empty", operator="Exists"),
                LabelSelectorRequirement(key="absent", operator="DoesNotExist"),
            ],
        )
    )
    assert str(selector) == "!absent,app=web,count notin (1,2),empty,tier=front"
    assert selector.matches(LABELS)


def test_an_absent_api_selector_selects_nothing_and_an_empty_one_everything() -> None:
    """LabelSelectorAsSelector: nil is Nothing, {} is Everything."""
    assert not Selector.from_label_selector(None).matches(LABELS)
    assert not Selector.from_label_selector(None).empty
    assert Selector.from_label_selector(LabelSelector()).matches(LABELS)
    assert Selector.from_label_selector(LabelSelector()).empty


def test_from_api_type_refuses_unknown_operators() -> None:
    """An operator outside the four is named."""
    bad = LabelSelector(matchExpressions=[LabelSelectorRequirement(key="a", operator="Near")])
    with pytest.raises(BadRequest) as refused:
        Selector.from_label_selector(bad)
    assert refused.value.message == '"Near" is not a valid label selector operator'


FIELDS = {"metadata.name": "p1", "metadata.namespace": "default", "status.phase": "Running", "odd": "a,b=c\\d"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        (",", True),
        ("metadata.name=p1", True),
        ("metadata.name==p1", True),
        ("metadata.name!=p1", False),
        ("status.phase!=Failed,status.phase!=Succeeded", True),
        ("status.phase=Running,metadata.name=p2", False),
        ("spec.nodeName=", True),
        ("spec.nodeName!=", False),
        ("metadata.name=", False),
        (r"odd=a\,b\=c\\d", True),
    ],
)
def test_field_selector_matches(text: str, *, expected: bool) -> None:
    """Equality and inequality on fields; a field that is not set is the empty string."""
    assert FieldSelector.parse(text).matches(FIELDS) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
        ("a=b,c>d", "invalid selector: 'a=b,c>d'; can't understand 'c>d'"),
        ("a=b=c", "invalid field selector: unescaped character in value: ="),
        (r"a=\x", r"invalid field selector: invalid escape sequence: \x"),
        ("a=b\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_bad_field_selector(text: str, message: str) -> None:
    """A field selector that does not parse is a BadRequest that shows the place."""
    with pytest.raises(BadRequest) as refused:
        FieldSelector.parse(text)
    assert refused.value.message == message


def test_field_selector_knows_what_a_kind_selects_by() -> None:
    """Kinds with labels of their own and kinds without answer in Kubernetes' two different texts."""
    selector = FieldSelector.parse("metadata.name=a,metadata.namespace=b,spec.nodeName=c")
    selector.check({"spec.nodeName"})
    with pytest.raises(BadRequest) as refused:
        selector.check({"status.phase"})
    assert refused.value.message == "field label not supported: spec.nodeName"
    with pytest.raises(BadRequest) as refused:
        selector.check()
    assert refused.value.message == (
        '"spec.nodeName" is not a known field selector: only "metadata.name", "metadata.namespace"'
    )


def test_field_selector_finds_the_one_name() -> None:
    """An exact term can replace a scan; an inequality cannot."""
    selector = FieldSelector.parse("metadata.name=a,spec.nodeName!=b")
    assert selector.exact("metadata.name") == "a"
    assert selector.exact("spec.nodeName") is None
    assert selector.fields == {"metadata.name", "spec.nodeName"}


names = st.from_regex(r"\A[A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?\Z")
requirements = st.one_of(
    st.builds(
        lambda key, operator, value: Requirement.of(key, operator, [value]),
        names,
        st.sampled_from([Operator.EQUALS, Operator.DOUBLE_EQUALS, Operator.NOT_EQUALS]),
        names | st.just(""),
    ),
    st.builds(
        Requirement.of,
        names,
        st.sampled_from([Operator.IN, Operator.NOT_IN]),
        st.lists(names | st.just(""), min_size=1, max_size=4),
    ),
    st.builds(Requirement.of, names, st.sampled_from([Operator.EXISTS, Operator.DOES_NOT_EXIST])),
    st.builds(
        lambda key, operator, value: Requirement.of(key, operator, [str(value)]),
        names,
        st.sampled_from([Operator.GREATER_THAN, Operator.LESS_THAN]),
        st.integers(0, 2**63 - 1),
    ),
)


@given(st.lists(requirements, max_size=4))
def test_label_selectors_round_trip(generated: list[Requirement]) -> None:
    """What str() writes reads back as the same requirements."""
    selector = Selector(tuple(sorted(generated, key=lambda r: r.key)))
    assert Selector.parse(str(selector)) == selector


@given(st.lists(st.tuples(names, st.text(max_size=8), st.sampled_from(["=", "!="])), max_size=4))
def test_field_selectors_round_trip(terms: list[tuple[str, str, str]]) -> None:
    """Any value survives escaping."""
    escaped = (
        (f, v.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\="), operator)
        for f, v, operator in terms
    )
    selector = FieldSelector.parse(",".join(f"{f}{operator}{value}" for f, value, operator in escaped))
    assert FieldSelector.parse(str(selector)) == selector
    assert sorted((t.field, t.value, "=" if t.equal else "!=") for t in selector.terms) == sorted(terms)


@given(st.text(max_size=30) | st.text("ab=!,() <>\\innot", max_size=30))
def test_garbage_raises_nothing_but_bad_request(text: str) -> None:
    """Whatever the query says, the answer is a selector or a BadRequest."""
    for parse in (Selector.parse, FieldSelector.parse):
        try:
            parse(text)
        except BadRequest:
            continue
