"""A rolling update without a failed request, measured: somebody asks all the time, and always gets an answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes.client import ApiClient

from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl
from tests.lab.manifests import Manifest, deployment, shell
from tests.lab.podman import BUSYBOX
from tests.lab.service import GATE, Backends, Visitor
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(300)]

PORT = 8000
NEWER = "localhost/busybox:newer"
SLOW_TO_START = (
    "trap 'exit 0' TERM; mkdir /tmp/www; hostname > /tmp/www/index.html; sleep 1; "
    f"httpd -f -p {PORT} -h /tmp/www & wait $!"
)
"""Runs for a second before it listens, and listens no more as soon as it is told to end."""


def web(replicas: int) -> Manifest:
    """Write a Deployment as one does that must not fail: none less at any time, and each goes on for a moment.

    A pod that ends still gets requests until everybody has heard of it ("Pod Lifecycle", "Pod termination flow").
    """
    manifest = deployment(
        "web", replicas, strategy={"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}, minReadySeconds=1
    )
    linger = {"preStop": {"sleep": {"seconds": 2}}}
    manifest["spec"]["template"]["spec"] |= {
        "containers": [shell(SLOW_TO_START, lifecycle=linger)],
        "readinessGates": [{"conditionType": GATE}],
        "terminationGracePeriodSeconds": 10,
    }
    return manifest


@pytest.fixture
def backends(kubectl: Kubectl, python_client: ApiClient) -> Iterator[Backends]:
    """Share requests out to the pods ``app=web``."""
    with Backends(python_client, kubectl.namespace, "app=web", PORT) as backends:
        yield backends


def test_nobody_notices_a_rolling_update(cluster: Cluster, kubectl: Kubectl, backends: Backends) -> None:
    """A new image, then a restart: every request is answered, by the old pods, then by the new ones."""
    cluster.podman("pi", "tag", BUSYBOX, NEWER)
    kubectl.apply(web(2))
    roll_out = ("rollout", "status", "deployment/web", "--timeout=90s")
    kubectl(*roll_out, timeout=100)
    wait_until(lambda: len(backends.ready()) == 2, "two pods that answer")
    generations = [{backend.pod for backend in backends.ready()}]
    with Visitor(backends) as visitor:
        for words in (
            ("set", "image", "deployment/web", f"main={NEWER}"),
            ("rollout", "restart", "deployment/web"),
        ):
            wait_until(lambda: answered(visitor) >= generations[-1], "answers of the old pods")
            kubectl(*words)
            kubectl(*roll_out, timeout=100)
            generations.append(wait_until(lambda: successors(backends, generations[-1]), "the new pods alone"))
        wait_until(lambda: answered(visitor) >= generations[-1], "answers of the new pods")
        failures, fewest = list(visitor.failures), visitor.fewest
        kubectl("scale", "deployment/web", "--replicas=0")
        wait_until(lambda: visitor.failures, "the visitor to notice that nobody is there")
    assert failures == []
    assert fewest == 2
    assert [len(pods) for pods in generations] == [2, 2, 2]
    assert answered(visitor) == set.union(*generations)


def answered(visitor: Visitor) -> set[str]:
    """Give the pods that have answered: each with its name."""
    return {text.strip() for text in visitor.answers.copy()}


def successors(backends: Backends, before: set[str]) -> set[str]:
    """Give the pods that take requests; nothing while one of those before does."""
    now = {backend.pod for backend in backends.ready()}
    return now if now.isdisjoint(before) else set()
