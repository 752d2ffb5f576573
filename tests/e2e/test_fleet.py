"""Three nodes and bad days: nothing acknowledged is lost, nothing is doubled, nothing is disturbed without cause."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest

from tests.lab import proc
from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl, documents
from tests.lab.manifests import config_map, pod
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(600)]

PATIENCE = 180.0


def ready_nodes(kubectl: Kubectl) -> dict[str, str]:
    """Give each node's status as kubectl prints it."""
    return {row[0]: row[1] for row in kubectl("get", "nodes").rows}


def running(kubectl: Kubectl) -> dict[str, str]:
    """Give the pods that run and are ready, with their nodes."""
    return {
        row[0]: row[6] for row in kubectl("get", "pods", "-o", "wide").rows if row[1:3] == ["1/1", "Running"]
    }


def start_pods(kubectl: Kubectl, count: int, prefix: str = "p") -> dict[str, str]:
    """Apply some pods and wait until all run; gives their nodes."""
    kubectl.apply(*(pod(f"{prefix}{number}") for number in range(count)))

    def all_run() -> dict[str, str]:
        found = running(kubectl)
        return found if len([name for name in found if name.startswith(prefix)]) == count else {}

    return wait_until(all_run, f"{count} running pods", PATIENCE)


def identities(cluster: Cluster, kubectl: Kubectl) -> dict[str, str]:
    """Give the container ids of this namespace's pods, as Podman on each node has them."""
    found: dict[str, str] = {}
    for node in cluster.nodes:
        for path, container in cluster.containers(node).items():
            if path.startswith(f"{kubectl.namespace}/"):
                assert path not in found, f"{path} runs twice"
                found[path] = container["Id"]
    return found


def everything_is_well(kubectl: Kubectl, pods: dict[str, str]) -> bool:
    """All nodes Ready, and the same pods on the same nodes."""
    return set(ready_nodes(kubectl).values()) == {"Ready"} and running(kubectl) == pods


def test_pods_spread(fleet: Cluster, fleet_kubectl: Kubectl) -> None:
    """The least allocated node is chosen: six pods go to three nodes in pairs."""
    assert Counter(start_pods(fleet_kubectl, 6).values()) == dict.fromkeys(fleet.nodes, 2)


def test_a_node_that_is_cut_off_comes_back_with_its_pods(fleet: Cluster, fleet_kubectl: Kubectl) -> None:
    """A dead link makes node and pods not ready; they run on, and nothing is lost or doubled when it is back."""
    pods = start_pods(fleet_kubectl, 3)
    before = identities(fleet, fleet_kubectl)
    mine, lost = next(iter(pods.items()))
    board = fleet.board(lost)
    board.connect(up=False)
    try:
        wait_until(lambda: ready_nodes(fleet_kubectl)[lost] == "NotReady", "the lost node to be noticed", 60)
        fleet_kubectl("wait", "--for=condition=Ready=false", f"pod/{mine}", "--timeout=50s")
        assert identities(fleet, fleet_kubectl) == before
    finally:
        board.connect(up=True)
    wait_until(lambda: everything_is_well(fleet_kubectl, pods), "the node to come back", PATIENCE)
    fleet_kubectl("wait", "--for=condition=Ready", "pods", "--all", "--timeout=50s")
    assert identities(fleet, fleet_kubectl) == before


def test_a_pod_deleted_while_its_node_is_away_ends_when_it_is_back(
    fleet: Cluster, fleet_kubectl: Kubectl
) -> None:
    """Deletion waits for the node, and is carried out as soon as it hears of it; no pod is leaked."""
    pods = start_pods(fleet_kubectl, 3)
    doomed, lost = next(iter(pods.items()))
    board = fleet.board(lost)
    board.connect(up=False)
    try:
        fleet_kubectl("delete", "pod", doomed, "--wait=false")
        assert f"{fleet_kubectl.namespace}/{doomed}/main" in identities(fleet, fleet_kubectl)
    finally:
        board.connect(up=True)

    def gone() -> bool:
        listed = {row[0] for row in fleet_kubectl("get", "pods").rows}
        return doomed not in listed and f"{fleet_kubectl.namespace}/{doomed}/main" not in identities(
            fleet, fleet_kubectl
        )

    wait_until(gone, "the pod to be gone everywhere", PATIENCE)


def test_a_killed_agent_adopts_its_pods(fleet: Cluster, fleet_kubectl: Kubectl) -> None:
    """Kill -9 of an agent disturbs no container; the next agent takes them over."""
    pods = start_pods(fleet_kubectl, 3)
    before = identities(fleet, fleet_kubectl)
    fleet.agent(fleet.nodes[1]).signal(signal.SIGKILL)
    wait_until(lambda: ready_nodes(fleet_kubectl)[fleet.nodes[1]] == "NotReady", "the dead agent to be noticed")
    fleet.node(fleet.nodes[1]).start()
    wait_until(lambda: everything_is_well(fleet_kubectl, pods), "the agent to be back", PATIENCE)
    assert identities(fleet, fleet_kubectl) == before


def test_a_killed_podman_service_disturbs_no_pod(fleet: Cluster, fleet_kubectl: Kubectl) -> None:
    """Podman's service is only a door: containers run on without it, and the agent opens it again."""
    pods = start_pods(fleet_kubectl, 3)
    before = identities(fleet, fleet_kubectl)
    os.kill(fleet.podman_service_pid(fleet.nodes[2]), signal.SIGKILL)
    more = start_pods(fleet_kubectl, 3, "more")
    after = identities(fleet, fleet_kubectl)
    assert {path: after[path] for path in before} == before
    assert set(more) >= set(pods)


class Load:
    """Creates ConfigMaps as fast as kubectl can, and remembers which were acknowledged."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: len(self.acknowledged) >= 3, "the load to begin")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            names = [f"load-{number}-{i}" for i in range(5)]
            made = self._kubectl(
                "create", "-f", "-", stdin=documents(*(config_map(name, k="v") for name in names)), code=None
            )
            self.acknowledged += [
                line.split()[0].removeprefix("configmap/") for line in made.lines if line.endswith(" created")
            ]
            number += 1


def test_a_killed_server_loses_nothing_it_acknowledged(fleet: Cluster, fleet_kubectl: Kubectl) -> None:
    """Kill -9 of the control plane under load: every object that kubectl saw created is there afterwards."""
    pods = start_pods(fleet_kubectl, 3)
    before = identities(fleet, fleet_kubectl)
    with Load(fleet_kubectl) as load:
        fleet.server.signal(signal.SIGKILL)
    fleet.up()
    stored = {row[0] for row in fleet_kubectl("get", "configmaps").rows}
    assert set(load.acknowledged) <= stored
    wait_until(lambda: everything_is_well(fleet_kubectl, pods), "all to be well again", PATIENCE)
    assert identities(fleet, fleet_kubectl) == before


def test_a_killed_broker_is_started_again_and_told_everything(fleet: Cluster, fleet_kubectl: Kubectl) -> None:
    """The broker keeps nothing on disk: after kill -9 everything is published again, and new pods start."""
    start_pods(fleet_kubectl, 3)
    before = identities(fleet, fleet_kubectl)
    os.kill(fleet.broker_pid(), signal.SIGKILL)
    pods = start_pods(fleet_kubectl, 3, "more")
    wait_until(lambda: everything_is_well(fleet_kubectl, pods), "all to be well again", PATIENCE)
    after = identities(fleet, fleet_kubectl)
    assert {path: after[path] for path in before} == before


def test_after_a_reboot_without_server_the_pods_start_from_the_checkpoint(
    fleet: Cluster, fleet_kubectl: Kubectl
) -> None:
    """A board that loses power and boots without a network starts what it held."""
    pods = start_pods(fleet_kubectl, 3)
    mine, name = next(iter(pods.items()))
    node, board = fleet.node(name), fleet.board(name)
    board.connect(up=False)
    try:
        _pull_the_plug(fleet, name)
        node.start()
        path = f"{fleet_kubectl.namespace}/{mine}/main"
        wait_until(lambda: path in fleet.containers(name), "the pod to run again without a server", PATIENCE)
        # A lost link is noticed by silence, which may take longer than starting again.
        wait_until(lambda: ready_nodes(fleet_kubectl)[name] == "NotReady", "the server to miss it", PATIENCE)
        assert path in fleet.containers(name)
    finally:
        board.connect(up=True)
    wait_until(lambda: everything_is_well(fleet_kubectl, pods), "the board to report", PATIENCE)
    # The node is taken for Ready with its first sign of life, which may come before its pods' reports.
    wait_until(
        lambda: fleet_kubectl("get", "pod", mine).rows[0][3] == "1", "the restart to be reported", PATIENCE
    )


def _pull_the_plug(fleet: Cluster, name: str) -> None:
    """Kill everything that runs on a board at once, and let go of what a kernel forgets in a reboot."""
    containers = json.loads(fleet.podman(name, "ps", "--format=json"))
    listed = subprocess.run(
        ["ip", "netns", "pids", fleet.board(name).namespace], capture_output=True, text=True, check=True
    )
    proc.kill([int(pid) for pid in listed.stdout.split()] + [container["Pid"] for container in containers])
    forgotten = {container["Id"] for container in containers} | {container["Pod"] for container in containers}
    for group, _, _ in os.walk("/sys/fs/cgroup", topdown=False):
        if any(identity in group for identity in forgotten):
            with suppress(OSError):
                Path(group).rmdir()
