"""What e2e tests ask of workloads: that they are rolled out, and which containers run for them."""

from __future__ import annotations

from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl, Output


def rolled_out(kubectl: Kubectl, what: str, patience: int = 90) -> Output:
    """Wait for the end of the rollout of KIND/NAME, for so many seconds, and give what kubectl says of it."""
    return kubectl("rollout", "status", what, f"--timeout={patience}s", timeout=patience + 10)


def containers(cluster: Cluster, kubectl: Kubectl, node: str = "pi", prefix: str = "") -> dict[str, str]:
    """Give the ids of the namespace's containers that run on a node, by pod; of pods with such names, all by default.

    It is for pods of one container.
    """
    running = ((path.split("/"), item["Id"]) for path, item in cluster.containers(node).items())
    return {
        pod: identity
        for (namespace, pod, _), identity in running
        if namespace == kubectl.namespace and pod.startswith(prefix)
    }
