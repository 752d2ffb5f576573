"""Priority classes, and the priority of pods (Kubernetes, "Pod Priority and Preemption")."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.core.resources import PODS
from edgeorch.api.scheduling.resources import PRIORITY_CLASSES
from edgeorch.errors import ApiError, Forbidden
from edgeorch_server.controllers.bootstrap import create_initial_objects


@pytest.fixture(autouse=True)
async def initial(world: Any) -> None:
    await create_initial_objects(world.registry)


async def add(world: Any, name: str, value: int, **more: Any) -> None:
    await world.create(PRIORITY_CLASSES, {"metadata": {"name": name}, "value": value, **more})


def of(world: Any, name: str) -> tuple[str, int, str]:
    spec = world.get(PODS, name).spec
    return spec.priorityClassName, spec.priority, spec.preemptionPolicy


async def test_priority_comes_from_the_class(world: Any) -> None:
    """A pod's priority and preemption policy are its class's."""
    await add(world, "gold", 1000, preemptionPolicy="Never")
    await world.pod("x", priorityClassName="gold")
    await world.pod("y", priorityClassName="system-node-critical")
    assert of(world, "x") == ("gold", 1000, "Never")
    assert of(world, "y") == ("system-node-critical", 2_000_001_000, "PreemptLowerPriority")


async def test_a_pod_without_a_class_gets_the_default_one(world: Any) -> None:
    """PriorityClass: "the value of such a PriorityClass"; without one, "the priority is zero"."""
    await world.pod("before")
    await add(world, "usual", 10, globalDefault=True)
    await world.pod("after")
    assert of(world, "before") == ("", 0, "PreemptLowerPriority")
    assert of(world, "after") == ("usual", 10, "PreemptLowerPriority")


async def test_existing_pods_keep_their_priority(world: Any) -> None:
    """Deleting a class: "existing Pods that use the name ... remain unchanged", and can be updated."""
    await add(world, "gold", 1000)
    await world.pod("x", priorityClassName="gold")
    await world.delete(PRIORITY_CLASSES, "gold")
    await world.patch(PODS, "x", {"metadata": {"labels": {"a": "b"}}})
    assert of(world, "x") == ("gold", 1000, "PreemptLowerPriority")
    with pytest.raises(Forbidden, match="no PriorityClass with name gold was found"):
        await world.pod("y", priorityClassName="gold")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"priorityClassName": "gold"}, "no PriorityClass with name gold was found"),
        ({"priority": 7}, r"the integer value of priority \(7\) must not be provided in pod spec"),
        ({"preemptionPolicy": "Never"}, r"the string value of PreemptionPolicy \(Never\) must not be provided"),
    ],
    ids=["unknown-class", "number", "policy"],
)
async def test_a_priority_of_ones_own(world: Any, spec: dict[str, Any], words: str) -> None:
    """A pod cannot choose its number, nor a class that does not exist."""
    with pytest.raises(Forbidden, match=rf'^pods "x" is forbidden: {words}'):
        await world.pod(**spec)
    assert not world.exists(PODS, "x")


async def test_there_is_one_default_at_most(world: Any) -> None:
    """PriorityClass: "Only one PriorityClass with globalDefault set to true can exist"."""
    await add(world, "usual", 10, globalDefault=True)
    await add(world, "other", 20)
    message = "PriorityClass usual is already marked as default. Only one default can exist"
    with pytest.raises(Forbidden) as caught:
        await add(world, "third", 30, globalDefault=True)
    assert caught.value.message == f'priorityclasses.scheduling.k8s.io "third" is forbidden: {message}'
    with pytest.raises(Forbidden, match=message):
        await world.patch(PRIORITY_CLASSES, "other", {"globalDefault": True})
    await world.patch(PRIORITY_CLASSES, "usual", {"description": "for all"})
    await world.patch(PRIORITY_CLASSES, "usual", {"globalDefault": False})
    await world.patch(PRIORITY_CLASSES, "other", {"globalDefault": True})
    assert world.get(PRIORITY_CLASSES, "other").globalDefault


async def test_the_system_s_classes_stay(world: Any) -> None:
    """They exist from the first start on, are made once, and can be neither deleted nor changed."""
    revision = world.store.revision
    await create_initial_objects(world.registry)
    assert world.store.revision == revision
    for name in ("system-cluster-critical", "system-node-critical"):
        with pytest.raises(Forbidden) as caught:
            await world.delete(PRIORITY_CLASSES, name)
        assert caught.value.message == (
            f'priorityclasses.scheduling.k8s.io "{name}" is forbidden: '
            "this is a system priority class and cannot be deleted"
        )
        with pytest.raises(ApiError, match="may not be changed in an update"):
            await world.patch(PRIORITY_CLASSES, name, {"value": 5})
        assert world.exists(PRIORITY_CLASSES, name)
