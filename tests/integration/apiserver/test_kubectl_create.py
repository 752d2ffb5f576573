"""``kubectl create KIND``: the newer ones send protobuf and know nothing else."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.api_server import Cluster
from tests.fakes.kubectl import Kubectl
from tests.lab.kubectl import kubectls

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
]


CONTAINER = {"name": "main", "image": "nginx:1"}


async def test_create(kubectl: Kubectl, cluster: Cluster, tmp_path: Path) -> None:
    """What is created is what the command line said, in all its types, and nothing else."""

    async def created(*args: str, namespace: str = "shop") -> dict[str, Any]:
        where = [f"--namespace={namespace}"] if namespace else []
        await kubectl.ok("create", *args, *where)
        resource = {"serviceaccount": "serviceaccounts"}.get(args[0], f"{args[0]}s")
        body: dict[str, Any] = json.loads(cluster.stored(resource, args[-1], namespace))
        assert set(body["metadata"]) - {"labels"} <= {
            "name",
            "namespace",
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "managedFields",
        }
        return body

    (tmp_path / "binary").write_bytes(bytes(range(256)))
    namespace = await created("namespace", "shop", namespace="")
    assert namespace["spec"] == {"finalizers": ["kubernetes"]}
    account = await created("serviceaccount", "clerk")
    assert set(account) == {"apiVersion", "kind", "metadata"}
    files = (f"--from-file=b={tmp_path / 'binary'}", "--from-literal=color=grün", "--from-literal=empty=")
    settings = await created("configmap", *files, "settings")
    assert settings["data"] == {"color": "grün", "empty": ""}
    assert base64.b64decode(settings["binaryData"]["b"]) == bytes(range(256))
    await kubectl.ok("create", "secret", "generic", "keys", *files, "--type=example.com/keys", "-n", "shop")
    keys = json.loads(cluster.stored("secrets", "keys", "shop"))
    assert keys["type"] == "example.com/keys"
    assert {key: base64.b64decode(value) for key, value in keys["data"].items()} == {
        "b": bytes(range(256)),
        "color": "grün".encode(),
        "empty": b"",
    }


async def test_quotas(kubectl: Kubectl, cluster: Cluster) -> None:
    """``create quota`` limits what ``create`` may do next; ``get quota`` and ``describe`` show it."""
    await kubectl.ok("create", "quota", "small", "--hard=configmaps=1,limits.cpu=2", "--namespace=default")
    stored = json.loads(cluster.stored("resourcequotas", "small"))
    assert stored["spec"] == {"hard": {"configmaps": "1", "limits.cpu": "2"}}
    await kubectl.ok("create", "configmap", "first")
    refused = await kubectl("create", "configmap", "second")
    assert (
        'configmaps "second" is forbidden: exceeded quota: small, requested: configmaps=1, used: configmaps=1, '
        "limited: configmaps=1"
    ) in refused.err
    shown = await kubectl.ok("get", "quota")
    assert shown.out.split()[:4] == ["NAME", "REQUEST", "LIMIT", "AGE"]
    assert "Resource Quotas" in (await kubectl.ok("describe", "namespace", "default")).out


async def test_priority_classes(kubectl: Kubectl, cluster: Cluster) -> None:
    """``create priorityclass`` makes one that pods can name; ``get pc`` and ``describe`` show it."""
    about = ("--value=1000", "--description=Paid for", "--preemption-policy=Never")
    await kubectl.ok("create", "priorityclass", "gold", *about)
    stored = json.loads(cluster.stored("priorityclasses.scheduling.k8s.io", "gold", ""))
    assert (stored["value"], stored["description"], stored["preemptionPolicy"]) == (1000, "Paid for", "Never")
    shown = (await kubectl.ok("get", "pc", "gold", "--no-headers")).out.split()
    assert shown[:3] == ["gold", "1000", "false"]
    assert "Paid for" in (await kubectl.ok("describe", "pc", "gold")).out
    pod = {"metadata": {"name": "x"}, "spec": {"priorityClassName": "gold", "containers": [CONTAINER]}}
    manifest = json.dumps({"apiVersion": "v1", "kind": "Pod", **pod})
    await kubectl.ok("create", "-f", "-", stdin=manifest)
    assert json.loads(cluster.stored("pods", "x"))["spec"]["priority"] == 1000
    refused = await kubectl("create", "priorityclass", "huge", "--value=1000000001")
    assert "maximum allowed value of a user defined priority is 1000000000" in refused.err


async def test_refusals_read_as_ever(kubectl: Kubectl) -> None:
    """What is wrong with an object is said in the same words, however it was sent."""
    twice = await kubectl("create", "namespace", "default")
    assert twice.err == 'Error from server (AlreadyExists): namespaces "default" already exists\n'
    bad = await kubectl("create", "configmap", "Bad_Name")
    assert 'ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name"' in bad.err
