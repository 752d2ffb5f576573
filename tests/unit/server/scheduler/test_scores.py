"""Scores, with kube-scheduler's figures, and which node they lead to."""

from typing import Any

import pytest

from edgeorch_server.scheduler.framework import NodeScore, Score
from edgeorch_server.scheduler.normalize import between, by_highest, by_highest_reversed, least_is_best
from edgeorch_server.scheduler.placing import enough
from edgeorch_server.scheduler.plugins.image_locality import ImageLocality, spellings
from edgeorch_server.scheduler.plugins.node_affinity import NodePreference
from edgeorch_server.scheduler.plugins.node_resources_fit import (
    BalancedAllocation,
    LeastAllocated,
    MostAllocated,
)
from edgeorch_server.scheduler.plugins.profile import default_profile
from edgeorch_server.scheduler.plugins.taint_toleration import TaintPreference
from tests.fakes.scheduling import Board, node, pod

MIB = 1024 * 1024


def score(plugin: Score, board: Board, name: str, **wanted: Any) -> int | None:
    found: NodeScore | None = plugin.prepare(board.info(pod(**wanted)).shape, board.cluster)
    return found(board.cluster.nodes[name]) if found else None


def test_least_and_most_allocated() -> None:
    """``(capacity - requested) * 100 / capacity``, the mean of CPU and memory; and the reverse."""
    board = Board(
        node("a", cpu="4", memory="4Gi"), on={"a": [pod("x", requests={"cpu": "1", "memory": "1Gi"})]}
    )
    wanted = {"requests": {"cpu": "1", "memory": "2Gi"}}
    assert score(LeastAllocated(), board, "a", **wanted) == (50 + 25) // 2
    assert score(MostAllocated(), board, "a", **wanted) == (50 + 75) // 2


def test_balanced_allocation() -> None:
    """``(1 - std) * 100`` of the used fractions; a pod that requests nothing is not scored."""
    board = Board(node("a", cpu="4", memory="4Gi"))
    assert score(BalancedAllocation(), board, "a", requests={"cpu": "1", "memory": "1Gi"}) == 100
    assert score(BalancedAllocation(), board, "a", requests={"cpu": "3", "memory": "1Gi"}) == 75
    assert score(BalancedAllocation(), board, "a") is None


def test_image_locality_counts_bytes_that_are_present() -> None:
    """Between 23 MB and 1,000 MB per container, less where few nodes have the image."""
    board = Board(
        node("a", images={"docker.io/library/nginx:latest": 500 * MIB}),
        node("b", images={"docker.io/library/nginx:latest": 500 * MIB}),
    )
    assert score(ImageLocality(), board, "a", image="nginx") == (500 - 23) * 100 // (1000 - 23)
    board.add(node("c"))
    board.add(node("d"))
    assert score(ImageLocality(), board, "a", image="nginx") == (250 - 23) * 100 // (1000 - 23)
    assert score(ImageLocality(), board, "c", image="nginx") == 0


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1", "docker.io/library/nginx:1"),
        ("bitnami/redis", "docker.io/bitnami/redis:latest"),
        ("localhost:5000/x", "localhost:5000/x:latest"),
        ("ghcr.io/a/b:2", "ghcr.io/a/b:2"),
        ("localhost/mine", "localhost/mine:latest"),
    ],
)
def test_an_image_is_found_under_its_full_name(image: str, expected: str) -> None:
    """Podman reports full names, manifests often have short ones."""
    assert expected in spellings(image)


def test_preferred_node_affinity_sums_weights() -> None:
    """Kubernetes, "Node affinity weight": the weights of the terms that match are added."""
    board = Board(node("a", labels={"disk": "ssd", "gpu": "yes"}), node("b", labels={"disk": "ssd"}), node("c"))

    def wish(weight: int, key: str) -> dict[str, Any]:
        return {"weight": weight, "preference": {"matchExpressions": [{"key": key, "operator": "Exists"}]}}

    wishes = [wish(10, "disk"), wish(5, "gpu"), {"weight": 50, "preference": {}}]
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": wishes}}
    assert [score(NodePreference(), board, name, affinity=affinity) for name in "abc"] == [15, 10, 0]
    assert board.decide(pod(affinity=affinity)) == "a"


def test_prefer_no_schedule_only_scores() -> None:
    """Kubernetes, "Taints and Tolerations": the control plane tries to avoid the node, but not for sure."""
    taint = {"key": "k", "value": "v", "effect": "PreferNoSchedule"}
    board = Board(node("a", cpu="64", taints=[taint]), node("b", cpu="1"))
    assert score(TaintPreference(), board, "a") == 1
    assert score(TaintPreference(), board, "a", tolerations=[{"operator": "Exists"}]) == 0
    hard_only = [{"operator": "Exists", "effect": "NoSchedule"}]
    assert score(TaintPreference(), board, "a", tolerations=hard_only) == 1
    assert board.decide(pod()) == "b"
    assert board.decide(pod(requests={"cpu": "2"})) == "a"


def test_packing_fills_one_node_after_the_other() -> None:
    """``MostAllocated`` by configuration: bin packing leaves whole nodes free."""
    board = Board(node("a"), node("b"), profile=default_profile(pack=True))
    requests = {"cpu": "500m", "memory": "512Mi"}
    chosen = [board.schedule(pod(f"p{n}", requests=requests)) for n in range(10)]
    assert chosen == ["a"] * 8 + ["b"] * 2


def test_normalization() -> None:
    """``NormalizeScore`` of each kind, at both ends and without any difference."""
    assert [by_highest(s, 0, 4) for s in (0, 1, 4)] == [0, 25, 100]
    assert by_highest(0, 0, 0) == 0
    assert [by_highest_reversed(s, 0, 2) for s in (0, 1, 2)] == [100, 50, 0]
    assert by_highest_reversed(0, 0, 0) == 100
    assert [between(s, -10, 10) for s in (-10, 0, 10)] == [0, 50, 100]
    assert between(3, 3, 3) == 0
    assert [least_is_best(s, 1, 4) for s in (1, 2, 4)] == [100, 75, 25]
    assert least_is_best(0, 0, 0) == 100


@pytest.mark.parametrize(
    ("nodes", "wanted"), [(50, 50), (100, 100), (500, 230), (1000, 420), (5000, 500), (9000, 450)]
)
def test_how_many_nodes_are_choice_enough(nodes: int, wanted: int) -> None:
    """``percentageOfNodesToScore``: the documented default, at least 100 nodes and at least 5 %."""
    assert enough(nodes) == wanted
