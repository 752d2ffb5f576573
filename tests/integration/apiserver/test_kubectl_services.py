"""Real kubectl on Services: every way to create one, and what it shows of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgeorch_server.controllers.api_service import publish_api_service
from tests.fakes.api_server import Cluster
from tests.fakes.kubectl import Kubectl
from tests.lab.kubectl import kubectls

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
]


def spec_of(cluster: Cluster, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(cluster.stored("services", name))["spec"]
    return spec


async def test_create_service(kubectl: Kubectl, cluster: Cluster) -> None:
    """Each type has its own command, in protobuf with the newer versions."""
    await kubectl.ok("create", "service", "clusterip", "plain", "--tcp=5678:8080")
    plain = spec_of(cluster, "plain")
    assert plain["ports"] == [{"name": "5678-8080", "port": 5678, "protocol": "TCP", "targetPort": 8080}]
    assert plain["selector"] == {"app": "plain"}
    assert plain["clusterIP"].startswith("10.43.")
    await kubectl.ok("create", "service", "clusterip", "headless", "--clusterip=None")
    assert spec_of(cluster, "headless")["clusterIP"] == "None"
    await kubectl.ok("create", "service", "nodeport", "open", "--tcp=80", "--node-port=30080")
    assert spec_of(cluster, "open")["ports"][0]["nodePort"] == 30080
    await kubectl.ok("create", "service", "loadbalancer", "balanced", "--tcp=80:8080")
    assert 30000 <= spec_of(cluster, "balanced")["ports"][0]["nodePort"] < 32768
    await kubectl.ok("create", "service", "externalname", "outside", "--external-name=a.example", "--tcp=80")
    assert spec_of(cluster, "outside")["externalName"] == "a.example"
    taken = await kubectl("create", "service", "nodeport", "other", "--tcp=80", "--node-port=30080")
    assert taken.code == 1
    assert "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated" in taken.err
    await kubectl.ok("set", "selector", "service", "plain", "app=other")
    assert spec_of(cluster, "plain")["selector"] == {"app": "other"}
    rows = {
        line.split()[0]: line.split()[1:5] for line in (await kubectl.ok("get", "svc")).out.splitlines()[1:]
    }
    assert rows["open"] == ["NodePort", spec_of(cluster, "open")["clusterIP"], "<none>", "80:30080/TCP"]
    assert rows["outside"] == ["ExternalName", "<none>", "a.example", "80/TCP"]


async def test_expose_and_describe(kubectl: Kubectl, cluster: Cluster) -> None:
    """A Deployment is exposed, and the Service described with the endpoints that somebody wrote."""
    await kubectl.ok("create", "deployment", "web", "--image=nginx:1", "--port=80")
    await kubectl.ok("expose", "deployment", "web", "--port=8080", "--target-port=80")
    assert spec_of(cluster, "web")["selector"] == {"app": "web"}
    piece = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.42.0.5"], "conditions": {"ready": True}}],
        "ports": [{"port": 80, "protocol": "TCP"}],
    }
    old = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "web"},
        "subsets": [{"addresses": [{"ip": "10.42.0.5"}], "ports": [{"port": 80}]}],
    }
    manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": [piece, old]})
    await kubectl.ok("apply", "-f", "-", stdin=manifest)
    shown = (await kubectl.ok("describe", "service", "web")).out
    assert "10.42.0.5:80" in shown
    assert spec_of(cluster, "web")["clusterIP"] in shown
    assert "10.42.0.5" in (await kubectl.ok("describe", "endpoints", "web")).out
    assert "10.42.0.5" in (await kubectl.ok("describe", "endpointslice", "web-1")).out
    table = (await kubectl.ok("get", "ep,endpointslices")).out
    assert "endpoints/web" in table
    assert "endpointslice.discovery.k8s.io/web-1" in table
    everything = (await kubectl.ok("get", "all")).out
    assert "service/web" in everything
    assert "deployment.apps/web" in everything
    assert 'service "web" deleted' in (await kubectl.ok("delete", "service", "web")).out


async def test_the_api_itself(newest: Kubectl, cluster: Cluster) -> None:
    """``kubectl describe service kubernetes`` leads to the API."""
    await publish_api_service(cluster.registry, ["192.168.1.5"], 6443, "10.43.0.1")
    shown = (await newest.ok("describe", "service", "kubernetes")).out
    assert "192.168.1.5:6443" in shown
    assert "10.43.0.1" in shown


async def test_apply_again_changes_nothing(newest: Kubectl) -> None:
    """What was chosen for a Service is no change when its manifest is applied again, or replaced."""
    manifest = json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80}]},
        }
    )
    await newest.ok("apply", "-f", "-", stdin=manifest)
    before = (await newest.ok("get", "service", "web", "-o", "json")).json["spec"]
    assert "unchanged" in (await newest.ok("apply", "-f", "-", stdin=manifest)).out
    await newest.ok("replace", "-f", "-", stdin=manifest)
    assert (await newest.ok("get", "service", "web", "-o", "json")).json["spec"] == before
