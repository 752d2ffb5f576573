"""Sets of completion indexes as text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.batch.indexes import format_indexes, parse_indexes, read_indexes


@pytest.mark.parametrize(
    ("indexes", "text"),
    [
        pytest.param((), "", id="none"),
        pytest.param((3,), "3", id="one"),
        pytest.param((3, 4), "3,4", id="two in a row are no range"),
        pytest.param((5, 1, 3, 4, 7), "1,3-5,7", id="Kubernetes' example"),
    ],
)
def test_the_text(indexes: tuple[int, ...], text: str) -> None:
    """Job, "Completion mode": numbers ascend, and a hyphen joins the ends of a range."""
    assert format_indexes(indexes) == text
    assert parse_indexes(text, 10) == frozenset(indexes)


@given(st.frozensets(st.integers(0, 60)))
def test_it_reads_back(indexes: frozenset[int]) -> None:
    """Whatever was written."""
    assert parse_indexes(format_indexes(indexes), 61) == indexes


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a", 'cannot convert string to integer for index: "a"'),
        ("1,", 'cannot convert string to integer for index: ""'),
        ("5", 'too large index: "5"'),
        ("1-5", 'too large index: "5"'),
        ("3-1", "non-increasing order, previous: 3, current: 1"),
        ("1,1", "non-increasing order, previous: 1, current: 1"),
        ("0-2,1", "non-increasing order, previous: 2, current: 1"),
        (
            "1-2-3",
            (
                'the fragment "1-2-3" violates the requirement that an index interval can have at most two parts '
                "separated by '-'"
            ),
        ),
    ],
)
def test_mistakes(text: str, why: str) -> None:
    """They are told in the words of ``validateIndexesFormat``."""
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        parse_indexes(text, 5)


def test_a_smaller_job_forgets_indexes() -> None:
    """An elastic Indexed Job may be scaled down below indexes that have succeeded."""
    assert read_indexes("0-3,7", 3) == {0, 1, 2}
