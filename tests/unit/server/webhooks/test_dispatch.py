"""Writes that webhooks are asked about: in which order, about what, and what comes of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from edgeorch.api.admissionregistration.resources import VALIDATING_WEBHOOKS
from edgeorch.api.apps.resources import DEPLOYMENTS
from edgeorch.api.core.config import ConfigMap
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.resources import CONFIG_MAPS, NAMESPACES, PODS
from edgeorch.api.decode import decode_object
from edgeorch.api.meta import DeleteOptions, ObjectMeta
from edgeorch.errors import ApiError, BadRequest, Conflict, Forbidden, GatewayTimeout, InternalError, NotFound
from edgeorch_server.registry.base import ListOptions, PatchType, User, WriteOptions
from edgeorch_server.store.base import Draft
from edgeorch_server.webhooks.failures import CallFailed
from tests.unit.server.webhooks.conftest import CONFIG_MAPS_RULE, Cluster, allow, patch, set_label, webhook

JANE = User("jane", ("dev",), uid="7", extra={"scopes": ("a", "b")})


def config_map(name: str = "c", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def on_config_maps(label: str, **settings: Any) -> dict[str, Any]:
    return webhook(label, **{"rules": [CONFIG_MAPS_RULE], **settings})


async def create(cluster: Cluster, body: dict[str, Any] | None = None, **options: Any) -> WriteOptions:
    given = WriteOptions(**options)
    await cluster.registry.create_entry(CONFIG_MAPS, "default", body or config_map(), given)
    return given


def stored(cluster: Cluster, name: str = "c") -> ConfigMap:
    return cluster.registry.get(CONFIG_MAPS, "default", name)


def refuse(message: str = "no", code: int = 403) -> Any:
    return lambda _request: {"allowed": False, "status": {"message": message, "code": code}}


def fail(_request: dict[str, Any]) -> dict[str, Any]:
    raise CallFailed("failed to call webhook: boom")


async def test_changes_come_first_in_order_and_refusals_see_them(cluster: Cluster) -> None:
    """Mutating by name of configuration, then by position; validating after all of them."""
    await cluster.configure("z", on_config_maps("last"), mutating=True, last=set_label("z", "1"))
    await cluster.configure(
        "a",
        on_config_maps("first"),
        on_config_maps("second"),
        mutating=True,
        first=set_label("a", "1"),
        second=set_label("b", "1"),
    )
    await cluster.configure("check", on_config_maps("check"))
    await create(cluster)
    assert cluster.outside.names == ["first", "second", "last", "check"]
    assert cluster.outside.asked[-1][1]["object"]["metadata"]["labels"] == {"a": "1", "b": "1", "z": "1"}
    assert stored(cluster).metadata.labels == {"a": "1", "b": "1", "z": "1"}


async def test_a_review_says_all_there_is_to_know(cluster: Cluster) -> None:
    """The members of AdmissionRequest, for an update by a user."""
    await create(cluster, config_map(a="1"))
    await cluster.configure("check", on_config_maps("check"))
    options = WriteOptions(JANE, field_manager="me", field_validation="Strict")
    await cluster.registry.update_entry(CONFIG_MAPS, "default", "c", config_map(a="2"), options)
    [(_, request)] = cluster.outside.asked
    kind, resource = ({"version": "v1", "kind": "ConfigMap"}, {"version": "v1", "resource": "configmaps"})
    assert (request.pop("object")["data"], request.pop("oldObject")["data"]) == ({"a": "2"}, {"a": "1"})
    assert request == {
        "uid": "1",
        "kind": {"group": "", **kind},
        "resource": {"group": "", **resource},
        "requestKind": {"group": "", **kind},
        "requestResource": {"group": "", **resource},
        "name": "c",
        "namespace": "default",
        "operation": "UPDATE",
        "userInfo": {
            "username": "jane",
            "uid": "7",
            "groups": ["dev"],
            "extra": {"scopes": ["a", "b"]},
        },
        "dryRun": False,
        "options": {
            "kind": "UpdateOptions",
            "apiVersion": "meta.k8s.io/v1",
            "fieldManager": "me",
            "fieldValidation": "Strict",
        },
    }


async def test_a_delete_shows_what_goes(cluster: Cluster) -> None:
    """``object`` is null and ``oldObject`` what is deleted; a collection is asked about one by one."""
    await create(cluster)
    await create(cluster, config_map("d"))
    await cluster.configure(
        "check", on_config_maps("check", rules=[{**CONFIG_MAPS_RULE, "operations": ["DELETE"]}])
    )
    select = ListOptions(namespace="default")
    await cluster.registry.delete_collection(
        CONFIG_MAPS, select, DeleteOptions(gracePeriodSeconds=3), WriteOptions()
    )
    shown = [
        (r["operation"], r["object"], r["oldObject"]["metadata"]["name"]) for _, r in cluster.outside.asked
    ]
    assert shown == [("DELETE", None, "c"), ("DELETE", None, "d")]
    assert cluster.outside.asked[0][1]["options"] == {
        "kind": "DeleteOptions",
        "apiVersion": "meta.k8s.io/v1",
        "gracePeriodSeconds": 3,
    }


async def test_a_delete_that_is_refused_deletes_nothing(cluster: Cluster) -> None:
    """A refusal stands for deletes too, and nothing can be changed by one."""
    await create(cluster)
    await cluster.configure("check", on_config_maps("check"), check=refuse())
    with pytest.raises(ApiError, match="denied the request: no") as refused:
        await cluster.registry.delete(CONFIG_MAPS, "default", "c")
    assert refused.value.code == 403
    assert stored(cluster)


async def test_a_delete_cannot_be_changed(cluster: Cluster) -> None:
    """A patch where there is no object is an error of the webhook."""
    await create(cluster)
    await cluster.configure(
        "m", on_config_maps("m"), mutating=True, m=lambda _r: patch({"op": "add", "path": "/a", "value": 1})
    )
    with pytest.raises(InternalError, match="attempted to modify the object, which is not supported"):
        await cluster.registry.delete(CONFIG_MAPS, "default", "c")


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        pytest.param({}, True, id="nothing selected"),
        pytest.param({"namespaceSelector": {"matchLabels": {"team": "blue"}}}, True, id="its namespace"),
        pytest.param({"namespaceSelector": {"matchLabels": {"team": "red"}}}, False, id="another namespace"),
        pytest.param({"objectSelector": {"matchLabels": {"app": "new"}}}, True, id="as it is going to be"),
        pytest.param({"objectSelector": {"matchLabels": {"app": "old"}}}, True, id="as it was"),
        pytest.param({"objectSelector": {"matchLabels": {"app": "else"}}}, False, id="never"),
    ],
)
async def test_selectors_choose_among_what_rules_match(
    cluster: Cluster, settings: dict[str, Any], asked: bool
) -> None:
    """Of namespaces by their labels, of objects by the new or the old ones."""
    old, new = config_map(), config_map()
    old["metadata"]["labels"], new["metadata"]["labels"] = {"app": "old"}, {"app": "new"}
    await create(cluster, old)
    await cluster.configure("check", on_config_maps("check", **settings))
    await cluster.registry.update_entry(CONFIG_MAPS, "default", "c", new, WriteOptions())
    assert bool(cluster.outside.asked) is asked


async def test_a_namespace_is_selected_by_its_own_labels(cluster: Cluster) -> None:
    """For a namespace itself the labels it is going to have count."""
    rule = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["namespaces"]}
    selector = {"matchLabels": {"team": "green"}}
    await cluster.configure("check", webhook("check", rules=[rule], namespaceSelector=selector))
    for name, team in (("one", "green"), ("two", "red")):
        await cluster.registry.create(
            NAMESPACES, Namespace(metadata=ObjectMeta(name=name, labels={"team": team}))
        )
    assert [(r["name"], r["namespace"]) for _, r in cluster.outside.asked] == [("one", "one")]


async def test_configurations_are_nobodys_business(cluster: Cluster) -> None:
    """Webhooks are never asked about webhook configurations, or nobody could take a broken one away."""
    rule = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}
    await cluster.configure("all", webhook("all", rules=[rule]), all=refuse())
    await cluster.registry.delete(VALIDATING_WEBHOOKS, "", "all")
    await create(cluster)
    assert cluster.outside.asked == []


@pytest.mark.parametrize("mutating", [True, False], ids=["mutating", "validating"])
async def test_the_failure_policy_decides_what_a_failure_means(cluster: Cluster, mutating: bool) -> None:
    """``Fail`` refuses in Kubernetes' words, ``Ignore`` lets it pass and notes that."""
    await cluster.configure("a", on_config_maps("lax", failurePolicy="Ignore"), mutating=mutating, lax=fail)
    options = await create(cluster)
    kind = "mutating" if mutating else "validating"
    assert options.audit[f"failed-open.{kind}.webhook.admission.k8s.io/round_0_index_0"] == "lax.example.com"
    await cluster.configure("b", on_config_maps("strict"), mutating=mutating, strict=fail)
    with pytest.raises(InternalError) as refused:
        await create(cluster, config_map("d"))
    assert refused.value.message == (
        'Internal error occurred: failed calling webhook "strict.example.com": failed to call webhook: boom'
    )


async def test_the_first_refusal_in_order_stands(cluster: Cluster) -> None:
    """All are asked at the same time; whoever answers first, the first one configured is heard."""
    later = asyncio.Event()

    async def slow(_request: dict[str, Any]) -> dict[str, Any]:
        await later.wait()
        return {"allowed": False, "status": {"message": "first"}}

    async def quick(_request: dict[str, Any]) -> dict[str, Any]:
        later.set()
        return {"allowed": False, "status": {"message": "second"}}

    await cluster.configure("check", on_config_maps("one"), on_config_maps("two"), one=slow, two=quick)
    with pytest.raises(ApiError, match="denied the request: first"):
        await create(cluster)


async def test_what_webhooks_tell_clients_and_the_audit_log(cluster: Cluster) -> None:
    """Warnings go to the client, annotations below the webhook's name, and whether it changed anything."""
    told = {"allowed": True, "warnings": ["mind"], "auditAnnotations": {"why": "so"}}
    await cluster.configure("m", on_config_maps("m"), mutating=True, m=lambda _r: told)
    options = await create(cluster)
    assert options.warnings == ["mind"]
    mutation = json.dumps({"configuration": "m", "webhook": "m.example.com", "mutated": False})
    assert options.audit == {
        "m.example.com/why": "so",
        "mutation.webhook.admission.k8s.io/round_0_index_0": mutation.replace(" ", ""),
    }


@pytest.mark.parametrize(("effects", "asked"), [("None", True), ("NoneOnDryRun", True)])
async def test_a_dry_run_is_told(cluster: Cluster, effects: str, asked: bool) -> None:
    """Webhooks without side effects are asked, and know that nothing is going to be stored."""
    await cluster.configure("check", on_config_maps("check", sideEffects=effects))
    await create(cluster, dry_run=True)
    [(_, request)] = cluster.outside.asked
    assert (request["dryRun"], request["options"]["dryRun"]) == (asked, ["All"])


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param(("Never", "Never"), ["one", "two"], id="nobody wishes it"),
        pytest.param(("IfNeeded", "Never"), ["one", "two", "one"], id="changed after it"),
        pytest.param(("Never", "IfNeeded"), ["one", "two"], id="its own change is no reason"),
    ],
)
async def test_a_webhook_is_asked_again_when_others_change_its_object(
    cluster: Cluster, policies: tuple[str, str], expected: list[str]
) -> None:
    """``reinvocationPolicy: IfNeeded``, at most once."""
    await cluster.configure(
        "m",
        *(
            on_config_maps(name, reinvocationPolicy=policy)
            for name, policy in zip(("one", "two"), policies, strict=True)
        ),
        mutating=True,
        one=set_label("one", "1"),
        two=set_label("two", "1"),
    )
    await create(cluster)
    assert cluster.outside.names == expected
    assert stored(cluster).metadata.labels == {"one": "1", "two": "1"}


async def test_built_in_admission_completes_what_webhooks_add(cluster: Cluster) -> None:
    """A container that a webhook adds has its defaults, and is validated like any other."""
    sidecar = {"op": "add", "path": "/spec/containers/-", "value": {"name": "side", "image": "side:1"}}
    await cluster.configure("m", webhook("m"), mutating=True, m=lambda _r: patch(sidecar))
    pod = {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "main", "image": "nginx:1"}]}}
    await cluster.registry.create_entry(PODS, "default", pod, WriteOptions())
    side = cluster.registry.get(PODS, "default", "x").spec.containers[1]
    assert (side.name, side.imagePullPolicy, side.terminationMessagePath) == (
        "side",
        "IfNotPresent",
        "/dev/termination-log",
    )


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({"op": "remove", "path": "/nothing"}, "remove operation does not apply"),
        ({"op": "add", "path": "/data", "value": 3}, "cannot unmarshal number"),
        ({"op": "what"}, "Unexpected kind: what"),
        ({"op": "add", "path": "/data", "value": {"x": "x" * 4 * 1024 * 1024}}, "more than 3145728 bytes"),
    ],
    ids=["path", "type", "operation", "size"],
)
async def test_a_change_that_makes_no_object_is_an_error(
    cluster: Cluster, operation: dict[str, Any], why: str
) -> None:
    """Nothing is stored, and the failure policy has no say: the webhook did answer."""
    await cluster.configure(
        "m", on_config_maps("m", failurePolicy="Ignore"), mutating=True, m=lambda _r: patch(operation)
    )
    with pytest.raises(InternalError, match=why):
        await create(cluster)
    assert cluster.store.get("configmaps", "default", "c") is None


async def test_identity_is_not_for_webhooks_to_change(cluster: Cluster) -> None:
    """What no client can change no webhook can either."""
    await create(cluster, config_map(a="1"), field_manager="me")
    before = stored(cluster).metadata
    operations: list[dict[str, Any]] = [
        {"op": "add", "path": "/metadata/uid", "value": "mine"},
        {"op": "add", "path": "/metadata/resourceVersion", "value": "1"},
        {"op": "add", "path": "/metadata/managedFields", "value": []},
        {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}},
    ]
    await cluster.configure("m", on_config_maps("m"), mutating=True, m=lambda _r: patch(*operations))
    await cluster.registry.update_entry(CONFIG_MAPS, "default", "c", config_map(a="2"), WriteOptions())
    after = stored(cluster).metadata
    assert (after.uid, after.labels) == (before.uid, {"a": "b"})
    assert after.managedFields


async def test_others_write_while_a_webhook_thinks(cluster: Cluster) -> None:
    """Nothing is locked; a patch starts over with what has been stored meanwhile, and asks again."""
    await create(cluster)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def think(_request: dict[str, Any]) -> dict[str, Any]:
        asked.set()
        await answer.wait()
        return {"allowed": True}

    await cluster.configure("check", on_config_maps("check"), check=think)
    change = cluster.registry.patch_entry(
        CONFIG_MAPS, "default", "c", PatchType.MERGE, {"data": {"a": "1"}}, WriteOptions()
    )
    patching = asyncio.ensure_future(change)
    await asyncio.wait_for(asked.wait(), 5)
    cluster.outside.said["check.example.com"] = allow
    await cluster.registry.update_entry(CONFIG_MAPS, "default", "c", config_map(b="2"), WriteOptions())
    answer.set()
    await patching
    assert stored(cluster).data == {"a": "1", "b": "2"}
    assert len(cluster.outside.asked) == 3


async def test_an_update_of_an_old_version_is_a_conflict(cluster: Cluster) -> None:
    """A PUT that names the version which was overwritten while its webhook was asked is refused."""
    await create(cluster)
    body = stored(cluster).to_dict()

    async def overtake(_request: dict[str, Any]) -> dict[str, Any]:
        cluster.outside.said["check.example.com"] = allow
        await cluster.registry.update_entry(CONFIG_MAPS, "default", "c", config_map(b="2"), WriteOptions())
        return {"allowed": True}

    await cluster.configure("check", on_config_maps("check"), check=overtake)
    with pytest.raises(Conflict, match="the object has been modified"):
        await cluster.registry.update_entry(
            CONFIG_MAPS, "default", "c", {**body, "data": {"a": "1"}}, WriteOptions()
        )
    assert stored(cluster).data == {"b": "2"}


async def test_a_namespace_that_goes_while_a_webhook_thinks(cluster: Cluster) -> None:
    """Nothing is created in a namespace that was there only when the webhook was asked."""
    await cluster.registry.create(NAMESPACES, Namespace(metadata=ObjectMeta(name="brief")))

    async def end(_request: dict[str, Any]) -> dict[str, Any]:
        await cluster.registry.delete(NAMESPACES, "", "brief")
        return {"allowed": True}

    await cluster.configure("check", on_config_maps("check"), check=end)
    with pytest.raises((NotFound, Forbidden)):
        await cluster.registry.create_entry(CONFIG_MAPS, "brief", config_map(), WriteOptions())
    assert cluster.store.get("configmaps", "brief", "c") is None


async def test_a_write_that_is_given_up_leaves_nothing(cluster: Cluster) -> None:
    """A server that stops cancels those who wait for a webhook; nothing of theirs is stored."""
    asked = asyncio.Event()

    async def hang(_request: dict[str, Any]) -> dict[str, Any]:
        asked.set()
        await asyncio.Event().wait()
        return {}

    await cluster.configure("check", on_config_maps("check"), check=hang)
    writing = asyncio.ensure_future(create(cluster))
    await asyncio.wait_for(asked.wait(), 5)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert cluster.store.get("configmaps", "default", "c") is None


@pytest.mark.looptime
async def test_all_webhooks_together_have_a_limit(cluster: Cluster) -> None:
    """Many slow ones cannot hold a request for ever (34 seconds, as in Kubernetes)."""

    async def slow(_request: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(20)
        return {"allowed": True}

    await cluster.configure(
        "m", on_config_maps("one"), on_config_maps("two"), mutating=True, one=slow, two=slow
    )
    with pytest.raises(GatewayTimeout, match="request did not complete within requested timeout"):
        await create(cluster)


async def test_a_scale_is_shown_and_changed_as_a_scale(cluster: Cluster) -> None:
    """``deployments/scale`` is a Scale to webhooks; the Deployment behind it is not their business."""
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "m", "image": "i:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": pod}
    await cluster.registry.create_entry(
        DEPLOYMENTS, "default", {"metadata": {"name": "d"}, "spec": spec}, WriteOptions()
    )
    rule = {
        "operations": ["*"],
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "resources": ["deployments/scale"],
    }
    half = patch({"op": "replace", "path": "/spec/replicas", "value": 3})
    await cluster.configure("m", webhook("m", rules=[rule]), mutating=True, m=lambda _r: half)
    await cluster.registry.patch_entry(
        DEPLOYMENTS, "default", "d", PatchType.MERGE, {"spec": {"replicas": 9}}, WriteOptions(), "scale"
    )
    [(_, request)] = cluster.outside.asked
    assert request["kind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    assert (request["subResource"], request["object"]["spec"], request["oldObject"]["spec"]) == (
        "scale",
        {"replicas": 9},
        {"replicas": 1},
    )
    assert cluster.registry.get(DEPLOYMENTS, "default", "d").spec.replicas == 3


@pytest.mark.parametrize("subresource", ["binding", "eviction"])
async def test_what_is_posted_to_a_pod_is_a_create(cluster: Cluster, subresource: str) -> None:
    """A webhook sees the Binding or Eviction, and a refused one does nothing."""
    pod = {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "main", "image": "nginx:1"}]}}
    await cluster.registry.create_entry(PODS, "default", pod, WriteOptions())
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods/*"]}
    await cluster.configure("check", webhook("check", rules=[rule]), check=refuse())
    body = {"metadata": {"name": "x"}, "target": {"kind": "Node", "name": "n1"}}
    with pytest.raises(ApiError, match="denied the request"):
        await cluster.registry.post_subresource(
            PODS,
            "default",
            "x",
            subresource,
            body if subresource == "binding" else body | {"target": None},
            WriteOptions(),
        )
    [(_, request)] = cluster.outside.asked
    assert (request["operation"], request["subResource"], request["kind"]["kind"]) == (
        "CREATE",
        subresource,
        subresource.capitalize(),
    )
    assert not cluster.registry.get(PODS, "default", "x").spec.nodeName


async def test_conditions_are_refused(cluster: Cluster) -> None:
    """Without its CEL conditions a webhook would be asked about what it is not for."""
    condition = {"name": "x", "expression": "true"}
    with pytest.raises(ApiError, match="CEL expressions are not evaluated here"):
        await cluster.configure("check", on_config_maps("check", matchConditions=[condition]))


async def rewrite(cluster: Cluster, before: bytes, after: bytes) -> None:
    """Change the stored configuration ``check`` into one that can no longer be written."""
    key = VALIDATING_WEBHOOKS.key
    entry = cluster.store.get(key, "", "check")
    assert entry is not None
    assert before in entry.data
    body = entry.data.replace(before, after)
    cluster.store.put(key, "", "check", lambda _revision: Draft(body, entry.uid, {}, {}))


async def test_a_dry_run_that_would_leave_traces_is_refused(cluster: Cluster) -> None:
    """``sideEffects`` of older configurations: the webhook is not asked at all."""
    await cluster.configure("check", on_config_maps("check"))
    await rewrite(cluster, b'"sideEffects":"None"', b'"sideEffects":"Some"')
    with pytest.raises(BadRequest, match="does not support dry run"):
        await create(cluster, dry_run=True)
    assert cluster.outside.asked == []


async def test_conditions_that_are_stored_already(cluster: Cluster) -> None:
    """What cannot be evaluated is an error, which the failure policy lets pass or not; nobody is asked."""
    await cluster.configure("check", on_config_maps("check"))
    conditions = b'"sideEffects":"None","matchConditions":[{"name":"x","expression":"true"}]'
    await rewrite(cluster, b'"sideEffects":"None"', conditions)
    with pytest.raises(Forbidden, match="has matchConditions, which are not evaluated here"):
        await create(cluster)
    await rewrite(cluster, b'"failurePolicy":"Fail"', b'"failurePolicy":"Ignore"')
    await create(cluster)
    assert cluster.outside.asked == []


async def test_the_guides_configuration_is_one(cluster: Cluster) -> None:
    """What docs/guides/admission-webhooks.md shows is accepted as it stands, but for the certificate."""
    guide = (Path(__file__).parents[4] / "docs" / "guides" / "admission-webhooks.md").read_text(
        encoding="utf-8"
    )
    manifest = guide.partition("```yaml\n")[2].partition("```")[0].replace("LS0tLS1...", "LS0tLS1=")
    body, options = (
        decode_object(manifest.encode(), yaml=True, kind="").value,
        WriteOptions(field_validation="Strict"),
    )
    written = await cluster.registry.create_entry(VALIDATING_WEBHOOKS, "", body, options)
    assert (written.entry.name, options.warnings) == ("pods-have-owners", [])
