"""An agent without containers: holds its desired state, reports pods as running or ended, shakes hands."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from edgeorch.errors import ApiError
from edgeorch.mqtt.bus import Bus, Connection, Message
from edgeorch.mqtt.desired_state import VERSION_PROPERTY, Change, HeldState
from edgeorch.mqtt.messages import Heartbeat, PodStatusReport, Presence, Synced
from edgeorch.mqtt.topics import DesiredTopic, NodeTopic, PodStatusTopic, Topics

READY = [
    {"type": "Ready", "status": "True", "lastTransitionTime": "2026-05-01T11:00:00Z", "reason": "KubeletReady"}
]
INFO = {
    "machineID": "m",
    "systemUUID": "s",
    "bootID": "b",
    "kernelVersion": "6.1",
    "osImage": "Debian",
    "containerRuntimeVersion": "podman://4.3.1",
    "kubeletVersion": "v1.33.0+edgeorch.0.1",
    "kubeProxyVersion": "",
    "operatingSystem": "linux",
    "architecture": "arm64",
}


def node_json(name: str, **status: Any) -> dict[str, Any]:
    """Describe a node as its agent does."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/arch": "arm64"}},
        "status": {"conditions": READY, "nodeInfo": INFO, "capacity": {"cpu": "4"}, **status},
    }


class SimulatedAgent:
    """Follows the protocol as :mod:`edgeorch.mqtt.desired_state` describes it."""

    def __init__(self, bus: Bus, topics: Topics, node: str, session: str = "s1") -> None:
        self.bus = bus
        self.node = node
        self.session = session
        self.held = HeldState()
        self.automatic = True
        """Report every pod as running, and as ended once it is to be deleted."""
        self.period = 0.0
        """Seconds between heartbeats; 0 leaves them to the test."""
        self.agreements = self.disagreements = 0
        """Answers that agreed with what is held, and others."""
        self.statuses: dict[str, bytes] = {}
        self._topics = topics
        self._sequence = 0
        self._beats = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._work: asyncio.Queue[tuple[str, bytes, bool]] = asyncio.Queue()

    async def run(self) -> None:
        """Take part, for ever."""
        base = f"nodes/{self.node}"
        await self.bus.subscribe(self._topics.pattern(f"{base}/desired/#"), self._on_desired)
        await self.bus.subscribe(self._topics.pattern(f"{base}/synced"), self._on_synced)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._publish())
            group.create_task(self._beat())
            async for state in self.bus.connections():
                if state is Connection.UP:
                    self.introduce()

    def introduce(self) -> None:
        """Say everything that is said on a new connection."""
        self.say("presence", Presence(online=True, session=self.session).encode(), retain=True)
        self.say("node", json.dumps(node_json(self.node)).encode(), retain=True)
        for uid, payload in self.statuses.items():
            self._put(PodStatusTopic(self.node, uid), payload, retain=True)
        self.sync()

    def sync(self) -> None:
        """Ask for a handshake."""
        self.say("sync", self.held.sync(self.session).encode())

    def beat(self) -> None:
        """Send a heartbeat."""
        self._beats += 1
        self.say("heartbeat", Heartbeat(self.session, self._beats, self.held.digest).encode())

    def report(self, uid: str, namespace: str, name: str, *, terminated: bool = False, **status: Any) -> None:
        """Report a pod's status."""
        self._sequence += 1
        report = PodStatusReport(self.session, self._sequence, namespace, name, status, terminated)
        self.statuses[uid] = report.encode()
        self._put(PodStatusTopic(self.node, uid), self.statuses[uid], retain=True)

    def forget_status(self, uid: str) -> None:
        """Clear the status of a pod that is gone."""
        if self.statuses.pop(uid, None) is not None:
            self._put(PodStatusTopic(self.node, uid), b"", retain=True)

    def say(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish on one of the node's own topics."""
        self._put(NodeTopic(self.node, leaf), payload, retain=retain)

    def pods(self) -> dict[str, dict[str, Any]]:
        """Give the pods that are held, by name."""
        return {h.name: json.loads(h.payload) for h in self.held if h.resource == "pods"}

    def keys(self) -> set[str]:
        """Give the keys of everything that is held."""
        return {held.key for held in self.held}

    def _put(self, topic: NodeTopic | PodStatusTopic, payload: bytes, *, retain: bool = False) -> None:
        self._work.put_nowait((self._topics.name(topic), payload, retain))

    async def _beat(self) -> None:
        while self.period:
            await asyncio.sleep(self.period)
            if self.bus.connected:
                self.beat()

    async def _publish(self) -> None:
        while True:
            topic, payload, retain = await self._work.get()
            try:
                await self.bus.publish(topic, payload, retain=retain)
            except ApiError:
                continue  # said again after the next connect

    def _on_desired(self, message: Message) -> None:
        topic = self._topics.parse(message.topic)
        assert isinstance(topic, DesiredTopic)
        change = self.held.apply(topic, message.payload, message.properties.get(VERSION_PROPERTY, ""))
        if change is not None:
            self._act(change)

    def _on_synced(self, message: Message) -> None:
        outcome = self.held.synced(Synced.decode(message.payload), self.session)
        if outcome is None:
            return
        for change in outcome.changes:
            self._act(change)
        if not outcome.agreed:
            self.disagreements += 1
            self.sync()
        else:
            self.agreements += 1

    def _act(self, change: Change) -> None:
        if not self.automatic:
            return
        before, after = change.before, change.after
        if before is not None and (after is None or after.uid != before.uid):
            self.forget_status(before.uid)
        if after is not None and after.resource == "pods":
            meta = json.loads(after.payload)["metadata"]
            going = "deletionTimestamp" in meta
            phase = "Succeeded" if going else "Running"
            self.report(meta["uid"], meta["namespace"], meta["name"], terminated=going, phase=phase)
