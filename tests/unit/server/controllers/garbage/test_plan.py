"""What the garbage collector decides, without a cluster."""

import pytest

from edgeorch_server.controllers.garbage.plan import KEEP, Blocker, Bond, Collect, Cut, Verdict, blocked, judge

S, W, G, U = Bond.SOLID, Bond.WAITING, Bond.GONE, Bond.UNKNOWN


@pytest.mark.parametrize(
    ("bonds", "finalizers", "has_dependents", "verdict"),
    [
        pytest.param({}, [], True, KEEP, id="no owner"),
        pytest.param({"a": S}, [], True, KEEP, id="a solid owner"),
        pytest.param({"a": G}, [], True, Collect("Background"), id="the only owner is gone"),
        pytest.param({"a": G, "b": G}, [], True, Collect("Background"), id="all owners are gone"),
        pytest.param({"a": G, "b": S}, [], True, Cut(frozenset("a")), id="one of two is gone"),
        pytest.param({"a": W, "b": S}, [], True, Cut(frozenset("a")), id="one of two waits for us"),
        pytest.param({"a": G, "b": W, "c": S}, [], True, Cut(frozenset("ab")), id="one of three holds us"),
        pytest.param({"a": W}, [], True, Collect("Foreground"), id="a waiting owner, dependents of our own"),
        pytest.param({"a": W}, [], False, Collect("Background"), id="a waiting owner, no dependents"),
        pytest.param(
            {"a": W}, ["orphan"], True, Collect("Foreground"), id="waiting is stronger than a finalizer"
        ),
        pytest.param({"a": G}, ["orphan"], True, Collect("Orphan"), id="the orphan finalizer stands"),
        pytest.param({"a": G}, ["foregroundDeletion"], True, Collect("Foreground"), id="so does the other"),
        pytest.param({"a": U}, [], True, KEEP, id="an owner nobody knows"),
        pytest.param({"a": U, "b": G}, [], True, KEEP, id="gone, but the other is not known"),
        pytest.param({"a": U, "b": S, "c": G}, [], True, KEEP, id="nothing is cut while one is not known"),
    ],
)
def test_judge(bonds: dict[str, Bond], finalizers: list[str], has_dependents: bool, verdict: Verdict) -> None:
    """Garbage collection: deleted once all owners are verified absent; foreground where an owner waits."""
    assert judge(bonds, finalizers, has_dependents=has_dependents) == verdict


@pytest.mark.parametrize(
    ("waits_for", "waiting", "is_blocked"),
    [
        pytest.param({}, "", False, id="nobody"),
        pytest.param({"a": "b"}, "", True, id="one dependent"),
        pytest.param({"a": "b"}, "b", True, id="one that goes, but not yet"),
        pytest.param({"a": "a"}, "a", False, id="itself"),
        pytest.param({"a": "b", "b": "a"}, "ab", False, id="each other"),
        pytest.param({"a": "b", "b": "a"}, "a", True, id="one that has not begun to go"),
        pytest.param({"a": "b", "b": "c", "c": "a"}, "abc", False, id="a ring of three"),
        pytest.param({"a": "b", "b": "cd", "c": "b"}, "abcd", True, id="a ring that it is not part of"),
        pytest.param({"a": "bd", "b": "a"}, "ab", True, id="a ring and somebody else"),
        pytest.param({"a": "b", "b": "ac"}, "ab", False, id="who waits for it waits for another too"),
    ],
)
def test_blocked(waits_for: dict[str, str], waiting: str, is_blocked: bool) -> None:
    """Foreground deletion waits for blocking dependents, but never in a circle."""
    assert blocked("a", lambda uid: [Blocker(d, d in waiting) for d in waits_for.get(uid, "")]) is is_blocked
