"""Real kubectl, against the real server; no node is needed for any of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.fakes.api_server import Cluster
from tests.fakes.eventually import LIMIT, eventually
from tests.fakes.kubectl import Kubectl
from tests.lab.kubectl import kubectls

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
]

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {app: web}}
data: {color: red}
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  nodeName: pi-1
  containers: [{name: web, image: "docker.io/library/nginx:1.27", ports: [{containerPort: 80}]}]
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
MISSPELT = CONFIG_MAP.replace("\ndata:", "\ndta:")


async def status(cluster: Cluster, name: str, **status: Any) -> None:
    """Report a pod's status, as a node does."""
    async with cluster.client() as client:
        answer = await client.patch(
            f"/api/v1/namespaces/default/pods/{name}/status",
            content=json.dumps({"status": status}),
            headers={"content-type": "application/merge-patch+json"},
        )
        assert answer.is_success, answer.text


async def test_a_config_map_from_cradle_to_grave(kubectl: Kubectl) -> None:
    """Apply it, apply a change, read it, delete it."""
    assert "created" in (await kubectl.ok("apply", "-f", "-", stdin=CONFIG_MAP)).out
    changed = CONFIG_MAP.replace("red", "blue")
    applied = await kubectl.ok("apply", "-f", "-", stdin=changed)
    assert ("configured" in applied.out, applied.err) == (True, "")
    assert (await kubectl.ok("get", "cm", "settings", "-o", "json")).json["data"] == {"color": "blue"}
    await kubectl.ok("delete", "cm", "settings")


async def test_a_pod_until_it_is_ready(kubectl: Kubectl, cluster: Cluster) -> None:
    """Create it, see it as a table, wait for a condition, describe it, delete it by force."""
    await kubectl.ok("create", "-f", "-", stdin=POD)
    await status(cluster, "web", phase="Running", conditions=[{"type": "Ready", "status": "True"}])
    header, row = (await kubectl.ok("get", "pods", "-o", "wide")).out.splitlines()
    assert header.split()[:5] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert (row.split()[0], row.split()[2], "pi-1" in row) == ("web", "Running", True)
    await kubectl.ok("wait", "--for=condition=Ready", "pod/web", "--timeout=30s")
    assert "docker.io/library/nginx:1.27" in (await kubectl.ok("describe", "pod", "web")).out
    await kubectl.ok("delete", "pod", "web", "--grace-period=0", "--force")
    assert cluster.stored("pods", "web") == b""


async def test_misspelt_fields_are_refused(kubectl: Kubectl) -> None:
    """Every version lets the server validate, strictly."""
    refused = await kubectl("apply", "-f", "-", stdin=MISSPELT)
    assert refused.code == 1
    assert 'strict decoding error: unknown field "dta"' in refused.err


async def test_patches_labels_and_selectors(newest: Kubectl) -> None:
    """Users change objects in many ways and find them by label and field."""
    await newest.ok("apply", "-f", "-", stdin=CONFIG_MAP)
    assert "unchanged" in (await newest.ok("apply", "-f", "-", stdin=CONFIG_MAP)).out
    await newest.ok("patch", "cm", "settings", "--type=merge", "-p", '{"data":{"size":"big"}}')
    await newest.ok("patch", "cm", "settings", "--type=json", "-p", '[{"op":"remove","path":"/data/color"}]')
    await newest.ok("patch", "cm", "settings", "-p", '{"data":{"shape":"round"}}')
    await newest.ok("label", "cm", "settings", "tier=front")
    read = await newest.ok("get", "cm", "settings", "-o", "jsonpath={.data}")
    assert read.out == '{"shape":"round","size":"big"}'
    assert (await newest.ok("get", "cm", "-l", "tier=front", "-o", "name")).out == "configmap/settings\n"
    by_name = await newest.ok("get", "cm", "-A", "--field-selector", "metadata.name=settings", "--no-headers")
    assert by_name.out.split()[:2] == ["default", "settings"]


async def test_namespaces(newest: Kubectl) -> None:
    """A new one is active at once, and what is in it is not in others."""
    await newest.ok("create", "-f", "-", stdin=NAMESPACE)
    assert (await newest.ok("get", "ns", "shop", "-o", "jsonpath={.status.phase}")).out == "Active"
    await newest.ok("apply", "-n", "shop", "-f", "-", stdin=CONFIG_MAP)
    assert (await newest.ok("get", "cm")).err == "No resources found in default namespace.\n"


async def test_misspelt_fields_can_be_told_only(newest: Kubectl) -> None:
    """``--validate=warn`` prints the warning and goes on."""
    warned = await newest.ok("apply", "--validate=warn", "-f", "-", stdin=MISSPELT)
    assert 'Warning: unknown field "dta"' in warned.err


async def test_dry_run_and_diff_change_nothing(newest: Kubectl) -> None:
    """``diff`` exits with 1 and shows the lines."""
    await newest.ok("apply", "-f", "-", stdin=CONFIG_MAP)
    changed = CONFIG_MAP.replace("red", "blue")
    await newest.ok("apply", "--dry-run=server", "-f", "-", stdin=changed)
    different = await newest("diff", "-f", "-", stdin=changed)
    assert different.code == 1
    assert "+  color: blue" in different.out
    assert (await newest.ok("get", "cm", "settings", "-o", "jsonpath={.data.color}")).out == "red"


async def test_discovery(newest: Kubectl) -> None:
    """Kinds, groups and versions are listed, and an unknown kind is told from a broken server."""
    listed = (await newest.ok("api-resources", "--no-headers", "-o", "name")).out.split()
    assert {"pods", "configmaps", "nodes", "leases.coordination.k8s.io"} <= set(listed)
    assert "coordination.k8s.io/v1" in (await newest.ok("api-versions")).out.split()
    server = json.loads((await newest.ok("version", "-o", "json")).out)["serverVersion"]
    assert server["gitVersion"].startswith("v1.33.0+edgeorch.")
    unknown = await newest("get", "unicorns")
    assert 'the server doesn\'t have a resource type "unicorns"' in unknown.err


@asynccontextmanager
async def running(kubectl: Kubectl, *args: str) -> AsyncIterator[asyncio.StreamReader]:
    """Run a command that does not end by itself; gives its output."""
    process = await kubectl.start(*args)
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


async def test_a_watch_shows_changes_as_they_happen(kubectl: Kubectl, cluster: Cluster) -> None:
    """``get -w`` prints a row for what is there and one for each change."""
    await kubectl.ok("create", "-f", "-", stdin=POD)
    async with running(kubectl, "get", "pods", "-w", "--no-headers") as output:
        first = (await asyncio.wait_for(output.readline(), LIMIT)).decode()
        await status(cluster, "web", phase="Running")
        second = (await asyncio.wait_for(output.readline(), LIMIT)).decode()
    assert (first.split()[2], second.split()[2]) == ("Pending", "Running")


async def test_delete_waits_for_the_grace_period(kubectl: Kubectl, cluster: Cluster) -> None:
    """It returns once the node has reported the end, and not before."""
    await kubectl.ok("create", "-f", "-", stdin=POD)
    deleting = asyncio.create_task(kubectl.ok("delete", "pod", "web"))
    async with cluster.client() as client:
        path = "/api/v1/namespaces/default/pods/web"
        await eventually(lambda: b"deletionTimestamp" in cluster.stored("pods", "web"))
        assert not deleting.done()
        await client.request("DELETE", path, json={"gracePeriodSeconds": 0})
    assert 'pod "web" deleted' in (await deleting).out


async def test_finalizers_hold_a_delete(newest: Kubectl) -> None:
    """``--timeout`` gives up waiting; taking the finalizer off lets the object go."""
    await newest.ok("apply", "-f", "-", stdin=CONFIG_MAP)
    await newest.ok("patch", "cm", "settings", "--type=merge", "-p", '{"metadata":{"finalizers":["a.b/c"]}}')
    assert (await newest("delete", "cm", "settings", "--timeout=1s")).code == 1
    await newest.ok("patch", "cm", "settings", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    assert (await newest("get", "cm", "settings")).code == 1


async def test_edits_by_script(newest: Kubectl) -> None:
    """annotate, replace, replace --force, delete by label and by file."""
    await newest.ok("create", "-f", "-", stdin=CONFIG_MAP)
    await newest.ok("annotate", "cm", "settings", "note=hello")
    await newest.ok("replace", "-f", "-", stdin=CONFIG_MAP.replace("red", "green"))
    await newest.ok("replace", "--force", "-f", "-", stdin=CONFIG_MAP.replace("red", "black"))
    assert (await newest.ok("get", "cm", "settings", "-o", "jsonpath={.data.color}")).out == "black"
    await newest.ok("delete", "cm", "-l", "app=web")
    await newest.ok("delete", "--ignore-not-found", "-f", "-", stdin=CONFIG_MAP)


async def test_pages_and_sorting(newest: Kubectl) -> None:
    """``--chunk-size`` fetches page by page, ``--sort-by`` asks for whole objects."""
    documents = [CONFIG_MAP.replace("settings", f"s{number}") for number in range(5)]
    await newest.ok("create", "-f", "-", stdin="---\n".join(documents))
    paged = await newest.ok("get", "cm", "--chunk-size=2", "--no-headers")
    assert [line.split()[0] for line in paged.out.splitlines()] == [f"s{number}" for number in range(5)]
    ordered = await newest.ok("get", "cm", "--sort-by=.metadata.name", "--no-headers")
    assert len(ordered.out.splitlines()) == 5


async def test_a_missing_namespace_is_what_is_told(newest: Kubectl) -> None:
    """Kubectl looks at the namespace when it finds nothing in it."""
    answer = await newest("get", "pods", "web", "-n", "nowhere")
    assert answer.err == 'Error from server (NotFound): namespaces "nowhere" not found\n'


async def test_a_token_that_nobody_knows_is_refused(newest: Kubectl) -> None:
    """Kubectl says that one has to log in."""
    config = json.loads(newest.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": "wrong"}
    newest.kubeconfig.write_text(json.dumps(config))
    answer = await newest("get", "pods")
    assert answer.code == 1
    assert "You must be logged in to the server" in answer.err
