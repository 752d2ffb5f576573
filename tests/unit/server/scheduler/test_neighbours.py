"""Inter-pod affinity and topology spread, clause by clause of their documentation."""

from typing import Any
from unittest.mock import ANY

import pytest

from edgeorch_server.scheduler.framework import Placement
from edgeorch_server.scheduler.ranking import Ranking
from tests.fakes.scheduling import HOSTNAME, ZONE, Board, away, near, node, pod, spread

WEB, DB = {"app": "web"}, {"app": "db"}
NO_AFFINITY = "node(s) didn't match pod affinity rules"
NO_ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules"
SKEWED = "node(s) didn't match pod topology spread constraints"


def two_zones(**on: Any) -> Board:
    return Board(node("a1", zone="a"), node("a2", zone="a"), node("b1", zone="b"), on=on)


def refused(board: Board, reason: str) -> str:
    count = len(board.cluster.nodes)
    return f"0/{count} nodes are available: {count} {reason}."


def test_affinity_draws_a_pod_into_the_place_of_another() -> None:
    """Kubernetes: "this Pod should run in an X if that X is already running a Pod that meets rule Y"."""
    board = two_zones(b1=[pod("db", labels=DB)])
    assert board.decide(pod(affinity=near(DB, ZONE))) == "b1"
    assert board.decide(pod(affinity=near({"app": "nobody"}, ZONE))) == refused(board, NO_AFFINITY)


def test_anti_affinity_keeps_it_out_of_the_whole_place() -> None:
    """Kubernetes: an X is a topology domain: with a zone as key, every node of the zone is out."""
    board = two_zones(a1=[pod("db", labels=DB)])
    assert board.decide(pod(affinity=away(DB, ZONE))) == "b1"
    board.put(pod("db2", labels=DB), "b1")
    assert board.decide(pod(affinity=away(DB, ZONE))) == refused(board, NO_ANTI_AFFINITY)


def test_anti_affinity_is_symmetric() -> None:
    """What does not want to be near our pod keeps it off, though ours minds nobody."""
    board = two_zones(
        a1=[pod("shy", labels=DB, affinity=away(WEB, ZONE))],
        b1=[pod("shy2", labels=DB, affinity=away(WEB, ZONE))],
    )
    assert board.decide(pod(labels=WEB)) == refused(board, EXISTING)
    assert board.decide(pod(labels=DB)) in {"a1", "a2", "b1"}


def test_affinity_is_not_symmetric() -> None:
    """Required affinity of a pod that is there asks nothing of others; it only makes its place more liked."""
    board = two_zones(b1=[pod("fan", labels=DB, affinity=near(WEB, ZONE), requests={"cpu": "1"})])
    board.put(pod("web", labels=WEB), "b1")
    assert board.decide(pod("more", labels=WEB)) == "b1"


def test_the_first_pod_of_a_group_may_start_it() -> None:
    """Kubernetes: a pod that matches its own affinity terms is scheduled where no pod in the cluster does."""
    board = two_zones()
    assert board.decide(pod(labels=WEB, affinity=near(WEB, ZONE))) in board.cluster.nodes
    assert board.decide(pod(labels=DB, affinity=near(WEB, ZONE))) == refused(board, NO_AFFINITY)
    board.put(pod("there", labels=WEB, namespace="default"), "b1")
    assert board.decide(pod(labels=WEB, affinity=near(WEB, ZONE))) == "b1"


def test_the_first_pod_needs_the_topology_key_too() -> None:
    """A node without the label belongs to no place, so nothing can be near to anything there."""
    board = Board(node("nowhere"))
    assert board.decide(pod(labels=WEB, affinity=near(WEB, ZONE))) == refused(board, NO_AFFINITY)


@pytest.mark.parametrize(
    ("term", "found"),
    [
        pytest.param({}, False, id="own-namespace-by-default"),
        pytest.param({"namespaces": ["other"]}, True, id="listed"),
        pytest.param({"namespaceSelector": {"matchLabels": {"team": "x"}}}, True, id="selected"),
        pytest.param({"namespaceSelector": {"matchLabels": {"team": "y"}}}, False, id="not-selected"),
        pytest.param({"namespaceSelector": {}}, True, id="empty-selector-is-all"),
        pytest.param(
            {"namespaces": ["other"], "namespaceSelector": {"matchLabels": {"team": "y"}}}, True, id="union"
        ),
    ],
)
def test_namespaces_of_a_term(term: dict[str, Any], *, found: bool) -> None:
    """Kubernetes, "namespaceSelector": list and selector are united; neither means the pod's own namespace."""
    board = Board(node("a"))
    board.cluster.set_namespace("other", {"team": "x"})
    board.put(pod("db", labels=DB, namespace="other"), "a")
    assert (board.decide(pod(affinity=near(DB, **term))) == "a") is found


@pytest.mark.parametrize(
    ("keys", "version", "together"),
    [
        pytest.param({"matchLabelKeys": ["version"]}, "1", True, id="same-value"),
        pytest.param({"matchLabelKeys": ["version"]}, "2", False, id="other-value"),
        pytest.param({"mismatchLabelKeys": ["version"]}, "1", False, id="mismatch-same-value"),
        pytest.param({"mismatchLabelKeys": ["version"]}, "2", True, id="mismatch-other-value"),
        pytest.param({"matchLabelKeys": ["absent"]}, "2", True, id="key-the-pod-does-not-carry"),
    ],
)
def test_label_keys_of_a_term(keys: dict[str, Any], version: str, *, together: bool) -> None:
    """Kubernetes, "matchLabelKeys" and "mismatchLabelKeys": compared with the incoming pod's own values."""
    board = Board(node("a"), on={"a": [pod("old", labels={**DB, "version": version})]})
    wanted = pod(labels={"version": "1"}, affinity=near(DB, **keys))
    assert (board.decide(wanted) == "a") is together


def test_wishes_about_neighbours_are_weighed() -> None:
    """``preferredDuringSchedulingIgnoredDuringExecution``: the place with the highest sum wins."""
    board = two_zones(a1=[pod("db", labels=DB)], b1=[pod("web", labels=WEB)])
    term = {"labelSelector": {"matchLabels": DB}, "topologyKey": ZONE}
    wish = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 50, "podAffinityTerm": term}]}
    assert board.decide(pod(affinity={"podAffinity": wish})) == "a2"
    assert board.decide(pod(affinity={"podAntiAffinity": wish})) == "b1"


def test_wishes_of_pods_without_a_place_are_heard_once_one_has_a_place() -> None:
    """Where the first pod with a wish is on a node without the label, those of the next one count all the same."""
    term = {"labelSelector": {"matchLabels": WEB}, "topologyKey": ZONE}
    wish = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 50, "podAffinityTerm": term}]}
    shy: dict[str, Any] = {"labels": DB, "affinity": {"podAntiAffinity": wish}}
    board = Board(node("a1", zone="a"), node("b1", zone="b"), node("bare"), on={"bare": [pod("shy", **shy)]})
    ranking = Ranking(board.info(pod("web", labels=WEB)).shape, board.cluster, board.profile)
    assert ranking.best() == Placement("a1", ANY)
    board.put(pod("shy2", **shy), "a1")
    board.put(pod("other"), "b1")
    assert ranking.best() == Placement("b1", ANY)


def test_spreading_keeps_the_skew() -> None:
    """Kubernetes, "maxSkew": what a place would have, less what the emptiest has, stays within it."""
    board = two_zones()
    chosen = [
        board.schedule(pod(f"w{n}", labels=WEB, topologySpreadConstraints=[spread(WEB)])) for n in range(6)
    ]
    zones = [name[0] for name in chosen]
    assert all(abs(zones[:n].count("a") - zones[:n].count("b")) <= 1 for n in range(1, 7))


def test_a_node_without_the_label_is_bypassed() -> None:
    """Kubernetes: nodes without the topology key get no such pod, and those they have are not counted."""
    board = Board(node("nowhere"), node("a1", zone="a"), on={"nowhere": [pod("w", labels=WEB)]})
    assert board.decide(pod(labels=WEB, topologySpreadConstraints=[spread(WEB)])) == "a1"
    only = Board(node("nowhere"))
    assert only.decide(pod(labels=WEB, topologySpreadConstraints=[spread(WEB)])) == refused(
        only, f"{SKEWED} (missing required label)"
    )


def test_too_few_places_count_as_an_empty_one() -> None:
    """Kubernetes, "minDomains": with fewer eligible domains the global minimum is 0."""
    board = Board(node("a1", zone="a"), on={"a1": [pod("w", labels=WEB)]})
    assert board.decide(pod(labels=WEB, topologySpreadConstraints=[spread(WEB)])) == "a1"
    wanted = pod(labels=WEB, topologySpreadConstraints=[spread(WEB, minDomains=2)])
    assert board.decide(wanted) == refused(board, SKEWED)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [pytest.param("Honor", "a1", id="honor"), pytest.param("Ignore", SKEWED, id="ignore")],
)
def test_node_affinity_policy(policy: str, expected: str) -> None:
    """Kubernetes, "nodeAffinityPolicy": Honor (the default) leaves out nodes the pod cannot go to anyway."""
    board = Board(
        node("a1", zone="a", labels={"disk": "ssd"}), node("b1", zone="b"), on={"a1": [pod("w", labels=WEB)]}
    )
    wanted = pod(
        labels=WEB,
        nodeSelector={"disk": "ssd"},
        topologySpreadConstraints=[spread(WEB, nodeAffinityPolicy=policy)],
    )
    assert expected in board.decide(wanted)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [pytest.param("Honor", "a1", id="honor"), pytest.param("Ignore", SKEWED, id="ignore")],
)
def test_node_taints_policy(policy: str, expected: str) -> None:
    """Kubernetes, "nodeTaintsPolicy": Ignore (the default) counts tainted nodes as places too."""
    taint = {"key": "k", "value": "v", "effect": "NoSchedule"}
    board = Board(node("a1", zone="a"), node("b1", zone="b", taints=[taint]), on={"a1": [pod("w", labels=WEB)]})
    wanted = pod(labels=WEB, topologySpreadConstraints=[spread(WEB, nodeTaintsPolicy=policy)])
    assert expected in board.decide(wanted)


def test_label_keys_of_a_constraint() -> None:
    """Kubernetes, "matchLabelKeys": each revision of a Deployment is spread for itself."""
    old = {**WEB, "pod-template-hash": "1"}
    board = two_zones(b1=[pod(f"old{n}", labels=old) for n in range(3)])
    wanted = pod(
        labels={**WEB, "pod-template-hash": "2"},
        topologySpreadConstraints=[spread(WEB, matchLabelKeys=["pod-template-hash"])],
        nodeSelector={HOSTNAME: "b1"},
    )
    assert board.decide(wanted) == "b1"


def test_pods_that_are_being_deleted_are_not_counted() -> None:
    """A rolling update must not be skewed by the pods it takes away."""
    board = two_zones(a1=[pod("w", labels=WEB, leaving=True)])
    wanted = pod(labels=WEB, nodeSelector={ZONE: "a"}, topologySpreadConstraints=[spread(WEB)])
    assert board.decide(wanted) in {"a1", "a2"}


def test_only_pods_of_the_own_namespace_are_counted() -> None:
    """Kubernetes: "only the Pods holding the same namespace as the incoming Pod can be matching candidates"."""
    board = two_zones(a1=[pod(f"w{n}", labels=WEB, namespace="other") for n in range(3)])
    wanted = pod(labels=WEB, nodeSelector={ZONE: "a"}, topologySpreadConstraints=[spread(WEB)])
    assert board.decide(wanted) in {"a1", "a2"}


def test_schedule_anyway_prefers_and_does_not_refuse() -> None:
    """``whenUnsatisfiable: ScheduleAnyway`` gives nodes that minimise the skew the higher score."""
    board = two_zones(b1=[pod(f"w{n}", labels=WEB) for n in range(2)])
    wanted = pod(labels=WEB, topologySpreadConstraints=[spread(WEB, soft=True)])
    assert board.decide(wanted) in {"a1", "a2"}
    only_b = pod(labels=WEB, nodeSelector={ZONE: "b"}, topologySpreadConstraints=[spread(WEB, soft=True)])
    assert board.decide(only_b) == "b1"


def test_pods_of_a_controller_spread_by_default() -> None:
    """Kubernetes, "Built-in default constraints": hostname and zone, both ScheduleAnyway."""
    board = two_zones()
    chosen = [board.schedule(pod(f"w{n}", labels=WEB, owner="rs")) for n in range(4)]
    assert [name[0] for name in chosen].count("b") == 2


def test_terms_of_pods_that_come_later_count() -> None:
    """A decision that was remembered does not outlive the first pod that minds it."""
    board = Board(node("a", cpu="8"), node("b", cpu="1"))
    for number in range(3):
        assert board.decide(pod(f"w{number}", labels=WEB)) == "a"
    board.put(pod("shy", labels=DB, affinity=away(WEB)), "a")
    assert board.decide(pod("w", labels=WEB)) == "b"
