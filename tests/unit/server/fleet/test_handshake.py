"""When to ask for a handshake, how often to answer, and what a node lacks."""

from __future__ import annotations

import pytest

from edgeorch_server.fleet.handshake import (
    ASK_AGAIN_SECONDS,
    MAX_DELAY_SECONDS,
    QUIET_SECONDS,
    SETTLE_SECONDS,
    AnswerPace,
    DigestWatch,
    plan_repair,
)


@pytest.mark.parametrize(
    ("holds", "wanted", "publish", "drop"),
    [
        pytest.param({}, {}, (), {}, id="both-empty"),
        pytest.param({"a": "1"}, {"a": "1"}, (), {}, id="agreed"),
        pytest.param({}, {"a": "1"}, ("a",), {}, id="missing"),
        pytest.param({"a": "1"}, {"a": "2"}, ("a",), {}, id="another-version"),
        pytest.param({"a": "1"}, {}, (), {"a": "1"}, id="too-much"),
    ],
)
def test_plan(
    holds: dict[str, str], wanted: dict[str, str], publish: tuple[str, ...], drop: dict[str, str]
) -> None:
    """What is missing or different is published, what is too much is dropped in the version that was told."""
    repair = plan_repair(holds, wanted)
    assert (repair.publish, repair.drop) == (publish, drop)


class TestDigestWatch:
    def test_agreement(self) -> None:
        """Equal digests ask for nothing."""
        assert not DigestWatch().should_ask("a", "a", 100.0)

    def test_a_change_may_settle(self) -> None:
        """A digest that differs just after a change is normal; a while later it is not."""
        watch = DigestWatch()
        assert not watch.should_ask("old", "new", 100.0)
        assert not watch.should_ask("old", "new", 100.0 + SETTLE_SECONDS - 0.1)
        assert watch.should_ask("old", "new", 100.0 + SETTLE_SECONDS)

    def test_not_too_often(self) -> None:
        """After asking, the node gets time."""
        watch = DigestWatch()
        watch.should_ask("x", "y", 0.0)
        assert watch.should_ask("x", "y", 10.0)
        assert not watch.should_ask("x", "y", 10.0 + ASK_AGAIN_SECONDS - 1)
        assert watch.should_ask("x", "y", 10.0 + ASK_AGAIN_SECONDS)


def test_pace() -> None:
    """Three handshakes in a row are free, then they slow down; after a quiet time they are free again."""
    pace = AnswerPace()
    delays = [(pace.begin(0.0), pace.delay) for _ in range(10)]
    assert [number for number, _ in delays] == list(range(1, 11))
    assert [delay for _, delay in delays] == [0, 0, 0, 1, 2, 4, 8, 16, MAX_DELAY_SECONDS, MAX_DELAY_SECONDS]
    assert (pace.begin(QUIET_SECONDS + 1), pace.delay) == (1, 0)
