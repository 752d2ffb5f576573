"""Answers the agents' sync handshakes, and asks for one when a heartbeat's digest does not fit.

To ask is to send a ``synced`` with a digest and nothing else: an agent whose own one differs says what it holds
(:mod:`edgeorch.mqtt.desired_state`).

The first Sync after a quiet time is answered by such a question too, unless it agrees. The agent has just
connected and counted before the broker's retained messages reached it; the question comes after them, and what
still differs then is worth a repair. Otherwise everything would be sent twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from edgeorch.errors import ApiError
from edgeorch.mqtt.bus import Bus, Message
from edgeorch.mqtt.messages import Heartbeat, Sync, Synced
from edgeorch.mqtt.topics import DesiredTopic, NodeTopic, Topics
from edgeorch_server.fleet.desired import DesiredIndex, Ref
from edgeorch_server.fleet.garbage import Garbage
from edgeorch_server.fleet.handshake import AnswerPace, DigestWatch, plan_repair
from edgeorch_server.fleet.publisher import DesiredPublisher

logger = logging.getLogger(__name__)

AT_A_TIME = 32
"""Handshakes that run at a time: after a restart of the broker every agent wants one."""


class SyncAnswerer:
    """The server's side of all handshakes."""

    def __init__(
        self, bus: Bus, topics: Topics, index: DesiredIndex, publisher: DesiredPublisher, garbage: Garbage
    ) -> None:
        self._bus = bus
        self._topics = topics
        self._index = index
        self._publisher = publisher
        self._garbage = garbage
        self._asked: dict[str, Sync] = {}  # the newest one that is not being answered yet
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._limit = asyncio.Semaphore(AT_A_TIME)
        self._watches: dict[str, DigestWatch] = {}
        self._paces: dict[str, AnswerPace] = {}
        self.answered = 0
        """Handshakes that were answered."""

    async def run(self) -> None:
        """Answer, for ever; begins when the index is loaded, because an empty one would drop everything."""
        await self._publisher.loaded()
        await self._bus.subscribe(self._topics.pattern("nodes/+/sync"), self._receive)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for task in self._tasks.values():
                task.cancel()

    def heartbeat(self, node: str, beat: Heartbeat) -> None:
        """Look at a heartbeat's digest."""
        if not self._publisher.is_loaded:
            return
        expected = self._index.digest(node)
        watch = self._watches.setdefault(node, DigestWatch())
        if watch.should_ask(beat.d, expected, asyncio.get_running_loop().time()) and node not in self._tasks:
            logger.info("node %s does not hold what it should: asking for a handshake", node)
            self._paces.setdefault(node, AnswerPace()).begin(asyncio.get_running_loop().time())
            self._start(node, lambda: self._send(node, Synced(beat.s, digest=expected)))

    def _receive(self, message: Message) -> None:
        topic = self._topics.find(message.topic)
        if not isinstance(topic, NodeTopic):
            return
        try:
            self._asked[topic.node] = Sync.decode(message.payload)
        except ValueError as exc:
            self._garbage.add(topic.node, "malformed sync", exc)
            return
        if topic.node not in self._tasks:
            self._start(topic.node, lambda: self._serve(topic.node))

    def _start(self, node: str, work: Callable[[], Awaitable[None]]) -> None:
        task = self._tasks[node] = asyncio.create_task(self._guard(node, work), name=f"sync-{node}")

        def done(_: asyncio.Task[None]) -> None:
            del self._tasks[node]
            if node in self._asked and not task.cancelled():
                self._start(node, lambda: self._serve(node))

        task.add_done_callback(done)

    async def _guard(self, node: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run one handshake; what goes wrong ends it and nothing else: the agent asks again."""
        try:
            await work()
        except ApiError as exc:
            logger.info("handshake with node %s broke off: %s", node, exc)
        except Exception:
            logger.exception("handshake with node %s failed", node)

    async def _serve(self, node: str) -> None:
        pace = self._paces.setdefault(node, AnswerPace())
        first = pace.begin(asyncio.get_running_loop().time()) == 1
        await asyncio.sleep(pace.delay)
        async with self._limit:
            sync = self._asked.pop(node)
            if first and sync.holds != self._wanted(node):
                await self._send(node, Synced(sync.session, digest=self._index.digest(node)))
            else:
                await self._repair(node, sync)

    def _wanted(self, node: str) -> dict[str, str]:
        return {ref.key: version for ref, version in self._index.versions(node).items()}

    async def _repair(self, node: str, sync: Sync) -> None:
        assumed = dict(sync.holds)  # what the node holds once everything sent has arrived
        while True:
            wanted = self._wanted(node)
            repair = plan_repair(assumed, wanted)
            if not repair.publish:
                break
            refs = {ref.key: ref for ref in self._index.versions(node)}
            await self._publisher.publish(node, [refs[key] for key in repair.publish])
            assumed |= {key: wanted[key] for key in repair.publish}
        drop = {key: version for key, version in sync.holds.items() if key in repair.drop}
        await self._clear(node, drop)
        await self._send(node, Synced(sync.session, drop, self._index.digest(node)))
        self.answered += 1

    async def _clear(self, node: str, drop: Mapping[str, str]) -> None:
        """Clear what the broker may still have retained of objects that the node should not hold."""
        refs = []
        for key in drop:
            try:
                ref = Ref(*key.split("/"))
                self._topics.name(DesiredTopic(node, ref.resource, ref.namespace, ref.name))
            except (TypeError, ValueError):
                self._garbage.add(node, "bad key in sync", key)
                continue
            refs.append(ref)
        await self._publisher.publish(node, refs)

    async def _send(self, node: str, message: Synced) -> None:
        await self._bus.publish(self._topics.name(NodeTopic(node, "synced")), message.encode())
