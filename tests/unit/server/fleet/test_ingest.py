"""What agents tell: believed from the right node and in the right order, and garbage does no harm."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from edgeorch.api.core.event import Event
from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import EVENTS, NODES, PODS
from edgeorch.api.meta import DeleteOptions, Preconditions
from edgeorch.errors import InsufficientStorage, NotFound
from edgeorch.mqtt.bus import Message
from edgeorch.mqtt.desired_state import HeldState
from edgeorch.mqtt.messages import Heartbeat, PodStatusReport, Presence
from edgeorch_server.fleet.event_ingest import MAX_WAITING_PER_NODE
from edgeorch_server.fleet.handshake import ASK_AGAIN_SECONDS, SETTLE_SECONDS
from tests.fakes.agent import SimulatedAgent, node_json
from tests.fakes.bus import FakeBus
from tests.fakes.eventually import eventually
from tests.unit.server.fleet.world import ROOT, World


def pod(lab: World, name: str = "web") -> Pod | None:
    try:
        return lab.registry.get(PODS, "default", name)
    except NotFound:
        return None


def phase(lab: World, name: str = "web") -> str:
    found = pod(lab, name)
    return found.status.phase if found is not None else "gone"


def node(lab: World, name: str = "n1") -> Node | None:
    try:
        return lab.registry.get(NODES, "", name)
    except NotFound:
        return None


async def settled(lab: World) -> None:
    """Wait until everything that was sent so far has been taken in: a marker passes all queues."""
    bus = await lab.client("n-fence")
    seen = lab.fleet.garbage.counts["status of an unknown pod"]
    await bus.publish(f"{ROOT}/nodes/n-fence/pods/none/status", b"x")
    await eventually(lambda: lab.fleet.garbage.counts["status of an unknown pod"] > seen)
    statuses = lab.fleet._statuses
    await eventually(lambda: not (statuses._reports or len(statuses._clears)))
    await bus.stop()


class TestStatuses:
    async def test_a_status_is_stored(self, lab: World) -> None:
        """A report of the node that the pod is bound to becomes the pod's status."""
        await lab.start_fleet()
        await lab.agent("n1")
        await lab.pod("web", "n1")
        await eventually(lambda: phase(lab) == "Running")

    async def test_a_report_from_another_node(self, lab: World) -> None:
        """A status counts only from the pod's own node; the foreign topic is cleared."""
        await lab.start_fleet()
        rogue = await lab.agent("n2")
        bound = await lab.pod("web", "n1")
        rogue.report(bound.metadata.uid, "default", "web", phase="Failed")
        topic = f"{ROOT}/nodes/n2/pods/{bound.metadata.uid}/status"
        await eventually(lambda: topic in [m.topic for m in lab.broker.published if not m.payload])
        assert phase(lab) == "Pending"
        assert topic not in lab.broker.retained

    async def test_the_status_of_an_unknown_pod(self, lab: World) -> None:
        """Retained statuses of pods that are gone are cleared, so that they do not pile up on the broker."""
        await lab.start_fleet()
        agent = await lab.agent("n1")
        agent.report("u-gone", "default", "old", phase="Running")
        topic = f"{ROOT}/nodes/n1/pods/u-gone/status"
        await eventually(
            lambda: [bool(m.payload) for m in lab.broker.published if m.topic == topic][-1:] == [False]
        )
        assert topic not in lab.broker.retained

    async def test_late_and_repeated_reports(self, lab: World) -> None:
        """Only a newer sequence changes anything."""
        await lab.start_fleet()
        agent = await lab.agent("n1")
        agent.automatic = False
        bound = await lab.pod("web", "n1")
        uid = bound.metadata.uid
        agent.report(uid, "default", "web", phase="Running", podIP="10.42.0.1")
        old = agent.statuses[uid]
        agent.report(uid, "default", "web", phase="Running", podIP="10.42.0.2")
        await eventually(lambda: (p := pod(lab)) and p.status.podIP == "10.42.0.2")
        await settled(lab)
        before = lab.fleet.garbage.counts["stale status"]
        for _ in range(2):
            await agent.bus.publish(f"{ROOT}/nodes/n1/pods/{uid}/status", old)
        await settled(lab)
        found = pod(lab)
        assert found is not None
        assert found.status.podIP == "10.42.0.2"
        assert lab.fleet.garbage.counts["stale status"] == before + 2

    async def test_an_agent_that_was_restarted(self, lab: World) -> None:
        """A new session counts from one again, and the old session's late words are ignored."""
        await lab.start_fleet()
        first = await lab.agent("n1", "s1")
        first.automatic = False
        uid = (await lab.pod("web", "n1")).metadata.uid
        for _ in range(5):
            first.report(uid, "default", "web", phase="Running", podIP="10.42.0.1")
        await eventually(lambda: (p := pod(lab)) and p.status.podIP == "10.42.0.1")
        await first.bus.stop()
        second = await lab.agent("n1", "s2")
        second.automatic = False
        second.report(uid, "default", "web", phase="Running", podIP="10.42.0.2")
        await eventually(lambda: (p := pod(lab)) and p.status.podIP == "10.42.0.2")
        late = PodStatusReport("s1", 99, "default", "web", {"phase": "Failed"})
        await second.bus.publish(f"{ROOT}/nodes/n1/pods/{uid}/status", late.encode())
        await settled(lab)
        assert phase(lab) == "Running"

    async def test_many_reports_of_one_pod(self, lab: World) -> None:
        """Reports that come faster than they are stored are merged to the newest."""
        await lab.start_fleet()
        agent = await lab.agent("n1")
        agent.automatic = False
        bound = await lab.pod("web", "n1")
        for number in range(500):
            agent.report(bound.metadata.uid, "default", "web", phase="Running", message=str(number))
        await eventually(lambda: (p := pod(lab)) and p.status.message == "499")

    async def test_an_ended_pod_is_removed(self, lab: World) -> None:
        """Deletion in two steps: marked, reported as ended by the agent, removed; and its topics are cleared."""
        await lab.start_fleet()
        agent = await lab.agent("n1")
        uid = (await lab.pod("web", "n1")).metadata.uid
        await eventually(lambda: phase(lab) == "Running")
        await lab.registry.delete(PODS, "default", "web")
        await eventually(lambda: phase(lab) == "gone")
        await eventually(lambda: agent.keys() == set())
        await eventually(lambda: f"{ROOT}/nodes/n1/pods/{uid}/status" not in lab.broker.retained)
        assert lab.retained("n1") == set()

    async def test_a_pod_is_not_removed_without_being_deleted(self, lab: World) -> None:
        """An agent cannot delete a pod that nobody asked to delete."""
        await lab.start_fleet()
        agent = await lab.agent("n1")
        agent.automatic = False
        bound = await lab.pod("web", "n1")
        agent.report(bound.metadata.uid, "default", "web", terminated=True, phase="Succeeded")
        await eventually(lambda: phase(lab) == "Succeeded")

    async def test_a_namesake_is_not_removed(self, lab: World) -> None:
        """The end of a pod does not remove another one that was created under its name meanwhile."""
        await lab.start_fleet()
        agent = await lab.agent("n1")
        agent.automatic = False
        old = await lab.pod("web", "n1")
        await lab.registry.delete(PODS, "default", "web")
        await eventually(lambda: agent.pods().get("web", {}).get("metadata", {}).get("deletionTimestamp"))
        await lab.registry.delete(PODS, "default", "web", _now(old))
        new = await lab.pod("web", "n1")
        agent.report(old.metadata.uid, "default", "web", terminated=True, phase="Succeeded")
        await settled(lab)
        found = pod(lab)
        assert found is not None
        assert found.metadata.uid == new.metadata.uid

    @pytest.mark.parametrize(
        ("payload", "kind"),
        [
            pytest.param(b"{", "malformed status", id="truncated"),
            pytest.param(b"\xff\xfe", "malformed status", id="noise"),
            pytest.param(b'{"session": "s1"}', "malformed status", id="members-missing"),
            pytest.param(b'{"a":"' + b"x" * 4_100_000 + b'"}', "malformed status", id="oversized"),
            pytest.param(
                PodStatusReport("s1", 1, "default", "other", {}).encode(),
                "status with a wrong name",
                id="wrong-name",
            ),
            pytest.param(
                PodStatusReport("s1", 1, "default", "web", {"phase": 5}).encode(),
                "invalid status",
                id="wrong-type",
            ),
            pytest.param(
                PodStatusReport("s1", 1, "default", "web", {"phase": "Running", "message": "\ud800"}).encode(),
                "malformed status",
                id="half-a-surrogate",
            ),
        ],
    )
    async def test_garbage(
        self, lab: World, payload: bytes, kind: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is counted, logged once, ignored, and the next good report counts."""
        await lab.start_fleet()
        agent = await lab.agent("n1")
        agent.automatic = False
        uid = (await lab.pod("web", "n1")).metadata.uid
        for _ in range(3):
            await agent.bus.publish(f"{ROOT}/nodes/n1/pods/{uid}/status", payload)
        await eventually(lambda: lab.fleet.garbage.counts[kind] + lab.fleet.garbage.counts["stale status"] == 3)
        assert len([r for r in caplog.records if kind in r.message]) == 1
        assert phase(lab) == "Pending"
        agent._sequence = 10
        agent.report(uid, "default", "web", phase="Running")
        await eventually(lambda: phase(lab) == "Running")
        assert lab.bus.handler_faults == 0

    async def test_a_full_disk(self, lab: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """A status that cannot be stored now is stored later, without the agent saying it again."""
        await lab.start_fleet()
        agent = await lab.agent("n1")
        real, failures = lab.registry.update_status, iter(range(3))

        async def full(*args: Any) -> Any:
            if next(failures, None) is not None:
                raise InsufficientStorage("no space left on device")
            return await real(*args)

        monkeypatch.setattr(lab.registry, "update_status", full)
        await lab.pod("web", "n1")
        await eventually(lambda: phase(lab) == "Running")
        assert agent.held.digest == lab.fleet.index.digest("n1")

    async def test_a_server_that_was_restarted(self, lab: World) -> None:
        """A new server learns from the retained topics what happened while there was none."""
        task = await lab.start_fleet()
        agent = await lab.agent("n1")
        agent.automatic = False
        uid = (await lab.pod("web", "n1")).metadata.uid
        await eventually(agent.pods)
        await lab.restart_fleet(task)
        agent.report(uid, "default", "web", phase="Running")
        await eventually(lambda: f"{ROOT}/nodes/n1/pods/{uid}/status" in lab.broker.retained)
        await lab.start_fleet()
        await eventually(lambda: phase(lab) == "Running")


def _now(pod: Pod) -> DeleteOptions:
    return DeleteOptions(gracePeriodSeconds=0, preconditions=Preconditions(uid=pod.metadata.uid))


class TestNodes:
    async def test_registration(self, lab: World) -> None:
        """An agent that connects for the first time makes its Node."""
        await lab.start_fleet()
        await lab.agent("n1")
        await eventually(lambda: node(lab))
        found = node(lab)
        assert found is not None
        assert found.metadata.labels == {"kubernetes.io/hostname": "n1", "kubernetes.io/arch": "arm64"}
        assert found.status.capacity == {"cpu": "4"}

    async def test_changes(self, lab: World) -> None:
        """A changed report updates status and labels, and leaves spec and taints to others."""
        await lab.start_fleet()
        agent = await lab.agent("n1")
        await eventually(lambda: node(lab))
        found = node(lab)
        assert found is not None
        found.spec.unschedulable = True
        found.metadata.labels["disk"] = "ssd"
        await lab.registry.update(NODES, found)
        body = node_json("n1", capacity={"cpu": "8"})
        body["spec"] = {"taints": [{"key": "mine", "effect": "NoExecute"}]}
        body["metadata"]["labels"] |= {"kubernetes.io/arch": "amd64", "disk": "none", "extra": "1"}
        agent.say("node", json.dumps(body).encode(), retain=True)
        await eventually(lambda: (n := node(lab)) and n.status.capacity == {"cpu": "8"})
        found = node(lab)
        assert found is not None
        assert found.spec.unschedulable
        assert found.spec.taints == []
        assert found.metadata.labels == {
            "kubernetes.io/hostname": "n1",
            "kubernetes.io/arch": "amd64",
            "disk": "ssd",
        }

    async def test_the_report_of_a_node_that_is_away(self, lab: World) -> None:
        """A retained report says nothing about now: it is applied when the node is there again."""
        task = await lab.start_fleet()
        agent = await lab.agent("n1")
        await eventually(lambda: node(lab))
        await agent.bus.stop()
        await lab.restart_fleet(task)
        gone = Presence(online=False, session="s1")
        helper = await lab.client("broker-admin")
        await helper.publish(f"{ROOT}/nodes/n1/presence", gone.encode(), retain=True)
        found = node(lab)
        assert found is not None
        found.status.conditions[0].status = "Unknown"
        await lab.registry.update_status(NODES, found)
        await lab.start_fleet()
        await settled(lab)
        found = node(lab)
        assert found is not None
        assert found.status.conditions[0].status == "Unknown"
        await helper.publish(
            f"{ROOT}/nodes/n1/presence", Presence(online=True, session="s1").encode(), retain=True
        )
        await eventually(lambda: (n := node(lab)) and n.status.conditions[0].status == "True")

    @pytest.mark.parametrize(
        "payload",
        [
            pytest.param(b"", id="cleared"),
            pytest.param(b"nonsense", id="no-json"),
            pytest.param(json.dumps(node_json("n2")).encode(), id="another-name"),
            pytest.param(b'{"metadata": {"name": "n1"}, "status": {"capacity": 5}}', id="wrong-type"),
            pytest.param(
                b'{"metadata": {"name": "n1"}, "status": {"capacity": {"cpu": "much"}}}', id="not-a-quantity"
            ),
        ],
    )
    async def test_garbage(self, lab: World, payload: bytes) -> None:
        """A report that makes no sense registers nothing and breaks nothing."""
        await lab.start_fleet()
        bus = await lab.client("n1")
        await bus.publish(
            f"{ROOT}/nodes/n1/presence", Presence(online=True, session="s1").encode(), retain=True
        )
        await bus.publish(f"{ROOT}/nodes/n1/node", payload, retain=True)
        await settled(lab)
        assert node(lab) is None or payload.endswith(b'"much"}}}')
        assert lab.bus.handler_faults == 0
        await bus.publish(f"{ROOT}/nodes/n1/node", json.dumps(node_json("n1")).encode(), retain=True)
        await eventually(lambda: (n := node(lab)) and n.status.capacity == {"cpu": "4"})

    async def test_registration_can_be_refused(self, lab: World) -> None:
        """Whoever assembles the server may decide which nodes may register."""
        lab.fleet._nodes._may_register = lambda name: name != "n1"
        await lab.start_fleet()
        await lab.agent("n1")
        await lab.agent("n2")
        await eventually(lambda: node(lab, "n2"))
        assert node(lab, "n1") is None


class TestEvents:
    def event(self, name: str = "web.1", **more: Any) -> dict[str, Any]:
        return {
            "metadata": {"name": name, "namespace": "default"},
            "involvedObject": {"kind": "Pod", "namespace": "default", "name": "web", "uid": "u1"},
            "reason": "Started",
            "message": "Started container c",
            "type": "Normal",
            "count": 1,
            "firstTimestamp": "2026-05-01T12:00:00Z",
            "lastTimestamp": "2026-05-01T12:00:00Z",
            "source": {"component": "kubelet"},
            **more,
        }

    def stored(self, lab: World) -> list[Event]:
        return list(lab.registry.list(EVENTS, "default"))

    async def say(self, agent: SimulatedAgent, **body: Any) -> None:
        agent.say("events", json.dumps(self.event(**body)).encode())

    async def test_an_event_is_stored(self, lab: World) -> None:
        """It gets the node as its source, whatever it says itself."""
        await lab.start_fleet()
        agent = await lab.agent("n1")
        await self.say(agent, source={"component": "kubelet", "host": "n9"})
        await eventually(lambda: self.stored(lab))
        (event,) = self.stored(lab)
        assert (event.reason, event.source.host, event.reportingInstance) == ("Started", "n1", "n1")

    async def test_repeats_are_counted(self, lab: World) -> None:
        """The same name again with a higher count updates the one event; a lower count is late."""
        await lab.start_fleet()
        agent = await lab.agent("n1")
        await self.say(agent, count=1)
        await self.say(agent, count=5, lastTimestamp="2026-05-01T12:05:00Z")
        await self.say(agent, count=4)
        await self.say(agent, name="web.2")
        await eventually(lambda: len(self.stored(lab)) == 2)
        event = next(e for e in self.stored(lab) if e.metadata.name == "web.1")
        assert (event.count, event.firstTimestamp, event.lastTimestamp) == (
            5,
            "2026-05-01T12:00:00Z",
            "2026-05-01T12:05:00Z",
        )

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            pytest.param(
                {"metadata": {"name": "x", "namespace": "nowhere"}}, "cannot be stored", id="namespace"
            ),
            pytest.param({"involvedObject": {"kind": "Secret", "name": "s"}}, "malformed", id="another-kind"),
            pytest.param({"involvedObject": {"kind": "Node", "name": "n2"}}, "malformed", id="another-node"),
            pytest.param({"count": "many"}, "malformed", id="wrong-type"),
            pytest.param({"metadata": {"name": "A B", "namespace": "default"}}, "malformed", id="bad-name"),
            pytest.param({"metadata": {"namespace": "default"}}, "malformed", id="no-name"),
        ],
    )
    async def test_garbage(self, lab: World, body: dict[str, Any], kind: str) -> None:
        """An event about what is not the agent's, or that is none, is counted and dropped."""
        await lab.start_fleet()
        agent = await lab.agent("n1")
        agent.say("events", json.dumps(self.event() | body).encode())
        await self.say(agent, name="good")
        await eventually(lambda: self.stored(lab))
        assert [e.metadata.name for e in self.stored(lab)] == ["good"]
        assert [k for k, n in lab.fleet.garbage.counts.items() if kind in k and "event" in k and n == 1]

    async def test_about_a_pod_of_another_node(self, lab: World) -> None:
        """An agent cannot tell stories about other nodes' pods."""
        await lab.start_fleet()
        agent = await lab.agent("n2")
        bound = await lab.pod("web", "n1")
        about = {"kind": "Pod", "namespace": "default", "name": "web", "uid": bound.metadata.uid}
        await eventually(lambda: lab.retained("n1"))
        await self.say(agent, involvedObject=about)
        await eventually(lambda: lab.fleet.garbage.counts["malformed event"] == 1)
        assert self.stored(lab) == []

    async def test_somebody_elses_event(self, lab: World) -> None:
        """A node cannot overwrite an event that another one reported."""
        await lab.start_fleet()
        await self.say(await lab.agent("n1"))
        await eventually(lambda: self.stored(lab))
        await self.say(await lab.agent("n2"), count=9, message="forged")
        await eventually(lambda: lab.fleet.garbage.counts["event under a name of somebody else's"] == 1)
        assert self.stored(lab)[0].message == "Started container c"

    async def test_a_flood(self, lab: World) -> None:
        """One node's flood is cut off, and another node's event still gets in."""
        await lab.start_fleet()
        loud, quiet = await lab.agent("n1"), await lab.agent("n2")
        payload = json.dumps(self.event()).encode()
        for _ in range(MAX_WAITING_PER_NODE * 3):
            lab.fleet._events._receive(Message(f"{ROOT}/nodes/n1/events", payload, 1))
        assert lab.fleet.garbage.counts["event too many"] == MAX_WAITING_PER_NODE * 2
        await self.say(quiet, name="quiet", involvedObject={"kind": "Node", "name": "n2"})
        await eventually(lambda: any(e.metadata.name == "quiet" for e in self.stored(lab)))
        assert loud.bus.connected


GARBAGE_TOPICS = [
    "nodes/$n/presence",
    "nodes/n1/pods/$SYS/status",
    "nodes/n1/unknown",
    "nodes/n1/streams/s/sideways",
    "nodes/n1/replies/none",
    "nodes/n1/replies/$x",
    "nodes/n1/streams/none/up",
]


@pytest.mark.parametrize("payload", [b"", b"{", b"null", b"\xff", b'{"s":1}'], ids=repr)
async def test_garbage_everywhere(lab: World, payload: bytes) -> None:
    """No payload on any topic raises in a handler."""
    await lab.start_fleet()
    bus: FakeBus = await lab.client("n1")
    topics = [
        *GARBAGE_TOPICS,
        *(f"nodes/n1/{leaf}" for leaf in ("presence", "heartbeat", "node", "events", "sync")),
    ]
    for topic in topics:
        await bus.publish(f"{ROOT}/{topic}", payload)
    await settled(lab)
    assert lab.bus.handler_faults == 0


@pytest.mark.looptime
async def test_a_digest_that_differs(lab: World) -> None:
    """A heartbeat whose digest does not fit leads to a handshake, and the node agrees afterwards."""
    await lab.start_fleet()
    agent = await lab.agent("n1")
    await lab.pod("web", "n1")
    await eventually(lambda: agent.agreements and agent.pods())
    agent.beat()
    await asyncio.sleep(SETTLE_SECONDS)
    answered = lab.fleet.sync.answered
    agent.held = HeldState()  # the agent has lost everything
    agent.beat()
    await eventually(lambda: lab.fleet.sync.answered > answered)
    await eventually(lambda: agent.held.digest == lab.fleet.index.digest("n1"))
    assert agent.pods()
    agent.beat()
    await asyncio.sleep(ASK_AGAIN_SECONDS * 2)
    agent.beat()
    await settled(lab)
    assert lab.fleet.sync.answered == answered + 1


async def test_heartbeats_reach_liveness(lab: World) -> None:
    """A heartbeat alone is a sign of life."""
    await lab.start_fleet()
    bus = await lab.client("n1")
    await bus.publish(f"{ROOT}/nodes/n1/heartbeat", Heartbeat("s7", 1, "0" * 16).encode(), qos=0)
    await eventually(lambda: (known := lab.fleet.liveness.of("n1")) and known.online and known.session == "s7")
