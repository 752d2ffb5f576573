"""Real kubectl with custom resources: defined, explained, listed, scaled, patched and gone."""

from __future__ import annotations

import json

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS
from tests.fakes.api_server import Cluster
from tests.fakes.custom_kinds import definition, widget
from tests.fakes.eventually import eventually
from tests.fakes.kubectl import Kubectl
from tests.lab.kubectl import kubectls

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
    pytest.mark.usefixtures("collector"),
]


async def test_from_definition_to_deletion(newest: Kubectl, cluster: Cluster) -> None:
    """What kubectl does with a built-in kind it does with a custom one, from its definition on."""
    kubectl = newest
    await kubectl.ok("apply", "-f", "-", stdin=json.dumps(definition()))
    await kubectl.ok("wait", "--for=condition=Established", "crd/widgets.example.com", "--timeout=60s")
    for size in (1, 2):
        body = json.dumps(widget("w1", size=size, replicas=1))
        await kubectl.ok("apply", "-f", "-", stdin=body)
    listed = (await kubectl.ok("get", "wd")).out.splitlines()
    assert [line.split() for line in listed] == [["NAME", "SIZE"], ["w1", "2"]]
    assert "What is wanted." in (await kubectl.ok("explain", "widget.spec")).out
    await kubectl.ok("scale", "widget/w1", "--replicas=4")
    await kubectl.ok("patch", "widget", "w1", "--type=merge", "-p", '{"spec": {"color": "blue"}}')
    spec = json.loads((await kubectl.ok("get", "widget", "w1", "-o", "jsonpath={.spec}")).out)
    assert spec == {"size": 2, "color": "blue", "replicas": 4}
    uid = (await kubectl.ok("get", "widget", "w1", "-o", "jsonpath={.metadata.uid}")).out
    owner = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "w1", "uid": uid}
    child = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "ownerReferences": [owner]}}
    await kubectl.ok("create", "-f", "-", stdin=json.dumps(child))
    await kubectl.ok("delete", "crd", "widgets.example.com")
    await eventually(lambda: not cluster.store.list(CONFIG_MAPS.key, "default"))
    # kubectl still believes its cache, and asks
    assert "could not find the requested resource" in (await kubectl("get", "widgets")).err
