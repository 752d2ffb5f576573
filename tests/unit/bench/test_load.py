from __future__ import annotations

import itertools

from bench.load import steady_rate


def moments(*steps: float) -> list[float]:
    return list(itertools.accumulate(steps, initial=10.0))


def test_a_steady_rate_is_that_of_its_windows() -> None:
    """Each window has as many things; what is left over at the end does not count."""
    assert round(steady_rate(moments(*[0.01] * 205)), 6) == 100


def test_a_halted_machine_does_not_slow_the_rate() -> None:
    """Halts of a second in half of the windows change nothing."""
    steps = [0.01] * 200
    for window in range(0, 20, 2):
        steps[window * 10 + 3] += 1.0
    assert round(steady_rate(moments(*steps)), 6) == 100


def test_few_things_have_a_rate_too() -> None:
    """One thing in half a second is two in a second."""
    assert steady_rate(moments(0.5)) == 2
