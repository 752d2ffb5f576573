"""Request bodies: duplicates, depth, encodings and Kubernetes' error texts."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.decode import MAX_DEPTH, Decoded, decode, decode_object
from edgeorch.errors import BadRequest

MODES = ["Strict", "Warn", "Ignore"]


@pytest.mark.parametrize("validation", MODES)
def test_reads_json(validation: str) -> None:
    """Every validation mode reads the same values; a byte order mark is no reason to refuse."""
    body = {"a": [1, 2.5, None, True, "ü"], "b": {}}
    assert decode(json.dumps(body).encode(), validation=validation) == Decoded(body)


def test_reads_yaml() -> None:
    """YAML bodies become the same plain values; a stream's first document counts."""
    assert decode(b"a: yes\nb: [1]\n---\nc: 1", yaml=True) == Decoded({"a": True, "b": [1]})
    assert decode(b"", yaml=True) == Decoded(None)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ('{"a": 1, "a": 2}', ('duplicate field "a"',)),
        ('{"spec": {"x": 1, "x": 1, "x": 1}}', ('duplicate field "spec.x"',)),
        (
            '{"spec": {"containers": [{"name": "a"}, {"name": "b", "name": "c"}]}}',
            ('duplicate field "spec.containers[1].name"',),
        ),
    ],
)
def test_finds_duplicate_keys(text: str, problems: tuple[str, ...]) -> None:
    """Duplicates are named with their path in Kubernetes' words, and the last value wins."""
    decoded = decode(text.encode())
    assert decoded.problems == problems
    assert decoded.value == json.loads(text)
    assert decode(text.encode(), validation="Ignore") == Decoded(json.loads(text))


def test_finds_duplicate_keys_in_yaml() -> None:
    """YAML's strict reader says it by line."""
    decoded = decode(b"a: 1\na: 2\n", yaml=True)
    assert decoded == Decoded({"a": 2}, ('line 2: key "a" already set in map',))


def test_reports_a_hundred_duplicates_at_most() -> None:
    """A body full of duplicates does not become an answer full of them."""
    text = "{" + ",".join([f'"a{index}": 1, "a{index}": 1' for index in range(1000)]) + "}"
    assert len(decode(text.encode()).problems) == 100
    assert len(decode(text.replace(",", "\n,").encode(), yaml=True).problems) == 100


@pytest.mark.parametrize("validation", MODES)
@pytest.mark.parametrize(
    "data",
    [b"", b"{", b'{"a":}', b"[1,]", b"nul", b"{}x", b"NaN", b'{"a": Infinity}', b'{"a": -Infinity}', b"'a'", b'{"\\ux"}', b'"\x01"'],
)  # fmt: skip
def test_refuses_what_is_no_json(data: bytes, validation: str) -> None:
    """Malformed JSON is a BadRequest in every mode."""
    with pytest.raises(BadRequest):
        decode(data, validation=validation)


@pytest.mark.parametrize("validation", MODES)
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "unexpected end of JSON input (<empty>)"),
        (b'{"a": ', "unexpected end of JSON input"),
        (b'{"a', "unexpected end of JSON input"),
        (b"<html>", "invalid character '<' looking for beginning of value"),
        (b'{"a":}', "invalid character '}' looking for beginning of value"),
        (b"{a: 1}", "invalid character 'a' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a": 1 "b": 2}', "invalid character '\"' after object key:value pair"),
        (b"{}x", "invalid character 'x' after top-level value"),
        (b'{"a": "\x01"}', "in string literal"),
        (b'{"a": "\\x"}', "in string escape code"),
    ],
)
def test_says_what_is_wrong_as_go_does(data: bytes, message: str, validation: str) -> None:
    """People look such messages up, and find them where Kubernetes printed them."""
    with pytest.raises(BadRequest) as refused:
        decode(data, validation=validation)
    assert message in refused.value.message


@pytest.mark.parametrize("validation", MODES)
@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 900, 200_000])
@pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a":', "}")])
def test_refuses_huge_nesting(validation: str, levels: int, start: str, end: str) -> None:
    """Depth is bounded long before anything that walks the values could overflow its stack."""
    with pytest.raises(BadRequest):
        decode((start * levels + "1" + end * levels).encode(), validation=validation)
    assert decode((start * MAX_DEPTH + "1" + end * MAX_DEPTH).encode(), validation=validation)


@pytest.mark.parametrize("validation", MODES)
def test_many_braces_are_not_depth(validation: str) -> None:
    """A long flat list passes."""
    body = [{"a": [index]} for index in range(500)]
    assert decode(json.dumps(body).encode(), validation=validation).value == body


@pytest.mark.parametrize("validation", MODES)
def test_what_is_no_utf8_is_replaced_like_go(validation: str) -> None:
    r"""A lone surrogate cannot be written again, so it becomes U+FFFD; a pair is one character."""
    decoded = decode(rb'{"a": "\ud800x", "b\uDC00": "\ud83d\ude00"}', validation=validation)
    assert decoded.value == {"a": "\ufffdx", "b\ufffd": "\U0001f600"}


def test_error_text_names_what_was_expected() -> None:
    """The text is that of the API server, with the start of the body; never the whole body."""
    with pytest.raises(BadRequest) as refused:
        decode(b'{"a": }', kind="Pod")
    assert refused.value.message == (
        "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: "
        "invalid character '}' looking for beginning of value "
        '("{\\"a\\": }")'
    )
    with pytest.raises(BadRequest) as refused:
        decode(b"a: [\n" + b"x" * 1000, yaml=True, kind="Pod")
    assert refused.value.message == (
        "the object provided is unrecognized (must be of type Pod): error converting YAML to JSON: yaml: line 3: "
        "did not find expected ',' or ']' " + '("a: [\\n' + "x" * 25 + '" ... (truncated, 1005 bytes))'
    )


@pytest.mark.parametrize(
    ("data", "summary"),
    [
        (b"", "(<empty>)"),
        (b"\x80\xff", "(hex: 80ff)"),
        (b"x" * 31, f'("{"x" * 30}" ... (truncated, 31 bytes))'),
    ],
)
def test_summaries(data: bytes, summary: str) -> None:
    """Nothing, text and bytes each are shown so that a log stays readable."""
    with pytest.raises(BadRequest) as refused:
        decode(data)
    assert refused.value.message.endswith(summary)


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"[]", "array"), (b'"x"', "string"), (b"1", "number"), (b"true", "bool"), (b"null", "null")],
)
def test_objects_must_be_objects(data: bytes, word: str) -> None:
    """Anything but a JSON object has no kind to look up."""
    with pytest.raises(BadRequest, match=f"cannot unmarshal {word} into Go value of type struct"):
        decode_object(data)
    assert decode_object(b'{"a": 1}').value == {"a": 1}


def test_works_without_orjson(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent and the command line decode without the server's extras."""
    monkeypatch.setitem(sys.modules, "orjson", None)
    assert decode(b'{"a": 1, "a": 2}', validation="Ignore") == Decoded({"a": 2}, ())


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=4), children, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(values, st.sampled_from(MODES))
def test_any_json_round_trips(value: Any, validation: str) -> None:
    """What json writes is read as the same values, in every mode."""
    assert decode(json.dumps(value).encode(), validation=validation) == Decoded(value)


@given(
    st.binary(max_size=50) | st.text('{}[]",:\\u0d8a1-', max_size=40).map(str.encode),
    st.booleans(),
    st.sampled_from(MODES),
)
def test_garbage_raises_nothing_but_bad_request(data: bytes, yaml: bool, validation: str) -> None:  # generated
    """Whatever bytes arrive, they are values that can be written as JSON, or a BadRequest."""
    try:
        decoded = decode(data, yaml=yaml, validation=validation)
    except BadRequest:
        return
    json.dumps(decoded.value, ensure_ascii=False, allow_nan=False).encode()
