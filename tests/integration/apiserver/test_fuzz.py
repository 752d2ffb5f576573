"""Whatever a client sends, the answer is never a 500, and what is stored stays readable."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeorch.api.table import default_table
from edgeorch_server.apiserver.negotiation import BodyFormat
from edgeorch_server.registry.base import PatchType
from tests.fakes.api_server import furnish
from tests.fakes.in_process import bare_app, bare_registry
from tests.fakes.protobuf import encode

TABLE = default_table()
AS_JSON = {"content-type": "application/json"}
AS_PROTOBUF = {"content-type": "application/vnd.kubernetes.protobuf"}
RESOURCES = {resource.plural: resource for resource in TABLE}

FUZZ = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@dataclass
class Fuzzed:
    """The application in process, without sockets; endless answers end at once."""

    runner: asyncio.Runner
    client: httpx.AsyncClient

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self.runner.run(self.client.request(method, path, **more))
        assert answer.status_code < 500 or answer.status_code == 504, answer.text
        if (
            answer.status_code >= 400
            and answer.headers["content-type"] == "application/json"
            and answer.content
        ):
            assert answer.json()["code"] == answer.status_code
        return answer


@contextmanager
def fuzzing() -> Iterator[Fuzzed]:
    """Start afresh for each example, so that what it draws depends on nothing else."""
    registry = bare_registry()
    app = bare_app(registry)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://test")
    with asyncio.Runner() as runner:
        runner.run(furnish(registry))
        yield Fuzzed(runner, client)
        runner.run(client.aclose())


METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
WORDS = st.sampled_from(
    [
        *("api", "apis", "v1", "namespaces", "default", "coordination.k8s.io", "openapi", "v2", "v3", "status"),
        *("log", "binding", "eviction", "finalize", "a", "web", "readyz", "version", "..", "%2F", "%00", "ü"),
        *RESOURCES,
    ]
)
PATHS = st.lists(WORDS | st.text(max_size=5), max_size=8).map(lambda parts: "/" + "/".join(parts))
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("watch", "limit", "continue", "labelSelector", "fieldSelector", "resourceVersion", "pretty"),
                *("resourceVersionMatch", "dryRun", "fieldManager", "fieldValidation", "gracePeriodSeconds"),
                *(
                    "propagationPolicy",
                    "sendInitialEvents",
                    "timeoutSeconds",
                    "allowWatchBookmarks",
                    "container",
                ),
                *("tailLines", "sinceTime", "includeObject", "verbose", "hash", "orphanDependents"),
            ]
        ),
        st.sampled_from(["", "true", "0", "1", "-1", "99999999999", "All", "a=b", "Exact", "Strict", "Orphan"])
        | st.text(max_size=8),
    ),
    max_size=4,
)
TYPES = st.sampled_from(["", "text/plain", *(known.value for known in BodyFormat), *PatchType])
ACCEPTS = st.sampled_from(
    [
        *("", "application/json", "application/json;as=Table;v=v1;g=meta.k8s.io", "text/html"),
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    ]
)
BODIES = st.binary(max_size=60) | st.text(max_size=60).map(str.encode)


def encodable(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


@FUZZ
@given(METHODS, PATHS.filter(encodable), QUERIES, TYPES, ACCEPTS, BODIES)
def test_any_request(method: str, path: str, query: Any, content_type: str, accept: str, body: bytes) -> None:
    """Any method, path, parameters and bytes."""
    headers = {"content-type": content_type, "accept": accept}
    try:
        url = httpx.URL(f"https://test{path}", params=query)
    except (httpx.InvalidURL, UnicodeEncodeError):
        return
    with fuzzing() as fuzzed:
        fuzzed.request(method, str(url), headers=headers, content=body)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(["default", "web", "v1", "Always", "1Gi", "100m", "2026-01-01T00:00:00Z", "a.b/c"]),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=6), children, max_size=3)
    ),
    max_leaves=6,
)

OBJECTS: dict[str, dict[str, Any]] = {
    "pods": {
        "metadata": {"name": "web", "labels": {"a": "b"}, "finalizers": ["a.b/c"], "ownerReferences": []},
        "spec": {
            "containers": [
                {
                    "name": "c",
                    "image": "busybox",
                    "command": ["sh"],
                    "ports": [{"containerPort": 80, "hostPort": 8080, "protocol": "TCP"}],
                    "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                    "resources": {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"cpu": 1}},
                    "livenessProbe": {"httpGet": {"path": "/", "port": "web"}, "periodSeconds": 5},
                    "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                }
            ],
            "initContainers": [{"name": "i", "image": "busybox"}],
            "volumes": [{"name": "v", "configMap": {"name": "x", "items": [{"key": "k", "path": "p"}]}}],
            "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}],
            "terminationGracePeriodSeconds": 5,
            "nodeSelector": {"a": "b"},
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    },
    "configmaps": {
        "metadata": {"name": "web"},
        "data": {"k": "v"},
        "binaryData": {"b": "AAE="},
        "immutable": False,
    },
    "secrets": {"metadata": {"name": "web"}, "type": "Opaque", "data": {"k": "dg=="}, "stringData": {"s": "t"}},
    "namespaces": {"metadata": {"name": "web"}, "spec": {"finalizers": ["kubernetes"]}},
    "nodes": {
        "metadata": {"name": "web"},
        "spec": {"taints": [{"key": "k", "effect": "NoSchedule"}], "unschedulable": True},
        "status": {"capacity": {"cpu": "4"}, "addresses": [{"type": "Hostname", "address": "web"}]},
    },
    "serviceaccounts": {"metadata": {"name": "web"}, "secrets": [{"name": "s"}]},
    "events": {
        "metadata": {"name": "web"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
        "count": 3,
        "firstTimestamp": "2026-01-01T00:00:00Z",
    },
    "resourcequotas": {
        "metadata": {"name": "web"},
        "spec": {
            "hard": {"pods": "3", "requests.cpu": "2"},
            "scopes": ["NotTerminating"],
            "scopeSelector": {
                "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]
            },
        },
    },
    "limitranges": {
        "metadata": {"name": "web"},
        "spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "1m", "memory": "1Mi"}}]},
    },
    "leases": {"metadata": {"name": "web"}, "spec": {"holderIdentity": "x", "leaseDurationSeconds": 40}},
}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    if at:
        yield at
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*at, key))


@st.composite
def damaged(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Draw a good object with a few places overwritten, removed or added to."""
    value = copy.deepcopy(OBJECTS[kind])
    for _ in range(draw(st.integers(0, 3))):
        *parents, last = draw(st.sampled_from(list(places(value))))
        holder: Any = value
        for key in parents:
            holder = holder[key]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                holder[last] = draw(JSON)
            case "remove":
                del holder[last]
            case "add" if isinstance(holder, dict):
                holder[draw(st.text(max_size=6))] = draw(JSON)
            case "add":
                holder.append(draw(JSON))
        if not list(places(value)):
            break
    return value


def collection_of(kind: str) -> str:
    resource = RESOURCES[kind]
    root = f"/apis/{resource.group}" if resource.group else "/api"
    middle = "/namespaces/default" if resource.namespaced else ""
    return f"{root}/{resource.version}{middle}/{kind}"


def json_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("kind", OBJECTS)
def test_a_whole_object_is_stored(kind: str) -> None:
    """What is damaged below is good to begin with."""
    with fuzzing() as fuzzed:
        answer = fuzzed.request("POST", collection_of(kind), content=json_bytes(OBJECTS[kind]), headers=AS_JSON)
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("kind", OBJECTS)
@FUZZ
@given(data=st.data())
def test_any_object(kind: str, data: st.DataObject) -> None:
    """A damaged object is refused or stored; what is stored can be listed, printed, patched and deleted."""
    path = collection_of(kind)
    first, second, third = (json_bytes(data.draw(damaged(kind))) for _ in range(3))
    options = data.draw(st.sampled_from([{}, {"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 10**15}]))
    with fuzzing() as fuzzed:
        answer = fuzzed.request("POST", path, content=first, headers=AS_JSON)
        if answer.status_code != 201:
            return
        item = f"{path}/{answer.json()['metadata']['name']}"
        assert fuzzed.request("GET", item).json() == answer.json()
        fuzzed.request("PUT", item, content=second, headers=AS_JSON)
        for patch_type in (PatchType.MERGE, PatchType.STRATEGIC):
            fuzzed.request("PATCH", item, content=third, headers={"content-type": patch_type})
            fuzzed.request("PATCH", f"{item}/status", content=third, headers={"content-type": patch_type})
        for accept in ("", "application/json;as=Table;v=v1;g=meta.k8s.io"):
            assert fuzzed.request("GET", path, headers={"accept": accept}).status_code == 200
        fuzzed.request("DELETE", item, content=json_bytes(options), headers=AS_JSON)
        fuzzed.request("DELETE", item, content=b'{"gracePeriodSeconds":0}', headers=AS_JSON)


def protobuf_bytes(kind: str) -> bytes:
    resource = RESOURCES[kind]
    return encode({"apiVersion": resource.api_version, "kind": resource.kind, **OBJECTS[kind]})


@pytest.mark.parametrize("kind", OBJECTS)
def test_protobuf_says_the_same_as_json(kind: str) -> None:
    """However an object is sent, the same is stored."""
    stored = []
    for body, headers in ((json_bytes(OBJECTS[kind]), AS_JSON), (protobuf_bytes(kind), AS_PROTOBUF)):
        with fuzzing() as fuzzed:
            answer = fuzzed.request("POST", collection_of(kind), content=body, headers=headers)
            assert answer.status_code == 201, answer.text
            stored.append(answer.json())
            for changing in ("uid", "creationTimestamp", "resourceVersion"):
                stored[-1]["metadata"].pop(changing)
            for manager in stored[-1]["metadata"]["managedFields"]:
                manager.pop("time")
    assert stored[0] == stored[1]


@pytest.mark.parametrize("kind", OBJECTS)
@FUZZ
@given(data=st.data())
def test_any_protobuf(kind: str, data: st.DataObject) -> None:
    """A damaged protobuf body is refused or stored; what is stored can be listed and printed."""
    body, path = bytearray(protobuf_bytes(kind)), collection_of(kind)
    for at in data.draw(st.lists(st.integers(4, len(body) - 1), max_size=4)):
        body[at] = data.draw(st.integers(0, 255))
    body = body[: data.draw(st.integers(len(body) - 3, len(body)) | st.integers(0, len(body)))]
    with fuzzing() as fuzzed:
        fuzzed.request("POST", path, content=bytes(body), headers=AS_PROTOBUF)
        for accept in ("", "application/json;as=Table;v=v1;g=meta.k8s.io"):
            assert fuzzed.request("GET", path, headers={"accept": accept}).status_code == 200


OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "what"])},
    optional={
        "path": st.sampled_from(
            ["", "/", "/metadata", "/spec/containers/0", "/spec/containers/-", "/metadata/name"]
        )
        | st.text(max_size=6),
        "from": st.sampled_from(["/spec", "/metadata/labels", "/nowhere"]) | st.text(max_size=6),
        "value": JSON,
    },
)


@FUZZ
@given(st.lists(OPERATIONS | JSON, max_size=4))
def test_any_json_patch(operations: list[Any]) -> None:
    """Operations on places that are not there, of kinds that do not exist, with missing members."""
    path = collection_of("pods")
    with fuzzing() as fuzzed:
        fuzzed.request("POST", path, content=json_bytes(OBJECTS["pods"]), headers=AS_JSON)
        headers = {"content-type": PatchType.JSON}
        fuzzed.request("PATCH", f"{path}/web", content=json_bytes(operations), headers=headers)


MEMBERS = st.sampled_from(["kind", "apiVersion", "metadata", "target", "deleteOptions"])


@FUZZ
@given(
    st.sampled_from(["binding", "eviction"]),
    JSON | st.dictionaries(MEMBERS, JSON | st.just({"name": "web", "kind": "Node"})),
)
def test_any_subresource_body(subresource: str, body: Any) -> None:
    """Bindings and evictions that are none."""
    path = collection_of("pods")
    with fuzzing() as fuzzed:
        fuzzed.request("POST", path, content=json_bytes(OBJECTS["pods"]), headers=AS_JSON)
        fuzzed.request("POST", f"{path}/web/{subresource}", content=json_bytes(body), headers=AS_JSON)
