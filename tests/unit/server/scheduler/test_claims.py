"""Pods with PersistentVolumeClaims: what is said of each state of a claim."""

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch_server.scheduler.claims import ClaimFacts
from tests.fakes.scheduling import Board, node, pod


def user(*claims: str, namespace: str = "default") -> Pod:
    """Make a pod that uses these claims."""
    volumes = [{"name": f"v-{name}", "persistentVolumeClaim": {"claimName": name}} for name in claims]
    return pod("db", namespace=namespace, volumes=volumes)


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        pytest.param(None, 'persistentvolumeclaim "data" not found', id="missing"),
        pytest.param(ClaimFacts("Pending"), "pod has unbound immediate PersistentVolumeClaims", id="pending"),
        pytest.param(
            ClaimFacts("Lost", "disk"),
            'persistentvolumeclaim "data" bound to non-existent persistentvolume "disk"',
            id="lost",
        ),
        pytest.param(
            ClaimFacts("Bound", leaving=True), 'persistentvolumeclaim "data" is being deleted', id="leaving"
        ),
    ],
)
def test_in_the_way(claim: ClaimFacts | None, why: str) -> None:
    """The reason is told once, whatever the number of nodes."""
    board = Board(node("pi-1"), node("pi-2", unschedulable=True))
    if claim is not None:
        board.cluster.set_claim("default", "data", claim)
    assert board.decide(user("data")) == f"0/2 nodes are available: {why}."


def test_all_bound() -> None:
    """With volumes for all of its claims a pod is placed like any other."""
    board = Board(node("pi-1"))
    for name in ("data", "logs"):
        board.cluster.set_claim("default", name, ClaimFacts("Bound"))
    assert board.decide(user("data", "logs")) == "pi-1"
    assert "unbound" not in board.decide(user("data"))


def test_one_of_two() -> None:
    """One claim without a volume is enough, but one that is missing is told first."""
    board = Board(node("pi-1"))
    board.cluster.set_claim("default", "data", ClaimFacts("Pending"))
    assert board.decide(user("data", "logs")).endswith('persistentvolumeclaim "logs" not found.')


def test_a_claim_of_another_namespace() -> None:
    """Claims of the same name are not the same, also for pods that are alike in all else."""
    board = Board(node("pi-1"))
    board.cluster.set_claim("default", "data", ClaimFacts("Bound"))
    for _ in range(3):
        assert board.schedule(user("data")) == "pi-1"
        assert board.decide(user("data", namespace="other")).endswith("not found.")
