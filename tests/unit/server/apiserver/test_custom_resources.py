"""Custom resources, over the API: defined, served, checked, and gone with their definition."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from edgeorch_server.apiserver.openapi_v2 import ANSWERED_TYPE
from tests.fakes.custom_kinds import DEFINITIONS, SCHEMA, WIDGETS, Served, definition, served, widget
from tests.fakes.gnostic import decode, models, supports, troubles
from tests.fakes.protobuf import encode as encode_protobuf

MERGE = {"content-type": "application/merge-patch+json"}
APPLY = {"content-type": "application/apply-patch+yaml"}
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


@pytest.fixture
async def cluster() -> AsyncIterator[Served]:
    async with served() as made:
        yield made


async def test_a_definition_is_established_and_its_kind_served(cluster: Served) -> None:
    """Names are accepted, the kind is served and discovered with short names, categories and subresources."""
    before = (await cluster.http.get("/openapi/v3")).json()["paths"]
    conditions = await cluster.define()
    assert {name: one["status"] for name, one in conditions.items()} == {
        "NamesAccepted": "True",
        "Established": "True",
    }
    listed = (await cluster.http.get("/apis/example.com/v1")).json()["resources"]
    assert [one["name"] for one in listed] == ["widgets", "widgets/status", "widgets/scale"]
    assert (listed[0]["shortNames"], listed[0]["categories"]) == (["wd"], ["all"])
    assert "example.com" in {g["name"] for g in (await cluster.http.get("/apis")).json()["groups"]}
    after = (await cluster.http.get("/openapi/v3")).json()["paths"]
    assert after.keys() - before.keys() == {"apis/example.com/v1"}
    assert after["apis/apps/v1"] == before["apis/apps/v1"]
    document = (await cluster.http.get(after["apis/example.com/v1"]["serverRelativeURL"])).json()
    schema = document["components"]["schemas"]["com.example.v1.Widget"]
    assert schema["properties"]["spec"]["description"] == "What is wanted."
    assert schema["x-kubernetes-group-version-kind"] == [
        {"group": "example.com", "version": "v1", "kind": "Widget"}
    ]
    patch = document["paths"]["/apis/example.com/v1/namespaces/{namespace}/widgets/{name}"]["patch"]
    assert "application/strategic-merge-patch+json" not in patch["requestBody"]["content"]
    got = (await cluster.http.get(f"{DEFINITIONS}/widgets.example.com")).json()
    assert got["status"]["storedVersions"] == ["v1"]
    assert got["status"]["acceptedNames"]["listKind"] == "WidgetList"
    assert got["spec"]["versions"][0]["schema"]["openAPIV3Schema"] == SCHEMA


async def test_old_clients_hear_of_custom_kinds(cluster: Served) -> None:
    """The document of old kubectls changes with a definition, and goes back with it."""

    async def fetched() -> httpx.Response:
        return await cluster.http.get("/openapi/v2", headers={"accept": ANSWERED_TYPE})

    before = await fetched()
    schema = copy.deepcopy(SCHEMA)
    schema["properties"]["metadata"] = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 9}},
    }
    await cluster.define(definition(schema={"openAPIV3Schema": schema}))
    after = await fetched()
    assert after.headers["etag"] != before.headers["etag"]
    document = decode(after.content)
    assert troubles(document) == []
    assert supports(document, {"group": "example.com", "version": "v1", "kind": "Widget"}, "dryRun")
    members = document["definitions"][models(document)["example.com", "v1", "Widget"]]["properties"]
    assert members["spec"]["description"] == "What is wanted."
    assert members["metadata"]["$ref"].endswith(".ObjectMeta")  # else labels would be unknown fields to kubectl
    await cluster.http.delete(f"{DEFINITIONS}/widgets.example.com")
    await cluster.gone(WIDGETS)
    assert (await fetched()).headers["etag"] == before.headers["etag"]


async def test_objects_are_defaulted_pruned_and_checked(cluster: Served) -> None:
    """The schema fills in what is missing, drops (or refuses) what it does not know, and refuses what does not fit."""
    await cluster.define()
    made = await cluster.http.post(WIDGETS, json=widget("a", colour="blue"))
    assert made.status_code == 201
    assert made.json()["spec"] == {"size": 1, "color": "red"}
    assert made.json()["metadata"]["generation"] == 1
    assert made.headers["warning"] == '299 - "unknown field \\"spec.colour\\""'
    strict = await cluster.http.post(
        WIDGETS, params={"fieldValidation": "Strict"}, json=widget("b", colour="blue")
    )
    assert strict.json()["message"].endswith('strict decoding error: unknown field "spec.colour"')
    wrong = await cluster.http.post(WIDGETS, json=widget("b", size="big", color=None, parts=[{"weight": 1}]))
    assert (wrong.status_code, wrong.json()["message"]) == (
        422,
        (
            'Widget.example.com "b" is invalid: [spec.size: Invalid value: "string": spec.size in body must be of '
            'type integer: "string", spec.parts[0].name: Required value]'
        ),
    )
    small = await cluster.http.post(WIDGETS, json=widget("b", size=0))
    assert small.json()["message"] == (
        'Widget.example.com "b" is invalid: spec.size: Invalid value: 0: '
        "spec.size in body should be greater than or equal to 1"
    )


async def test_status_and_spec_are_written_apart(cluster: Served) -> None:
    """With the status subresource neither write touches the other's part, and only the spec's counts."""
    await cluster.define()
    body = {**widget("a"), "status": {"phase": "Forged"}}
    assert "status" not in (await cluster.http.post(WIDGETS, json=body)).json()
    change = {"spec": {"size": 9}, "status": {"phase": "Ready"}, "metadata": {"labels": {"x": "y"}}}
    told = (await cluster.http.patch(f"{WIDGETS}/a/status", json=change, headers=MERGE)).json()
    assert (told["spec"]["size"], told["status"]) == (1, {"phase": "Ready"})
    assert (told["metadata"]["generation"], told["metadata"].get("labels")) == (1, None)
    wanted = (await cluster.http.patch(f"{WIDGETS}/a", json=change, headers=MERGE)).json()
    assert (wanted["spec"]["size"], wanted["status"]) == (9, {"phase": "Ready"})
    assert wanted["metadata"]["generation"] == 2
    unseen = await cluster.http.put(f"{WIDGETS}/a", json=widget("a"))
    assert "must be specified for an update" in unseen.json()["message"]


async def test_scale_reads_and_writes_the_paths_of_the_definition(cluster: Served) -> None:
    """``kubectl scale`` and autoscalers see a custom resource as a Scale."""
    await cluster.define()
    await cluster.http.post(WIDGETS, json=widget("a", replicas=2))
    scale = (await cluster.http.get(f"{WIDGETS}/a/scale")).json()
    assert (scale["kind"], scale["spec"]) == ("Scale", {"replicas": 2})
    scale["spec"]["replicas"] = 5
    assert (await cluster.http.put(f"{WIDGETS}/a/scale", json=scale)).status_code == 200
    found = (await cluster.http.get(f"{WIDGETS}/a")).json()
    assert found["spec"] == {"size": 1, "color": "red", "replicas": 5}
    assert found["metadata"]["generation"] == 2


async def test_patches_but_strategic_ones_are_served(cluster: Served) -> None:
    """Apply merges lists by the schema's keys; strategic merge is refused, since nobody knows how."""
    await cluster.define()
    one = {**widget("a", parts=[{"name": "x", "weight": 1}])}
    two = {"apiVersion": "example.com/v1", "kind": "Widget", "spec": {"parts": [{"name": "y"}]}}
    for manager, body in (("one", one), ("two", two)):
        applied = await cluster.http.patch(
            f"{WIDGETS}/a", params={"fieldManager": manager}, json=body, headers=APPLY
        )
        assert applied.status_code in {200, 201}, applied.text
    assert applied.json()["spec"]["parts"] == [{"name": "x", "weight": 1}, {"name": "y"}]
    other = {**two, "spec": {"size": 3}}
    clash = await cluster.http.patch(f"{WIDGETS}/a", params={"fieldManager": "two"}, json=other, headers=APPLY)
    assert (clash.status_code, clash.json()["details"]["causes"][0]["field"]) == (409, ".spec.size")
    strategic = {"content-type": "application/strategic-merge-patch+json"}
    refused = await cluster.http.patch(f"{WIDGETS}/a", json=two, headers=strategic)
    assert refused.status_code == 415
    pointed = await cluster.http.patch(
        f"{WIDGETS}/a",
        json=[{"op": "replace", "path": "/spec/size", "value": 7}],
        headers={"content-type": "application/json-patch+json"},
    )
    assert pointed.json()["spec"]["size"] == 7


async def test_columns_and_selectable_fields_are_the_definitions(cluster: Served) -> None:
    """``kubectl get`` shows the named columns, and field selectors know the named fields only."""
    await cluster.define()
    for name, color in (("a", "red"), ("b", "blue")):
        await cluster.http.post(WIDGETS, json=widget(name, color=color))
    table = (await cluster.http.get(WIDGETS, headers=TABLE)).json()
    columns = [(column["name"], column["priority"]) for column in table["columnDefinitions"]]
    assert columns == [("Name", 0), ("Size", 0), ("Phase", 1)]
    assert [row["cells"] for row in table["rows"]] == [["a", 1, None], ["b", 1, None]]
    blue = (await cluster.http.get(WIDGETS, params={"fieldSelector": "spec.color=blue"})).json()
    assert [item["metadata"]["name"] for item in blue["items"]] == ["b"]
    refused = await cluster.http.get(WIDGETS, params={"fieldSelector": "spec.size=1"})
    assert refused.status_code == 400


async def test_a_changed_definition_counts_at_once_for_what_is_stored(cluster: Served) -> None:
    """New defaults, columns and selectable fields are those of objects that were stored before, too."""
    await cluster.define()
    await cluster.http.post(WIDGETS, json=widget("a"))
    schema = copy.deepcopy(SCHEMA)
    schema["properties"]["spec"]["properties"]["shape"] = {"type": "string", "default": "round"}
    changed = definition(schema={"openAPIV3Schema": schema}, selectableFields=[{"jsonPath": ".spec.size"}])
    answer = await cluster.http.patch(f"{DEFINITIONS}/widgets.example.com", json=changed, headers=MERGE)
    assert answer.status_code == 200, answer.text
    for _ in range(100):
        await asyncio.sleep(0)
        found = await cluster.http.get(WIDGETS, params={"fieldSelector": "spec.size=1"})
        if found.status_code == 200:
            break
    assert [item["spec"] for item in found.json()["items"]] == [{"size": 1, "color": "red", "shape": "round"}]


async def test_a_definition_that_became_stricter_leaves_objects_writable(cluster: Served) -> None:
    """What is wrong in them now may stay while something else changes; it may not be made anew."""
    await cluster.define()
    await cluster.http.post(WIDGETS, json=widget("a"))
    schema = copy.deepcopy(SCHEMA)
    schema["properties"]["spec"]["properties"]["size"]["minimum"] = 2
    stricter = definition(schema={"openAPIV3Schema": schema})
    await cluster.http.patch(f"{DEFINITIONS}/widgets.example.com", json=stricter, headers=MERGE)
    for _ in range(100):
        await asyncio.sleep(0)
        if (
            new := await cluster.http.post(WIDGETS, params={"dryRun": "All"}, json=widget("b"))
        ).status_code != 201:
            break
    assert "should be greater than or equal to 2" in new.json()["message"]
    for patch in ({"spec": {"color": "blue"}}, {"metadata": {"labels": {"a": "b"}}}):
        answer = await cluster.http.patch(f"{WIDGETS}/a", json=patch, headers=MERGE)
        assert answer.status_code == 200, answer.text
    status = await cluster.http.patch(f"{WIDGETS}/a/status", json={"status": {"phase": "x"}}, headers=MERGE)
    assert status.status_code == 200, status.text
    worse = await cluster.http.patch(f"{WIDGETS}/a", json={"spec": {"size": 0}}, headers=MERGE)
    assert worse.status_code == 422


async def test_versions_differ_in_their_name_only(cluster: Served) -> None:
    """An object is served in every version, under the name of that; the best one is preferred."""
    body = definition()
    beta = {**body["spec"]["versions"][0], "name": "v1beta1", "storage": False}
    body["spec"]["versions"].append(beta)
    await cluster.define(body)
    await cluster.http.post(WIDGETS, json=widget("a"))
    path = WIDGETS.replace("v1", "v1beta1")
    assert (await cluster.http.get(f"{path}/a")).json()["apiVersion"] == "example.com/v1beta1"
    made = await cluster.http.post(path, json={**widget("b"), "apiVersion": "example.com/v1beta1"})
    assert made.json()["apiVersion"] == "example.com/v1beta1"
    patched = await cluster.http.patch(f"{path}/b", json={"spec": {"size": 4}}, headers=MERGE)
    assert (patched.json()["apiVersion"], patched.json()["spec"]["size"]) == ("example.com/v1beta1", 4)
    items = (await cluster.http.get(WIDGETS)).json()["items"]
    assert [(i["apiVersion"], i["spec"]["size"]) for i in items] == [
        ("example.com/v1", 1),
        ("example.com/v1", 4),
    ]
    group = (await cluster.http.get("/apis/example.com")).json()
    assert group["preferredVersion"]["version"] == "v1"


async def test_deprecated_versions_say_so(cluster: Served) -> None:
    """Whoever uses a deprecated version is warned with every answer."""
    await cluster.define(definition(deprecated=True))
    answer = await cluster.http.get(WIDGETS)
    assert answer.headers["warning"] == '299 - "example.com/v1 Widget is deprecated"'


async def test_a_webhook_that_is_not_called_converts_nothing(cluster: Served) -> None:
    """Where somebody would have to be asked, the version that is stored is the only one served, with a warning."""
    body = definition()
    body["spec"]["versions"].append({**body["spec"]["versions"][0], "name": "v1beta1", "storage": False})
    client = {"url": "https://convert.example.com"}
    webhook = {"clientConfig": client, "conversionReviewVersions": ["v1"]}
    body["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
    answer = await cluster.http.post(DEFINITIONS, json=body)
    assert "conversion webhooks are not called" in answer.headers["warning"]
    await cluster.settled("widgets.example.com")
    assert (await cluster.http.get(WIDGETS)).status_code == 200
    assert (await cluster.http.get(WIDGETS.replace("v1", "v1beta1"))).status_code == 404


async def test_watches_end_with_their_kind(cluster: Served) -> None:
    """A watcher sees the last objects go, and then the end: it is not left waiting for what cannot come."""
    await cluster.define()
    await cluster.http.post(WIDGETS, json=widget("a"))
    resource = cluster.kinds.kind("widgets.example.com")
    assert resource is not None
    watch = cluster.registry.watch_entries(resource, "")
    await cluster.http.delete(f"{DEFINITIONS}/widgets.example.com")
    async with asyncio.timeout(30):
        seen = [(event.type, event.entry.name) async for event in watch]
    assert seen == [("DELETED", "a")]


async def test_objects_go_before_their_definition(cluster: Served) -> None:
    """Deleting a definition deletes its objects; a finalizer of one of them holds both up."""
    await cluster.define()
    for name, finalizers in (("a", []), ("kept", ["example.com/keep"])):
        body = widget(name)
        body["metadata"]["finalizers"] = finalizers
        await cluster.http.post(WIDGETS, json=body)
    await cluster.http.delete(f"{DEFINITIONS}/widgets.example.com")
    await cluster.gone(f"{WIDGETS}/a")
    found = (await cluster.http.get(f"{DEFINITIONS}/widgets.example.com")).json()
    assert found["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    conditions = {one["type"]: one["reason"] for one in found["status"]["conditions"]}
    assert conditions["Terminating"] == "InstanceDeletionInProgress"
    refused = await cluster.http.post(WIDGETS, json=widget("late"))
    assert refused.status_code == 403
    await cluster.http.patch(f"{WIDGETS}/kept", json={"metadata": {"finalizers": None}}, headers=MERGE)
    await cluster.http.patch(
        f"{DEFINITIONS}/widgets.example.com", json={"metadata": {"labels": {"look": "again"}}}, headers=MERGE
    )
    await cluster.gone(f"{DEFINITIONS}/widgets.example.com")
    assert (await cluster.http.get(WIDGETS)).status_code == 404
    assert (await cluster.http.get("/apis/example.com")).status_code == 404
    await cluster.define()
    assert (await cluster.http.get(WIDGETS)).json()["items"] == []


async def test_names_belong_to_who_came_first(cluster: Served) -> None:
    """A definition with a name that is taken is not served until the name is free."""
    await cluster.define()
    other = definition()
    other["metadata"]["name"] = "gadgets.example.com"
    other["spec"]["names"] = {"plural": "gadgets", "kind": "Gadget", "shortNames": ["wd"]}
    conditions = await cluster.define(other)
    told = conditions["NamesAccepted"]
    assert (told["status"], told["reason"], told["message"]) == (
        "False",
        "ShortNamesConflict",
        '"wd" is already in use',
    )
    assert (await cluster.http.get("/apis/example.com/v1/gadgets")).status_code == 404
    await cluster.http.delete(f"{DEFINITIONS}/widgets.example.com")
    await cluster.gone(f"{DEFINITIONS}/widgets.example.com")
    for _ in range(1000):
        await asyncio.sleep(0)
        if (await cluster.http.get("/apis/example.com/v1/gadgets")).status_code == 200:
            return
    pytest.fail("the name is free, and still not accepted")


async def test_kinds_are_served_from_the_first_moment_after_a_restart() -> None:
    """A control plane that starts serves what is established before any controller runs: nobody sees a 404."""
    async with served() as before:
        await before.define()
        await before.http.post(WIDGETS, json=widget("a", color="blue"))
        store = before.store
    again = Served(store)
    found = await again.http.get(WIDGETS, params={"fieldSelector": "spec.color=blue"})
    assert [item["metadata"]["name"] for item in found.json()["items"]] == ["a"]
    await again.http.aclose()


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "no schema": (
        {"schema": None},
        "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required",
    ),
    "no storage": ({"storage": False}, "must have exactly one version marked as storage version"),
    "root without type": (
        {"schema": {"openAPIV3Schema": {}}, "selectableFields": None},
        "spec.versions[0].schema.openAPIV3Schema.type: Required value: must not be empty at the root",
    ),
    "scale elsewhere": (
        {"subresources": {"scale": {"specReplicasPath": ".status.a", "statusReplicasPath": ".status.b"}}},
        'specReplicasPath: Invalid value: ".status.a": should be a json path under .spec',
    ),
}


@pytest.mark.parametrize(("version", "said"), INVALID.values(), ids=INVALID.keys())
async def test_definitions_are_checked(cluster: Served, version: dict[str, Any], said: str) -> None:
    """What is no definition is refused, in Kubernetes' words."""
    refused = await cluster.http.post(DEFINITIONS, json=definition(**version))
    assert refused.status_code == 422
    assert said in refused.json()["message"]


async def test_rules_that_are_not_evaluated_are_told_once(cluster: Served) -> None:
    """Who applies a definition hears in one sentence how many of its rules have no effect, and where they stand."""
    schema: dict[str, Any] = copy.deepcopy(SCHEMA)
    spec = schema["properties"]["spec"]
    rules = [{"rule": "self.size < 9"}, {"rule": "self.size > 2"}]
    for known in (schema, spec, spec["properties"]["size"], spec["properties"]["parts"]):
        known["x-kubernetes-validations"] = rules
    body = definition(schema={"openAPIV3Schema": schema})
    answer = await cluster.http.post(DEFINITIONS, json=body)
    at = "spec.versions[0].schema.openAPIV3Schema"
    assert answer.headers.get_list("warning") == [
        (
            f'299 - "x-kubernetes-validations (8 in 4 places: {at}.properties.spec.properties.size, '
            f"{at}.properties.spec.properties.parts, {at}.properties.spec and 1 more): kept, but without effect "
            'here: rules in CEL are not evaluated: nothing is refused by them"'
        )
    ]
    again = await cluster.http.put(f"{DEFINITIONS}/widgets.example.com", json=answer.json())
    assert "warning" not in again.headers


async def test_a_definition_may_come_as_protobuf(cluster: Served) -> None:
    """Operators in Go install their definitions so: nothing of a schema is lost on the way."""
    schema: dict[str, Any] = copy.deepcopy(SCHEMA)
    schema["properties"]["spec"]["properties"] |= {
        "ratio": {"type": "number", "minimum": 0.25, "exclusiveMinimum": True, "multipleOf": 0.25},
        "labels": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 0}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "port": {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "default": 80,
        },
        "mode": {"type": "string", "nullable": True, "enum": ["a", "b"], "not": {"enum": ["c"]}},
        "open": {"type": "object", "additionalProperties": True},
        "object": {"type": "object", "default": {"a": [1, 2.5, None, False]}, "x-kubernetes-map-type": "atomic"}
        | {"properties": {"a": {"type": "array", "items": {"x-kubernetes-preserve-unknown-fields": True}}}},
        "checked": {"type": "string", "x-kubernetes-validations": [{"rule": "self != ''", "reason": "x"}]},
    }
    body = definition(schema={"openAPIV3Schema": schema})
    sent = {"content-type": "application/vnd.kubernetes.protobuf"}
    answer = await cluster.http.post(DEFINITIONS, content=encode_protobuf(body), headers=sent)
    assert answer.status_code == 201, answer.text
    await cluster.settled("widgets.example.com")
    found = (await cluster.http.get(f"{DEFINITIONS}/widgets.example.com")).json()["spec"]
    assert found["versions"] == body["spec"]["versions"]
    made = await cluster.http.post(WIDGETS, json=widget("a", ratio=0.5, labels={"x": ""}, mode=None))
    assert made.json()["spec"]["port"] == 80
