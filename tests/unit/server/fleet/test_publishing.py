"""What the server publishes for each node, and that it stays right whatever happens to broker and server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_status import PodCondition
from edgeorch.api.core.resources import CONFIG_MAPS, PODS, SECRETS
from edgeorch.api.meta import DeleteOptions
from edgeorch.errors import InternalError
from edgeorch.mqtt.bus import Message
from edgeorch.mqtt.desired_state import VERSION_PROPERTY
from edgeorch.mqtt.topics import DesiredTopic
from tests.fakes.agent import SimulatedAgent
from tests.fakes.bus import FakeBus, ready
from tests.fakes.eventually import eventually
from tests.unit.server.fleet.world import ROOT, TOPICS, World

USES_BOTH: dict[str, Any] = {
    "volumes": [{"name": "v", "configMap": {"name": "conf"}}],
    "imagePullSecrets": [{"name": "login"}],
}


def desired(lab: World, node: str, key: str) -> dict[str, Any]:
    """Read what is published; an object that is not has empty metadata."""
    message = lab.broker.retained.get(f"{ROOT}/nodes/{node}/desired/{key}")
    found: dict[str, Any] = json.loads(message.payload) if message else {"metadata": {}}
    return found


def body(name: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "busybox"}]},
    }


async def test_a_bound_pod_is_published(lab: World) -> None:
    """A pod appears, retained, for the node it is bound to, and for no other."""
    await lab.start_fleet()
    await lab.pod("waiting")
    await lab.pod("web", "n1")
    await eventually(lambda: lab.retained("n1") == {"pods/default/web"})
    assert lab.retained("n2") == set()
    assert desired(lab, "n1", "pods/default/web")["spec"]["containers"][0]["image"] == "busybox"


async def test_what_was_there_before_the_server(lab: World) -> None:
    """Objects that exist at the start are published too."""
    await lab.config_map("conf")
    await lab.secret("login")
    await lab.pod("web", "n1", **USES_BOTH)
    await lab.start_fleet()
    assert lab.retained("n1") == {"pods/default/web", "configmaps/default/conf", "secrets/default/login"}


async def test_references_come_before_the_pod(lab: World) -> None:
    """An agent that gets a pod has its ConfigMaps and Secrets already."""
    await lab.config_map("conf")
    await lab.secret("login")
    await lab.start_fleet()
    await lab.pod("web", "n1", **USES_BOTH)
    await eventually(lambda: len(lab.retained("n1")) == 3)
    resources = [m.topic.split("/")[5] for m in lab.broker.published if "/n1/desired/" in m.topic]
    assert resources.index("pods") > max(resources.index("configmaps"), resources.index("secrets"))


async def test_secrets_reach_only_who_needs_them(lab: World) -> None:
    """Design section 11: a Secret is published for nodes that run a pod which refers to it, and nowhere else."""
    await lab.secret("login")
    await lab.secret("unused")
    await lab.secret("login", "other")
    await lab.start_fleet()
    await lab.pod("web", "n1", imagePullSecrets=[{"name": "login"}])
    await lab.pod("plain", "n2")
    await eventually(lambda: len(lab.retained("n1")) == 2 and lab.retained("n2"))
    assert lab.retained("n1") == {"pods/default/web", "secrets/default/login"}
    assert not [m for m in lab.broker.published if "/n2/desired/secrets" in m.topic or "unused" in m.topic]


async def test_references_that_come_later_and_go(lab: World) -> None:
    """A ConfigMap created after its pod is published; deleted it is cleared; and with the last pod too."""
    await lab.start_fleet()
    await lab.pod("web", "n1", **USES_BOTH)
    await lab.config_map("conf", x="1")
    await eventually(lambda: lab.retained("n1") == {"pods/default/web", "configmaps/default/conf"})
    await lab.registry.delete(CONFIG_MAPS, "default", "conf")
    await eventually(lambda: lab.retained("n1") == {"pods/default/web"})
    await lab.secret("login")
    await eventually(lambda: "secrets/default/login" in lab.retained("n1"))
    await lab.registry.delete(PODS, "default", "web", DeleteOptions(gracePeriodSeconds=0))
    await eventually(lambda: lab.retained("n1") == set())
    assert lab.registry.get(SECRETS, "default", "login")


async def test_a_pod_being_deleted_stays(lab: World) -> None:
    """Kubernetes' two steps: the pod stays published with its deletionTimestamp until its object is gone."""
    await lab.start_fleet()
    await lab.pod("web", "n1")
    await lab.registry.delete(PODS, "default", "web")
    await eventually(lambda: "deletionTimestamp" in desired(lab, "n1", "pods/default/web")["metadata"])


async def test_status_reports_do_not_come_back(lab: World) -> None:
    """What an agent reports of a pod's status is no news for it: the version stays, nothing is published."""
    await lab.start_fleet()
    pod = await lab.pod("web", "n1")
    await eventually(lambda: lab.retained("n1"))
    before = lab.fleet.index.digest("n1")
    count = len(lab.broker.published)
    pod.status.phase = "Running"
    pod.status.podIP = "10.42.0.7"
    stored = await lab.registry.update_status(PODS, pod)
    await eventually(
        lambda: (
            (p := lab.fleet.index.pod(pod.metadata.uid)) and str(p.revision) == stored.metadata.resourceVersion
        )
    )
    await lab.fleet.publisher.idle()
    assert lab.fleet.index.digest("n1") == before
    assert len(lab.broker.published) == count


async def test_a_final_phase_is_published(lab: World) -> None:
    """A pod that has ended says so to an agent that may have lost its memory; the rest of the status does not go."""
    await lab.start_fleet()
    pod = await lab.pod("job", "n1", restartPolicy="Never")
    pod.status.phase, pod.status.podIP = "Succeeded", "10.42.0.7"
    await lab.registry.update_status(PODS, pod)
    await eventually(lambda: desired(lab, "n1", "pods/default/job").get("status") == {"phase": "Succeeded"})


async def test_what_readiness_gates_wait_for_is_published(lab: World) -> None:
    """Who sets the condition that a readiness gate names tells the node, which decides what is Ready by it."""
    await lab.start_fleet()
    pod = await lab.pod("web", "n1", readinessGates=[{"conditionType": "example.com/lb"}])
    pod.status.conditions = [
        PodCondition(type="example.com/lb", status="True", message="3 targets"),
        PodCondition(type="example.com/other", status="True"),
    ]
    await lab.registry.update_status(PODS, pod)
    conditions = [{"type": "example.com/lb", "status": "True"}]
    await eventually(lambda: desired(lab, "n1", "pods/default/web").get("status") == {"conditions": conditions})


async def test_changes_of_labels_are_published(lab: World) -> None:
    """What the agent can show to a container (downward API) is news."""
    await lab.start_fleet()
    pod = await lab.pod("web", "n1")
    pod.metadata.labels["a"] = "b"
    await lab.registry.update(PODS, pod)
    await eventually(lambda: desired(lab, "n1", "pods/default/web")["metadata"].get("labels") == {"a": "b"})


async def test_every_message_carries_its_version(lab: World) -> None:
    """Agents count by the version in the property; it is the one the server's digest has."""
    await lab.config_map("conf")
    await lab.start_fleet()
    await lab.pod("web", "n1", **USES_BOTH)
    await eventually(lambda: len(lab.retained("n1")) == 2)
    for ref, version in lab.fleet.index.versions("n1").items():
        message = lab.broker.retained[f"{ROOT}/nodes/n1/desired/{ref.key}"]
        assert message.properties == {VERSION_PROPERTY: version}


async def test_a_new_agent_gets_everything_once(lab: World) -> None:
    """What the broker has retained is not published again because an agent connects that holds nothing yet."""
    await lab.config_map("conf")
    await lab.pod("web", "n1", **USES_BOTH)
    await lab.start_fleet()
    lab.broker.published.clear()
    agent = await lab.agent("n1")
    await eventually(lambda: agent.agreements)
    assert agent.keys() == {"pods/default/web", "configmaps/default/conf"}
    assert not [m for m in lab.broker.published if "/desired/" in m.topic]


async def test_an_agent_with_an_old_checkpoint(lab: World) -> None:
    """What it lacks is published for it, and what it should not have is dropped; the broker had lost it all."""
    await lab.start_fleet()
    await lab.pod("web", "n1")
    await eventually(lambda: lab.retained("n1"))
    agent = SimulatedAgent(await lab.client("n1"), TOPICS, "n1")
    old = {"metadata": {"namespace": "default", "name": "old", "uid": "u0", "resourceVersion": "1"}}
    agent.held.apply(DesiredTopic("n1", "pods", "default", "old"), json.dumps(old).encode(), "v")
    lab.broker.retained.clear()
    await lab.spawn(agent.run())
    await eventually(lambda: agent.agreements)
    assert agent.keys() == {"pods/default/web"}


class TestBroker:
    async def test_it_forgot_everything(self, lab: World) -> None:
        """A broker that comes back empty gets everything again."""
        await lab.start_fleet()
        for number in range(200):
            await lab.pod(f"p{number}", f"n{number % 3}")
        await lab.fleet.publisher.idle()
        await eventually(lambda: len(lab.retained()) == 200)
        lab.broker.stop()
        await lab.pod("new", "n1")
        lab.broker.start(forget=True)
        await eventually(lambda: len(lab.retained()) == 201)

    async def test_it_remembers(self, lab: World) -> None:
        """A broker that kept its memory gets only what changed meanwhile."""
        await lab.start_fleet()
        for number in range(20):
            await lab.pod(f"p{number}", "n1")
        await eventually(lambda: len(lab.retained()) == 20)
        lab.broker.stop()
        await lab.pod("new", "n1")
        await lab.registry.delete(PODS, "default", "p3", DeleteOptions(gracePeriodSeconds=0))
        lab.broker.published.clear()
        lab.broker.start(forget=False)
        await eventually(lambda: "pods/default/new" in lab.retained("n1") and len(lab.retained()) == 20)
        sent = {m.topic.rsplit("/", 1)[1] for m in lab.broker.published if "/n1/desired/pods" in m.topic}
        assert sent == {"new", "p3"}

    async def test_stale_messages(self, lab: World) -> None:
        """What a broker holds and nobody wants is cleared: other pods, other nodes, and what is no object at all."""
        stale = (
            "nodes/n1/desired/pods/default/old",
            "nodes/n9/desired/secrets/default/s",
            "nodes/n1/desired/x",
        )
        for topic in stale:
            lab.broker.accept(Message(f"{ROOT}/{topic}", b"{}", 1, retain=True))
        await lab.pod("web", "n1")
        await lab.start_fleet()
        await eventually(lambda: lab.retained() == {"n1/desired/pods/default/web"})

    async def test_a_server_that_was_restarted(self, lab: World) -> None:
        """A new server finds its own messages on the broker and publishes none of them again."""
        task = await lab.start_fleet()
        await lab.config_map("conf")
        await lab.pod("web", "n1", **USES_BOTH)
        await eventually(lambda: len(lab.retained("n1")) == 2)
        await lab.restart_fleet(task)
        lab.broker.published.clear()
        await lab.start_fleet()
        assert not [m for m in lab.broker.published if "/n1/desired/" in m.topic]

    async def test_it_breaks_in_the_middle(self, lab: World) -> None:
        """A connection that breaks while much is on its way costs nothing but time."""
        await lab.start_fleet()
        for number in range(300):
            await lab.pod(f"p{number}", "n1")
            if number % 50 == 25:
                await ready(lab.bus)
                lab.broker.cut("server")
        await eventually(lambda: len(lab.retained("n1")) == 300)

    async def test_it_does_not_tell_what_it_holds(self, lab: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """When the inventory does not come to its end, everything is published again."""
        monkeypatch.setattr("edgeorch_server.fleet.inventory.PATIENCE_SECONDS", 0.05)
        await lab.pod("web", "n1")
        lab.broker.intercept = lambda d: () if "/fence/" in d.message.topic else (d,)
        await lab.start_fleet()
        assert lab.retained("n1") == {"pods/default/web"}


async def test_an_object_that_no_packet_holds(lab: World, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged and counted, and everything else goes on."""
    lab.broker.max_packet = 50_000
    await lab.start_fleet()
    await lab.config_map("conf", big="x" * 60_000)
    await lab.pod("web", "n1", **USES_BOTH)
    await eventually(lambda: lab.retained("n1") == {"pods/default/web"})
    assert lab.fleet.publisher.failures == 1
    assert "configmaps/default/conf cannot be sent to node n1" in caplog.text


async def test_an_object_that_cannot_be_read(lab: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted, holds nobody else up, and its next change is another try."""
    await lab.start_fleet()
    real: Any = lab.registry.get

    def get(resource: Any, namespace: str, name: str) -> Any:
        if name == "broken":
            raise InternalError("stored object is damaged")
        return real(resource, namespace, name)

    monkeypatch.setattr(lab.registry, "get", get)
    for name in ("broken", "web"):
        pod = await lab.registry.create(PODS, Pod.from_dict(body(name)))
        await lab.registry.bind(pod, "n1")
    await eventually(lambda: lab.retained("n1") == {"pods/default/web"} and lab.fleet.publisher.failures == 1)
    monkeypatch.setattr(lab.registry, "get", real)
    pod = lab.registry.get(PODS, "default", "broken")
    pod.metadata.labels["a"] = "b"
    await lab.registry.update(PODS, pod)
    await eventually(lambda: len(lab.retained("n1")) == 2)


async def test_the_server_does_not_hear_itself(lab: World) -> None:
    """The inventory's subscription is ended: the server's own messages do not come back to it for ever."""
    await lab.start_fleet()
    bus: FakeBus = lab.bus
    await ready(bus)
    assert not bus.subscribed(f"{ROOT}/nodes/n1/desired/pods/default/web")
