"""YAML as Kubernetes reads it. The expected values were compared with a real kubectl (see tests/integration)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.yaml_json import Document, YamlError, read_documents


def load(text: str | bytes) -> Any:
    (document,) = read_documents(text)
    return document.value


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        ("yes", True),
        ("On", True),
        ("y", True),
        ("no", False),
        ("OFF", False),
        ("n", False),
        ("tRue", "tRue"),
        ("~", None),
        ("null", None),
        ("", None),
        ("0755", 493),
        ("0o755", 493),
        ("0b11", 3),
        ("0X1F", 31),
        ("-0x1f", -31),
        ("1_000", 1000),
        ("_1", "_1"),
        ("08", 8),
        ("1e3", 1000),
        ("1.5", 1.5),
        ("5.", 5),
        (".5", 0.5),
        ("+.5", 0.5),
        ("12:30:45", "12:30:45"),
        ("2001-01-01", "2001-01-01"),
        ("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z"),
        ("1.2.3", "1.2.3"),
        ("18446744073709551615", 2**64 - 1),
        ("0xFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFF"),
        ("1e400", "1e400"),
        ("9" * 5000, "9" * 5000),
        ('"1"', "1"),
        ("'yes'", "yes"),
        ("!!str 1", "1"),
        ("!!int '5'", 5),
        ("!!bool 'yes'", True),
        ("!!null ''", None),
        ("!!binary aGVsbG8=", "hello"),
        ("!own 5", "5"),
        ("! 5", "5"),
        ("!!python/object/apply:os.system [x]", ["x"]),
        ("!!timestamp 2001-01-01", "2001-01-01"),
        ("=", "="),
        ("[1, a, [true]]", [1, "a", [True]]),
        ("{1: a, true: b, 1.5: c}", {"1": "a", "true": "b", "1.5": "c"}),
        ('"a\\tb"', "a\tb"),
    ],
)
def test_scalars(scalar: str, expected: Any) -> None:
    """YAML 1.1 in go-yaml's reading: what is a bool, a number, a string."""
    value = load(f"x: {scalar}\n")["x"]
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "yaml: line 2: did not find expected ',' or ']'"),
        ("a: b: c", "yaml: line 1: mapping values are not allowed in this context"),
        ("\ta: b", "yaml: line 1: found character that cannot start any token"),
        ("a: *b", "yaml: unknown anchor 'b' referenced"),
        ("a: &a [*a]", "yaml: unknown anchor 'a' referenced"),
        ("a: .inf", "yaml: line 1: json: unsupported value: .inf"),
        ("a: !!int x", "yaml: line 1: cannot decode `x` as a !!int"),
        ("a: !!binary '?'", "yaml: line 1: !!binary value contains invalid base64 data"),
        ("? [a]\n: b", "yaml: line 1: invalid map key"),
        ("null: b", "yaml: line 1: unsupported map key"),
        ("a:\n  <<: 5", "yaml: line 2: map merge requires map or sequence of maps as the value"),
        ("- " * 200, "yaml: line 1: exceeded max depth of 128"),
        ("[" * 100_000, "yaml: line 1: exceeded max depth of 128"),
    ],
)
def test_refuses_with_the_line(text: str, message: str) -> None:
    """What is no YAML, or no JSON, is refused and the line is named."""
    with pytest.raises(YamlError) as refused:
        list(read_documents(text))
    assert str(refused.value) == message


@pytest.mark.parametrize("data", [b"\xff\xfe\xfd", b"a: \x00", b"a: \xff", b"%YAML 9.9\n---\na"])
def test_refuses_bytes_that_are_no_text(data: bytes) -> None:
    """Bad encodings and control characters end as YamlError like everything else."""
    with pytest.raises(YamlError):
        list(read_documents(data))


def test_streams() -> None:
    """Documents come one by one; an empty one is null, a comment is none."""
    text = "# only a comment\n---\na: 1\n---\n# empty\n---\n- b\n...\n"
    assert [document.value for document in read_documents(text)] == [{"a": 1}, None, ["b"]]
    assert list(read_documents("")) == []
    assert list(read_documents("# nothing\n")) == []


def test_names_keys_that_stand_there_twice() -> None:
    """The last one wins, and the reader learns of it in sigs.k8s.io/yaml's words."""
    assert list(read_documents("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")) == [
        Document(
            {"a": 3, "b": {"c": 2}},
            ('line 4: key "c" already set in map', 'line 5: key "a" already set in map'),
        )
    ]


def test_anchors_are_copied_out() -> None:
    """An alias stands for a copy: changing one place does not change the other."""
    value = load("a: &x {b: [1]}\nc: *x\n&k d: *k\n? *k\n: e")
    assert value == {"a": {"b": [1]}, "c": {"b": [1]}, "d": "e"}
    value["a"]["b"].append(2)
    assert value["c"] == {"b": [1]}


def test_merge_keys() -> None:
    """The mapping's own keys win over merged ones, in any order; the first merged mapping over later ones."""
    text = """
base: &base {a: 1, b: 1}
more: &more {b: 2, c: 2}
one: {b: 3, <<: *base}
two: {<<: [*base, *more], c: 4}
quoted: {"<<": 5}
"""
    value = load(text)
    assert value["one"] == {"a": 1, "b": 3}
    assert value["two"] == {"a": 1, "b": 1, "c": 4}
    assert value["quoted"] == {"<<": 5}


def test_alias_bombs_are_refused() -> None:
    """Nine levels of nine aliases would be 400 million values; the work is bounded by the document's size."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(YamlError, match="document contains excessive aliasing"):
        load("\n".join(lines))


printable = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff\ufffe\uffff"))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
    | printable,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(printable, children, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_json_is_yaml(value: Any) -> None:
    """JSON reads back as the same values, as a manifest in JSON must."""
    assert load(json.dumps(value, ensure_ascii=False)) == value


@given(json_values)
def test_reads_what_pyyaml_writes(value: Any) -> None:
    """An independent writer's YAML reads back as the same values."""
    assert load(yaml.safe_dump(value, allow_unicode=True, default_style='"')) == value


@given(st.text(max_size=60) | st.text("ab01:-[]{}&*!|>'\"#%? \n\t.~", max_size=60) | st.binary(max_size=40))
def test_garbage_raises_nothing_but_yaml_error(text: str | bytes) -> None:
    """Whatever the text, it is documents or a YamlError."""
    try:
        json.dumps([document.value for document in read_documents(text)])
    except YamlError:
        return
