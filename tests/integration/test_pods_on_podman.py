"""Pods from the desired state to real containers, and back: what transcripts cannot prove with a fake."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.event import Event
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_status import ContainerStatus, PodStatus
from edgeorch_agent.pods.events import Recorder
from edgeorch_agent.pods.executor import Services
from edgeorch_agent.pods.facts import NodeFacts
from edgeorch_agent.pods.images import Images, Room
from edgeorch_agent.pods.manager import Change, PodManager
from edgeorch_agent.pods.remembered import Remembered
from edgeorch_agent.pods.volumes import Volumes
from edgeorch_agent.runtime.podman import PodmanRuntime
from tests.fakes.eventually import eventually
from tests.lab.podman import BUSYBOX, PodmanHost

pytestmark = pytest.mark.podman

SOON = 60.0
"""Seconds after which a test gives up waiting."""

RESOURCES: dict[type, str] = {Pod: "pods", ConfigMap: "configmaps", Secret: "secrets"}


class Node:
    """The pod side of an agent on a real Podman; it can be restarted."""

    def __init__(self, host: PodmanHost, folder: Path) -> None:
        self.name = f"node-{uuid.uuid4().hex[:8]}"
        self.folder = folder
        self.host = host
        self.statuses: dict[str, PodStatus] = {}
        self.terminated: set[str] = set()
        self.events: list[str] = []
        self.desired: dict[tuple[str, str], Pod | ConfigMap | Secret] = {}
        self.version = 0

    def start(self) -> None:
        """Start an agent."""
        self.runtime = PodmanRuntime(self.host.socket, node=self.name)
        services = Services(
            runtime=self.runtime,
            images=Images(self.runtime, room=Room(0, 0)),
            volumes=Volumes(self.folder / "disk", self.folder / "memory"),
            remembered=Remembered(self.folder / "disk", self.folder / "memory"),
            recorder=Recorder(self, self.name, time.time),
            node=lambda: NodeFacts(self.name, ips=("192.0.2.1",), memory=1 << 30),
            now=time.time,
        )
        self.manager = PodManager(services, self)
        kept = list(self.desired.values())
        self.manager.set_desired(
            [o for o in kept if isinstance(o, Pod)],
            [o for o in kept if isinstance(o, ConfigMap)],
            [o for o in kept if isinstance(o, Secret)],
        )
        self.task = asyncio.create_task(self.manager.run())

    async def stop(self) -> None:
        """End the agent."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.runtime.aclose()

    def emit(self, event: Event) -> None:
        """Take an event."""
        self.events.append(event.reason)

    def report(self, pod: Pod, status: PodStatus, *, terminated: bool) -> None:
        """Take a status."""
        self.statuses[pod.metadata.name] = status
        if terminated:
            self.terminated.add(pod.metadata.name)

    def forget(self, uid: str) -> None:
        """Take back a status."""

    def apply(self, *objects: Pod | ConfigMap | Secret) -> None:
        """Tell the agent new or newer objects."""
        for found in objects:
            self.version += 1
            meta = found.metadata
            meta.namespace, meta.resourceVersion = "default", str(self.version)
            meta.uid = meta.uid or str(uuid.uuid4())
            self.desired[RESOURCES[type(found)], meta.name] = found
            self.manager.apply(Change(RESOURCES[type(found)], "default", meta.name, found))

    def delete(self, name: str) -> None:
        """Mark a pod for deletion."""
        pod = self.desired["pods", name].model_copy(deep=True)
        pod.metadata.deletionTimestamp = "2025-01-01T00:00:00Z"
        pod.metadata.deletionGracePeriodSeconds = 2
        self.apply(pod)

    def container(self, name: str) -> ContainerStatus | None:
        """Give what was reported of a pod's first container."""
        status = self.statuses.get(name)
        return status.containerStatuses[0] if status and status.containerStatuses else None

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for the state of the world."""
        await eventually(condition, SOON)


@pytest.fixture
async def node(podman_host: PodmanHost, tmp_path: Path) -> AsyncIterator[Node]:
    """Run an agent's pods, and leave nothing of them."""
    node = Node(podman_host, tmp_path)
    node.start()
    yield node
    for resource, name in list(node.desired):
        if resource == "pods" and name not in node.terminated:
            node.delete(name)
    await node.until(lambda: node.terminated >= {name for kind, name in node.desired if kind == "pods"})
    assert await node.runtime.list() == ()
    await node.stop()


def pod(name: str, script: str, **spec: Any) -> Pod:
    """Make a pod that runs a shell script."""
    fields = {"command": ["sh", "-c", script], "imagePullPolicy": "IfNotPresent"}
    fields |= spec.pop("container", {})
    container = {"name": "main", "image": BUSYBOX, "terminationMessagePath": "/dev/termination-log", **fields}
    spec.setdefault("restartPolicy", "Always")
    return Pod.from_dict({"metadata": {"name": name}, "spec": {"containers": [container], **spec}})


async def test_configuration_reaches_the_process(node: Node) -> None:
    """Environment, volumes and the downward API are there, a Secret's files change while it runs, and it goes."""
    script = (
        'test "$MODE" = fast && test "$(cat /conf/mode)" = fast && test -n "$IP" && echo ready >/shared/a;'
        "while sleep 0.05; do cat /keys/token >/shared/token; done"
    )
    node.apply(
        ConfigMap.from_dict({"metadata": {"name": "settings"}, "data": {"mode": "fast"}}),
        Secret.from_dict({"metadata": {"name": "keys"}, "data": {"token": "b25l"}}),
        pod(
            "web",
            script,
            volumes=[
                {"name": "conf", "configMap": {"name": "settings"}},
                {"name": "keys", "secret": {"secretName": "keys"}},
                {"name": "shared", "emptyDir": {}},
            ],
            container={
                "env": [
                    {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}},
                    {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                ],
                "volumeMounts": [
                    {"name": "conf", "mountPath": "/conf"},
                    {"name": "keys", "mountPath": "/keys"},
                    {"name": "shared", "mountPath": "/shared"},
                ],
            },
        ),
    )
    uid = node.desired["pods", "web"].metadata.uid
    shared = node.folder / "disk" / uid / "volumes/shared"
    await node.until((shared / "a").exists)
    await node.until(lambda: (shared / "token").exists() and (shared / "token").read_text() == "one")
    await node.until(lambda: (found := node.container("web")) is not None and found.ready)
    started = node.container("web")
    node.apply(Secret.from_dict({"metadata": {"name": "keys"}, "data": {"token": "dHdv"}}))
    await node.until(lambda: (shared / "token").read_text() == "two")
    assert node.statuses["web"].phase == "Running"
    assert node.container("web") == started
    node.delete("web")
    await node.until(lambda: "web" in node.terminated)
    assert not shared.exists()


async def test_crash_and_last_words(node: Node) -> None:
    """A container that fails restarts, with its exit code and last words in the status."""
    node.apply(pod("bad", "echo out of coffee >/dev/termination-log; exit 3"))
    await node.until(
        lambda: (found := node.container("bad")) is not None and found.state.waiting and found.restartCount >= 1
    )
    found = node.container("bad")
    assert found is not None
    assert found.state.waiting is not None
    assert found.state.waiting.reason == "CrashLoopBackOff"
    ended = found.lastState.terminated
    assert ended is not None
    assert (ended.exitCode, ended.reason, ended.message) == (3, "Error", "out of coffee\n")


async def test_last_words_from_the_log(node: Node) -> None:
    """``FallbackToLogsOnError``: a container that fails without a message is quoted from its log."""
    spec = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    node.apply(pod("bad", "echo no coffee either; exit 3", restartPolicy="Never", container=spec))
    await node.until(lambda: "bad" in node.statuses and node.statuses["bad"].phase == "Failed")
    found = node.container("bad")
    assert found is not None
    assert found.state.terminated is not None
    assert found.state.terminated.message == "no coffee either\n"


async def test_command_that_does_not_exist(node: Node) -> None:
    """A process that cannot be started is an end with the runtime's own words."""
    node.apply(pod("nope", "", restartPolicy="Never", container={"command": ["/no/such/program"]}))
    await node.until(lambda: node.statuses.get("nope") and node.statuses["nope"].phase == "Failed")
    found = node.container("nope")
    assert found is not None
    assert found.state.terminated is not None
    assert found.state.terminated.reason == "StartError"
    assert "no/such/program" in found.state.terminated.message


async def test_job(node: Node) -> None:
    """Init containers, a sidecar and a job under Never: the sidecar does not keep the pod from succeeding."""
    common = {"image": BUSYBOX, "imagePullPolicy": "IfNotPresent"}
    node.apply(
        pod(
            "job",
            "true",
            restartPolicy="Never",
            initContainers=[
                {"name": "proxy", "command": ["sleep", "1000"], "restartPolicy": "Always", **common},
                {"name": "setup", "command": ["true"], **common},
            ],
            terminationGracePeriodSeconds=2,
        )
    )
    await node.until(lambda: node.statuses.get("job") and node.statuses["job"].phase == "Succeeded")


async def test_agent_restart_touches_nothing(node: Node) -> None:
    """An agent that is restarted adopts the container that runs."""
    node.apply(pod("web", "exec sleep 1000"))
    await node.until(lambda: (found := node.container("web")) is not None and found.ready)
    before = node.container("web")
    await node.stop()
    node.statuses.clear()
    node.start()
    node.apply(pod("later", "exec sleep 1000"))
    await node.until(lambda: (found := node.container("later")) is not None and found.ready)
    assert before is not None
    (sandbox,) = [s for s in await node.runtime.list() if s.name == "web"]
    assert [f"podman://{c.id}" for c in sandbox.containers] == [before.containerID]
