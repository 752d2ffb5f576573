"""Reading and showing Go's times."""

from __future__ import annotations

import pytest

from edgeorch_agent.runtime.rfc3339 import epoch, zulu


@pytest.mark.parametrize(
    ("stamp", "seconds", "shown"),
    [
        pytest.param(b"1970-01-01T00:00:01.25+00:00", 1.25, b"1970-01-01T00:00:01.25Z", id="UTC"),
        pytest.param(b"1970-01-01T00:00:01Z", 1.0, b"1970-01-01T00:00:01Z", id="zulu"),
        pytest.param(b"1970-01-01T02:00:00.5+02:00", 0.5, b"1970-01-01T00:00:00.5Z", id="east"),
        pytest.param(
            b"1969-12-31T18:30:00.000000009-05:30", 9e-9, b"1970-01-01T00:00:00.000000009Z", id="west"
        ),
        pytest.param(b"0001-01-01T00:00:00Z", 0.0, b"0001-01-01T00:00:00Z", id="Go's zero time"),
        pytest.param(b"yesterday", 0.0, b"1970-01-01T00:00:00Z", id="no time at all"),
    ],
)
def test_times_are_read_and_shown_in_utc(stamp: bytes, seconds: float, shown: bytes) -> None:
    """Whatever the zone conmon ran in, times compare as seconds and show with a Z."""
    assert epoch(stamp) == pytest.approx(seconds, abs=1e-10)
    assert zulu(stamp) == shown
