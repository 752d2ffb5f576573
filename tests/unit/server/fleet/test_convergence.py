"""Whatever the network does to retained messages, one handshake brings node and server in agreement."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edgeorch.mqtt.desired_state import HeldState
from edgeorch.mqtt.messages import Synced
from edgeorch.mqtt.topics import DesiredTopic
from edgeorch_server.fleet.desired import BoundPod, DesiredIndex, Ref, Touched
from edgeorch_server.fleet.handshake import plan_repair

NODE = "n1"
POD, CONFIG = Ref("pods", "default", "web"), Ref("configmaps", "default", "conf")  # few, to collide often
FATES = st.sampled_from(["deliver", "deliver", "deliver", "repeat", "lose", "truncate"])
Random = random.Random
RANDOM = st.randoms(use_true_random=False)


@dataclass(frozen=True)
class Sent:
    """A message on its way to the agent."""

    topic: DesiredTopic
    payload: bytes
    version: str


class Networks(RuleBasedStateMachine):
    """A server that changes its mind, a network that loses, repeats and reorders, an agent that copes."""

    def __init__(self) -> None:
        super().__init__()
        self.index = DesiredIndex()
        self.agent = HeldState()
        self.revision = 0
        self.uids: dict[Ref, str] = {}
        self.revisions: dict[Ref, int] = {}
        self.broker: dict[DesiredTopic, Sent] = {}
        self.flying: list[Sent] = []
        self.ended: set[str] = set()  # uids of pods that the agent was told to drop

    # The server

    @rule(deeds=st.lists(st.sampled_from(["pod", "needy pod", "no pod", "config", "no config"]), max_size=5))
    def the_server_acts(self, deeds: list[str]) -> None:
        for deed in deeds:
            self.revision += 1
            match deed:
                case "pod" | "needy pod":
                    uid = self.uids.setdefault(POD, f"u{self.revision}")
                    self.revisions[POD] = self.revision
                    needs = frozenset([CONFIG] if deed == "needy pod" else [])
                    pod = BoundPod(uid, POD, NODE, self.revision, f"v{self.revision}", needs)
                    self.publish(self.index.set_pod(pod))
                case "no pod":
                    self.uids.pop(POD, None)
                    self.publish(self.index.remove_pod(POD, self.revision))
                case "config":
                    self.revisions[CONFIG] = self.revision
                    self.publish(self.index.set_config(CONFIG, self.revision))
                case "no config":
                    self.publish(self.index.remove_config(CONFIG, self.revision))

    def publish(self, touched: list[Touched]) -> None:
        for place in touched:
            self.send(place.ref)

    def send(self, ref: Ref) -> None:
        topic = DesiredTopic(NODE, ref.resource, ref.namespace, ref.name)
        version = self.index.versions(NODE).get(ref)
        if version is None:
            self.broker.pop(topic, None)
            self.flying.append(Sent(topic, b"", str(self.index.revision)))
        else:
            sent = Sent(topic, self.encode(ref), version)
            self.broker[topic] = sent
            self.flying.append(sent)

    def encode(self, ref: Ref) -> bytes:
        uid = self.uids.get(ref, "config")
        meta = {"namespace": ref.namespace, "name": ref.name, "uid": uid}
        return json.dumps({"metadata": {**meta, "resourceVersion": str(self.revisions[ref])}}).encode()

    # The network

    @rule(places=st.lists(st.tuples(st.integers(0, 9), FATES), min_size=1, max_size=8))
    def things_happen_to_messages(self, places: list[tuple[int, str]]) -> None:
        for number, fate in places:
            if not self.flying:
                return
            message = self.flying.pop(-1 - number % len(self.flying))
            if fate == "repeat":
                self.flying.insert(0, message)
            if fate == "truncate" and message.payload:
                self.deliver_truncated(message)
            elif fate != "lose":
                self.deliver(message)

    @rule(order=RANDOM, keep=st.booleans(), forgotten=st.booleans())
    def reconnect(self, order: Random, *, keep: bool, forgotten: bool) -> None:
        """Lose what was on its way, or let it come late; get what is still retained, in any order."""
        if not keep:
            self.flying.clear()
        if forgotten:
            self.broker.clear()
        retained = list(self.broker.values())
        order.shuffle(retained)
        self.flying += retained

    def deliver_truncated(self, message: Sent) -> None:
        before = self.agent.digest
        with pytest.raises(ValueError, match="payload"):
            self.agent.apply(message.topic, message.payload[:-1], message.version)
        assert self.agent.digest == before

    def deliver(self, message: Sent) -> None:
        old = self.agent.get(message.topic.resource, message.topic.namespace, message.topic.name)
        change = self.agent.apply(message.topic, message.payload, message.version)
        new = self.agent.get(message.topic.resource, message.topic.namespace, message.topic.name)
        if old is not None and new is not None:
            assert new.revision >= old.revision
        if change is None or message.topic.resource != "pods":
            return
        before, after = change.before, change.after
        if before is not None and (after is None or after.uid != before.uid):
            self.ended.add(before.uid)
        if after is not None:
            assert after.uid not in self.ended

    # The handshake

    @rule(order=RANDOM, late=st.booleans())
    def handshake(self, order: Random, *, late: bool) -> None:
        """One is enough when nothing else is on its way; with late messages in between, it takes another."""
        if not late:
            self.flying.clear()
        attempts = 0
        while attempts < 4:
            attempts += 1
            sync = self.agent.sync("s")
            wanted = {ref.key: version for ref, version in self.index.versions(NODE).items()}
            refs = {ref.key: ref for ref in self.index.versions(NODE)}
            repair = plan_repair(sync.holds, wanted)
            for key in repair.publish:
                self.send(refs[key])
            order.shuffle(self.flying)
            while self.flying:
                self.deliver(self.flying.pop())
            outcome = self.agent.synced(Synced("s", repair.drop, self.index.digest(NODE)), "s")
            assert outcome is not None
            self.ended |= {
                c.before.uid for c in outcome.changes if c.before is not None and c.before.resource == "pods"
            }
            if outcome.agreed:
                break
            self.ended.clear()  # order was forgotten: the server is believed whatever it says
        assert attempts <= (2 if late else 1)
        held = {held.key: (held.uid, held.version) for held in self.agent}
        assert held == {
            ref.key: (self.uids.get(ref, "config"), version)
            for ref, version in self.index.versions(NODE).items()
        }

    @invariant()
    def the_digest_is_that_of_what_is_held(self) -> None:
        assert HeldState(self.agent).digest == self.agent.digest


TestNetworks = Networks.TestCase
TestNetworks.settings = settings(max_examples=100, stateful_step_count=20)
