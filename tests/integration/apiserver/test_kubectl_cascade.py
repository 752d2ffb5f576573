"""``kubectl delete --cascade``, with the garbage collector at work."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS
from tests.fakes.api_server import Cluster
from tests.fakes.eventually import eventually
from tests.fakes.kubectl import Kubectl
from tests.lab.kubectl import kubectls

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
    pytest.mark.usefixtures("collector"),
]


def names(cluster: Cluster) -> list[str]:
    return [entry.name for entry in cluster.store.list(CONFIG_MAPS.key, "default")]


def config_map(meta: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})


async def family(kubectl: Kubectl) -> None:
    """Create an owner and a dependent that blocks its deletion."""
    await kubectl.ok("create", "-f", "-", stdin=config_map({"name": "owner"}))
    uid = (await kubectl.ok("get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}")).out
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid, "blockOwnerDeletion": True}
    meta = {"name": "child", "ownerReferences": [owner], "finalizers": ["example.com/keep"]}
    await kubectl.ok("create", "-f", "-", stdin=config_map(meta))


async def free(kubectl: Kubectl) -> None:
    patch = '{"metadata": {"finalizers": null}}'
    await kubectl.ok("patch", "configmap", "child", "--type=merge", "-p", patch)


async def test_in_the_background(kubectl: Kubectl, cluster: Cluster) -> None:
    """``--cascade=background``, the default: the command is done when the owner is gone."""
    await family(kubectl)
    done = await kubectl.ok("delete", "configmap", "owner")
    assert (done.out, names(cluster)) == ('configmap "owner" deleted\n', ["child"])
    await free(kubectl)
    await eventually(lambda: not names(cluster))


async def test_in_the_foreground(kubectl: Kubectl, cluster: Cluster) -> None:
    """``--cascade=foreground``: the command ends when the dependents and then the owner are gone."""
    await family(kubectl)
    command = asyncio.create_task(kubectl.ok("delete", "configmap", "owner", "--cascade=foreground"))
    await eventually(lambda: b"deletionTimestamp" in cluster.stored("configmaps", "child"))
    assert (command.done(), names(cluster)) == (False, ["child", "owner"])
    await free(kubectl)
    await command
    assert not names(cluster)


async def test_with_orphans(kubectl: Kubectl, cluster: Cluster) -> None:
    """``--cascade=orphan``: the owner goes, the dependent stays and has no owner."""
    await family(kubectl)
    await kubectl.ok("delete", "configmap", "owner", "--cascade=orphan")
    assert names(cluster) == ["child"]
    assert b"ownerReferences" not in cluster.stored("configmaps", "child")
