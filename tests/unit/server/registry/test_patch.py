"""PATCH: three kinds of patches, one update path."""

from typing import Any

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS, NODES, PODS
from edgeorch.errors import BadRequest, Conflict, Invalid, NotFound
from edgeorch_server.registry.base import PatchType, WriteOptions
from edgeorch_server.registry.gate import ATTEMPTS


async def test_a_merge_patch(world: Any) -> None:
    """``kubectl label`` sends a merge patch."""
    await world.pod(labels={"a": "1", "b": "2"})
    await world.patch(PODS, "x", {"metadata": {"labels": {"a": None, "c": "3"}}})
    assert world.get(PODS, "x").metadata.labels == {"b": "2", "c": "3"}


async def test_a_json_patch(world: Any) -> None:
    """``kubectl patch --type=json``."""
    await world.create(CONFIG_MAPS, {"metadata": {"name": "c"}, "data": {"k": "v"}})
    await world.patch(CONFIG_MAPS, "c", [{"op": "replace", "path": "/data/k", "value": "w"}], PatchType.JSON)
    assert world.get(CONFIG_MAPS, "c").data == {"k": "w"}


async def test_a_strategic_patch(world: Any) -> None:
    """Containers merge by name, as ``kubectl set image`` needs it."""
    await world.pod(
        containers=[{"name": "a", "image": "one"}, {"name": "b", "image": "two"}],
    )
    patch = {"spec": {"containers": [{"name": "b", "image": "three"}]}}
    await world.patch(PODS, "x", patch, PatchType.STRATEGIC)
    pod = world.get(PODS, "x")
    assert [c.image for c in pod.spec.containers] == ["one", "three"]
    assert pod.metadata.generation == 2


async def test_cordon(world: Any) -> None:
    """``kubectl cordon`` sends a strategic merge patch."""
    await world.create(NODES, {"metadata": {"name": "n"}})
    await world.patch(NODES, "n", {"spec": {"unschedulable": True}}, PatchType.STRATEGIC)
    assert world.get(NODES, "n").spec.unschedulable


async def test_a_status_patch(world: Any) -> None:
    """A patch of the status subresource writes the status only."""
    await world.pod()
    patch = {"status": {"phase": "Running"}, "spec": {"nodeName": "n"}}
    await world.patch(PODS, "x", patch, PatchType.STRATEGIC, "status")
    pod = world.get(PODS, "x")
    assert (pod.status.phase, pod.spec.nodeName) == ("Running", "")


async def test_a_patch_of_nothing_writes_nothing(world: Any) -> None:
    """An empty patch, or one that repeats what is there, keeps the revision."""
    first = await world.pod(labels={"a": "b"})
    for patch in ({}, {"metadata": {"labels": {"a": "b"}}}):
        assert (await world.patch(PODS, "x", patch)).entry.revision == first.entry.revision


async def test_a_missing_object(world: Any) -> None:
    """A patch of what is not there is 404, for every kind."""
    with pytest.raises(NotFound, match=r'^pods "x" not found$'):
        await world.patch(PODS, "x", {})


async def test_a_result_that_is_invalid(world: Any) -> None:
    """The patched object is validated as any other, and nothing is stored when it does not hold."""
    first = await world.pod()
    with pytest.raises(Invalid, match=r"^Pod .* metadata.labels: Invalid value"):
        await world.patch(PODS, "x", {"metadata": {"labels": {"a": "not a label!"}}})
    assert world.registry.get_entry(PODS, "default", "x").revision == first.entry.revision


async def test_a_result_of_the_wrong_type(world: Any) -> None:
    """A patch that makes a number of a text is 422, in Kubernetes' words."""
    await world.create(CONFIG_MAPS, {"metadata": {"name": "c"}})
    with pytest.raises(Invalid, match=r'^ "" is invalid: patch: Invalid value: .* cannot unmarshal number'):
        await world.patch(CONFIG_MAPS, "c", {"data": {"k": 5}})


async def test_a_strategic_result_of_the_wrong_type(world: Any) -> None:
    """A strategic merge patch is refused in the words of Kubernetes' converter, with the patch as Go prints it."""
    await world.pod()
    patch = {"spec": {"terminationGracePeriodSeconds": "long"}}
    with pytest.raises(Invalid) as caught:
        await world.patch(PODS, "x", patch, PatchType.STRATEGIC)
    assert caught.value.message == (
        ' "" is invalid: patch: Invalid value: "map[spec:map[terminationGracePeriodSeconds:long]]": '
        "unrecognized type: int64"
    )


async def test_a_result_without_a_name(world: Any) -> None:
    """A patch cannot rename an object, nor take its name."""
    await world.create(CONFIG_MAPS, {"metadata": {"name": "c"}})
    with pytest.raises(BadRequest, match=r"^the name of the object \(d\) does not match the name on the URL"):
        await world.patch(CONFIG_MAPS, "c", {"metadata": {"name": "d"}})
    with pytest.raises(BadRequest, match=r"name must be provided$"):
        await world.patch(CONFIG_MAPS, "c", [{"op": "remove", "path": "/metadata"}], PatchType.JSON)


async def test_a_number_no_one_can_store(world: Any) -> None:
    """A number beyond 64 bits is refused like any other wrong type."""
    await world.pod()
    with pytest.raises(Invalid, match=r"cannot unmarshal number"):
        await world.patch(PODS, "x", {"spec": {"activeDeadlineSeconds": 2**70}})


async def test_a_test_operation_that_fails(world: Any) -> None:
    """A failed ``test`` refuses the whole patch with 422."""
    await world.create(CONFIG_MAPS, {"metadata": {"name": "c"}, "data": {"k": "v"}})
    patch = [
        {"op": "replace", "path": "/data/k", "value": "w"},
        {"op": "test", "path": "/data/k", "value": "v"},
    ]
    with pytest.raises(Invalid):
        await world.patch(CONFIG_MAPS, "c", patch, PatchType.JSON)
    assert world.get(CONFIG_MAPS, "c").data == {"k": "v"}


async def test_strict_refuses_unknown_fields(world: Any) -> None:
    """fieldValidation=Strict covers patches: 422 here."""
    await world.pod()
    with pytest.raises(Invalid, match=r'strict decoding error: unknown field "spec.replicaz"$'):
        await world.patch(PODS, "x", {"spec": {"replicaz": 3}}, field_validation="Strict")


async def test_warn_tells_unknown_fields(world: Any) -> None:
    """Without Strict an unknown field is told and dropped, which leaves nothing to write."""
    first = await world.pod()
    options = WriteOptions()
    written = await world.registry.patch_entry(
        PODS, "default", "x", PatchType.MERGE, {"spec": {"replicaz": 3}}, options
    )
    assert options.warnings == ['unknown field "spec.replicaz"']
    assert written.entry.revision == first.entry.revision


async def test_old_fields_without_effect_are_no_news(world: Any, manifest: Any) -> None:
    """Labelling a pod does not warn of fields that were stored without effect before."""
    body = manifest()
    body["spec"]["runtimeClassName"] = "gvisor"
    await world.create(PODS, body)
    options = WriteOptions()
    await world.registry.patch_entry(
        PODS, "default", "x", PatchType.MERGE, {"metadata": {"labels": {"a": "b"}}}, options
    )
    assert options.warnings == []


async def test_a_version_in_the_patch_is_a_precondition(world: Any) -> None:
    """A patch that names a resourceVersion applies to that version only."""
    await world.pod()
    stale = world.get(PODS, "x").metadata.resourceVersion
    patch = {"metadata": {"resourceVersion": stale, "labels": {"a": "1"}}}
    await world.patch(PODS, "x", patch)
    patch["metadata"]["labels"] = {"a": "2"}
    with pytest.raises(Conflict, match=r"the object has been modified"):
        await world.patch(PODS, "x", patch)


class Races:
    """Makes the store's first puts lose a race, as a store shared between servers does."""

    def __init__(self, world: Any, monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
        self.left = lost
        self.tried = 0
        self._put = world.store.put
        monkeypatch.setattr(world.store, "put", self.put)

    def put(self, *args: Any, **options: Any) -> Any:
        self.tried += 1
        if self.left:
            self.left -= 1
            raise Conflict("somebody was faster")
        return self._put(*args, **options)


async def test_a_lost_race_is_tried_again(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A patch that names no version is applied anew when the object changed meanwhile."""
    await world.pod()
    races = Races(world, monkeypatch, lost=ATTEMPTS - 1)
    options = WriteOptions()
    patch = {"metadata": {"labels": {"a": "b"}}, "spec": {"replicaz": 1}}
    await world.registry.patch_entry(PODS, "default", "x", PatchType.MERGE, patch, options)
    assert world.get(PODS, "x").metadata.labels == {"a": "b"}
    assert races.tried == ATTEMPTS
    assert options.warnings == ['unknown field "spec.replicaz"']


async def test_there_is_an_end_to_trying(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After five attempts the client gets the conflict."""
    await world.pod()
    races = Races(world, monkeypatch, lost=100)
    with pytest.raises(Conflict, match=r'^Operation cannot be fulfilled on pods "x": the object has been'):
        await world.patch(PODS, "x", {"metadata": {"labels": {"a": "b"}}})
    assert races.tried == ATTEMPTS


async def test_another_attempt_does_not_help_a_named_version(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A patch for one version is not tried on another."""
    await world.pod()
    races = Races(world, monkeypatch, lost=100)
    with pytest.raises(Conflict):
        await world.patch(PODS, "x", {"metadata": {"resourceVersion": "1"}})
    assert races.tried == 0
