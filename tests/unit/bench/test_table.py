"""What the table of ``make bench`` says of a comparison."""

from __future__ import annotations

import pytest

from bench.table import Row, render


@pytest.mark.parametrize(
    ("row", "ratio", "reached"),
    [
        pytest.param(Row("x", 30, "b", 10, target_ratio=3), 3.0, True, id="higher-is-better"),
        pytest.param(Row("x", 30, "b", 10, lower_is_better=True), 1 / 3, None, id="lower-is-better"),
        pytest.param(Row("x", 30, target=20), None, True, id="without-baseline"),
        pytest.param(Row("x", 30, lower_is_better=True, target=20), None, False, id="missed"),
        pytest.param(Row("x", 30, "b", 20, target=20, target_ratio=2), 1.5, False, id="one-of-two-missed"),
        pytest.param(Row("x", note="why"), None, None, id="not-measured"),
    ],
)
def test_rows_compare_in_the_direction_that_is_better(
    row: Row, ratio: float | None, reached: bool | None
) -> None:
    """A ratio above 1 is good news whichever way the figure counts."""
    assert row.ratio == (None if ratio is None else pytest.approx(ratio))
    assert row.reached is reached


def test_a_table_has_a_line_for_each_row_with_its_target_and_its_verdict() -> None:
    """A reader sees at once what was missed, and why something is not there."""
    rows = [
        Row("writes/s", 1234.5, "etcd", 100, target=2000, target_ratio=3),
        Row("p99 ms", 0.1234, lower_is_better=True, target=40, note="of 8"),
        Row("idle", note="mosquitto is not installed"),
    ]
    assert render(rows).splitlines() == [
        "metric     ours  baseline  its value   ratio  target                   note",
        "writes/s  1,234  etcd            100  12.35x  >= 2,000, >= 3x  MISSED",
        "p99 ms    0.123                               <= 40            ok      of 8",
        "idle                                                                   mosquitto is not installed",
    ]
