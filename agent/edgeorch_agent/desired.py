"""The link's incoming side: desired objects from messages and handshakes to the pod manager and the checkpoint.

A handshake (sync, synced) runs after every connect, and whenever the server asks by an answer we did not
request; an answer that does not come is asked for again. Until the first handshake ended in agreement, what
runs here without being asked for is left alone: the checkpoint may be older than the pods.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable

from pydantic import ValidationError

from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.pod import Pod
from edgeorch.errors import ApiError, ServiceUnavailable
from edgeorch.mqtt.bus import Bus, Connection, Message
from edgeorch.mqtt.desired_state import VERSION_PROPERTY, Change, HeldObject, HeldState
from edgeorch.mqtt.messages import Synced
from edgeorch.mqtt.topics import DesiredTopic, NodeTopic, Topics
from edgeorch_agent.checkpoint import Checkpoint
from edgeorch_agent.pods import manager

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 20.0
"""How long a handshake may take until it is begun again."""
MODELS: dict[str, type[Pod | ConfigMap | Secret]] = {"pods": Pod, "configmaps": ConfigMap, "secrets": Secret}
ORDER = ("secrets", "configmaps", "pods")
"""Pods last: what they refer to is there when they start."""


class DesiredLink:
    """One agent's desired state; :meth:`run` is its task."""

    def __init__(
        self,
        bus: Bus,
        topics: Topics,
        node: str,
        session: str,
        pods: manager.PodManager,
        checkpoint: Checkpoint,
    ) -> None:
        self._bus = bus
        self._topics = topics
        self._node = node
        self._session = session
        self._pods = pods
        self._checkpoint = checkpoint
        self._held = HeldState(checkpoint.load())
        self._agreed = asyncio.Event()
        self._complete = False
        self._sync_wanted = asyncio.Event()
        self._up = False
        self.garbage: Counter[str] = Counter()
        """Messages that were dropped, by kind; each kind is logged once."""

    @property
    def digest(self) -> str:
        """Fingerprint of what is held, for the heartbeat."""
        return self._held.digest

    async def start(self) -> None:
        """Give the pods what the checkpoint holds, and subscribe."""
        self._give(Change(None, held) for held in self._held)
        base = f"nodes/{self._node}"
        await self._bus.subscribe(self._topics.pattern(f"{base}/desired/#"), self._on_desired)
        await self._bus.subscribe(self._topics.pattern(f"{base}/synced"), self._on_synced)

    async def run(self) -> None:
        """Keep in agreement with the server, for ever."""
        connections = asyncio.create_task(self._follow_connections(), name="desired-connections")
        try:
            while True:
                await self._sync_wanted.wait()
                self._sync_wanted.clear()
                self._agreed.clear()
                await self._shake_hands()
        finally:
            connections.cancel()

    async def _follow_connections(self) -> None:
        async for connection in self._bus.connections():
            self._up = connection is Connection.UP
            if self._up:
                self._sync_wanted.set()

    async def _shake_hands(self) -> None:
        """Say what is held until the server's answer agrees, or the link goes down."""
        topic = self._topics.name(NodeTopic(self._node, "sync"))
        while self._up:
            try:
                await self._bus.publish(topic, self._held.sync(self._session).encode())
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._agreed.wait()
            except ServiceUnavailable:
                await asyncio.sleep(1)
            except ApiError as exc:
                logger.warning("cannot ask the server what to run: %s", exc)
                await asyncio.sleep(ANSWER_SECONDS)
            except TimeoutError:
                continue
            else:
                return

    def _on_desired(self, message: Message) -> None:
        version = message.properties.get(VERSION_PROPERTY, "")
        try:
            change = self._held.apply(self._desired_topic(message.topic), message.payload, version)
        except ValueError as exc:
            self._drop("desired", exc)
            return
        if change is not None:
            self._take((change,))

    def _desired_topic(self, name: str) -> DesiredTopic:
        topic = self._topics.parse(name)
        if not isinstance(topic, DesiredTopic) or topic.node != self._node:
            raise ValueError(f"not a desired object of this node: {name}")
        return topic

    def _on_synced(self, message: Message) -> None:
        try:
            outcome = self._held.synced(Synced.decode(message.payload), self._session)
        except ValueError as exc:
            self._drop("synced", exc)
            return
        if outcome is None:
            return
        self._take(outcome.changes)
        if not outcome.agreed:
            logger.info("not in agreement with the server yet: asking again")
            self._sync_wanted.set()
        elif not self._complete:
            self._complete = True
            self._pods.set_desired(*self._everything())
        self._agreed.set()

    def _take(self, changes: tuple[Change, ...]) -> None:
        self._checkpoint.save(changes)
        self._give(changes)

    def _give(self, changes: Iterable[Change]) -> None:
        """Pass changes to the pods, references before those who refer."""
        wanted = []
        for change in changes:
            held = change.after or change.before
            if held is None or held.resource not in MODELS:
                continue
            model = _parse(change.after) if change.after is not None else None
            if change.after is not None and model is None:
                continue
            wanted.append(manager.Change(held.resource, held.namespace, held.name, model))
        wanted.sort(key=lambda change: ORDER.index(change.resource))
        self._pods.apply(*wanted)

    def _everything(self) -> tuple[list[Pod], list[ConfigMap], list[Secret]]:
        parsed = [model for held in self._held if (model := _parse(held)) is not None]
        return (
            [m for m in parsed if isinstance(m, Pod)],
            [m for m in parsed if isinstance(m, ConfigMap)],
            [m for m in parsed if isinstance(m, Secret)],
        )

    def _drop(self, kind: str, error: ValueError) -> None:
        if not self.garbage[kind]:
            logger.warning("ignoring a bad %s message: %s", kind, error)
        self.garbage[kind] += 1


def _parse(held: HeldObject) -> Pod | ConfigMap | Secret | None:
    """Read an object; one that a newer server has shaped beyond our understanding is left alone."""
    model = MODELS.get(held.resource)
    if model is None:
        return None
    try:
        return model.from_json(held.payload)
    except ValidationError as exc:
        logger.error("cannot read desired %s: %s", held.key, exc)  # noqa: TRY400 (the message says it all)
        return None
