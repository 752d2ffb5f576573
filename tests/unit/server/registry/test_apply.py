"""Server-side apply through the registry: one test per clause of Kubernetes' page on it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgeorch.api.apply.last_applied import ANNOTATION
from edgeorch.api.apps.resources import DEPLOYMENTS
from edgeorch.api.autoscaling.resources import HORIZONTAL_POD_AUTOSCALERS, HORIZONTAL_POD_AUTOSCALERS_V1
from edgeorch.api.core.resources import CONFIG_MAPS, NODES, PODS
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import BadRequest, Conflict, Invalid, NotFound, RequestEntityTooLarge
from edgeorch_server.registry.base import PatchType, Written
from tests.unit.server.registry.conftest import World

UNTYPED = "failed to create typed patch object (/x; /v1, Kind=ConfigMap): "


def config_map(**data: str | None) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data}


def deployment(name: str = "web", **spec: Any) -> dict[str, Any]:
    """Configure a deployment; without a spec a whole one."""
    whole = {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx:1"}]},
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": spec or whole,
    }


async def apply(
    world: World,
    resource: ResourceInfo[Any],
    body: dict[str, Any],
    by: str = "a",
    sub: str = "",
    **options: Any,
) -> Written:
    name = options.pop("name", body["metadata"]["name"])
    return await world.patch(resource, name, body, PatchType.APPLY, sub, field_manager=by, **options)


def body_of(written: Written) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(written.entry.data)
    return body


def managers(written: Written) -> dict[tuple[str, str, str], Any]:
    """Give the fields by manager, operation and subresource."""
    entries = body_of(written)["metadata"].get("managedFields", [])
    return {(e["manager"], e["operation"], e.get("subresource", "")): e["fieldsV1"] for e in entries}


async def test_apply_creates_what_is_not_there(world: World) -> None:
    """The first Apply is a create: 201, defaults and all; the manager owns what it said and nothing else."""
    made = await apply(world, DEPLOYMENTS, deployment())
    assert made.created
    body = body_of(made)
    assert body["spec"]["revisionHistoryLimit"] == 10
    [entry] = body["metadata"]["managedFields"]
    assert entry == {
        "manager": "a",
        "operation": "Apply",
        "apiVersion": "apps/v1",
        "time": "2026-05-01T12:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {
            "f:spec": {
                "f:replicas": {},
                "f:selector": {},
                "f:template": {
                    "f:metadata": {"f:labels": {"f:app": {}}},
                    "f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}, "f:name": {}}}},
                },
            }
        },
    }


async def test_create_and_update_own_what_they_set(world: World) -> None:
    """Other verbs own what they change, under their own manager and operation; containers count as well."""
    await world.create(CONFIG_MAPS, config_map(a="1"), field_manager="kubectl-create")
    world.clock.advance(5)
    written = await world.patch(CONFIG_MAPS, "x", {"data": {"b": "2"}}, field_manager="kubectl-patch")
    assert managers(written) == {
        ("kubectl-create", "Update", ""): {"f:data": {".": {}, "f:a": {}}},
        ("kubectl-patch", "Update", ""): {"f:data": {"f:b": {}}},
    }
    times = [entry["time"] for entry in body_of(written)["metadata"]["managedFields"]]
    assert times == ["2026-05-01T12:00:00Z", "2026-05-01T12:00:05Z"]


async def test_an_update_takes_fields_from_their_owners(world: World) -> None:
    """Whoever changes a field by an Update owns it alone; one that is removed is nobody's."""
    await apply(world, CONFIG_MAPS, config_map(a="1", b="1"))
    written = await world.patch(CONFIG_MAPS, "x", {"data": {"a": "2", "b": None}}, field_manager="kubectl-edit")
    assert managers(written) == {("kubectl-edit", "Update", ""): {"f:data": {"f:a": {}}}}


async def test_a_changed_field_of_others_is_a_conflict(world: World) -> None:
    """409 with Kubernetes' text and a cause for each field; nothing is stored."""
    await world.create(DEPLOYMENTS, deployment(), field_manager="kubectl")
    with pytest.raises(Conflict) as caught:
        await apply(world, DEPLOYMENTS, deployment(replicas=5))
    error = caught.value
    assert error.message == (
        'Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas'
    )
    assert error.to_status()["details"] == {
        "causes": [
            {
                "reason": "FieldManagerConflict",
                "message": 'conflict with "kubectl" using apps/v1',
                "field": ".spec.replicas",
            }
        ]
    }
    stored = json.loads(world.registry.get_entry(DEPLOYMENTS, "default", "web").data)
    assert stored["spec"]["replicas"] == 3


async def test_conflicts_are_listed_by_manager(world: World) -> None:
    """Several conflicts stand line by line below each manager; who applies has no version beside the name."""
    await apply(world, CONFIG_MAPS, config_map(a="1", b="1"), by="one")
    await world.patch(CONFIG_MAPS, "x", {"data": {"c": "1"}}, field_manager="two")
    with pytest.raises(Conflict) as caught:
        await apply(world, CONFIG_MAPS, config_map(a="9", b="9", c="9"), by="three")
    assert caught.value.message == (
        'Apply failed with 3 conflicts: conflicts with "one":\n- .data.a\n- .data.b\n'
        'conflicts with "two" using v1:\n- .data.c'
    )


async def test_the_same_value_is_shared(world: World) -> None:
    """Applying what is there already makes an owner beside the other, without a conflict."""
    await apply(world, CONFIG_MAPS, config_map(a="1"), by="one")
    written = await apply(world, CONFIG_MAPS, config_map(a="1"), by="two")
    assert managers(written) == {(by, "Apply", ""): {"f:data": {"f:a": {}}} for by in ("one", "two")}


async def test_force_takes_over(world: World) -> None:
    """With force the value changes, and the field leaves all other managers' sets."""
    await apply(world, CONFIG_MAPS, config_map(a="1", b="1"), by="one")
    written = await apply(world, CONFIG_MAPS, config_map(a="2"), by="two", force=True)
    assert body_of(written)["data"] == {"a": "2", "b": "1"}
    assert managers(written) == {
        ("one", "Apply", ""): {"f:data": {"f:b": {}}},
        ("two", "Apply", ""): {"f:data": {"f:a": {}}},
    }


async def test_what_is_no_longer_applied_goes(world: World) -> None:
    """A field that its only owner leaves out of the next configuration is deleted."""
    await apply(world, CONFIG_MAPS, config_map(a="1", b="1"))
    written = await apply(world, CONFIG_MAPS, config_map(b="1"))
    assert body_of(written)["data"] == {"b": "1"}


async def test_what_others_own_stays(world: World) -> None:
    """Giving up a shared field leaves it to the others."""
    await apply(world, CONFIG_MAPS, config_map(a="1"), by="one")
    await apply(world, CONFIG_MAPS, config_map(a="1", b="1"), by="two")
    written = await apply(world, CONFIG_MAPS, config_map(b="1"), by="two")
    assert body_of(written)["data"] == {"a": "1", "b": "1"}
    assert managers(written)["one", "Apply", ""] == {"f:data": {"f:a": {}}}


async def test_what_was_given_up_is_defaulted_again(world: World) -> None:
    """A field with a default gets the default again ("transferring ownership" needs care for that reason)."""
    await apply(world, DEPLOYMENTS, deployment())
    without = deployment()
    del without["spec"]["replicas"]
    assert body_of(await apply(world, DEPLOYMENTS, without))["spec"]["replicas"] == 1


async def test_ownership_is_handed_to_an_autoscaler(world: World) -> None:
    """As the page shows it: the autoscaler writes replicas, the user leaves them out, and they stay."""
    await apply(world, DEPLOYMENTS, deployment(), by="user")
    await world.patch(
        DEPLOYMENTS, "web", {"spec": {"replicas": 7}}, PatchType.MERGE, "scale", field_manager="hpa"
    )
    without = deployment()
    del without["spec"]["replicas"]
    written = await apply(world, DEPLOYMENTS, without, by="user")
    assert body_of(written)["spec"]["replicas"] == 7
    assert managers(written)["hpa", "Update", "scale"] == {"f:spec": {"f:replicas": {}}}


async def test_the_same_again_changes_nothing(world: World) -> None:
    """Applying twice stores nothing: version and time stay."""
    first = await apply(world, DEPLOYMENTS, deployment())
    world.clock.advance(60)
    again = await apply(world, DEPLOYMENTS, deployment())
    assert not again.created
    assert again.entry.data == first.entry.data


async def test_items_of_a_list_merge_by_key(world: World) -> None:
    """Two managers have a container each in one list; new items go behind those that are there."""
    await apply(world, DEPLOYMENTS, deployment(), by="user")
    sidecar = deployment(template={"spec": {"containers": [{"name": "log", "image": "fluent:1"}]}})
    written = await apply(world, DEPLOYMENTS, sidecar, by="injector")
    containers = body_of(written)["spec"]["template"]["spec"]["containers"]
    assert [(c["name"], c["image"]) for c in containers] == [("web", "nginx:1"), ("log", "fluent:1")]
    back = await apply(world, DEPLOYMENTS, deployment(template={"spec": {}}), by="injector")
    assert [c["name"] for c in body_of(back)["spec"]["template"]["spec"]["containers"]] == ["web"]


async def test_a_key_may_be_left_to_its_default(world: World) -> None:
    """A port without protocol is the TCP one of that number (list keys with defaults)."""

    def with_ports(*ports: dict[str, Any]) -> dict[str, Any]:
        containers = [{"name": "web", "image": "nginx:1", "ports": list(ports)}]
        return deployment(template={"spec": {"containers": containers}})

    await apply(world, DEPLOYMENTS, deployment(), by="user")
    await apply(world, DEPLOYMENTS, with_ports({"containerPort": 53, "protocol": "UDP"}), by="dns")
    written = await apply(world, DEPLOYMENTS, with_ports({"containerPort": 53, "name": "dns"}), by="tcp")
    again = await apply(
        world, DEPLOYMENTS, with_ports({"containerPort": 53, "protocol": "TCP", "name": "dns"}), by="other"
    )
    for body in (body_of(written), body_of(again)):
        ports = body["spec"]["template"]["spec"]["containers"][0]["ports"]
        assert ports == [
            {"containerPort": 53, "protocol": "UDP"},
            {"name": "dns", "containerPort": 53, "protocol": "TCP"},
        ]


async def test_a_set_unites(world: World) -> None:
    """Finalizers are a set: each manager owns its own."""
    given = {"apiVersion": "v1", "kind": "ConfigMap"}
    one, two = ({**given, "metadata": {"name": "x", "finalizers": [name]}} for name in ("a.io/x", "b.io/x"))
    await apply(world, CONFIG_MAPS, one, by="one")
    written = await apply(world, CONFIG_MAPS, two, by="two")
    assert body_of(written)["metadata"]["finalizers"] == ["a.io/x", "b.io/x"]
    assert managers(written)["two", "Apply", ""] == {"f:metadata": {"f:finalizers": {'v:"b.io/x"': {}}}}
    left = await apply(world, CONFIG_MAPS, {**one, "metadata": {"name": "x"}}, by="one")
    assert body_of(left)["metadata"]["finalizers"] == ["b.io/x"]


async def test_atomic_lists_and_maps_have_one_owner(world: World) -> None:
    """A container's args are one value, and so is a pod's nodeSelector: another's differing one conflicts."""

    def with_spec(selector: dict[str, str], args: list[str]) -> dict[str, Any]:
        container = {"name": "web", "image": "nginx:1", "args": args}
        return deployment(template={"spec": {"nodeSelector": selector, "containers": [container]}})

    await apply(world, DEPLOYMENTS, deployment(), by="user")
    await apply(world, DEPLOYMENTS, with_spec({"a": "1"}, ["x"]), by="one")
    with pytest.raises(Conflict) as caught:
        await apply(world, DEPLOYMENTS, with_spec({"b": "1"}, ["y"]), by="two")
    assert [cause.field for cause in caught.value.causes] == [
        '.spec.template.spec.containers[name="web"].args',
        ".spec.template.spec.nodeSelector",
    ]
    forced = await apply(world, DEPLOYMENTS, with_spec({"b": "1"}, ["y"]), by="two", force=True)
    spec = body_of(forced)["spec"]["template"]["spec"]
    assert (spec["nodeSelector"], spec["containers"][0]["args"]) == ({"b": "1"}, ["y"])


async def test_status_is_applied_through_its_subresource(world: World) -> None:
    """The object's Apply leaves the status alone, the status' Apply everything else; owners are told apart."""
    await world.pod()
    main = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "status": {"message": "no"}}
    assert "message" not in body_of(await apply(world, PODS, main)).get("status", {})
    given = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x"},
        "spec": {"nodeName": "elsewhere"},
        "status": {"message": "yes"},
    }
    written = await apply(world, PODS, given, sub="status")
    assert body_of(written)["status"]["message"] == "yes"
    assert "nodeName" not in body_of(written)["spec"]
    assert managers(written)["a", "Apply", "status"] == {"f:status": {"f:message": {}}}


async def test_a_status_written_by_ourselves_is_owned_when_somebody_applies(world: World) -> None:
    """Our components' status writes note nobody, yet changing what they wrote is a conflict, as in Kubernetes."""
    await world.create(
        PODS,
        {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        field_manager="kubectl-create",
    )
    pod = world.registry.get(PODS, "default", "x")
    pod.status.phase, pod.status.message = "Running", "all is well"
    stored = await world.registry.update_status(PODS, pod)
    assert [entry.manager for entry in stored.metadata.managedFields] == ["kubectl-create"]
    given = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "status": {"message": "mine"}}
    with pytest.raises(
        Conflict, match='conflict with "kube-controller-manager" with subresource "status" using v1'
    ):
        await apply(world, PODS, given, sub="status")


async def test_a_scale_is_applied(world: World) -> None:
    """The scale subresource takes a Scale; its manager owns replicas under that subresource."""
    await apply(world, DEPLOYMENTS, deployment(), by="user")
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "web"},
        "spec": {"replicas": 9},
    }
    with pytest.raises(Conflict, match=r'conflict with "user": \.spec\.replicas'):
        await apply(world, DEPLOYMENTS, scale, by="scaler", sub="scale")
    shown = await apply(world, DEPLOYMENTS, scale, by="scaler", sub="scale", force=True)
    assert body_of(shown)["kind"] == "Scale"
    stored = json.loads(world.registry.get_entry(DEPLOYMENTS, "default", "web").data)
    owners = {(e["manager"], e.get("subresource", "")) for e in stored["metadata"]["managedFields"]}
    assert stored["spec"]["replicas"] == scale["spec"]["replicas"]  # type: ignore[index]
    assert owners == {("user", ""), ("scaler", "scale")}


async def test_subresources_of_what_is_not_there_are_not_found(world: World) -> None:
    """Only the object itself can be created by applying."""
    given = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "status": {"message": "hi"}}
    with pytest.raises(NotFound, match='pods "x" not found'):
        await apply(world, PODS, given, sub="status")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "Secret"}, "invalid object type: /v1, Kind=Secret"),
        ({"apiVersion": "apps/v1"}, "invalid object type: apps/v1, Kind=ConfigMap"),
        ({"metadata": {"name": "x", "managedFields": []}}, "metadata.managedFields must be nil"),
        ({"data": {"a": 5}}, f"{UNTYPED}.data.a: expected string, got &value.valueUnstructured{{Value:5}}"),
        ({"data": ["a"]}, f'{UNTYPED}.data: expected map, got &value.valueUnstructured{{Value:["a"]}}'),
        (
            {"metadata": {"name": "x", "finalizers": ["a", "a"]}},
            f'{UNTYPED}.metadata.finalizers: duplicate entries for key [="a"]',
        ),
        (
            {"metadata": {"name": "x", "ownerReferences": [{"name": "a"}]}},
            (
                f"{UNTYPED}.metadata.ownerReferences: element 0: associative list with keys has an element "
                'that omits key field "uid" (and doesn\'t have default value)'
            ),
        ),
        (
            {"metadata": {"name": "y"}},
            "the name of the object (y) does not match the name on the URL (x)",
        ),
    ],
    ids=["kind", "version", "managedFields", "scalar", "map", "duplicate", "no key", "name"],
)
async def test_malformed_configurations_are_refused(world: World, change: dict[str, Any], message: str) -> None:
    """400 with Kubernetes' sentence, whether the object is there or not; nothing is stored."""
    for _ in range(2):
        with pytest.raises(BadRequest) as caught:
            await apply(world, CONFIG_MAPS, {**config_map(a="1"), **change}, name="x")
        assert caught.value.message == message
        await apply(world, CONFIG_MAPS, config_map(a="1"))


async def test_unknown_fields_are_treated_as_asked(world: World) -> None:
    """fieldValidation: Strict refuses with Kubernetes' words, Warn tells and drops, Ignore drops."""
    body = {**config_map(a="1"), "dada": {}}
    with pytest.raises(BadRequest, match=r"\.dada: field not declared in schema"):
        await apply(world, CONFIG_MAPS, body, field_validation="Strict")
    warnings: list[str] = []
    written = await apply(world, CONFIG_MAPS, body, field_validation="Warn", warnings=warnings)
    assert warnings == ['unknown field "dada"']
    assert "dada" not in body_of(written)
    silent: list[str] = []
    await apply(world, CONFIG_MAPS, body, field_validation="Ignore", warnings=silent)
    assert silent == []


async def test_the_result_is_validated(world: World) -> None:
    """What merging makes is checked like any other write."""
    with pytest.raises(Invalid, match=r"spec\.selector: Required value"):
        await apply(world, DEPLOYMENTS, deployment(replicas=3))


async def test_a_named_version_must_be_the_present_one(world: World) -> None:
    """A resourceVersion in the configuration is a precondition, as in any write."""
    written = await apply(world, CONFIG_MAPS, config_map(a="1"))
    stale = {**config_map(a="2"), "metadata": {"name": "x", "resourceVersion": "1"}}
    with pytest.raises(Conflict, match="the object has been modified"):
        await apply(world, CONFIG_MAPS, stale)
    present = {"name": "x", "resourceVersion": str(written.entry.revision)}
    assert body_of(await apply(world, CONFIG_MAPS, {**stale, "metadata": present}))["data"] == {"a": "2"}


async def test_a_uid_is_never_created(world: World) -> None:
    """A configuration with a uid means that very object: without it there is a conflict."""
    given = {**config_map(), "metadata": {"name": "x", "uid": "u-1"}}
    with pytest.raises(Conflict, match="uid mismatch: the provided object specified uid u-1, and no existing"):
        await apply(world, CONFIG_MAPS, given)


async def test_a_dry_run_stores_nothing(world: World) -> None:
    """Created and changed objects are answered, not kept; a dry run conflicts like a real one."""
    assert (await apply(world, CONFIG_MAPS, config_map(a="1"), dry_run=True)).created
    with pytest.raises(NotFound):
        world.registry.get_entry(CONFIG_MAPS, "default", "x")
    await apply(world, CONFIG_MAPS, config_map(a="1"), by="one")
    with pytest.raises(Conflict):
        await apply(world, CONFIG_MAPS, config_map(a="2"), by="two", dry_run=True)


async def test_an_object_without_managers_is_taken_stock_of(world: World) -> None:
    """Objects of our own components have none until the first Apply, which conflicts with what was before."""
    await world.create(CONFIG_MAPS, config_map(a="1", b="1"))
    changed = await world.patch(CONFIG_MAPS, "x", {"data": {"c": "1"}}, field_manager="kubectl-patch")
    assert managers(changed) == {}
    with pytest.raises(Conflict, match=r'conflict with "before-first-apply" using v1: \.data\.a'):
        await apply(world, CONFIG_MAPS, config_map(a="2"))
    written = await apply(world, CONFIG_MAPS, config_map(a="1"))
    assert managers(written) == {
        ("a", "Apply", ""): {"f:data": {"f:a": {}}},
        ("before-first-apply", "Update", ""): {"f:data": {".": {}, "f:a": {}, "f:b": {}, "f:c": {}}},
    }


async def test_our_own_changes_of_a_tracked_object_take_ownership(world: World) -> None:
    """A controller that changes what a user applied owns it then, by the name that tools know."""
    await apply(world, DEPLOYMENTS, deployment())
    found = world.registry.get(DEPLOYMENTS, "default", "web")
    found.spec.replicas = 8
    stored = await world.registry.update(DEPLOYMENTS, found)
    owners = {entry.manager: entry.fieldsV1 for entry in stored.metadata.managedFields}
    assert owners["kube-controller-manager"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owners["a"]["f:spec"]  # type: ignore[index]


async def test_an_empty_entry_clears_all_managers(world: World) -> None:
    """``managedFields: [{}]`` by any other write: nobody manages anything from then on."""
    await apply(world, CONFIG_MAPS, config_map(a="1"))
    written = await world.patch(CONFIG_MAPS, "x", {"metadata": {"managedFields": [{}]}}, field_manager="k")
    assert "managedFields" not in body_of(written)["metadata"]
    again = await world.patch(CONFIG_MAPS, "x", {"data": {"b": "1"}}, field_manager="k")
    assert managers(again) == {}


@pytest.mark.parametrize(
    "given",
    [
        [],
        [{"manager": "x", "operation": "Update", "fieldsType": "Other"}],
        [{"manager": "x", "operation": "Nothing", "fieldsType": "FieldsV1"}],
        [{"manager": "x", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"f:a": 5}}],
        [{"manager": "x", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"k:{": {}}}],
        [{"manager": "x", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"i:x": {}}}],
        [{"manager": "x", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"nothing": {}}}],
    ],
    ids=["empty", "type", "operation", "no tree", "key", "index", "element"],
)
async def test_those_who_do_not_know_managed_fields_cannot_break_them(world: World, given: list[Any]) -> None:
    """An empty or senseless list in a write leaves the managers as they are."""
    await apply(world, CONFIG_MAPS, config_map(a="1"))
    body = {**config_map(a="1", b="1"), "metadata": {"name": "x", "managedFields": given}}
    written = await world.put(CONFIG_MAPS, body, field_manager="old-client")
    assert managers(written) == {
        ("a", "Apply", ""): {"f:data": {"f:a": {}}},
        ("old-client", "Update", ""): {"f:data": {"f:b": {}}},
    }


async def test_clients_may_write_managed_fields(world: World) -> None:
    """Clients such as kubectl move fields from one manager to another by a JSON patch, under the version it has read."""
    made = await world.create(CONFIG_MAPS, config_map(a="1"), field_manager="kubectl-client-side-apply")
    meta = body_of(made)["metadata"]
    moved = [{**meta["managedFields"][0], "manager": "kubectl", "operation": "Apply"}]
    patch = [
        {"op": "replace", "path": "/metadata/managedFields", "value": moved},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": meta["resourceVersion"]},
    ]
    written = await world.patch(CONFIG_MAPS, "x", patch, PatchType.JSON, field_manager="kubectl")
    assert list(managers(written)) == [("kubectl", "Apply", "")]
    with pytest.raises(Conflict):
        await world.patch(CONFIG_MAPS, "x", patch, PatchType.JSON, field_manager="kubectl")


async def test_client_side_apply_hands_over_to_kubectl(world: World) -> None:
    """What the last-applied annotation says conflicts with nobody called kubectl, and it is kept current."""
    first = config_map(a="1", b="1")
    noted = {**first, "metadata": {"name": "x", "annotations": {ANNOTATION: json.dumps(first)}}}
    await world.create(CONFIG_MAPS, noted, field_manager="kubectl-client-side-apply")
    await world.patch(CONFIG_MAPS, "x", {"data": {"c": "1"}}, field_manager="somebody")
    with pytest.raises(Conflict):
        await apply(world, CONFIG_MAPS, config_map(a="2"), by="other-tool")
    with pytest.raises(Conflict) as caught:
        await apply(world, CONFIG_MAPS, config_map(a="2", c="2"), by="kubectl")
    assert [cause.field for cause in caught.value.causes] == [".data.c"]
    written = await apply(world, CONFIG_MAPS, config_map(a="2"), by="kubectl")
    body = body_of(written)
    assert body["data"] == {"a": "2", "b": "1", "c": "1"}
    assert json.loads(body["metadata"]["annotations"][ANNOTATION]) == config_map(a="2")


async def test_ten_updaters_are_told_apart(world: World) -> None:
    """The oldest of more are put together as ancient-changes; who applies is never lost."""
    await apply(world, CONFIG_MAPS, config_map(a="1"))
    for number in range(12):
        world.clock.advance(1)
        written = await world.patch(
            CONFIG_MAPS, "x", {"data": {f"k{number:02}": "1"}}, field_manager=f"m{number}"
        )
    found = managers(written)
    assert len(found) == 1 + 10
    assert found["ancient-changes", "Update", ""] == {"f:data": {f"f:k{n:02}": {} for n in range(3)}}
    assert ("a", "Apply", "") in found


async def test_managed_fields_are_bounded(world: World) -> None:
    """Applying under ever new names ends before it fills the disk."""
    many = {f"{number:04}{'k' * 200}": "1" for number in range(250)}

    async def apply_by_many() -> None:
        for number in range(100):
            await apply(world, CONFIG_MAPS, config_map(**many), by=f"m{number}")

    with pytest.raises(RequestEntityTooLarge, match=r"metadata\.managedFields: limit is"):
        await apply_by_many()


async def test_null_takes_a_field_away(world: World) -> None:
    """A null in a configuration is "none of this": a conflict where others own it, and gone with force."""
    await apply(world, CONFIG_MAPS, config_map(a="1", b="1"), by="one")
    without = {**config_map(), "data": {"a": None}}
    with pytest.raises(Conflict):
        await apply(world, CONFIG_MAPS, without, by="two")
    assert body_of(await apply(world, CONFIG_MAPS, without, by="two", force=True))["data"] == {"b": "1"}


async def test_versions_of_a_kind_share_their_owners(world: World) -> None:
    """What was applied in one version and is changed through another conflicts all the same."""

    def autoscaler(version: str, most: int) -> dict[str, Any]:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        return {
            "apiVersion": f"autoscaling/{version}",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "x"},
            "spec": {"maxReplicas": most, "scaleTargetRef": target},
        }

    await apply(world, HORIZONTAL_POD_AUTOSCALERS, autoscaler("v2", 3), by="one")
    with pytest.raises(Conflict, match=r'conflict with "one": \.spec\.maxReplicas'):
        await apply(world, HORIZONTAL_POD_AUTOSCALERS_V1, autoscaler("v1", 5), by="two")
    written = await apply(world, HORIZONTAL_POD_AUTOSCALERS_V1, autoscaler("v1", 5), by="two", force=True)
    versions = {e["manager"]: e["apiVersion"] for e in body_of(written)["metadata"]["managedFields"]}
    assert versions == {"one": "autoscaling/v2", "two": "autoscaling/v1"}


async def test_cluster_scoped_kinds_are_applied_too(world: World) -> None:
    """A node's labels, say."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "pi-1", "labels": {"zone": "attic"}}}
    written = await apply(world, NODES, node)
    assert managers(written) == {("a", "Apply", ""): {"f:metadata": {"f:labels": {"f:zone": {}}}}}
