"""Preemption, clause by clause (Kubernetes, "Pod Priority and Preemption", and kube-scheduler's own rules)."""

from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch.api.selectors import Selector
from edgeorch_server.scheduler.framework import Rejected
from edgeorch_server.scheduler.preemption import Hopeless, Preemption
from edgeorch_server.scheduler.victims import Budget, Victims
from tests.fakes.scheduling import ZONE, Board, away, near, node, pod, spread

URGENT = 100


class Fixed:
    """Budgets that stay as they are."""

    def __init__(self, *budgets: Budget) -> None:
        self._budgets = budgets

    def all(self) -> tuple[Budget, ...]:
        return self._budgets


def lesser(name: str, cpu: str = "1", *, priority: int = 0, **more: Any) -> Pod:
    return pod(name, requests={"cpu": cpu}, priority=priority, **more)


def urgent(cpu: str = "1", **more: Any) -> Pod:
    return pod("urgent", requests={"cpu": cpu}, **{"priority": URGENT, **more})


def preempt(board: Board, wanted: Pod, *budgets: Budget) -> Victims | Hopeless:
    info = board.info(wanted)
    rejected = board.decider.decide(info)
    assert isinstance(rejected, Rejected)
    return Preemption(board.cluster, board.profile, Fixed(*budgets)).find(info, rejected)


def victims(board: Board, wanted: Pod, *budgets: Budget) -> tuple[str, list[str]]:
    found = preempt(board, wanted, *budgets)
    assert isinstance(found, Victims)
    return found.node, [one.name for one in found.pods]


def test_only_lower_priorities_are_preempted() -> None:
    """Equal priority is not lower: nobody is removed for one of his own rank."""
    board = Board(node("a", cpu="1"), on={"a": [lesser("peer", priority=URGENT)]})
    found = preempt(board, urgent())
    assert found == Hopeless("0/1 nodes are available: 1 No preemption victims found for incoming pod.")


def test_no_more_pods_go_than_must() -> None:
    """The less important pods are let back in one by one, the more important first."""
    board = Board(
        node("a", cpu="4"),
        on={"a": [lesser("small", "1"), lesser("middle", "1", priority=10), lesser("large", "2", priority=5)]},
    )
    assert victims(board, urgent("1")) == ("a", ["small"])
    assert victims(board, urgent("2")) == ("a", ["large"])
    assert victims(board, urgent("4")) == ("a", ["middle", "large", "small"])


def test_where_removing_pods_does_not_help_the_reason_stays() -> None:
    """Each node says why it was of no use; those whose refusal has nothing to do with pods are not tried."""
    board = Board(
        node("small", cpu="1"),
        node("tainted", taints=[{"key": "k", "value": "v", "effect": "NoSchedule"}]),
        node("empty", cpu="1"),
        on={"small": [lesser("there", "1")]},
    )
    found = preempt(board, urgent("2"))
    assert found == Hopeless(
        "0/3 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod, "
        "1 Preemption is not helpful for scheduling."
    )


def budget(allowed: int, **labels: str) -> Budget:
    return Budget("default", Selector.from_set(labels), allowed)


def test_budgets_are_respected_where_possible() -> None:
    """Kubernetes: "Supported but not guaranteed": a node without violations is chosen, though its victim matters more."""
    board = Board(
        node("a", cpu="1"),
        node("b", cpu="1"),
        on={"a": [lesser("guarded", labels={"app": "db"})], "b": [lesser("free", priority=50)]},
    )
    assert victims(board, urgent()) == ("a", ["guarded"])
    assert victims(board, urgent(), budget(0, app="db")) == ("b", ["free"])
    assert victims(board, urgent(), budget(1, app="db")) == ("a", ["guarded"])


def test_budgets_are_violated_when_nothing_else_helps() -> None:
    """Kubernetes: "If no victims are found that do not violate a PDB, preemption still happens"."""
    board = Board(node("a", cpu="1"), on={"a": [lesser("guarded", labels={"app": "db"})]})
    assert victims(board, urgent(), budget(0, app="db")) == ("a", ["guarded"])


def test_a_pod_whose_budget_would_be_violated_is_let_back_in_first() -> None:
    """Among the pods of one node those that no budget keeps go first, whatever their priority."""
    board = Board(
        node("a", cpu="2"),
        on={"a": [lesser("guarded", labels={"app": "db"}), lesser("free", priority=50)]},
    )
    assert victims(board, urgent(), budget(0, app="db")) == ("a", ["free"])


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        pytest.param(
            {"a": [lesser("x", priority=9)], "b": [lesser("y", priority=8)]}, "b", id="lowest-highest-priority"
        ),
        pytest.param(
            {
                "a": [lesser("x", "500m", priority=9), lesser("x2", "500m", priority=9)],
                "b": [lesser("y", priority=9)],
            },
            "b",
            id="smallest-sum-and-number",
        ),
        pytest.param(
            {
                "a": [lesser("x", started="2026-05-01T12:00:00Z")],
                "b": [lesser("y", started="2026-05-01T13:00:00Z")],
            },
            "b",
            id="the-victim-that-has-run-for-less-long",
        ),
    ],
)
def test_the_node_where_it_costs_least_is_chosen(on: dict[str, list[Pod]], expected: str) -> None:
    """``pickOneNodeForPreemption``: the order in which nodes are compared."""
    board = Board(node("a", cpu="1"), node("b", cpu="1"), on=on)
    assert victims(board, urgent())[0] == expected


def test_a_pod_that_never_preempts_says_so() -> None:
    """Kubernetes: "Non-preempting PriorityClass"."""
    board = Board(node("a", cpu="1"), on={"a": [lesser("there")]})
    found = preempt(board, urgent(preemptionPolicy="Never"))
    assert found == Hopeless("not eligible due to preemptionPolicy=Never.")


def test_a_pod_waits_for_the_victims_it_has_already() -> None:
    """While victims on the nominated node terminate, no further pods are preempted."""
    board = Board(node("a", cpu="1"), node("b", cpu="1"), on={"b": [lesser("other")]})
    going = lesser("going", leaving=True)
    going.status = Pod.from_dict(
        {
            "status": {
                "conditions": [
                    {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
                ]
            }
        }
    ).status
    board.put(going, "a")
    board.cluster.nominate(board.info(urgent()), "a")
    found = preempt(board, urgent())
    assert found == Hopeless("not eligible due to terminating pod on the nominated node.", final=False)


def test_room_that_was_made_is_kept_from_lesser_pods() -> None:
    """Nominated pods count when pods of lower or equal priority are placed, and not for more important ones."""
    board = Board(node("a", cpu="1"))
    board.cluster.nominate(board.info(urgent()), "a")
    assert board.decide(lesser("upstart")) == "0/1 nodes are available: 1 Insufficient cpu."
    assert board.decide(lesser("vip", priority=URGENT + 1)) == "a"
    assert board.decide(urgent()) == "a"


def test_a_nominated_pod_may_go_elsewhere() -> None:
    """Kubernetes: "Pod P is not necessarily scheduled to the nominated Node": where a place is free, it need not wait."""
    board = Board(node("a", cpu="1"), node("b", cpu="1"), on={"a": [lesser("victim")]})
    board.cluster.nominate(board.info(urgent()), "a")
    assert board.decide(urgent()) == "b"


def test_victims_are_found_for_anti_affinity() -> None:
    """What keeps a pod off may be a pod it does not want to be near to."""
    board = Board(
        node("a", zone="x"), node("b", zone="x"), on={"b": [lesser("noisy", labels={"app": "noisy"})]}
    )
    found = preempt(board, urgent(affinity=away({"app": "noisy"}, ZONE)))
    assert isinstance(found, Victims)
    assert (found.node, [one.name for one in found.pods]) == ("b", ["noisy"])


def test_no_cross_node_preemption() -> None:
    """Kubernetes: "Cross node preemption" does not happen: only pods of the node itself are removed for it."""
    board = Board(
        node("a", zone="x", cpu="1"),
        node("b", zone="x"),
        on={
            "a": [lesser("full", priority=URGENT)],
            "b": [pod("noisy", labels={"app": "noisy"}, priority=URGENT)],
        },
    )
    found = preempt(board, urgent(affinity=away({"app": "noisy"}, ZONE)))
    assert isinstance(found, Hopeless)


def test_what_is_remembered_of_a_node_may_depend_on_others() -> None:
    """Who removes the only pod that it wants to be near may be the first there, but not once another one is elsewhere."""
    friend = {"app": "friend"}
    board = Board(
        node("a", cpu="1"),
        node("b", cpu="1"),
        on={"a": [lesser("near", labels=friend)], "b": [lesser("peer", priority=URGENT)]},
    )
    wanted = urgent(labels=friend, affinity=near(friend))
    preemption = Preemption(board.cluster, board.profile, Fixed())

    def find() -> Victims | Hopeless:
        info = board.info(wanted)
        rejected = board.decider.decide(info)
        assert isinstance(rejected, Rejected)
        return preemption.find(info, rejected)

    first = find()
    assert isinstance(first, Victims)
    assert first.node == "a"
    board.put(lesser("elsewhere", "0", labels=friend), "b")
    assert isinstance(find(), Hopeless)


def test_looking_for_victims_changes_nothing() -> None:
    """A trial is a trial: what the plugins count is as before, whichever pods were taken out for a moment."""
    board = Board(
        node("a", zone="x", cpu="2"),
        node("b", zone="y", cpu="2"),
        on={
            "a": [lesser("one", labels={"app": "w"}), lesser("two", labels={"app": "w"})],
            "b": [lesser("three", labels={"app": "w"})],
        },
    )
    wanted = urgent("2", labels={"app": "w"}, topologySpreadConstraints=[spread({"app": "w"})])
    first = preempt(board, wanted)
    assert first == preempt(board, wanted)
    assert isinstance(first, Victims)
    assert first.node == "b"
    assert {name: len(n.pods) for name, n in board.cluster.nodes.items()} == {"a": 2, "b": 1}
