"""Paths of OpenAPI documents: every way to a resource, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.table import served_table
from edgeorch.errors import MethodNotAllowed
from edgeorch_server.apiserver.openapi import documents
from edgeorch_server.apiserver.openapi_paths import group_version_path
from edgeorch_server.apiserver.verbs import find, verb

TABLE = served_table()
DOCUMENTS = documents(TABLE)
EVERY_PATH = [(path, item) for document in DOCUMENTS.values() for path, item in document["paths"].items()]
METHODS = ("get", "put", "post", "delete", "patch")


def operation(path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for known, item in EVERY_PATH if known == path)[method]
    return found


@pytest.mark.parametrize(
    "resource", [r for r in TABLE if "patch" in r.verbs], ids=lambda r: f"{r.key}/{r.version}"
)
def test_patches_say_what_kubectl_looks_for(resource: ResourceInfo[Object]) -> None:
    """PATCH carries the kind, the fieldValidation parameter (in place) and the patch types it takes."""
    paths = DOCUMENTS[group_version_path(resource.group, resource.version)]["paths"]
    path = next(p for p in paths if p.endswith(f"/{resource.plural}/{{name}}"))
    patch = paths[path]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {
        "group": resource.group,
        "version": resource.version,
        "kind": resource.kind,
    }
    assert {"dryRun", "fieldValidation"} <= {parameter["name"] for parameter in patch["parameters"]}
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    assert ("{namespace}" in path) is resource.namespaced


@pytest.mark.parametrize(("path", "item"), EVERY_PATH, ids=[path for path, _ in EVERY_PATH])
def test_what_is_described_is_served(path: str, item: dict[str, Any]) -> None:
    """Exactly the methods that the server allows stand in the document, and all parts of the path are described."""
    real = path.replace("{namespace}", "default").replace("{name}", "web")
    resource, target = find(TABLE, real)
    for method in METHODS:
        try:
            verb(method.upper(), resource, target, watch=False)
        except MethodNotAllowed:
            assert method not in item
        else:
            assert method in item
    described = {parameter.get("name") for parameter in item["parameters"]}
    assert {part.strip("{}") for part in path.split("/") if part.startswith("{")} <= described


def test_operations_have_names_of_their_own() -> None:
    """Client generators make a method of each."""
    ids = [item[method]["operationId"] for _, item in EVERY_PATH for method in METHODS if method in item]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("path", "method", "expected"),
    [
        ("/api/v1/pods", "get", "listCoreV1PodForAllNamespaces"),
        ("/api/v1/namespaces/{namespace}/pods", "get", "listCoreV1NamespacedPod"),
        ("/api/v1/namespaces/{namespace}/pods", "delete", "deleteCoreV1CollectionNamespacedPod"),
        ("/api/v1/namespaces/{namespace}/pods/{name}", "put", "replaceCoreV1NamespacedPod"),
        ("/api/v1/namespaces/{namespace}/pods/{name}/log", "get", "readCoreV1NamespacedPodLog"),
        ("/api/v1/namespaces/{namespace}/pods/{name}/eviction", "post", "createCoreV1NamespacedPodEviction"),
        ("/api/v1/nodes/{name}/status", "patch", "patchCoreV1NodeStatus"),
        (
            "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale",
            "get",
            "readAppsV1NamespacedDeploymentScale",
        ),
        (
            "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases",
            "post",
            "createCoordinationV1NamespacedLease",
        ),
    ],
)
def test_operations_are_named_as_in_kubernetes(path: str, method: str, expected: str) -> None:
    """Generated clients look like those for Kubernetes."""
    assert operation(path, method)["operationId"] == expected


def schema_of(path: str, method: str, code: str) -> str:
    content = operation(path, method)["responses"][code]["content"]["application/json"]["schema"]
    return str(content["$ref"].rpartition("/")[2])


def test_answers_have_their_schema() -> None:
    """Lists, objects, foreign kinds, and a Status where Kubernetes answers one."""
    pods = "/api/v1/namespaces/{namespace}/pods"
    config_map = "/api/v1/namespaces/{namespace}/configmaps/{name}"
    scale = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"
    assert schema_of(pods, "get", "200") == "io.k8s.api.core.v1.PodList"
    assert schema_of(pods, "post", "201") == "io.k8s.api.core.v1.Pod"
    assert schema_of(f"{pods}/{{name}}", "delete", "200") == "io.k8s.api.core.v1.Pod"
    assert schema_of(config_map, "delete", "200") == "io.k8s.apimachinery.pkg.apis.meta.v1.Status"
    assert schema_of(config_map, "get", "default") == "io.k8s.apimachinery.pkg.apis.meta.v1.Status"
    assert schema_of(scale, "get", "200") == "io.k8s.api.autoscaling.v1.Scale"


def test_logs_are_text() -> None:
    """The one answer that is not JSON."""
    log = operation("/api/v1/namespaces/{namespace}/pods/{name}/log", "get")
    assert set(log["responses"]["200"]["content"]) == {"text/plain"}
