"""Events in their newer form: the same objects."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.events.event import Event, from_core, to_core

WORDS = st.text(alphabet="abc", max_size=3)
TIMES = st.sampled_from([None, "2026-05-01T12:00:00Z", "2026-05-01T12:00:00.123456Z"])


@given(
    body=st.fixed_dictionaries(
        {},
        optional={
            "eventTime": TIMES,
            "series": st.fixed_dictionaries({"count": st.integers(0, 9), "lastObservedTime": TIMES}),
            "reportingController": WORDS,
            "action": WORDS,
            "regarding": st.fixed_dictionaries({"kind": WORDS, "name": WORDS}),
            "related": st.fixed_dictionaries({"kind": WORDS}),
            "note": WORDS,
            "deprecatedSource": st.fixed_dictionaries({"component": WORDS}),
            "deprecatedCount": st.integers(0, 9),
            "deprecatedLastTimestamp": TIMES,
        },
    )
)
def test_nothing_is_lost(body: dict[str, object]) -> None:
    """An event is the same after it has been stored in the older form."""
    event = Event.from_dict(
        {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"}, **body}
    )
    stored = to_core(event)
    assert (stored.apiVersion, stored.involvedObject, stored.message) == ("v1", event.regarding, event.note)
    assert from_core(stored) == event
