"""The first thing a newcomer does: ``edgeorch up`` and ``down``."""

from __future__ import annotations

import socket
import subprocess
import urllib.request

import pytest

from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl, Output
from tests.lab.manifests import pod
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(300)]


def test_up_says_what_it_does_and_what_to_try(first_up: tuple[Cluster, Output]) -> None:
    """Each step is told with its time, then the page of the hello example, and three commands to try."""
    cluster, output = first_up
    steps = [line[2:].rpartition(" (")[0] for line in output.lines if line.startswith("✓")]
    assert steps == [
        "Start the control plane",
        "Join and start the agent",
        "Wait until the node can take pods",
        "Make the image localhost/edgeorch-hello:1",
        "Apply the hello example and wait until it runs",
        "Fetch its page",
    ]
    assert "Hello from edgeorch!" in output.stdout
    assert f"export KUBECONFIG={cluster.folder.kubeconfig}" in output.stdout
    assert [line.strip() for line in output.lines[-3:]] == [
        "kubectl get pods -o wide",
        "kubectl logs hello",
        "kubectl describe node",
    ]
    assert output.stderr == ""


def test_what_up_says_to_try_works(cluster: Cluster) -> None:
    """The commands that the newcomer is shown do what they promise."""
    kubectl = cluster.kubectl()
    [hello] = kubectl("get", "pods", "-o", "wide").rows
    assert hello[:4] == ["hello", "1/1", "Running", "0"]
    assert hello[6] == "pi"
    kubectl("logs", "hello")
    assert "Ready            True" in kubectl("describe", "node").stdout


def test_the_hello_page_is_served_on_the_pods_address(cluster: Cluster) -> None:
    """On a one-node cluster a pod answers the box itself."""
    address = cluster.kubectl()("get", "pod", "hello", "-o", "jsonpath={.status.podIP}").stdout
    with urllib.request.urlopen(f"http://{address}:8080/", timeout=10) as page:
        assert page.read() == b"Hello from edgeorch!\n"


def test_up_again_changes_nothing(cluster: Cluster) -> None:
    """On a cluster that runs, ``up`` checks every step and starts nothing twice."""
    before = cluster.containers("pi")["default/hello/web"]["Id"], cluster.server, cluster.agent("pi")
    output = cluster.up()
    assert output.stdout.count("✓") == 6
    assert (cluster.containers("pi")["default/hello/web"]["Id"], cluster.server, cluster.agent("pi")) == before


def test_it_listens_on_loopback_only(cluster: Cluster) -> None:
    """The quick start is for this box: nothing of it can be reached from the network."""
    listening = subprocess.run(["ss", "-Hltn"], check=True, capture_output=True, text=True).stdout
    hosts = {
        host
        for line in listening.splitlines()
        for host, _, port in (line.split()[3].rpartition(":"),)
        if int(port) in {cluster.api_port, cluster.mqtt_port}
    }
    assert hosts == {"127.0.0.1"}


def test_a_taken_port_is_named(own_cluster: Cluster) -> None:
    """A port that another program has ends ``up`` with one line that names the port and the flag to choose another."""
    with socket.create_server(("127.0.0.1", own_cluster.mqtt_port)):
        output = own_cluster.up(code=1)
    assert output.stderr == (
        f"error: port {own_cluster.mqtt_port} is taken by another program: choose one with --mqtt-port\n"
    )
    assert own_cluster.leftovers() == []


def test_down_stops_everything_and_up_goes_on(own_cluster: Cluster) -> None:
    """``down`` leaves no process, container or link, also of a pod in a crash loop; ``up`` has all objects again."""
    own_cluster.up("--node-name=box")
    kubectl = own_cluster.kubectl()
    kubectl("apply", "-f", "-", stdin=CRASH_LOOP)
    kubectl("label", "node", "box", "shelf=upper")
    wait_until(lambda: "CrashLoopBackOff" in kubectl("get", "pod", "unhappy").stdout, "a crash loop")
    uid = kubectl("get", "pod", "hello", "-o", "jsonpath={.metadata.uid}").stdout

    own_cluster.down()
    assert own_cluster.leftovers() == []
    assert kubectl("get", "pods", code=None).code != 0

    own_cluster.up()
    assert own_cluster.nodes == ("box",)
    assert kubectl("get", "pod", "hello", "-o", "jsonpath={.metadata.uid}").stdout == uid
    assert kubectl("get", "node", "box", "-L", "shelf").rows[0][-1] == "upper"
    wait_until(lambda: "unhappy" in kubectl("get", "pods").stdout, "the other pod")


def test_down_after_kills_leaves_nothing(own_cluster: Cluster) -> None:
    """``down`` also takes away what processes that were killed with -9 left behind."""
    own_cluster.up("--node-name=box")
    own_cluster.agent("box").signal(9)
    own_cluster.server.signal(9)
    own_cluster.down()
    assert own_cluster.leftovers() == []


def test_two_clusters_live_on_one_machine(cluster: Cluster, own_cluster: Cluster, kubectl: Kubectl) -> None:
    """The end of one cluster takes nothing from another: neither containers, nor its way out of the box."""
    own_cluster.up("--node-name=box")
    kubectl.apply(pod("stays"))
    kubectl("wait", "--for=condition=Ready", "pod/stays", "--timeout=60s")
    own_cluster.down()
    rules = subprocess.run(["iptables-save", "-t", "nat"], check=True, capture_output=True, text=True).stdout
    subnet = cluster.node("pi").config.read_text().partition(f"eo{cluster.tag}p=")[2].partition('"')[0]
    [chain] = [line.split()[-1] for line in rules.splitlines() if f"-s {subnet} " in line]
    assert f"-A {chain} ! -d 224.0.0.0/4 -j MASQUERADE" in rules
    assert kubectl("get", "pod", "stays").rows[0][1:4] == ["1/1", "Running", "0"]


def test_down_without_a_cluster(own_cluster: Cluster) -> None:
    """``down`` where nothing was ever started says so, and is no error."""
    assert f"there is no cluster in {own_cluster.folder.root}" in own_cluster.down().stdout


CRASH_LOOP = """
apiVersion: v1
kind: Pod
metadata: {name: unhappy}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: main, image: "localhost/edgeorch-hello:1", command: [/bin/busybox, "false"]}
"""
