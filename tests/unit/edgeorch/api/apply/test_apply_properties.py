"""Apply under random configurations: what holds whatever was applied before."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.api.apply import configuration, field_set
from edgeorch.api.apply.managers import Managed, Manager, applier, decode, encode
from edgeorch.api.apply.ownership import Applied, applied
from edgeorch.api.core.pod import Pod
from edgeorch.api.schema import Kind, Type

NOW = "2026-05-01T12:00:00Z"
POD = Type(Kind.OBJECT, model=Pod)

_words = st.sampled_from(["a", "b", "c"])
_port: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"containerPort": st.sampled_from([53, 80])},
    optional={"protocol": st.sampled_from(["TCP", "UDP"]), "name": _words},
)
_ports: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    _port, max_size=3, unique_by=lambda p: (p["containerPort"], p.get("protocol", "TCP"))
)
_variable: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": _words}, optional={"value": _words}
)
_env = st.lists(_variable, max_size=3, unique_by=lambda e: str(e["name"]))
_container: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": _words},
    optional={
        "image": _words,
        "args": st.lists(_words, max_size=2),
        "env": _env,
        "ports": _ports,
        "resources": st.fixed_dictionaries({}, optional={"limits": st.dictionaries(_words, st.just("1"))}),
    },
)
_spec = st.fixed_dictionaries(
    {},
    optional={
        "containers": st.lists(_container, max_size=3, unique_by=lambda c: c["name"]),
        "nodeSelector": st.dictionaries(_words, _words, max_size=2),
        "hostNetwork": st.booleans(),
        "terminationGracePeriodSeconds": st.integers(0, 3),
        "securityContext": st.fixed_dictionaries({}, optional={"runAsUser": st.integers(0, 2)}),
    },
)
_meta = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.dictionaries(_words, _words, max_size=3),
        "finalizers": st.lists(_words, max_size=3, unique=True),
    },
)


def without_empties(value: Any) -> Any:
    """Leave out what is not sent: an empty list says nothing, and is nobody's."""
    if not isinstance(value, dict):
        return value
    kept = {key: without_empties(item) for key, item in value.items()}
    return {key: item for key, item in kept.items() if item not in ({}, [])}


configurations = st.fixed_dictionaries({}, optional={"spec": _spec, "metadata": _meta}).map(without_empties)
steps = st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), configurations), min_size=1, max_size=5)

Managers = dict[Manager, Managed]


def step(live: dict[str, Any], managers: Managers, who: str, given_: dict[str, Any], *, force: bool) -> Applied:
    claim = configuration.read(POD, given_)
    return applied(POD, live, claim, managers, applier(who), "v1", NOW, force=force)


def run(history: list[tuple[str, dict[str, Any]]]) -> tuple[dict[str, Any], Managers]:
    live: dict[str, Any] = {}
    managers: Managers = {}
    for who, given_ in history:
        done = step(live, managers, who, given_, force=True)
        live, managers = done.value, done.managers
    return live, managers


@given(steps)
@settings(max_examples=30, deadline=None)
def test_applying_again_changes_nothing(history: list[tuple[str, dict[str, Any]]]) -> None:
    """The last configuration is in effect: applied once more, without force, it finds nothing to do."""
    live, managers = run(history)
    who, last = history[-1]
    again = step(live, managers, who, last, force=False)
    assert without_empties(again.value) == without_empties(live)
    assert again.managers == managers


@given(steps)
@settings(max_examples=30, deadline=None)
def test_the_result_always_decodes(history: list[tuple[str, dict[str, Any]]]) -> None:
    """Whatever is applied and given up, what is left is a pod, but for what every container must have."""
    live, managers = run(history)
    for container in live.get("spec", {}).get("containers", []):
        assert "name" in container
    Pod.from_dict({**live, "spec": {"containers": [], **(live.get("spec") or {})}})
    assert decode(encode(managers)) == managers


@given(steps, configurations)
@settings(max_examples=30, deadline=None)
def test_who_stops_applying_leaves_no_trace(
    history: list[tuple[str, dict[str, Any]]], mine: dict[str, Any]
) -> None:
    """What only one manager applied goes when it applies nothing: the others' fields and values stay."""
    live, managers = run(history)
    claim = configuration.read(POD, mine)
    try:
        with_mine = applied(POD, live, claim, managers, applier("me"), "v1", NOW, force=False)
    except Exception:  # noqa: BLE001 - a conflict: there is nothing to give up
        return
    without = step(with_mine.value, with_mine.managers, "me", {}, force=False)
    assert applier("me") not in without.managers
    owned = field_set.EMPTY
    for managed in managers.values():
        owned = field_set.union(owned, managed.fields)
    left = configuration.read(POD, without.value).fields
    assert field_set.intersection(left, owned) == field_set.intersection(
        configuration.read(POD, live).fields, owned
    )


@given(configurations, configurations)
@settings(max_examples=30, deadline=None)
def test_disjoint_managers_never_conflict(one: dict[str, Any], two: dict[str, Any]) -> None:
    """Two managers whose configurations name no common field can apply in any order."""
    ones, twos = (configuration.read(POD, given_).fields for given_ in (one, two))
    if field_set.intersection(ones, twos):
        return
    results = []
    for first, second in ((("one", one), ("two", two)), (("two", two), ("one", one))):
        live, managers = run([first])
        done = step(live, managers, *second, force=False)
        results.append(json.dumps(encode_all(done), sort_keys=True))
    assert results[0] == results[1]


def encode_all(done: Applied) -> list[Any]:
    return [entry.to_dict() for entry in encode(done.managers)]
