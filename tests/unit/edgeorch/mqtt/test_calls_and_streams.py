"""Calls and streams between a server and an agent, over a broker in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from edgeorch.errors import (
    BadRequest,
    GatewayTimeout,
    InternalError,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
)
from edgeorch.mqtt.calls import Caller
from edgeorch.mqtt.dispatcher import MAX_RUNNING, Call, CallHandler, Dispatcher
from edgeorch.mqtt.frames import IDLE_SECONDS, WINDOW, Cancelled, Frame, Kind
from edgeorch.mqtt.messages import CallReply, CallRequest
from edgeorch.mqtt.streams import StreamHub
from edgeorch.mqtt.topics import Topics
from tests.fakes.bus import Delivery, FakeBroker, FakeBus, ready

TOPICS = Topics()
ROOT = TOPICS.root


@contextlib.asynccontextmanager
async def running(*coroutines: Coroutine[Any, Any, object]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    await settle()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def settle() -> None:
    """Let everything that can happen now happen."""
    for _ in range(200):
        await asyncio.sleep(0)


class World:
    """Both sides, and the handlers that a test gives the agent."""

    def __init__(self, server: FakeBus, agent: FakeBus) -> None:
        self.caller = Caller(server, TOPICS)
        self.server_hub = StreamHub(server, TOPICS)
        self.agent_hub = StreamHub(agent, TOPICS, "n1")
        self.handlers: dict[str, CallHandler] = {}
        self._agent = agent

    def run(self) -> contextlib.AbstractAsyncContextManager[None]:
        self.dispatcher = Dispatcher(self._agent, TOPICS, "n1", self.agent_hub, self.handlers)
        return running(self.caller.run(), self.server_hub.run(), self.agent_hub.run(), self.dispatcher.run())


@pytest.fixture
def world(server: FakeBus, agent: FakeBus) -> World:
    return World(server, agent)


class TestCalls:
    async def test_question_and_answer(self, world: World) -> None:
        """The result that the handler accepts with is what the caller gets."""

        async def double(call: Call) -> None:
            await call.accept({"n": call.args["n"] * 2})

        world.handlers["double"] = double
        async with world.run():
            assert await world.caller.call("n1", "double", {"n": 21}) == {"n": 42}

    async def test_accepting_is_implied(self, world: World) -> None:
        """A handler that just returns has accepted."""

        async def nothing(call: Call) -> None:
            pass

        world.handlers["nothing"] = nothing
        async with world.run():
            assert await world.caller.call("n1", "nothing", {}) == {}

    async def test_errors_travel(self, world: World) -> None:
        """An ApiError of the handler is raised at the caller, with message, code and details."""

        async def refuse(call: Call) -> None:
            raise BadRequest('container "c" in pod "p" is waiting to start', name="p")

        world.handlers["logs"] = refuse
        async with world.run():
            with pytest.raises(BadRequest, match="is waiting to start") as caught:
                await world.caller.call("n1", "logs", {})
            assert caught.value.name == "p"

    async def test_a_fault_of_the_handler(self, world: World) -> None:
        """Any other exception becomes an InternalError, and the agent goes on serving."""

        async def broken(call: Call) -> None:
            raise KeyError(call.method)

        world.handlers["broken"] = broken
        async with world.run():
            for _ in range(2):
                with pytest.raises(InternalError, match="call broken failed on node n1"):
                    await world.caller.call("n1", "broken", {})

    async def test_unknown_call(self, world: World) -> None:
        """A newer server may ask what an older agent does not know."""
        async with world.run():
            with pytest.raises(NotFound, match="does not know the call 'exec'"):
                await world.caller.call("n1", "exec", {})

    async def test_no_agent(self, world: World) -> None:
        """When nobody listens the caller knows at once, without waiting for the time-out."""
        async with running(world.caller.run()):
            with pytest.raises(ServiceUnavailable, match="node n1 is not connected"):
                await world.caller.call("n1", "logs", {})

    @pytest.mark.looptime
    async def test_no_answer(self, world: World) -> None:
        """An agent that hangs costs the time-out, and its late answer does no harm."""
        release = asyncio.Event()

        async def hang(call: Call) -> None:
            await release.wait()

        world.handlers["hang"] = hang
        async with world.run():
            began = asyncio.get_running_loop().time()
            with pytest.raises(GatewayTimeout, match="node n1 did not answer within 15 seconds"):
                await world.caller.call("n1", "hang", {})
            assert asyncio.get_running_loop().time() - began == pytest.approx(15)
            release.set()
            await settle()
            assert world.caller.bad_replies == 1

    async def test_connection_lost_while_waiting(self, world: World, broker: FakeBroker) -> None:
        """The caller need not wait for the time-out when the broker is gone."""

        async def hang(call: Call) -> None:
            await asyncio.get_running_loop().create_future()

        world.handlers["hang"] = hang
        async with world.run():
            asking = asyncio.create_task(world.caller.call("n1", "hang", {}))
            await settle()
            broker.stop()
            with pytest.raises(ServiceUnavailable, match="lost"):
                await asking

    async def test_another_node_cannot_answer(self, world: World, agent: FakeBus) -> None:
        """A reply counts only on the topic of the node that was asked."""
        asked: asyncio.Queue[bytes] = asyncio.Queue()

        async def forge(call: Call) -> None:
            asked.put_nowait(b"")
            await asyncio.get_running_loop().create_future()

        world.handlers["logs"] = forge
        async with world.run():
            asking = asyncio.create_task(world.caller.call("n1", "logs", {}))
            await asked.get()
            ((_, correlation),) = world.caller._waiting
            for topic in (f"nodes/n2/replies/{correlation}", "nodes/n1/replies/guess"):
                await agent.publish(f"{ROOT}/{topic}", CallReply({"forged": True}).encode())
            await agent.publish(f"{ROOT}/nodes/n1/replies/{correlation}", b"{")
            await settle()
            assert world.caller.bad_replies == 3
            await agent.publish(f"{ROOT}/nodes/n1/replies/{correlation}", CallReply({"ok": 1}).encode())
            assert await asking == {"ok": 1}

    async def test_repeated_request(self, world: World, broker: FakeBroker) -> None:
        """A request that arrives twice is served once."""
        served: list[str] = []

        async def count(call: Call) -> None:
            served.append(call.method)

        world.handlers["count"] = count
        broker.intercept = lambda delivery: (delivery, delivery)
        async with world.run():
            await world.caller.call("n1", "count", {})
            await settle()
        assert served == ["count"]

    @pytest.mark.parametrize(
        ("payload", "response_topic"),
        [
            pytest.param(b"", f"{ROOT}/nodes/n1/replies/x", id="empty"),
            pytest.param(b"\xff{", f"{ROOT}/nodes/n1/replies/x", id="noise"),
            pytest.param(b'{"args": 5}', f"{ROOT}/nodes/n1/replies/x", id="args-no-object"),
            pytest.param(CallRequest().encode(), f"{ROOT}/nodes/n2/replies/x", id="answer-to-another-node"),
            pytest.param(CallRequest().encode(), f"{ROOT}/nodes/n1/presence", id="answer-to-presence"),
            pytest.param(CallRequest().encode(), "elsewhere", id="answer-to-elsewhere"),
        ],
    )
    async def test_garbage(
        self, world: World, server: FakeBus, broker: FakeBroker, payload: bytes, response_topic: str
    ) -> None:
        """Requests that make no sense are counted and dropped, without an answer."""
        async with world.run():
            before = len(broker.published)
            await server.publish(f"{ROOT}/nodes/n1/calls/logs", payload, response_topic=response_topic)
            await settle()
            assert world.dispatcher.bad_calls == 1
            assert len(broker.published) == before + 1

    async def test_too_many_calls(self, world: World) -> None:
        """The agent refuses calls beyond its limit instead of drowning in them."""
        release = asyncio.Event()

        async def hang(call: Call) -> None:
            await release.wait()

        world.handlers["hang"] = hang
        async with world.run():
            asking = [asyncio.create_task(world.caller.call("n1", "hang", {})) for _ in range(MAX_RUNNING)]
            await settle()
            with pytest.raises(TooManyRequests):
                await world.caller.call("n1", "hang", {})
            release.set()
            await asyncio.gather(*asking)


class TestStreams:
    async def test_logs(self, world: World) -> None:
        """A call whose agent sends more than the window, and whose server reads at its own pace."""
        text = bytes(range(256)) * 4 * (WINDOW // 1024) * 3

        async def logs(call: Call) -> None:
            await call.accept()
            await call.stream.write(text)

        world.handlers["logs"] = logs
        async with world.run():
            async with world.server_hub.open("n1", "s1") as stream:
                await world.caller.call("n1", "logs", {}, stream="s1")
                assert b"".join([chunk.data async for chunk in stream]) == text
            await settle()
            assert len(world.server_hub) == len(world.agent_hub) == 0

    async def test_a_reader_that_does_not_read(self, world: World) -> None:
        """The writer stops after one window, and goes on when somebody reads."""
        written: list[int] = []

        async def logs(call: Call) -> None:
            await call.accept()
            for number in range(100):
                await call.stream.write(bytes(WINDOW // 10))
                written.append(number)

        world.handlers["logs"] = logs
        async with world.run(), world.server_hub.open("n1", "s1") as stream:
            await world.caller.call("n1", "logs", {}, stream="s1")
            await settle()
            assert len(written) == 10
            total = sum([len(chunk.data) async for chunk in stream])
            assert total == 100 * (WINDOW // 10)

    async def test_both_ways(self, world: World) -> None:
        """An echo: data down, data up, end down, end up."""

        async def echo(call: Call) -> None:
            await call.accept()
            async for chunk in call.stream:
                await call.stream.write(chunk.data.upper(), chunk.channel + 1)

        world.handlers["exec"] = echo
        async with world.run(), world.server_hub.open("n1", "s1") as stream:
            await world.caller.call("n1", "exec", {}, stream="s1")
            await stream.write(b"one ")
            await stream.write(b"two")
            await stream.end()
            chunks = [chunk async for chunk in stream]
            assert b"".join(chunk.data for chunk in chunks) == b"ONE TWO"
            assert {chunk.channel for chunk in chunks} == {1}
            assert stream.finished

    async def test_the_reader_goes_away(self, world: World) -> None:
        """When the server drops the stream, a handler that waits for more output is cancelled."""
        cancelled = asyncio.Event()

        async def follow(call: Call) -> None:
            await call.accept()
            await call.stream.write(b"first")
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                cancelled.set()

        world.handlers["logs"] = follow
        async with world.run():
            async with world.server_hub.open("n1", "s1") as stream:
                await world.caller.call("n1", "logs", {}, stream="s1")
                assert (await anext(stream)).data == b"first"
            async with asyncio.timeout(5):
                await cancelled.wait()
            await settle()
            assert len(world.agent_hub) == 0

    async def test_an_error_after_accepting(self, world: World) -> None:
        """What goes wrong in the middle reaches the reader after the bytes that came before it."""

        async def breaks(call: Call) -> None:
            await call.accept()
            await call.stream.write(b"half")
            raise ServiceUnavailable("Podman went away")

        world.handlers["logs"] = breaks
        async with world.run(), world.server_hub.open("n1", "s1") as stream:
            await world.caller.call("n1", "logs", {}, stream="s1")
            assert (await anext(stream)).data == b"half"
            with pytest.raises(ServiceUnavailable, match="Podman went away"):
                await anext(stream)

    async def test_a_refused_call_leaves_no_stream(self, world: World) -> None:
        """When the call is refused, the agent's end is gone too."""
        async with world.run():
            with pytest.raises(NotFound):
                async with world.server_hub.open("n1", "s1"):
                    await world.caller.call("n1", "nothing", {}, stream="s1")
            await settle()
            assert len(world.server_hub) == len(world.agent_hub) == 0

    async def test_a_call_without_its_stream(self, world: World) -> None:
        """A handler that needs a stream and gets none refuses the call."""

        async def logs(call: Call) -> None:
            await call.stream.write(b"x")

        world.handlers["logs"] = logs
        async with world.run():
            with pytest.raises(BadRequest, match="needs a stream"):
                await world.caller.call("n1", "logs", {})

    @pytest.mark.parametrize("side", ["server", "agent"])
    async def test_connection_lost(self, world: World, broker: FakeBroker, side: str) -> None:
        """A stream does not outlive the connection of either side: frames were lost with it."""

        async def follow(call: Call) -> None:
            await call.accept()
            await call.stream.write(b"first")
            await asyncio.get_running_loop().create_future()

        world.handlers["logs"] = follow
        async with world.run():
            stream = world.server_hub.open("n1", "s1")
            await world.caller.call("n1", "logs", {}, stream="s1")
            assert (await anext(stream)).data == b"first"
            if side == "server":
                broker.cut("server")
                with pytest.raises(ServiceUnavailable, match="lost"):
                    await anext(stream)
                assert len(world.server_hub) == 0
            else:
                broker.cut("n1")
                await settle()
                assert len(world.agent_hub) == 0

    @pytest.mark.looptime
    async def test_a_silent_stream_stays_open(self, world: World) -> None:
        """A followed log without a line for an hour is kept alive by both ends."""

        async def follow(call: Call) -> None:
            await call.accept()
            await asyncio.sleep(3600)
            await call.stream.write(b"at last")

        world.handlers["logs"] = follow
        async with world.run(), world.server_hub.open("n1", "s1") as stream:
            await world.caller.call("n1", "logs", {}, stream="s1")
            assert [chunk.data async for chunk in stream] == [b"at last"]

    @pytest.mark.looptime
    async def test_the_other_end_vanishes(self, world: World, broker: FakeBroker) -> None:
        """An end that hears nothing gives up after the idle time, and says so."""

        async def follow(call: Call) -> None:
            await call.accept()
            await asyncio.sleep(3600)

        world.handlers["logs"] = follow
        async with world.run():
            stream = world.server_hub.open("n1", "s1")
            await world.caller.call("n1", "logs", {}, stream="s1")
            broker.intercept = lambda delivery: () if delivery.message.topic.endswith("/up") else (delivery,)
            began = asyncio.get_running_loop().time()
            with pytest.raises(GatewayTimeout, match="nothing heard"):
                await anext(stream)
            assert asyncio.get_running_loop().time() - began < IDLE_SECONDS + 10

    async def test_a_lost_frame(self, world: World, broker: FakeBroker) -> None:
        """A frame that the network loses is noticed, and both ends stop."""

        async def logs(call: Call) -> None:
            await call.accept()
            for _ in range(5):
                await call.stream.write(b"line")

        def lose_third(delivery: Delivery) -> tuple[Delivery, ...]:
            if delivery.message.topic.endswith("/up"):
                frame = Frame.decode(delivery.message.payload)
                if (frame.kind, frame.number) == (Kind.DATA, 3):
                    return ()
            return (delivery, delivery)

        world.handlers["logs"] = logs
        broker.intercept = lose_third
        async with world.run(), world.server_hub.open("n1", "s1") as stream:
            await world.caller.call("n1", "logs", {}, stream="s1")
            assert [(await anext(stream)).data, (await anext(stream)).data] == [b"line", b"line"]
            with pytest.raises(BadRequest, match="frames 3 to 3 were lost"):
                await anext(stream)

    async def test_a_server_that_was_restarted(self, world: World) -> None:
        """An agent that sends on a stream nobody knows is told, and stops."""
        stopped = asyncio.Event()

        async def follow(call: Call) -> None:
            await call.accept()
            try:
                while True:
                    await call.stream.write(b"line")
                    await asyncio.sleep(0)
            except Cancelled:
                stopped.set()

        world.handlers["logs"] = follow
        async with world.run():
            world.server_hub.open("n1", "s1")
            await world.caller.call("n1", "logs", {}, stream="s1")
            world.server_hub._streams.clear()
            async with asyncio.timeout(5):
                await stopped.wait()

    async def test_garbage_on_unknown_streams(self, world: World, agent: FakeBus, broker: FakeBroker) -> None:
        """Noise, and ABORTs for streams that do not exist, are not answered: two ends must not ping-pong."""
        async with world.run():
            before = len(broker.published)
            for payload in (b"", b"noise", Frame(Kind.ABORT, 0, 0, b"").encode()):
                await agent.publish(f"{ROOT}/nodes/n1/streams/s9/up", payload)
            await settle()
            assert len(broker.published) == before + 3

    async def test_limits(self, server: FakeBus) -> None:
        """Bad ids, ids in use and too many streams are refused."""
        hub = StreamHub(server, TOPICS, max_streams=2)
        hub.open("n1", "s1")
        for bad in ("", "a/b", "#", "s1"):
            with pytest.raises(BadRequest):
                hub.open("n1", bad)
        hub.open("n1", "s2")
        with pytest.raises(TooManyRequests):
            hub.open("n1", "s3")

    async def test_the_agent_stops(self, world: World, agent: FakeBus) -> None:
        """A reader learns that the agent is stopping; it is not left to wait."""

        async def follow(call: Call) -> None:
            await call.accept()
            await asyncio.get_running_loop().create_future()

        world.handlers["logs"] = follow
        dispatcher = Dispatcher(agent, TOPICS, "n1", world.agent_hub, world.handlers)
        async with running(world.caller.run(), world.server_hub.run(), world.agent_hub.run()):
            async with running(dispatcher.run()):
                stream = world.server_hub.open("n1", "s1")
                await world.caller.call("n1", "logs", {}, stream="s1")
            with pytest.raises(ServiceUnavailable, match="agent of node n1 is stopping"):
                await anext(stream)


async def test_ready_again_after_a_restart_of_the_broker(world: World, broker: FakeBroker) -> None:
    """Calls work again after the broker came back without its memory."""

    async def ping(call: Call) -> None:
        pass

    world.handlers["ping"] = ping
    async with world.run():
        await world.caller.call("n1", "ping", {})
        broker.stop()
        broker.start()
        await ready(world.server_hub.bus)  # type: ignore[arg-type]
        await ready(world.agent_hub.bus)  # type: ignore[arg-type]
        await world.caller.call("n1", "ping", {})
