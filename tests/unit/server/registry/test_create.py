"""Creating objects: what the server sets, what it refuses, in Kubernetes' words."""

from typing import Any

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS, EVENTS, NAMESPACES, NODES, PODS, SECRETS, SERVICE_ACCOUNTS
from edgeorch.errors import AlreadyExists, BadRequest, Invalid
from edgeorch_server.registry.base import WriteOptions


async def test_the_server_sets_identity(world: Any, manifest: Any) -> None:
    """Create sets uid, creationTimestamp, namespace and resourceVersion, whatever the client claims."""
    body = manifest(
        uid="mine",
        creationTimestamp="2001-01-01T00:00:00Z",
        selfLink="/x",
        generation=9,
        deletionTimestamp=None,
    )
    written = await world.create(PODS, body)
    meta = world.get(PODS, "x").metadata
    assert written.created
    assert meta.uid.startswith("uid-")
    assert meta.creationTimestamp == "2026-05-01T12:00:00Z"
    assert meta.namespace == "default"
    assert meta.resourceVersion == str(written.entry.revision) == str(world.store.revision)
    assert (meta.selfLink, meta.generation) == ("", 1)


async def test_type_is_filled_in(world: Any) -> None:
    """A body without apiVersion and kind is taken for the resource's own."""
    await world.create(CONFIG_MAPS, {"metadata": {"name": "c"}})
    stored = world.get(CONFIG_MAPS, "c")
    assert (stored.apiVersion, stored.kind) == ("v1", "ConfigMap")


async def test_status_is_the_servers(world: Any, manifest: Any) -> None:
    """A new pod is Pending with its QoS class, whatever status the client sends."""
    await world.create(PODS, manifest() | {"status": {"phase": "Running", "podIP": "1.2.3.4"}})
    assert world.get(PODS, "x").status.to_dict() == {"phase": "Pending", "qosClass": "BestEffort"}


async def test_a_node_brings_its_status(world: Any) -> None:
    """A new node keeps the status it registers with, as the kubelet's registration needs it."""
    await world.create(NODES, {"metadata": {"name": "n"}, "status": {"capacity": {"cpu": "4"}}})
    status = world.get(NODES, "n").status
    assert status.capacity == status.allocatable == {"cpu": "4"}


async def test_null_status_and_timestamp_are_nothing(world: Any, manifest: Any) -> None:
    """A client like kubectl sends ``creationTimestamp: null`` and ``status: {}``."""
    body = manifest(creationTimestamp=None) | {"status": {}}
    await world.create(PODS, body)
    assert world.get(PODS, "x").metadata.creationTimestamp == "2026-05-01T12:00:00Z"


async def test_the_body_is_not_changed(world: Any, manifest: Any) -> None:
    """The write path works on its own copy: the caller's body stays as it was."""
    body = manifest()
    await world.create(PODS, body)
    assert body == manifest()


async def test_defaults_are_stored(world: Any) -> None:
    """Defaults are filled in before the object is stored, so that reading it shows them."""
    await world.pod()
    spec = world.get(PODS, "x").spec
    assert spec.restartPolicy == "Always"
    assert spec.terminationGracePeriodSeconds == 30
    assert spec.containers[0].imagePullPolicy == "IfNotPresent"
    assert b'"securityContext":{}' in world.registry.get_entry(PODS, "default", "x").data


@pytest.mark.parametrize("resource", [CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS], ids=lambda r: r.plural)
async def test_kinds_without_generation_have_none(world: Any, resource: Any) -> None:
    """Only kinds with a spec that somebody acts on count generations."""
    await world.create(resource, {"metadata": {"name": "c"}})
    assert world.get(resource, "c").metadata.generation == 0


async def test_events_have_no_generation(world: Any) -> None:
    """An event is written once and counted up; nobody acts on its generation."""
    about = {"kind": "Pod", "namespace": "default", "name": "x"}
    await world.create(EVENTS, {"metadata": {"name": "e"}, "involvedObject": about, "reason": "Started"})
    assert world.get(EVENTS, "e").metadata.generation == 0


async def test_a_namespace_starts_active(world: Any) -> None:
    """A new namespace is Active, labelled with its name, and cannot go before it has been emptied."""
    await world.create(NAMESPACES, {"metadata": {"name": "shop"}, "status": {"phase": "Terminating"}})
    shop = world.get(NAMESPACES, "shop")
    assert shop.status.phase == "Active"
    assert shop.spec.finalizers == ["kubernetes"]
    assert shop.metadata.labels == {"kubernetes.io/metadata.name": "shop"}


async def test_string_data_becomes_data(world: Any) -> None:
    """A secret's stringData is merged into data, wins over it, and is never stored."""
    await world.create(
        SECRETS, {"metadata": {"name": "s"}, "data": {"a": "eA==", "b": "eQ=="}, "stringData": {"a": "new"}}
    )
    secret = world.get(SECRETS, "s")
    assert (secret.data, secret.stringData, secret.type) == ({"a": "bmV3", "b": "eQ=="}, {}, "Opaque")


async def test_a_name_that_is_taken(world: Any) -> None:
    """The second create of a name is refused: 409 AlreadyExists."""
    await world.pod()
    with pytest.raises(AlreadyExists) as caught:
        await world.pod()
    assert caught.value.to_status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "x" already exists',
        "reason": "AlreadyExists",
        "details": {"name": "x", "kind": "pods"},
        "code": 409,
    }


async def test_a_name_that_is_still_going(world: Any) -> None:
    """A name whose object is being deleted says so."""
    await world.pod(finalizers=["a.b/c"])
    await world.delete(PODS, "x")
    with pytest.raises(AlreadyExists, match=r'^object is being deleted: pods "x" already exists$'):
        await world.pod()


async def test_names_are_generated(world: Any, manifest: Any) -> None:
    """Without a name, generateName and a random suffix make one."""
    body = manifest(generateName="web-")
    del body["metadata"]["name"]
    written = await world.create(PODS, body)
    assert written.entry.name == "web-00001"
    assert world.get(PODS, "web-00001").metadata.generateName == "web-"


async def test_a_generated_name_that_is_taken_is_tried_anew(world: Any, manifest: Any) -> None:
    """A collision of a generated name costs another attempt, not an error."""
    await world.pod("web-00001")
    body = manifest(generateName="web-")
    del body["metadata"]["name"]
    assert (await world.create(PODS, body)).entry.name == "web-00002"


async def test_another_attempt_names_the_object_anew(world: Any) -> None:
    """What is derived from a name follows it: a namespace's label is that of the name it got."""
    await world.create(NAMESPACES, {"metadata": {"name": "shop-00001"}})
    await world.create(NAMESPACES, {"metadata": {"generateName": "shop-"}})
    labels = world.get(NAMESPACES, "shop-00002").metadata.labels
    assert labels == {"kubernetes.io/metadata.name": "shop-00002"}


async def test_when_no_name_is_free(world: Any, manifest: Any) -> None:
    """After eight attempts the client is told to try again in a second."""
    for number in range(1, 10):
        await world.pod(f"web-{number:05}")
    body = manifest(generateName="web-")
    del body["metadata"]["name"]
    with pytest.raises(AlreadyExists, match=r"was not able to generate a unique name") as caught:
        await world.create(PODS, body)
    assert (caught.value.name, caught.value.retry_after) == ("web-00008", 1)


async def test_a_name_is_needed(world: Any, manifest: Any) -> None:
    """Neither name nor generateName is 422."""
    body = manifest()
    del body["metadata"]["name"]
    with pytest.raises(Invalid, match=r"metadata.name: Required value: name or generateName is required"):
        await world.create(PODS, body)


async def test_a_version_is_refused(world: Any, manifest: Any) -> None:
    """A new object cannot have a resourceVersion."""
    with pytest.raises(BadRequest, match=r"^resourceVersion should not be set on objects to be created$"):
        await world.create(PODS, manifest(resourceVersion="5"))


async def test_another_namespace_is_refused(world: Any, manifest: Any) -> None:
    """The body's namespace must be the URL's."""
    with pytest.raises(
        BadRequest,
        match=r"^the namespace of the provided object does not match the namespace sent on the request$",
    ):
        await world.create(PODS, manifest(namespace="other"))


async def test_a_cluster_scoped_kind_has_no_namespace(world: Any) -> None:
    """A namespace in the body of a cluster-scoped object is cleared."""
    await world.create(NODES, {"metadata": {"name": "n", "namespace": "default"}})
    assert world.get(NODES, "n").metadata.namespace == ""


async def test_another_version_is_refused(world: Any, manifest: Any) -> None:
    """An apiVersion other than the path's is 400, in the handlers' words."""
    with pytest.raises(BadRequest) as caught:
        await world.create(PODS, manifest() | {"apiVersion": "v2"})
    assert caught.value.message == (
        "the API version in the data (v2) does not match the expected API version (v1)"
    )


async def test_another_kind_is_refused(world: Any, manifest: Any) -> None:
    """A body of another kind is 400."""
    with pytest.raises(BadRequest, match=r'^ConfigMap in version "v1" cannot be handled as a Pod: '):
        await world.create(PODS, manifest() | {"kind": "ConfigMap"})


async def test_nothing_invalid_is_stored(world: Any, manifest: Any) -> None:
    """What validation refuses leaves no trace: no object, no revision."""
    before = world.store.revision
    with pytest.raises(Invalid) as caught:
        await world.create(PODS, manifest(containers=[{"name": "main"}]))
    assert caught.value.message == 'Pod "x" is invalid: spec.containers[0].image: Required value'
    assert not world.exists(PODS, "x")
    assert world.store.revision == before


async def test_a_wrong_type_is_refused(world: Any, manifest: Any) -> None:
    """A bool where a text belongs is 400 in the words of Go's decoder: stored, it would break every list."""
    with pytest.raises(
        BadRequest, match=r"cannot unmarshal bool into Go struct field Container.*image of type"
    ):
        await world.create(PODS, manifest(containers=[{"name": "main", "image": True}]))


async def test_strict_refuses_unknown_fields(world: Any, manifest: Any) -> None:
    """fieldValidation=Strict: 400 with every unknown and every doubled field."""
    body = manifest()
    body["spec"]["replicaz"] = 3
    with pytest.raises(BadRequest) as caught:
        await world.create(
            PODS, body, field_validation="Strict", body_problems=['duplicate field "metadata.name"']
        )
    assert caught.value.message == (
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: '
        'duplicate field "metadata.name", unknown field "spec.replicaz"'
    )
    assert not world.exists(PODS, "x")


async def test_warn_tells_and_drops_unknown_fields(world: Any, manifest: Any) -> None:
    """fieldValidation=Warn: the object is stored without the field, and the client is told."""
    body = manifest()
    body["spec"]["replicaz"] = 3
    options = WriteOptions(field_validation="Warn")
    await world.registry.create_entry(PODS, "default", body, options)
    assert options.warnings == ['unknown field "spec.replicaz"']
    assert b"replicaz" not in world.registry.get_entry(PODS, "default", "x").data


async def test_ignore_drops_unknown_fields_silently(world: Any, manifest: Any) -> None:
    """fieldValidation=Ignore: dropped without a word."""
    body = manifest()
    body["spec"]["replicaz"] = 3
    options = WriteOptions(field_validation="Ignore")
    await world.registry.create_entry(PODS, "default", body, options)
    assert options.warnings == []


async def test_fields_without_effect_are_kept_and_told(world: Any, manifest: Any) -> None:
    """What Kubernetes knows and edgeorch does not act on is stored, and the client is told."""
    body = manifest()
    body["spec"]["runtimeClassName"] = "gvisor"
    options = WriteOptions(field_validation="Strict")
    await world.registry.create_entry(PODS, "default", body, options)
    assert len(options.warnings) == 1
    assert options.warnings[0].startswith("spec.runtimeClassName: ")
    assert world.get(PODS, "x").spec.runtimeClassName == "gvisor"
