"""API concepts, "Resource deletion", and the deletion of collections.

Grace periods, propagation and finalizers in all their combinations are in
``tests/unit/server/registry/test_deletion.py`` and ``test_delete.py``, the answer's type per kind in
``tests/unit/server/apiserver/test_deletes.py``.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.apiserver.concepts.world import MAPS, World, names

MERGE = {"content-type": "application/merge-patch+json"}


async def delete(world: World, path: str, **options: Any) -> Any:
    answer = await world.api.request("DELETE", path, json=options)
    return answer.status_code, answer.json()


async def finalizers(world: World, name: str, *texts: str) -> Any:
    patch = {"metadata": {"finalizers": texts}}
    return await world.api.patch(f"{MAPS}/{name}", json=patch, headers=MERGE)


async def test_finalization_and_removal(world: World) -> None:
    """The first delete sets the deletionTimestamp, a second changes nothing, the last finalizer removes."""
    await world.put("x")
    await finalizers(world, "x", "a.io/one", "a.io/two")
    code, marked = await delete(world, f"{MAPS}/x")
    assert (code, marked["kind"]) == (200, "ConfigMap")
    assert marked["metadata"]["deletionTimestamp"]
    assert (await delete(world, f"{MAPS}/x")) == (200, marked)
    assert (await finalizers(world, "x", "a.io/two")).status_code == 200
    last = await finalizers(world, "x")
    assert (last.status_code, last.json()["kind"]) == (200, "ConfigMap")
    assert (await world.api.get(f"{MAPS}/x")).status_code == 404


async def test_finalizers_have_no_order(world: World) -> None:
    """Any of them may be removed first; none may be added any more."""
    await world.put("x")
    await finalizers(world, "x", "a.io/one", "a.io/two")
    await delete(world, f"{MAPS}/x")
    assert (await finalizers(world, "x", "a.io/two", "a.io/one")).status_code == 200
    refused = await finalizers(world, "x", "a.io/one", "a.io/three")
    assert refused.status_code == 422
    assert refused.json()["message"] == (
        'ConfigMap "x" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object '
        'is being deleted, found new finalizers []string{"a.io/three"}'
    )


@pytest.mark.parametrize(
    ("preconditions", "why"),
    [
        (
            {"uid": "other"},
            (
                "the UID in the precondition (other) does not match the UID in record (UID). "
                "The object might have been deleted and then recreated"
            ),
        ),
        (
            {"resourceVersion": "1"},
            (
                "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record "
                "(VERSION). The object might have been modified"
            ),
        ),
    ],
    ids=["uid", "resource-version"],
)
async def test_preconditions(world: World, preconditions: dict[str, str], why: str) -> None:
    """Deleting what is not meant is 409, in Kubernetes' words, and deletes nothing."""
    meta = (await world.put("x"))["metadata"]
    why = why.replace("UID)", f"{meta['uid']})").replace("VERSION", meta["resourceVersion"])
    code, status = await delete(world, f"{MAPS}/x", preconditions=preconditions)
    assert (code, status["reason"]) == (409, "Conflict")
    assert status["message"] == f'Operation cannot be fulfilled on ConfigMap "x": {why}'
    right = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
    assert (await delete(world, f"{MAPS}/x", preconditions=right))[0] == 200


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            {"propagationPolicy": "Sideways"},
            (
                'propagationPolicy: Unsupported value: "Sideways": '
                'supported values: "Foreground", "Background", "Orphan", "nil"'
            ),
        ),
        (
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            (
                'propagationPolicy: Invalid value: "Orphan": '
                "orphanDependents and deletionPropagation cannot be both set"
            ),
        ),
        ({"dryRun": ["Some"]}, 'dryRun: Unsupported value: ["Some"]: supported values: "All"'),
    ],
    ids=["policy", "both", "dry-run"],
)
@pytest.mark.parametrize("path", [f"{MAPS}/none", f"{MAPS}?labelSelector=none"], ids=["one", "collection"])
async def test_options_that_mean_nothing(world: World, path: str, options: Any, why: str) -> None:
    """422 before anything is looked for: also where there is nothing to delete."""
    code, status = await delete(world, path, **options)
    assert (code, status["message"]) == (422, f'DeleteOptions.meta.k8s.io "" is invalid: {why}')


class TestCollections:
    @pytest.fixture
    async def three(self, world: World) -> World:
        """Keep three ConfigMaps."""
        for name in "abc":
            await world.put(name)
        return world

    async def test_the_answer_is_the_list_of_what_is_deleted(self, three: World) -> None:
        """Not a Status, whatever the kind answers for one."""
        code, deleted = await delete(three, MAPS)
        assert (code, deleted["kind"], names(deleted)) == (200, "ConfigMapList", ["a", "b", "c"])
        assert names(await three.list()) == []

    async def test_a_limit_counts(self, three: World) -> None:
        """One chunk is deleted, and the token goes on with the next."""
        _, first = await delete(three, f"{MAPS}?limit=2")
        assert names(first) == ["a", "b"]
        _, second = await delete(three, f"{MAPS}?limit=2&continue={first['metadata']['continue']}")
        assert names(second) == ["c"]

    async def test_an_exact_version_deletes_what_was_there(self, three: World) -> None:
        """What has gone since is not missed, and what came since stays."""
        version = (await three.list())["metadata"]["resourceVersion"]
        await three.put("d")
        await delete(three, f"{MAPS}/a")
        await delete(three, f"{MAPS}?resourceVersion={version}&resourceVersionMatch=Exact")
        assert names(await three.list()) == ["d"]

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("resourceVersion=1000000", 504),
            ("resourceVersionMatch=Exact", 422),
            ("continue=nonsense", 400),
            ("fieldSelector=data.x=1", 400),
            ("labelSelector=a===b", 400),
        ],
    )
    async def test_list_options_are_those_of_a_list(self, three: World, query: str, code: int) -> None:
        """What a list refuses, a deletion refuses: nothing goes by mistake."""
        assert (await delete(three, f"{MAPS}?{query}"))[0] == code
        assert names(await three.list()) == ["a", "b", "c"]

    async def test_all_namespaces_at_once_cannot_be_deleted(self, three: World) -> None:
        """A collection across namespaces can be listed and watched only: 405."""
        code, status = await delete(three, "/api/v1/configmaps")
        assert (code, status["reason"]) == (405, "MethodNotAllowed")
