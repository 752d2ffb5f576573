"""What holds for every cluster and every history of it."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.api.core.pod import Pod
from edgeorch.api.meta import LabelSelector
from edgeorch.api.selectors import Selector
from edgeorch_server.scheduler.framework import Placement, Rejected
from edgeorch_server.scheduler.node_info import NodeFacts, NodeInfo
from edgeorch_server.scheduler.placing import place
from edgeorch_server.scheduler.prepared import Prepared
from edgeorch_server.scheduler.ranking import Ranking
from edgeorch_server.scheduler.shape import Shape
from edgeorch_server.scheduler.trials import Trials
from edgeorch_server.scheduler.victims import Budget, victims_on
from tests.fakes.scheduling import HOSTNAME, ZONE, Board, node, pod, spread

APPS = ("a", "b")
NODES = tuple(f"n{number}" for number in range(8))
TAINT = {"key": "k", "value": "v", "effect": "NoSchedule"}

_EVENTS = ["nothing"] * 4 + ["gone"] * 4 + ["leaving"] * 2 + ["elsewhere"] * 4 + ["node", "no node"]
"""Nodes seldom change: most of what is kept per node is then kept for a while."""


@st.composite
def nodes(draw: st.DrawFn, name: str) -> Any:
    """Draw a node in one of three zones or none, maybe small, tainted or cordoned."""
    return node(
        name,
        cpu=draw(st.sampled_from(["1", "4", "4"])),
        pods=draw(st.sampled_from(["3", "110", "110"])),
        zone=draw(st.sampled_from(["", "x", "x", "y", "y", "z"])),
        labels=draw(st.sampled_from([{}, {"disk": "ssd"}])),
        taints=draw(st.sampled_from([[], [], [TAINT], [{**TAINT, "effect": "PreferNoSchedule"}]])),
        unschedulable=draw(st.integers(0, 9)) == 0,
    )


def terms() -> st.SearchStrategy[dict[str, Any]]:
    """Draw a term about pods of one of the apps."""
    return st.builds(
        lambda app, key, spaces: {
            "labelSelector": {"matchLabels": {"app": app}},
            "topologyKey": key,
            **({"namespaceSelector": {}} if spaces else {}),
        },
        st.sampled_from(APPS),
        st.sampled_from([HOSTNAME, ZONE]),
        st.booleans(),
    )


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the arguments of :func:`tests.fakes.scheduling.pod` that make a shape."""
    app = draw(st.sampled_from(APPS))
    flavour = draw(
        st.sampled_from(["neighbours", "neighbours", "spread", "plain"])
    )  # all at once seldom fits anywhere
    affinity: dict[str, Any] = {}
    for kind in ("podAffinity", "podAntiAffinity") if flavour == "neighbours" else ():
        if draw(st.booleans()):
            affinity.setdefault(kind, {})["requiredDuringSchedulingIgnoredDuringExecution"] = [draw(terms())]
        if draw(st.booleans()):
            affinity.setdefault(kind, {})["preferredDuringSchedulingIgnoredDuringExecution"] = [
                {"weight": draw(st.integers(1, 100)), "podAffinityTerm": draw(terms())}
            ]
    if draw(st.integers(0, 4)) == 0:
        wish = {"weight": 5, "preference": {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}}
        affinity["nodeAffinity"] = {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}
    constraints = draw(
        st.lists(
            st.builds(
                spread,
                st.sampled_from([{"app": app}, {"app": "a"}]),
                st.sampled_from([HOSTNAME, ZONE]),
                skew=st.integers(1, 2),
                soft=st.booleans(),
                nodeTaintsPolicy=st.sampled_from(["Honor", "Ignore"]),
            ),
            max_size=2 if flavour == "spread" else 0,
        )
    )
    return {
        "namespace": draw(st.sampled_from(["default", "other"])),
        "labels": {"app": app},
        "requests": draw(st.sampled_from([{}, {"cpu": "300m"}, {"cpu": "1", "memory": "1Gi"}])),
        "ports": draw(st.sampled_from([[], [], [], [{"containerPort": 1, "hostPort": 80}]])),
        "owner": draw(st.sampled_from(["", app])),
        "affinity": affinity,
        "topologySpreadConstraints": constraints,
        "tolerations": draw(st.sampled_from([[{"operator": "Exists"}], []])),
        "nodeSelector": draw(st.sampled_from([{}, {}, {}, {"disk": "ssd"}])),
    }


class History:
    """Lets things happen to a cluster, driven by Hypothesis."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data
        self.board = Board()
        self.board.cluster.set_namespace("default", {})
        self.board.cluster.set_namespace("other", {"team": "o"})
        for name in NODES[: data.draw(st.integers(3, len(NODES)))]:
            self.board.add(data.draw(nodes(name)))
        self.kinds = data.draw(st.lists(shapes(), min_size=1, max_size=2))
        self._count = 0

    def next_pod(self) -> Pod:
        self._count += 1
        return pod(f"p{self._count}", **self._data.draw(st.sampled_from(self.kinds)))

    def disturb(self) -> None:
        """Let something happen that is not a decision."""
        cluster = self.board.cluster
        uids = sorted(cluster.placed())
        match self._data.draw(st.sampled_from(_EVENTS)):
            case "gone" if uids:
                cluster.remove_pod(self._data.draw(st.sampled_from(uids)))
            case "leaving" if uids:
                uid = self._data.draw(st.sampled_from(uids))
                where = cluster.where(uid)
                assert where is not None
                if where in cluster.nodes:
                    known = cluster.nodes[where].pods[uid]
                    cluster.place(dataclasses.replace(known, leaving=True), where)
            case "node":
                self.board.add(self._data.draw(st.sampled_from(NODES).flatmap(nodes)))
            case "no node":
                cluster.remove_node(self._data.draw(st.sampled_from(NODES)))
            case "elsewhere":  # bound by hand, past all filters
                self.board.put(self.next_pod(), self._data.draw(st.sampled_from(NODES)))
            case _:
                pass


def plainly(board: Board, wanted: Pod) -> Placement | Rejected:
    """Decide by looking at every node, with nothing kept."""
    found = list(board.cluster.nodes.values())
    return place(Prepared(board.info(wanted).shape, board.cluster, board.profile), found, len(found))[0]


@given(st.data())
@settings(max_examples=50)
def test_a_ranking_decides_as_one_who_looks_at_all_nodes(data: st.DataObject) -> None:
    """Keeping answers per node changes no answer: same node, same reasons for the others, after any history."""
    history = History(data)
    board = history.board
    rankings: dict[Shape, Ranking] = {}
    for _ in range(data.draw(st.integers(8, 25))):
        wanted = history.next_pod()
        shape = board.info(wanted).shape
        ranking = rankings.setdefault(shape, Ranking(shape, board.cluster, board.profile))
        kept, plain = ranking.best(), plainly(board, wanted)
        if isinstance(plain, Placement):
            assert isinstance(kept, Placement)
            assert kept.node == plain.node
            board.put(wanted, kept.node)
        else:
            assert str(kept) == str(plain)
            assert isinstance(kept, Rejected)
            assert dict(kept.refusals) == dict(plain.refusals)
        history.disturb()


@given(st.data())
@settings(max_examples=50)
def test_what_is_remembered_of_removing_pods_is_what_a_new_trial_says(data: st.DataObject) -> None:
    """Keeping who would have to leave each node changes nobody's fate, after any history."""
    history = History(data)
    cluster, profile = history.board.cluster, history.board.profile
    trials = Trials(cluster, profile)
    budgets = [(), (Budget("default", Selector.of(LabelSelector(matchLabels={"app": "a"})), 0),)]
    for number in range(data.draw(st.integers(4, 15))):
        for _ in range(2):
            history.disturb()
        wanted = pod(f"w{number}", priority=10, **data.draw(st.sampled_from(history.kinds)))
        info, kept = history.board.info(wanted), data.draw(st.sampled_from(budgets))
        if data.draw(st.booleans()) and cluster.nodes:
            cluster.nominate(info, data.draw(st.sampled_from(sorted(cluster.nodes))))
        if uids := sorted(uid for uid in cluster.placed() if cluster.where(uid) in cluster.nodes):
            uid = data.draw(st.sampled_from(uids))
            where = cluster.where(uid)
            assert where is not None
            started = data.draw(st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]))
            cluster.place(dataclasses.replace(cluster.nodes[where].pods[uid], started=started), where)
        trial = trials.of(info.shape, kept)
        fresh = Prepared(info.shape, cluster, profile)
        for one in cluster.nodes.values():
            assert trial.outcome(info, one) == victims_on(fresh, info, one, kept)


@given(st.data())
@settings(max_examples=50)
def test_no_node_is_ever_overcommitted(data: st.DataObject) -> None:
    """Whatever comes and goes: the scheduler's own placements never ask more of a node than it has."""
    history = History(data)
    board = history.board
    for _ in range(data.draw(st.integers(1, 30))):
        wanted = history.next_pod()
        name = board.schedule(wanted)
        if name in board.cluster.nodes:
            after = board.cluster.nodes[name]
            allocatable = after.facts.allocatable
            assert len(after.pods) <= allocatable["pods"]
            assert all(after.requested[r] <= allocatable.get(r, 0) for r in board.info(wanted).shape.request)
        board.cluster.remove_pod(data.draw(st.sampled_from(["nobody", *sorted(board.cluster.placed())])))


@given(st.data())
@settings(max_examples=100)
def test_what_a_node_adds_up_is_the_sum_of_its_pods(data: st.DataObject) -> None:
    """Sums kept pod by pod are the sums made anew."""
    history = History(data)
    for _ in range(data.draw(st.integers(1, 30))):
        history.board.schedule(history.next_pod())
        history.disturb()
    for one in history.board.cluster.nodes.values():
        fresh = NodeInfo(one.facts)
        for info in one.pods.values():
            fresh.add(info)
        assert fresh.ports == one.ports
        assert (fresh.milli_cpu, fresh.memory) == (one.milli_cpu, one.memory)
        assert {k: v for k, v in fresh.requested.items() if v} == {k: v for k, v in one.requested.items() if v}


# Kubernetes' documentation, written down as plainly as can be, to hold the plugins against.


def meant(term: Mapping[str, Any], owner: Pod, other: Pod) -> bool:
    """Whether a term of ``owner`` is about ``other``."""
    spaces = "namespaceSelector" in term or owner.metadata.namespace == other.metadata.namespace
    wanted = term["labelSelector"]["matchLabels"]
    return spaces and all(other.metadata.labels.get(k) == v for k, v in wanted.items())


def required(one: Pod, kind: str) -> list[dict[str, Any]]:
    """Give the required terms of a pod as they stand in its manifest."""
    body: dict[str, Any] = one.spec.model_dump(exclude_defaults=True)
    return list(
        body.get("affinity", {}).get(kind, {}).get("requiredDuringSchedulingIgnoredDuringExecution", [])
    )


def neighbours_allow(wanted: Pod, at: NodeFacts, everyone: Iterable[tuple[Pod, NodeFacts]]) -> bool:
    """Say what "Inter-pod affinity and anti-affinity" says."""
    everyone = list(everyone)

    def same_place(key: str, other: NodeFacts) -> bool:
        return key in at.labels and at.labels[key] == other.labels.get(key)

    mine = required(wanted, "podAffinity")
    alike = [(p, n) for p, n in everyone if all(meant(t, wanted, p) for t in mine)]
    for term in mine:
        if term["topologyKey"] not in at.labels:
            return False
        if any(same_place(term["topologyKey"], n) for _, n in alike):
            continue
        first = all(meant(t, wanted, wanted) for t in mine) and not any(
            t["topologyKey"] in n.labels for _, n in alike for t in mine
        )
        if not first:
            return False
    for term in required(wanted, "podAntiAffinity"):
        if any(meant(term, wanted, p) and same_place(term["topologyKey"], n) for p, n in everyone):
            return False
    return not any(
        meant(term, p, wanted) and same_place(term["topologyKey"], n)
        for p, n in everyone
        for term in required(p, "podAntiAffinity")
    )


@given(st.data())
@settings(max_examples=150)
def test_affinity_is_what_its_documentation_says(data: st.DataObject) -> None:
    """The filter with its counts agrees with a look at every pair of pods, symmetry included."""
    history = History(data)
    board = history.board
    there: list[tuple[Pod, NodeFacts]] = []
    for _ in range(data.draw(st.integers(0, 12))):
        one = history.next_pod()
        name = data.draw(st.sampled_from(sorted(board.cluster.nodes)))
        board.put(one, name)
        there.append((one, board.cluster.nodes[name].facts))
    wanted = history.next_pod()
    check = Prepared(
        board.info(wanted).shape,
        board.cluster,
        dataclasses.replace(
            board.profile, filters=[f for f in board.profile.filters if f.name == "InterPodAffinity"]
        ),
    )
    for one_node in board.cluster.nodes.values():
        assert (check.refusal(one_node) is None) == neighbours_allow(wanted, one_node.facts, there)


@given(st.data())
@settings(max_examples=150)
def test_spreading_is_what_its_documentation_says(data: st.DataObject) -> None:
    """The filter with its tallies agrees with counting pods place by place."""
    history = History(data)
    board = history.board
    there: list[tuple[Pod, NodeFacts]] = []
    for _ in range(data.draw(st.integers(0, 12))):
        one = history.next_pod()
        name = data.draw(st.sampled_from(sorted(board.cluster.nodes)))
        board.put(one, name)
        there.append((one, board.cluster.nodes[name].facts))
    wanted = history.next_pod()
    hard = [c for c in wanted.spec.topologySpreadConstraints if c.whenUnsatisfiable == "DoNotSchedule"]
    filters = [f for f in board.profile.filters if f.name == "PodTopologySpread"]
    check = Prepared(
        board.info(wanted).shape, board.cluster, dataclasses.replace(board.profile, filters=filters)
    )

    def tolerated(facts: NodeFacts) -> bool:
        return bool(wanted.spec.tolerations) or all(t.effect != "NoSchedule" for t in facts.taints)

    def allowed(facts: NodeFacts) -> bool:
        return all(facts.labels.get(k) == v for k, v in wanted.spec.nodeSelector.items())

    def fits(at: NodeFacts) -> bool:
        facts = [n.facts for n in board.cluster.nodes.values()]
        for constraint in hard:
            key = constraint.topologyKey
            if key not in at.labels:
                return False
            assert constraint.labelSelector is not None
            labels = constraint.labelSelector.matchLabels
            counting = [
                n
                for n in facts
                if all(c.topologyKey in n.labels for c in hard)
                and allowed(n)
                and (constraint.nodeTaintsPolicy == "Ignore" or tolerated(n))
            ]
            counts = dict.fromkeys((n.labels[key] for n in counting), 0)
            for p, n in there:
                same = p.metadata.namespace == wanted.metadata.namespace
                if n in counting and same and labels.items() <= p.metadata.labels.items():
                    counts[n.labels[key]] += 1
            itself = labels.items() <= wanted.metadata.labels.items()
            if counts.get(at.labels[key], 0) + itself - min(counts.values(), default=0) > constraint.maxSkew:
                return False
        return True

    for one_node in board.cluster.nodes.values():
        assert (check.refusal(one_node) is None) == fits(one_node.facts)
