"""``fieldValidation``: what a client hears about which body, in Kubernetes' words and order."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from edgeorch_server.registry.base import PatchType
from tests.fakes.in_process import bare_client

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
GOOD: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]},
        },
    },
}
BAD_JSON = b"""{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": {"name": "other", "name": "bad", "mood": 1},
  "spec": {
    "one": 1, "two": 2, "two": 3, "paused": true, "paused": false,
    "selector": {"matchLabels": {"app": "web"}},
    "template": {
      "metadata": {"labels": {"app": "web"}},
      "spec": {"containers": [{"name": "c", "image": "nginx", "imag": 1, "tty": true, "tty": false}]}
    }
  }
}"""
BAD_YAML = b"""\
kind: Deployment
apiVersion: apps/v1
metadata:
  name: bad
  mood: 1
spec:
  two: 2
  two: 3
  paused: true
  paused: false
  one: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: c, image: nginx, imag: 1}
"""
IN_JSON = [
    'duplicate field "metadata.name"',
    'unknown field "metadata.mood"',
    'unknown field "spec.one"',
    'unknown field "spec.two"',
    'duplicate field "spec.paused"',
    'unknown field "spec.template.spec.containers[0].imag"',
    'duplicate field "spec.template.spec.containers[0].tty"',
]
IN_YAML = [
    'line 8: key "two" already set in map',
    'line 10: key "paused" already set in map',
    'unknown field "metadata.mood"',
    'unknown field "spec.one"',
    'unknown field "spec.template.spec.containers[0].imag"',
    'unknown field "spec.two"',
]
STRICT_YAML = (
    'yaml: unmarshal errors:\n  line 8: key "two" already set in map\n'
    '  line 10: key "paused" already set in map, ' + ", ".join(IN_YAML[2:])
)
PATCH = b"""{"spec": {
  "two": 2, "two": 3, "paused": true, "paused": false, "one": 1,
  "template": {"spec": {"containers": [{"name": "c", "image": "nginx", "imag": 1}]}}
}}"""
IN_PATCH = [
    'duplicate field "spec.two"',
    'duplicate field "spec.paused"',
    'unknown field "spec.one"',
    'unknown field "spec.template.spec.containers[0].imag"',
    'unknown field "spec.two"',
]
OPERATIONS = b"""[
  {"op": "add", "path": "/spec/one", "value": 1, "foo": "bar"},
  {"op": "add", "path": "/spec/two", "path": "/spec/three", "value": 1},
  {"op": "add", "path": "/spec/template/spec/containers/0/imag", "value": 1}
]"""
IN_OPERATIONS = [
    'json patch unknown field "[0].foo"',
    'json patch duplicate field "[1].path"',
    'unknown field "spec.one"',
    'unknown field "spec.template.spec.containers[0].imag"',
    'unknown field "spec.three"',
]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Serve, with a Deployment."""
    async with bare_client() as client:
        assert (await client.post(DEPLOYMENTS, json=GOOD)).status_code == 201
        yield client


def warnings(answer: httpx.Response) -> list[str]:
    """Read Warning headers."""
    texts = [value.removeprefix("299 - ") for value in answer.headers.get_list("warning")]
    return [json.loads(text) for text in texts if "without effect" not in text]


BODIES = [
    pytest.param("application/json", BAD_JSON, IN_JSON, ", ".join(IN_JSON), id="json"),
    pytest.param("application/yaml", BAD_YAML, IN_YAML, STRICT_YAML, id="yaml"),
]
PATCHES = [
    pytest.param(PatchType.MERGE, PATCH, IN_PATCH, id="merge"),
    pytest.param(PatchType.STRATEGIC, PATCH, IN_PATCH, id="strategic"),
    pytest.param(PatchType.JSON, OPERATIONS, IN_OPERATIONS, id="json"),
]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(("media", "body", "found", "strict"), BODIES)
async def test_bodies(
    client: httpx.AsyncClient, method: str, media: str, body: bytes, found: list[str], strict: str
) -> None:
    """Strict refuses with everything that is wrong, Warn (the default) says it and goes on, Ignore says nothing."""
    path = DEPLOYMENTS if method == "POST" else f"{DEPLOYMENTS}/web"
    body = body if method == "POST" else body.replace(b"bad", b"web")

    async def send(validation: str) -> httpx.Response:
        query = {"fieldValidation": validation, "dryRun": "All"} if validation else {"dryRun": "All"}
        return await client.request(method, path, params=query, content=body, headers={"content-type": media})

    refused = await send("Strict")
    assert refused.status_code == 400
    about = 'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
    assert refused.json()["message"] == about + strict
    for validation in ("Warn", ""):
        told = await send(validation)
        assert (told.is_success, warnings(told)) == (True, found)
    ignored = await send("Ignore")
    assert (ignored.is_success, warnings(ignored)) == (True, [])
    assert "two" not in ignored.json()["spec"]


@pytest.mark.parametrize(("kind", "patch", "found"), PATCHES)
async def test_patches(client: httpx.AsyncClient, kind: str, patch: bytes, found: list[str]) -> None:
    """What the patch says twice comes first, then what the patched object has too much."""

    async def send(validation: str) -> httpx.Response:
        query = {"fieldValidation": validation, "dryRun": "All"}
        return await client.patch(
            f"{DEPLOYMENTS}/web", params=query, content=patch, headers={"content-type": kind}
        )

    refused = await send("Strict")
    assert refused.status_code == 422
    assert refused.json()["message"].endswith(f"strict decoding error: {', '.join(found)}")
    told = await send("Warn")
    assert (told.is_success, warnings(told)) == (True, found)
    ignored = await send("Ignore")
    assert (ignored.is_success, warnings(ignored)) == (True, [])


@pytest.mark.parametrize("validation", ["Strict", "Warn", "Ignore"])
async def test_a_wrong_type_is_all_that_is_said(client: httpx.AsyncClient, validation: str) -> None:
    """Decoding ends there, whatever else is wrong, and nothing is stored."""
    body = GOOD | {"metadata": {"name": "new"}, "spec": GOOD["spec"] | {"replicas": "1", "one": 1}}
    refused = await client.post(DEPLOYMENTS, json=body, params={"fieldValidation": validation})
    assert refused.status_code == 400
    assert refused.json()["message"] == (
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go '
        "struct field DeploymentSpec.spec.replicas of type int32"
    )
    assert warnings(refused) == []
    assert (await client.get(f"{DEPLOYMENTS}/new")).status_code == 404
    patch = {"spec": {"replicas": "1", "one": 1}}
    patched = await client.patch(
        f"{DEPLOYMENTS}/web",
        content=json.dumps(patch),
        headers={"content-type": PatchType.MERGE},
        params={"fieldValidation": validation},
    )
    assert patched.status_code == 422
    assert "strict" not in patched.json()["message"]
    assert "cannot unmarshal string into Go struct field" in patched.json()["message"]


async def test_other_words_are_refused(client: httpx.AsyncClient) -> None:
    """There are three."""
    refused = await client.post(DEPLOYMENTS, json=GOOD, params={"fieldValidation": "strict"})
    assert refused.status_code == 422
    assert 'supported values: "", "Ignore", "Strict", "Warn"' in refused.json()["message"]


@pytest.mark.parametrize(
    ("path", "method", "body"),
    [
        pytest.param("status", "PUT", {**GOOD, "status": {"x": 1}}, id="status"),
        pytest.param("scale", "PUT", {"metadata": {"name": "web"}, "spec": {"x": 1}}, id="scale"),
    ],
)
async def test_subresources(client: httpx.AsyncClient, path: str, method: str, body: dict[str, Any]) -> None:
    """Every body is checked, by the kind that it is."""
    refused = await client.request(
        method, f"{DEPLOYMENTS}/web/{path}", json=body, params={"fieldValidation": "Strict"}
    )
    assert refused.status_code == 400
    assert "strict decoding error: unknown field" in refused.json()["message"]
