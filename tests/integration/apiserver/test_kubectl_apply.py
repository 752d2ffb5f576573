"""``kubectl apply --server-side``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.api_server import Cluster
from tests.fakes.kubectl import Kubectl
from tests.lab.kubectl import kubectls

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
]

APPLY = ("apply", "-f", "-")
SERVER_SIDE = (*APPLY, "--server-side")
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def deployment(**changes: Any) -> str:
    container = {"name": "web", "image": "nginx:1", "ports": [{"containerPort": 80}]}
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
        **changes,
    }
    return json.dumps(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    )


def config_map(**data: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data})


def managers(cluster: Cluster, resource: str, name: str) -> list[tuple[str, str]]:
    entries = json.loads(cluster.stored(resource, name))["metadata"].get("managedFields", [])
    return [(entry["manager"], entry["operation"]) for entry in entries]


async def test_apply_conflict_and_force(kubectl: Kubectl, cluster: Cluster) -> None:
    """Create, again, another's change, the refusal kubectl explains, and --force-conflicts."""
    assert "serverside-applied" in (await kubectl.ok(*SERVER_SIDE, stdin=deployment())).out
    before = cluster.stored("deployments.apps", "web")
    assert "serverside-applied" in (await kubectl.ok(*SERVER_SIDE, stdin=deployment())).out
    assert cluster.stored("deployments.apps", "web") == before
    await kubectl.ok("scale", "deployment/web", "--replicas=5")
    refused = await kubectl(*SERVER_SIDE, stdin=deployment())
    assert refused.code == 1
    assert "Apply failed with 1 conflict: conflict with " in refused.err
    assert 'with subresource "scale" using apps/v1: .spec.replicas' in refused.err
    assert "* If you intend to manage all of these fields, please re-run the apply" in refused.err
    await kubectl.ok(*SERVER_SIDE, "--force-conflicts", "--field-manager=gitops", stdin=deployment())
    assert json.loads(cluster.stored("deployments.apps", "web"))["spec"]["replicas"] == 2
    assert set(managers(cluster, "deployments.apps", "web")) == {("gitops", "Apply"), ("kubectl", "Apply")}


async def test_fields_and_their_managers_are_shown_on_demand(kubectl: Kubectl) -> None:
    """--show-managed-fields; what is no longer applied goes; a diff and a dry run change nothing."""
    await kubectl.ok(*SERVER_SIDE, stdin=config_map(a="1", b="1"))
    shown = await kubectl.ok("get", "configmap", "settings", "-o", "yaml", "--show-managed-fields")
    assert "f:a: {}" in shown.out
    assert "managedFields" not in (await kubectl.ok("get", "configmap", "settings", "-o", "yaml")).out
    dry = await kubectl.ok(*SERVER_SIDE, "--dry-run=server", "-o", "json", stdin=config_map(a="2"))
    assert dry.json["data"] == {"a": "2"}
    compared = await kubectl("diff", "--server-side", "-f", "-", stdin=config_map(a="2"))
    assert (compared.code, '-  b: "1"' in compared.out) == (1, True)
    await kubectl.ok(*SERVER_SIDE, stdin=config_map(a="2"))
    assert (await kubectl.ok("get", "configmap", "settings", "-o", "json")).json["data"] == {"a": "2"}


async def test_migration_from_client_side_apply(kubectl: Kubectl, cluster: Cluster) -> None:
    """The client-side manager becomes a server-side one, once, and what it applied can be given up then."""
    await kubectl.ok(*APPLY, stdin=config_map(a="1", b="1"))
    assert managers(cluster, "configmaps", "settings") == [("kubectl-client-side-apply", "Update")]
    await kubectl.ok(*SERVER_SIDE, stdin=config_map(a="2"))
    stored = json.loads(cluster.stored("configmaps", "settings"))
    assert stored["data"] == {"a": "2"}
    assert ("kubectl-client-side-apply", "Update") not in managers(cluster, "configmaps", "settings")
    assert ("kubectl", "Apply") in managers(cluster, "configmaps", "settings")
    again = await kubectl.ok(*SERVER_SIDE, stdin=config_map(a="2"))
    assert "serverside-applied" in again.out
    assert json.loads(cluster.stored("configmaps", "settings"))["metadata"] == stored["metadata"]
    await kubectl.ok(*APPLY, stdin=config_map(a="3"))
    assert json.loads(cluster.stored("configmaps", "settings"))["data"] == {"a": "3"}


async def test_unknown_fields(kubectl: Kubectl, cluster: Cluster) -> None:
    """Refused before anything is stored; --validate=warn tells, and drops them."""
    refused = await kubectl(*SERVER_SIDE, stdin=deployment(replicaz=1))
    assert refused.code == 1
    assert ".spec.replicaz: field not declared in schema" in refused.err
    assert not cluster.stored("deployments.apps", "web")
    warned = await kubectl.ok(*SERVER_SIDE, "--validate=warn", stdin=deployment(replicaz=1))
    assert 'Warning: unknown field "spec.replicaz"' in warned.err


async def test_managed_fields_can_be_cleared(kubectl: Kubectl, cluster: Cluster) -> None:
    """As Kubernetes' page shows it: a merge patch with one empty entry."""
    await kubectl.ok(*SERVER_SIDE, stdin=config_map(a="1"))
    patch = '{"metadata":{"managedFields":[{}]}}'
    await kubectl.ok("patch", "configmap", "settings", "--type=merge", "-p", patch)
    assert managers(cluster, "configmaps", "settings") == []
