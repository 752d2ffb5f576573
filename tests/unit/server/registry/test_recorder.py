"""Events are counted, combined and limited as client-go's recorder does it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.api.core.event import Event
from edgeorch.api.core.resources import CONFIG_MAPS, EVENTS
from edgeorch_server.registry.event_correlator import BURST, EventCorrelator, Happening, Subject
from edgeorch_server.registry.recorder import EventRecorder
from tests.fakes.workloads import EPOCH, Workshop


class Teller:
    """Tells of one object, or of two."""

    async def open(self) -> Teller:
        self.shop = await Workshop().open()
        self.recorder = EventRecorder(self.shop.registry, "teller", self.shop.now)
        for name in ("a", "b"):
            await self.shop.create(CONFIG_MAPS, name)
        return self

    async def tell(self, message: str, reason: str = "Told", about: str = "a") -> None:
        await self.recorder.event(self.shop.get(CONFIG_MAPS, about), "Normal", reason, message)

    def events(self) -> list[Event]:
        found: list[Event] = list(self.shop.all(EVENTS))
        return found

    def messages(self) -> list[str]:
        return sorted(event.message for event in self.events())


@pytest.fixture
async def teller() -> Teller:
    return await Teller().open()


async def test_the_same_again_is_counted(teller: Teller) -> None:
    """Events, "count": one object tells how often, and since when."""
    await teller.tell("hello")
    teller.shop.advance(60)
    await teller.tell("hello")
    [event] = teller.events()
    assert (event.count, event.firstTimestamp, event.lastTimestamp) == (
        2,
        "2026-05-01T12:00:00Z",
        "2026-05-01T12:01:00Z",
    )


async def test_similar_ones_are_combined(teller: Teller) -> None:
    """EventAggregator: from the tenth message within ten minutes on there is one event for all of them."""
    for number in range(12):
        await teller.tell(f"pod-{number:02}")
    assert teller.messages() == [
        "(combined from similar events): pod-11",
        *(f"pod-{number:02}" for number in range(9)),
    ]
    assert sorted(event.count for event in teller.events()) == [1] * 9 + [3]


async def test_similar_ones_with_time_between_are_not(teller: Teller) -> None:
    """EventAggregator: after ten quiet minutes messages are told one by one again."""
    for number in range(9):
        await teller.tell(f"pod-{number}")
    teller.shop.advance(601)
    await teller.tell("pod-9")
    assert teller.messages() == [f"pod-{number}" for number in range(10)]


async def test_spam_is_dropped(teller: Teller) -> None:
    """EventSourceObjectSpamFilter: 25 writes about one object at once, then one every five minutes."""
    for number in range(30):
        await teller.tell("hello", reason=f"Reason{number}")
    assert len(teller.events()) == 25
    teller.shop.advance(299)
    await teller.tell("still too early")
    assert len(teller.events()) == 25
    teller.shop.advance(1)
    await teller.tell("in time")
    assert len(teller.events()) == 26
    await teller.tell("of another object", about="b")
    assert len(teller.events()) == 27


async def test_namesakes_in_the_same_instant(teller: Teller) -> None:
    """An event's name is its object's and the time: two components may mean different objects by one name."""
    other = EventRecorder(teller.shop.registry, "other", teller.shop.now)
    await teller.tell("hello")
    await other.event(teller.shop.get(CONFIG_MAPS, "a"), "Normal", "Told", "hello from another")
    assert len(teller.events()) == 2


@settings(max_examples=50)
@given(
    happenings=st.lists(
        st.tuples(
            st.integers(-3600, 3600), st.sampled_from("ab"), st.sampled_from(["x", "y"]), st.integers(0, 20)
        ),
        max_size=200,
    )
)
def test_never_more_than_the_burst_and_its_refill(happenings: list[tuple[int, str, str, int]]) -> None:
    """Whatever happens, and however the clock is set: one object never gets more than time allows."""
    correlator, now, gone = EventCorrelator(), EPOCH, 0
    admitted = {"a": 0, "b": 0}
    for seconds, name, reason, message in happenings:
        now += dt.timedelta(seconds=seconds)
        gone += max(0, seconds)
        about = Subject("ConfigMap", "default", name, name)
        admitted[name] += correlator.admit(Happening(about, "Normal", reason, str(message)), now) is not None
        assert admitted[name] <= BURST + gone / 300
