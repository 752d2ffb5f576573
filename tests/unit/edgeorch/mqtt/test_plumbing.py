"""Back-off, mailbox, digest and the feed of connection changes."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.mqtt.backoff import Backoff
from edgeorch.mqtt.bus import Connection
from edgeorch.mqtt.connections import ConnectionFeed
from edgeorch.mqtt.digest import Digest
from edgeorch.mqtt.mailbox import Mailbox


class TestBackoff:
    def test_ceilings(self) -> None:
        """Delays double from half a second to fifteen seconds, and begin anew after a reset."""
        backoff = Backoff(uniform=max)
        assert [backoff.next() for _ in range(8)] == [0.5, 1, 2, 4, 8, 15, 15, 15]
        backoff.reset()
        assert backoff.next() == 0.5

    def test_jitter(self) -> None:
        """At least half of each ceiling is waited."""
        backoff = Backoff(uniform=min)
        assert [backoff.next() for _ in range(3)] == [0.25, 0.5, 1]


class TestMailbox:
    async def test_everything_arrives_in_order(self) -> None:
        """Calls from a thread run on the loop in the order of posting, however many there are."""
        got: list[int] = []
        box, done = Mailbox(asyncio.get_running_loop()), asyncio.Event()

        def work() -> None:
            for number in range(5000):
                box.post(got.append, number)
            box.post(done.set)

        thread = threading.Thread(target=work)
        thread.start()
        await done.wait()
        thread.join()
        assert got == list(range(5000))

    async def test_the_thread_waits_when_it_is_full(self) -> None:
        """Beyond its bytes post blocks until the loop has taken some; one item always fits."""
        got: list[int] = []
        box = Mailbox(asyncio.get_running_loop(), max_bytes=10)
        sizes = [25, 4, 4, 4]
        most: list[int] = []
        done = asyncio.Event()

        def work() -> None:
            for size in sizes:
                box.post(got.append, size, size=size)
                most.append(box._bytes)
            box.post(done.set)

        thread = threading.Thread(target=work)
        thread.start()
        await done.wait()
        thread.join()
        assert got == sizes
        assert max(most) <= 25

    async def test_closing_releases_the_thread(self) -> None:
        """A thread that waits for room is let go when the connection is aborted."""
        box = Mailbox(asyncio.get_running_loop(), max_bytes=1)
        box.post(lambda: None, size=1)
        thread = threading.Thread(target=box.post, args=(lambda: None,), kwargs={"size": 1})
        thread.start()
        box.close()
        thread.join(5)
        assert not thread.is_alive()

    async def test_a_call_that_raises(self, caplog: pytest.LogCaptureFixture) -> None:
        """It is logged, and the next one runs."""
        box, done = Mailbox(asyncio.get_running_loop()), asyncio.Event()
        box.post(divmod, 1, 0)
        box.post(done.set)
        await done.wait()
        assert "a call from the network thread failed" in caplog.text


class TestConnectionFeed:
    async def test_changes(self) -> None:
        """The present state comes first, then each change, and after the end a last DOWN."""
        feed = ConnectionFeed()
        states = feed.listen()
        assert await anext(states) is Connection.DOWN
        feed.set_up()
        assert await anext(states) is Connection.UP
        feed.set_down()
        assert await anext(states) is Connection.DOWN
        feed.set_up()
        assert await anext(states) is Connection.UP
        feed.end()
        assert [state async for state in states] == [Connection.DOWN]

    async def test_a_slow_listener_misses_no_reconnect(self) -> None:
        """Connections that were lost and made again while nobody looked are told as one DOWN, UP."""
        feed = ConnectionFeed()
        feed.set_up()
        states = feed.listen()
        assert await anext(states) is Connection.UP
        for _ in range(3):
            feed.set_down()
            feed.set_up()
        assert await anext(states) is Connection.DOWN
        assert await anext(states) is Connection.UP
        feed.end()
        assert [state async for state in states] == [Connection.DOWN]


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
def test_digest_does_not_depend_on_order_or_history(held: dict[str, str]) -> None:
    """Two sides that came to the same objects in different ways have the same digest."""
    one, other = Digest(), Digest()
    for key, version in held.items():
        one.toggle(key, version)
    other.toggle("gone", "1")
    for key, version in reversed(held.items()):
        other.toggle(key, version)
    other.toggle("gone", "1")
    assert str(one) == str(other)
    assert len(str(one)) == 16
