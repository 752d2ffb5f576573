"""How conditions of workloads change."""

import pytest

from edgeorch.api.conditions import WorkloadCondition, find, with_condition, without

OLD = WorkloadCondition(
    type="Ok", status="True", reason="Fine", message="old", lastTransitionTime="2026-05-01T12:00:00Z"
)
OTHER = WorkloadCondition(type="Other", status="False")
LATER = "2026-05-01T13:00:00Z"


@pytest.mark.parametrize(
    ("status", "reason", "message", "since"),
    [
        pytest.param("True", "Fine", "old", OLD.lastTransitionTime, id="the same again is no change"),
        pytest.param("True", "Better", "new", OLD.lastTransitionTime, id="another reason is no transition"),
        pytest.param("False", "Bad", "new", LATER, id="another status is one"),
    ],
)
def test_change(status: str, reason: str, message: str, since: str) -> None:
    """``lastTransitionTime`` is when the status changed; the other conditions stay."""
    new = WorkloadCondition(type="Ok", status=status, reason=reason, message="new", lastTransitionTime=LATER)
    changed = with_condition([OLD, OTHER], new)
    found = find(changed, "Ok")
    assert found is not None
    assert (found.status, found.reason, found.message, found.lastTransitionTime) == (
        status,
        reason,
        message,
        since,
    )
    assert find(changed, "Other") == OTHER
    assert len(changed) == 2


def test_without() -> None:
    """A condition can be taken away; one that is not there is not missed."""
    assert without([OLD, OTHER], "Ok") == without([OTHER], "Ok") == [OTHER]
    assert find([OTHER], "Ok") is None
