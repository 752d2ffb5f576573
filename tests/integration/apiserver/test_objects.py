"""Objects over HTTPS: create, read, change, delete, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from edgeorch_server.apiserver.body import MAX_BODY

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
MERGE = {"content-type": "application/merge-patch+json"}
STRATEGIC = {"content-type": "application/strategic-merge-patch+json"}
JSON_PATCH = {"content-type": "application/json-patch+json"}


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def pod(name: str, **labels: str) -> dict[str, Any]:
    spec = {"containers": [{"name": "c", "image": "busybox"}], "nodeName": "pi-1"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}


def status_of(answer: httpx.Response) -> tuple[int, str]:
    """Check that an answer is a Status that agrees with its code; give code and reason."""
    status = answer.json()
    assert (status["kind"], status["apiVersion"], status["code"]) == ("Status", "v1", answer.status_code)
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, status["reason"]


async def test_an_object_comes_back_as_it_was_created(admin: httpx.AsyncClient) -> None:
    """201 with identity and version, and the same bytes on every GET."""
    created = await admin.post(CONFIG_MAPS, json=config_map("a", k="v"))
    assert created.status_code == 201
    assert created.json()["data"] == {"k": "v"}
    assert {"uid", "resourceVersion", "creationTimestamp"} <= set(created.json()["metadata"])
    read = await admin.get(f"{CONFIG_MAPS}/a")
    assert (read.status_code, read.content) == (200, created.content)
    assert read.content.endswith(b"}\n")


async def test_yaml_is_understood(admin: httpx.AsyncClient) -> None:
    """Raw clients may send YAML."""
    text = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata:\n  k: |\n    two\n    lines\n"
    created = await admin.post(CONFIG_MAPS, content=text, headers={"content-type": "application/yaml"})
    assert created.json()["data"] == {"k": "two\nlines\n"}


async def test_replace_checks_the_version(admin: httpx.AsyncClient) -> None:
    """PUT with an old version is a conflict and changes nothing."""
    old = (await admin.post(CONFIG_MAPS, json=config_map("a", k="1"))).json()
    new = await admin.put(f"{CONFIG_MAPS}/a", json={**old, "data": {"k": "2"}})
    assert new.status_code == 200
    stale = await admin.put(f"{CONFIG_MAPS}/a", json={**old, "data": {"k": "3"}})
    assert status_of(stale) == (409, "Conflict")
    assert (await admin.get(f"{CONFIG_MAPS}/a")).json()["data"] == {"k": "2"}


@pytest.mark.parametrize(
    ("headers", "patch"),
    [
        (MERGE, {"data": {"b": "2", "a": None}}),
        (STRATEGIC, {"data": {"b": "2", "a": None}}),
        (JSON_PATCH, [{"op": "remove", "path": "/data/a"}, {"op": "add", "path": "/data/b", "value": "2"}]),
    ],
    ids=["merge", "strategic", "json"],
)
async def test_all_patch_types_do_the_same(
    admin: httpx.AsyncClient, headers: dict[str, str], patch: Any
) -> None:
    """One change, written in three ways."""
    await admin.post(CONFIG_MAPS, json=config_map("a", a="1"))
    answer = await admin.patch(f"{CONFIG_MAPS}/a", content=json.dumps(patch), headers=headers)
    assert (answer.status_code, answer.json()["data"]) == (200, {"b": "2"})


async def test_dry_run_stores_nothing(admin: httpx.AsyncClient) -> None:
    """The answer is what would have been, of every kind of write."""
    assert (await admin.post(f"{CONFIG_MAPS}?dryRun=All", json=config_map("a"))).status_code == 201
    assert (await admin.get(f"{CONFIG_MAPS}/a")).status_code == 404
    await admin.post(CONFIG_MAPS, json=config_map("a", k="1"))
    patched = await admin.patch(f"{CONFIG_MAPS}/a?dryRun=All", content=b'{"data":{"k":"2"}}', headers=MERGE)
    assert patched.json()["data"] == {"k": "2"}
    await admin.request("DELETE", f"{CONFIG_MAPS}/a", json={"dryRun": ["All"]})
    await admin.delete(f"{CONFIG_MAPS}/a?dryRun=All")
    assert (await admin.get(f"{CONFIG_MAPS}/a")).json()["data"] == {"k": "1"}


async def test_unknown_fields_as_the_client_wants(admin: httpx.AsyncClient) -> None:
    """Strict refuses, Warn tells and drops, Ignore drops."""
    body = {**config_map("a"), "dta": {"k": "v"}}
    strict = await admin.post(f"{CONFIG_MAPS}?fieldValidation=Strict", json=body)
    assert status_of(strict) == (400, "BadRequest")
    assert strict.json()["message"] == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dta"'
    )
    warned = await admin.post(f"{CONFIG_MAPS}?dryRun=All", json=body)
    assert warned.headers["warning"] == r'299 - "unknown field \"dta\""'
    assert "dta" not in warned.json()
    ignored = await admin.post(f"{CONFIG_MAPS}?fieldValidation=Ignore", json=body)
    assert "warning" not in ignored.headers


async def test_duplicate_fields_are_noticed(admin: httpx.AsyncClient) -> None:
    """JSON that says a thing twice is refused by Strict (Kubernetes' conformance asks for it)."""
    text = '{"metadata":{"name":"a"},"data":{"k":"1","k":"2"}}'
    answer = await admin.post(
        f"{CONFIG_MAPS}?fieldValidation=Strict", content=text, headers={"content-type": "application/json"}
    )
    assert status_of(answer) == (400, "BadRequest")
    assert 'duplicate field "data.k"' in answer.json()["message"]


async def test_a_deleted_config_map_is_a_status(admin: httpx.AsyncClient) -> None:
    """Most kinds answer a Status with what was deleted."""
    uid = (await admin.post(CONFIG_MAPS, json=config_map("a"))).json()["metadata"]["uid"]
    answer = await admin.delete(f"{CONFIG_MAPS}/a")
    assert answer.json() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "a", "kind": "configmaps", "uid": uid},
    }
    assert status_of(await admin.get(f"{CONFIG_MAPS}/a")) == (404, "NotFound")


async def test_a_deleted_pod_is_a_pod(admin: httpx.AsyncClient) -> None:
    """Graceful at first, gone at once when forced."""
    await admin.post(PODS, json=pod("p"))
    marked = (await admin.delete(f"{PODS}/p")).json()
    assert (marked["kind"], marked["metadata"]["deletionGracePeriodSeconds"]) == ("Pod", 30)
    forced = await admin.request("DELETE", f"{PODS}/p", json={"gracePeriodSeconds": 0})
    assert forced.json()["kind"] == "Pod"
    assert (await admin.get(f"{PODS}/p")).status_code == 404


async def test_finalizers_keep_an_object(admin: httpx.AsyncClient) -> None:
    """The answer is the marked object, until the last finalizer goes."""
    body = config_map("a")
    body["metadata"]["finalizers"] = ["example.com/hold"]
    await admin.post(CONFIG_MAPS, json=body)
    assert "deletionTimestamp" in (await admin.delete(f"{CONFIG_MAPS}/a")).json()["metadata"]
    await admin.patch(f"{CONFIG_MAPS}/a", content=b'{"metadata":{"finalizers":null}}', headers=MERGE)
    assert (await admin.get(f"{CONFIG_MAPS}/a")).status_code == 404


async def test_a_collection_can_be_deleted(admin: httpx.AsyncClient) -> None:
    """Only what the selector says; the answer lists it."""
    for name, color in (("a", "red"), ("b", "blue"), ("c", "red")):
        body = config_map(name)
        body["metadata"]["labels"] = {"color": color}
        await admin.post(CONFIG_MAPS, json=body)
    gone = (await admin.delete(f"{CONFIG_MAPS}?labelSelector=color%3Dred")).json()
    assert (gone["kind"], [item["metadata"]["name"] for item in gone["items"]]) == ("ConfigMapList", ["a", "c"])
    left = (await admin.get(CONFIG_MAPS)).json()["items"]
    assert [item["metadata"]["name"] for item in left] == ["b"]


async def test_lists_come_in_pages(admin: httpx.AsyncClient) -> None:
    """Each page says how to go on and how much is left; together they are the list."""
    for number in range(5):
        await admin.post(CONFIG_MAPS, json=config_map(f"c{number}"))
    names: list[str] = []
    token, left = "", []
    while True:
        page = (await admin.get(CONFIG_MAPS, params={"limit": 2, "continue": token})).json()
        names += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue", "")
        left.append(page["metadata"].get("remainingItemCount"))
        if not token:
            break
    assert (names, left) == ([f"c{n}" for n in range(5)], [3, 1, None])


async def test_a_long_list_is_whole(admin: httpx.AsyncClient) -> None:
    """A list that is sent in pieces is the same JSON."""
    cluster = [admin.post(CONFIG_MAPS, json=config_map(f"c{n}", text="x" * 200)) for n in range(600)]
    for created in cluster:
        await created
    listed = await admin.get(CONFIG_MAPS)
    assert len(listed.json()["items"]) == 600
    tabled = await admin.get(CONFIG_MAPS, headers=TABLE)
    assert len(tabled.json()["rows"]) == 600


async def test_tables_for_people(admin: httpx.AsyncClient) -> None:
    """Columns and rows, for a list and for one object."""
    await admin.post(PODS, json=pod("p", app="web"))
    table = (await admin.get(PODS, headers=TABLE)).json()
    assert table["kind"] == "Table"
    assert table["columnDefinitions"][0]["name"] == "Name"
    (row,) = table["rows"]
    assert row["cells"][0] == "p"
    assert row["object"]["metadata"]["labels"] == {"app": "web"}
    one = (await admin.get(f"{PODS}/p", headers=TABLE)).json()
    assert one["rows"] == [row]


async def test_status_is_a_part_of_its_own(admin: httpx.AsyncClient) -> None:
    """A write to the status changes nothing else, and the other way round."""
    await admin.post(PODS, json=pod("p"))
    patch = {"status": {"phase": "Running"}, "metadata": {"labels": {"a": "b"}}}
    answer = await admin.patch(f"{PODS}/p/status", content=json.dumps(patch), headers=STRATEGIC)
    assert answer.json()["status"]["phase"] == "Running"
    await admin.patch(f"{PODS}/p", content=b'{"status":{"phase":"Failed"}}', headers=MERGE)
    read = (await admin.get(f"{PODS}/p/status")).json()
    assert read["status"]["phase"] == "Running"


async def test_binding_and_eviction(admin: httpx.AsyncClient) -> None:
    """Two subresources that take foreign kinds, both answered 201 with a Status."""
    body = pod("p")
    del body["spec"]["nodeName"]
    await admin.post(PODS, json=body)
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "p"},
        "target": {"kind": "Node", "name": "pi-1"},
    }
    bound = await admin.post(f"{PODS}/p/binding", json=binding)
    assert (bound.status_code, bound.json()["status"]) == (201, "Success")
    assert (await admin.get(f"{PODS}/p")).json()["spec"]["nodeName"] == "pi-1"
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "p", "namespace": "default"},
    }
    evicted = await admin.post(f"{PODS}/p/eviction", json=eviction)
    assert (evicted.status_code, evicted.json()["status"]) == (201, "Success")
    assert "deletionTimestamp" in (await admin.get(f"{PODS}/p")).json()["metadata"]


async def test_people_get_indented_json(admin: httpx.AsyncClient) -> None:
    """Curl and ``?pretty`` get the same JSON, laid out to be read."""
    plain = await admin.get("/api/v1/namespaces/default")
    pretty = await admin.get("/api/v1/namespaces/default", headers={"user-agent": "curl/8"})
    assert pretty.json() == plain.json()
    assert pretty.text.startswith('{\n  "apiVersion": "v1",\n')


class TestRefusals:
    @pytest.mark.parametrize(
        ("method", "path", "body", "expected"),
        [
            ("POST", CONFIG_MAPS, config_map("NO"), (422, "Invalid")),
            ("POST", CONFIG_MAPS, {"kind": "Pod", "metadata": {"name": "a"}}, (400, "BadRequest")),
            ("POST", CONFIG_MAPS, {"apiVersion": "v9", "metadata": {"name": "a"}}, (400, "BadRequest")),
            ("POST", CONFIG_MAPS, [], (400, "BadRequest")),
            ("POST", CONFIG_MAPS, {"metadata": {"name": 5}}, (400, "BadRequest")),
            ("POST", "/api/v1/namespaces/nowhere/configmaps", config_map("a"), (404, "NotFound")),
            ("POST", "/api/v1/configmaps", config_map("a"), (405, "MethodNotAllowed")),
            ("PUT", f"{CONFIG_MAPS}/missing", config_map("missing"), (404, "NotFound")),
            ("PUT", "/api/v1/namespaces/default", {"metadata": {"name": "other"}}, (400, "BadRequest")),
            ("DELETE", f"{CONFIG_MAPS}/missing", None, (404, "NotFound")),
            ("DELETE", "/api/v1/namespaces", None, (405, "MethodNotAllowed")),
            ("GET", f"{CONFIG_MAPS}?continue=nonsense", None, (400, "BadRequest")),
            ("GET", f"{CONFIG_MAPS}?sendInitialEvents=true", None, (422, "Invalid")),
            ("GET", f"{CONFIG_MAPS}?resourceVersion=99999", None, (504, "Timeout")),
            ("GET", "/api/v1/unicorns", None, (404, "NotFound")),
            ("GET", "/nowhere", None, (404, "NotFound")),
            ("POST", "/api", None, (405, "MethodNotAllowed")),
        ],
    )
    async def test_each_with_its_status(
        self, admin: httpx.AsyncClient, method: str, path: str, body: Any, expected: tuple[int, str]
    ) -> None:
        """Code and reason are Kubernetes' own."""
        answer = (
            await admin.request(method, path, json=body)
            if body is not None
            else await admin.request(method, path)
        )
        assert status_of(answer) == expected

    async def test_a_status_is_written_as_kubernetes_writes_it(self, admin: httpx.AsyncClient) -> None:
        """Byte for byte."""
        assert (await admin.get(f"{CONFIG_MAPS}/x")).content == (
            b'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
            b'"message":"configmaps \\"x\\" not found","reason":"NotFound",'
            b'"details":{"name":"x","kind":"configmaps"},"code":404}\n'
        )

    @pytest.mark.parametrize(
        ("content_type", "code"),
        [("application/vnd.kubernetes.protobuf", 400), ("text/plain", 415), ("", 400)],
    )
    async def test_foreign_bodies(self, admin: httpx.AsyncClient, content_type: str, code: int) -> None:
        """Media types we cannot read are 415; without one the body has to be JSON."""
        headers = {"content-type": content_type} if content_type else {}
        answer = await admin.post(CONFIG_MAPS, content=b"k8s\0...", headers=headers)
        assert status_of(answer)[0] == code

    async def test_foreign_answers(self, admin: httpx.AsyncClient) -> None:
        """What we cannot write is 406, with a Status that can be read all the same."""
        answer = await admin.get(CONFIG_MAPS, headers={"accept": "text/html"})
        assert status_of(answer) == (406, "NotAcceptable")

    @pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
    async def test_too_large_a_body(self, admin: httpx.AsyncClient, announced: bool) -> None:
        """413 whether the size is announced or not; nothing is stored and the connection goes on."""
        body = b'{"metadata":{"name":"big"},"data":{"k":"' + b"x" * MAX_BODY + b'"}}'

        async def chunks() -> Any:
            for start in range(0, len(body), 65536):
                yield body[start : start + 65536]

        headers = {"content-type": "application/json"}
        answer = await admin.post(CONFIG_MAPS, content=body if announced else chunks(), headers=headers)
        assert status_of(answer) == (413, "RequestEntityTooLarge")
        assert (await admin.get(f"{CONFIG_MAPS}/big")).status_code == 404
