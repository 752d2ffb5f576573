"""Admission: what is added to pods, and what is refused, with an eye on other objects."""

from typing import Any

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS, PODS, SERVICE_ACCOUNTS
from edgeorch.errors import Forbidden


async def test_a_pod_runs_as_default(world: Any) -> None:
    """A pod that names no service account runs as ``default``, even before that exists."""
    await world.pod()
    spec = world.get(PODS, "x").spec
    assert (spec.serviceAccountName, spec.serviceAccount) == ("default", "default")


async def test_an_account_must_exist(world: Any) -> None:
    """A pod that names an account that does not exist is refused, in Kubernetes' words."""
    with pytest.raises(Forbidden) as caught:
        await world.pod(serviceAccountName="robot")
    assert caught.value.message == (
        'pods "x" is forbidden: error looking up service account default/robot: '
        'serviceaccount "robot" not found'
    )


async def test_an_account_hands_down_its_pull_secrets(world: Any) -> None:
    """A pod without pull secrets gets its account's; one that has some keeps them."""
    secrets = [{"name": "registry"}]
    await world.create(SERVICE_ACCOUNTS, {"metadata": {"name": "default"}, "imagePullSecrets": secrets})
    await world.pod("x")
    await world.pod("y", imagePullSecrets=[{"name": "own"}])
    assert [s.name for s in world.get(PODS, "x").spec.imagePullSecrets] == ["registry"]
    assert [s.name for s in world.get(PODS, "y").spec.imagePullSecrets] == ["own"]


async def test_a_lost_node_is_tolerated_for_five_minutes(world: Any) -> None:
    """DefaultTolerationSeconds adds two tolerations of 300 seconds."""
    await world.pod()
    assert [t.to_dict() for t in world.get(PODS, "x").spec.tolerations] == [
        {
            "key": f"node.kubernetes.io/{state}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 300,
        }
        for state in ("not-ready", "unreachable")
    ]


async def test_a_pod_that_tolerates_everything_gets_none(world: Any) -> None:
    """A pod with its own word on lost nodes keeps it."""
    await world.pod(tolerations=[{"operator": "Exists"}])
    assert len(world.get(PODS, "x").spec.tolerations) == 1


async def test_other_kinds_are_left_alone(world: Any) -> None:
    """Plugins for pods do not look at anything else."""
    await world.create(CONFIG_MAPS, {"metadata": {"name": "c"}, "data": {"priorityClassName": "gold"}})
    assert world.get(CONFIG_MAPS, "c").data == {"priorityClassName": "gold"}
