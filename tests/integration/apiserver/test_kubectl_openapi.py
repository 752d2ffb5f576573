"""What kubectl makes of the OpenAPI documents: explanations, and few requests."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.fakes.api_server import Cluster
from tests.fakes.custom_kinds import definition
from tests.fakes.kubectl import Kubectl
from tests.lab.kubectl import debian_kubectl, kubectls

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
]

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {color: red}\n"
EXPLAINED = {
    "pods": ["KIND: Pod VERSION: v1", "spec <PodSpec>", "metadata <ObjectMeta>", "apiVersion <string>"],
    "pod.spec.containers": ["name <string> -required- Name, a DNS label", "image <string> Image reference"],
    "pod.spec.containers.ports": [
        "FIELD: ports <[]ContainerPort>",
        "containerPort <integer> -required- Port in the pod's network, 1 to 65535.",
        "protocol <string> `TCP` (the default), `UDP` or `SCTP`.",
    ],
    "deploy.spec.strategy": ["GROUP: apps", "FIELD: strategy <DeploymentStrategy>", "rollingUpdate"],
    "pod.spec.containers.livenessProbe.httpGet.port": ["FIELD: port <IntOrString>"],
    "secret.data": ["FIELD: data <map[string]string>", "in base64"],
    "node.status.capacity": ["FIELD: capacity <map[string]Quantity>"],
    "pod.metadata.creationTimestamp": ["FIELD: creationTimestamp <string>", "set by the server."],
    "pod.spec.hostUsers": ["FIELD: hostUsers <boolean>", "Kept, but without effect here:"],
    "hpa.spec.metrics": ["VERSION: v2", "FIELD: metrics <[]MetricSpec>"],
    "pdb": ["GROUP: policy", "KIND: PodDisruptionBudget"],
}


@pytest.fixture
def old(config: Path, tmp_path: Path) -> Kubectl:
    """Take a version that knows nothing but OpenAPI v2."""
    binary = debian_kubectl()
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail("Debian's kubectl is missing: run scripts/debian-kubectl")
        pytest.skip("Debian's kubectl is missing: scripts/debian-kubectl gets it")
    return Kubectl(binary, tmp_path, config)


async def test_explain(kubectl: Kubectl) -> None:
    """Fields have their types, and our own sentences."""
    for what, expected in EXPLAINED.items():
        shown = " ".join((await kubectl.ok("explain", what)).out.split())
        assert [text for text in expected if text not in shown] == [], what


async def test_explain_recursively(kubectl: Kubectl) -> None:
    """All fields as a tree, down to the last."""
    lines = (await kubectl.ok("explain", "deployment", "--recursive")).out.splitlines()
    names = [line.split("\t")[0] for line in lines]
    at = names.index("  spec")
    assert "    replicas" in names[at:]
    assert "            image" in names[at:]
    assert names.index("    template") < names.index("            image")


async def test_explain_another_version(kubectl: Kubectl) -> None:
    """Each version of a kind has a schema of its own."""
    shown = (await kubectl.ok("explain", "hpa.spec", "--api-version=autoscaling/v1")).out
    assert "targetCPUUtilizationPercentage" in shown
    assert "targetCPUUtilizationPercentage" not in (await kubectl.ok("explain", "hpa.spec")).out


async def test_explain_what_is_not_there(kubectl: Kubectl) -> None:
    """A misspelt field is named."""
    refused = await kubectl("explain", "pod.spec.containerz")
    assert refused.code == 1
    assert 'field "containerz" does not exist' in refused.err


async def test_a_schema_is_fetched_once(kubectl: Kubectl, cluster: Cluster) -> None:
    """An edge link carries the document once, and then only the index that says it is still the same."""
    await kubectl.ok("apply", "-f", "-", stdin=CONFIG_MAP)
    cold = [request for request in cluster.requests if "/openapi/" in request]
    assert "GET /openapi/v3/api/v1" in cold
    cluster.requests.clear()
    changed = CONFIG_MAP.replace("red", "blue")
    assert "configured" in (await kubectl.ok("apply", "-f", "-", stdin=changed)).out
    warm = [request for request in cluster.requests if "/openapi/" in request]
    assert set(warm) <= {"GET /openapi/v3", "GET /openapi/v2"}


async def test_validation_is_the_servers(kubectl: Kubectl) -> None:
    """With a schema at hand kubectl still asks the server, in each way to validate."""
    misspelt = CONFIG_MAP.replace("\ndata:", "\ndta:")
    strict = await kubectl("apply", "--validate=strict", "-f", "-", stdin=misspelt)
    assert (strict.code, 'unknown field "dta"' in strict.err) == (1, True)
    warned = await kubectl.ok("apply", "--validate=warn", "-f", "-", stdin=misspelt)
    assert 'Warning: unknown field "dta"' in warned.err
    await kubectl.ok("delete", "cm", "settings")
    ignored = await kubectl.ok("apply", "--validate=false", "-f", "-", stdin=misspelt)
    assert "dta" not in ignored.err


async def test_v2_explains_to_old_kubectls(old: Kubectl, cluster: Cluster) -> None:
    """They show the same fields and sentences, those of custom kinds too."""
    shown = " ".join((await old.ok("explain", "pod.spec.containers.ports")).out.split())
    for text in ("RESOURCE: ports <[]Object>", "containerPort <integer> -required-", "`TCP` (the default)"):
        assert text in shown
    assert "containers\t<[]Object>" in (await old.ok("explain", "deploy", "--recursive")).out
    await old.ok("apply", "-f", "-", stdin=json.dumps(definition()))
    await old.ok("wait", "--for=condition=Established", "crd/widgets.example.com")
    assert "What is wanted." in (await old.ok("explain", "widget.spec")).out
    assert "GET /openapi/v3" not in cluster.requests


async def test_old_kubectls_try_before_they_write(old: Kubectl, cluster: Cluster) -> None:
    """They find in v2 that the server can do so, and compare with what it would make of a manifest."""
    tried = await old.ok("apply", "--dry-run=server", "-f", "-", stdin=CONFIG_MAP)
    assert "configmap/settings created (server dry run)" in tried.out
    assert not cluster.stored("configmaps", "settings")
    await old.ok("apply", "-f", "-", stdin=CONFIG_MAP)
    difference = await old("diff", "-f", "-", stdin=CONFIG_MAP.replace("red", "blue"))
    assert (difference.code, "+  color: blue" in difference.out) == (1, True)
    await old.ok("delete", "--dry-run=server", "configmap", "settings")
    assert b"red" in cluster.stored("configmaps", "settings")


async def test_old_kubectls_find_mistakes_themselves(old: Kubectl, cluster: Cluster) -> None:
    """They check fields against v2, and send nothing that does not fit."""
    refused = await old("create", "-f", "-", stdin=CONFIG_MAP.replace("\ndata:", "\ndta:"))
    assert (refused.code, 'unknown field "dta" in io.k8s.api.core.v1.ConfigMap' in refused.err) == (1, True)
    assert not [request for request in cluster.requests if request.startswith("POST")]
