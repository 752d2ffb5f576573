"""StatefulSets: one test per clause of Kubernetes' documentation."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgeorch.api.apps.resources import CONTROLLER_REVISIONS, STATEFUL_SETS
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import NODES, PERSISTENT_VOLUME_CLAIMS, PODS
from edgeorch.api.meta import DeleteOptions
from edgeorch_server.controllers.history import safe_hash
from edgeorch_server.controllers.runner import Key
from edgeorch_server.registry.base import PatchType, WriteOptions
from tests.fakes.workloads import Workshop, template, workload

pytestmark = pytest.mark.looptime

REVISION = "controller-revision-hash"
KEY = Key("default", "web")


@pytest.fixture
async def shop() -> Workshop:
    """Give a cluster of one node."""
    made = await Workshop().open()
    await made.create(NODES, "pi-1")
    return made


async def stateful_set(shop: Workshop, replicas: int | None = None, **spec: Any) -> None:
    await shop.create(STATEFUL_SETS, "web", spec=workload(replicas, serviceName="db", **spec))


async def change(shop: Workshop, **spec: Any) -> None:
    await shop.patch(STATEFUL_SETS, "web", spec=spec)


async def new_image(shop: Workshop, image: str = "nginx:2") -> None:
    await change(shop, template=template(image))


async def schedule(shop: Workshop) -> None:
    """Bind every pod, so that it takes its time to end."""
    for one in shop.pods():
        if not one.spec.nodeName:
            await shop.place(one, "pi-1")


async def end_pods(shop: Workshop) -> None:
    """Let all pods that are to go end."""
    for one in shop.all(PODS):
        if one.metadata.deletionTimestamp:
            await shop.kill(one)


async def rest(shop: Workshop) -> list[str]:
    """Let nodes and controllers work until nothing is left to do; gives who came and went, in order."""
    seen: list[str] = []
    known = there(shop)
    for _ in range(40):
        before = shop.store.revision
        await shop.settle()
        now = there(shop)
        seen += [f"-{name}" for name in known if name not in now]
        seen += [f"+{name}" for name in now if known.get(name) != now[name]]
        known = now
        await end_pods(shop)
        await schedule(shop)
        await shop.all_ready()
        if shop.store.revision == before:
            return seen
    raise AssertionError("it never comes to rest")


def there(shop: Workshop) -> dict[str, str]:
    """Give the uids of the pods that stay, by name."""
    return {pod.metadata.name: pod.metadata.uid for pod in shop.pods()}


def images(shop: Workshop) -> dict[str, str]:
    return {
        pod.metadata.name.removeprefix("web-"): pod.spec.containers[0].image.removeprefix("nginx:")
        for pod in shop.pods()
    }


def pod(shop: Workshop, number: int) -> Pod:
    found: Pod = shop.get(PODS, f"web-{number}")
    return found


def status(shop: Workshop) -> dict[str, Any]:
    found: dict[str, Any] = shop.get(STATEFUL_SETS, "web").status.to_dict()
    return found


def counts(shop: Workshop) -> tuple[int, ...]:
    """Give replicas, ready, available, current and updated."""
    names = ("replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas")
    return tuple(status(shop).get(name, 0) for name in names)


def claims(shop: Workshop) -> list[str]:
    return sorted(claim.metadata.name for claim in shop.all(PERSISTENT_VOLUME_CLAIMS))


def data(name: str = "data", **meta: Any) -> dict[str, Any]:
    """Make a claim template."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {"metadata": {"name": name, **meta}, "spec": spec}


# Deployment and scaling guarantees


async def test_pods_come_in_order(shop: Workshop) -> None:
    """Pods are created sequentially, from 0 on; each waits until all before it are running and ready."""
    await stateful_set(shop, 3)
    await shop.settle()
    assert list(there(shop)) == ["web-0"]
    await shop.report(pod(shop, 0), ready=False)
    await shop.settle()
    assert list(there(shop)) == ["web-0"]
    await shop.report(pod(shop, 0))
    await shop.settle()
    assert list(there(shop)) == ["web-0", "web-1"]
    await rest(shop)
    assert counts(shop) == (3, 3, 3, 3, 3)
    assert status(shop)["currentRevision"] == status(shop)["updateRevision"] != ""
    assert (status(shop)["observedGeneration"], status(shop)["collisionCount"]) == (1, 0)


async def test_nothing_follows_one_that_is_ill(shop: Workshop) -> None:
    """If web-0 should fail after web-1 is ready, web-2 is not launched until web-0 is ready again."""
    await stateful_set(shop, 2)
    await rest(shop)
    await change(shop, replicas=3)
    await shop.report(pod(shop, 0), ready=False)
    await shop.settle()
    assert list(there(shop)) == ["web-0", "web-1"]
    await shop.report(pod(shop, 0))
    assert await rest(shop) == ["+web-2"]


async def test_pods_go_in_reverse_order(shop: Workshop) -> None:
    """They are terminated from the last on; each waits until those after it are completely gone."""
    await stateful_set(shop, 3)
    await rest(shop)
    await change(shop, replicas=1)
    await shop.settle()
    assert list(there(shop)) == ["web-0", "web-1"]
    await shop.settle()
    assert list(there(shop)) == ["web-0", "web-1"]
    assert await rest(shop) == ["-web-1"]
    assert counts(shop) == (1, 1, 1, 1, 1)


async def test_none_goes_while_one_before_it_is_ill(shop: Workshop) -> None:
    """web-1 would not be terminated until web-0 is running and ready."""
    await stateful_set(shop, 2)
    await rest(shop)
    await shop.report(pod(shop, 0), ready=False)
    await change(shop, replicas=1)
    await shop.settle()
    assert list(there(shop)) == ["web-0", "web-1"]


async def test_an_ill_pod_goes_when_all_before_it_are_well(shop: Workshop) -> None:
    """Of those that are too many, one that is not ready waits for those before it to be."""
    await stateful_set(shop, 4)
    await rest(shop)
    for number in (1, 2):
        await shop.report(pod(shop, number), ready=False)
    await change(shop, replicas=1)
    for _ in range(3):
        await shop.settle()
        await end_pods(shop)
    assert list(there(shop)) == ["web-0", "web-1", "web-2"]
    await shop.report(pod(shop, 1))
    for _ in range(3):
        await shop.settle()
        await end_pods(shop)
    assert list(there(shop)) == ["web-0"]


async def test_an_ended_pod_is_not_waited_for(shop: Workshop) -> None:
    """Of those that are too many, one that has ended goes, and keeps none from going."""
    await stateful_set(shop, 4)
    await rest(shop)
    for number in (1, 3):
        await shop.report(pod(shop, number), phase="Failed", ready=False)
    await shop.report(pod(shop, 2), ready=False)
    await change(shop, replicas=1)
    for _ in range(4):
        await shop.settle()
        await end_pods(shop)
    assert list(there(shop)) == ["web-0"]


async def test_parallel(shop: Workshop) -> None:
    """Parallel pod management launches or terminates all pods at once, without waiting."""
    await stateful_set(shop, 4, podManagementPolicy="Parallel")
    await shop.settle()
    assert len(there(shop)) == 4
    await change(shop, replicas=1)
    await shop.settle()
    assert list(there(shop)) == ["web-0"]
    assert counts(shop)[0] == 1


async def test_start_ordinal(shop: Workshop) -> None:
    """With ``spec.ordinals.start`` pods are numbered from there; moving it moves the set."""
    await stateful_set(shop, 2, ordinals={"start": 5})
    await rest(shop)
    assert list(there(shop)) == ["web-5", "web-6"]
    await change(shop, ordinals={"start": 6})
    assert await rest(shop) == ["+web-7", "-web-5"]


async def test_scaling_to_nothing(shop: Workshop) -> None:
    """Without pods the set is complete, at the present revision."""
    await stateful_set(shop, 1)
    await rest(shop)
    await change(shop, replicas=0)
    await rest(shop)
    assert counts(shop) == (0, 0, 0, 0, 0)
    await new_image(shop)
    await rest(shop)
    assert status(shop)["currentRevision"] == status(shop)["updateRevision"]


# Identity


async def test_identity(shop: Workshop) -> None:
    """Each pod has a stable name, the same for a host name, the service as subdomain, and labels for both."""
    await stateful_set(shop, 2)
    await rest(shop)
    one = pod(shop, 1)
    assert (one.spec.hostname, one.spec.subdomain) == ("web-1", "db")
    assert one.metadata.labels == {
        "app": "web",
        "statefulset.kubernetes.io/pod-name": "web-1",
        "apps.kubernetes.io/pod-index": "1",
        REVISION: status(shop)["currentRevision"],
    }
    [owner] = one.metadata.ownerReferences
    assert (owner.kind, owner.name, owner.controller) == ("StatefulSet", "web", True)


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
async def test_an_ended_pod_is_made_anew(shop: Workshop, phase: str) -> None:
    """It is deleted, and comes again under its name once it is gone; the others stay."""
    await stateful_set(shop, 2)
    await rest(shop)
    before = there(shop)
    await shop.report(pod(shop, 0), phase=phase, ready=False)
    await shop.settle()
    await end_pods(shop)
    await rest(shop)
    after = there(shop)
    assert (after["web-0"] != before["web-0"], after["web-1"]) == (True, before["web-1"])


async def test_at_most_one(shop: Workshop) -> None:
    """A pod on a node that cannot be reached is not replaced until it is really gone."""
    await stateful_set(shop, 2)
    await rest(shop)
    first = pod(shop, 0).metadata.uid
    await shop.registry.delete(PODS, "default", "web-0", DeleteOptions())
    for _ in range(5):
        shop.advance(3600)
        await shop.settle()
    assert pod(shop, 0).metadata.uid == first
    assert pod(shop, 0).metadata.deletionTimestamp
    await shop.kill(pod(shop, 0))
    await shop.settle()
    assert pod(shop, 0).metadata.uid != first


async def test_a_name_that_is_taken(shop: Workshop) -> None:
    """A pod that is not its own is in the way, and is left alone."""
    await shop.create(PODS, "web-0", spec=template()["spec"])
    await stateful_set(shop, 2)
    await shop.settle()
    assert list(there(shop)) == ["web-0"]
    assert pod(shop, 0).metadata.ownerReferences == []
    await shop.kill(pod(shop, 0))
    await rest(shop)
    assert len(there(shop)) == 2


async def test_adoption(shop: Workshop) -> None:
    """It adopts a pod that has both the labels and a name of its own, and no other, and labels it."""
    bare = {"metadata": {"labels": {"app": "web"}}, "spec": template("nginx:1")["spec"]}
    for name in ("web-0", "web-01", "web-x", "web"):
        await shop.create(PODS, name, **bare)
    await stateful_set(shop, 1, updateStrategy={"type": "OnDelete"})
    await shop.settle()
    owned = {one.metadata.name for one in shop.pods() if one.metadata.ownerReferences}
    assert owned == {"web-0"}
    assert pod(shop, 0).metadata.labels["statefulset.kubernetes.io/pod-name"] == "web-0"
    assert ("SuccessfulUpdate", "update Pod web-0 in StatefulSet web successful") in shop.events("web")


async def test_events(shop: Workshop) -> None:
    """What it does, in the words of Kubernetes' controller."""
    await stateful_set(shop, 1, volumeClaimTemplates=[data()])
    await rest(shop)
    await change(shop, replicas=0)
    await rest(shop)
    assert shop.events("web") == [
        ("SuccessfulCreate", "create Claim data-web-0 Pod web-0 in StatefulSet web success"),
        ("SuccessfulCreate", "create Pod web-0 in StatefulSet web successful"),
        ("SuccessfulDelete", "delete Pod web-0 in StatefulSet web successful"),
    ]


async def test_a_pod_that_is_refused(shop: Workshop) -> None:
    """The refusal is told, and tried again."""
    name = "w" * 60
    spec = workload(1, serviceName="db")
    await shop.create(STATEFUL_SETS, name, spec=spec)
    await shop.create(STATEFUL_SETS, name + "abc", spec=spec)  # its pods' host names would be too long
    await shop.settle()
    [(reason, message)] = shop.events(name + "abc")
    assert reason == "FailedCreate"
    assert message.startswith(f"create Pod {name}abc-0 in StatefulSet {name}abc failed error: Pod ")
    assert "spec.hostname: Invalid value" in message


async def test_a_set_that_is_being_deleted(shop: Workshop) -> None:
    """It makes no pods any more; the garbage collector takes those that there are."""
    await stateful_set(shop, 3)
    await shop.settle()
    await shop.registry.delete(STATEFUL_SETS, "default", "web", DeleteOptions(propagationPolicy="Foreground"))
    await shop.report(pod(shop, 0))
    await shop.settle()
    assert list(there(shop)) == ["web-0"]


# Update strategies


async def test_rolling_update(shop: Workshop) -> None:
    """Pods are deleted and made anew from the largest number to the smallest, one at a time."""
    await stateful_set(shop, 3)
    await rest(shop)
    first = status(shop)["currentRevision"]
    await new_image(shop)
    await shop.settle()
    assert images(shop) == {"0": "1", "1": "1"}
    await end_pods(shop)
    await shop.settle()
    assert images(shop) == {"0": "1", "1": "1", "2": "2"}
    assert counts(shop) == (3, 2, 2, 2, 1)
    assert status(shop)["currentRevision"] == first != status(shop)["updateRevision"]
    assert await rest(shop) == ["-web-1", "+web-1", "-web-0", "+web-0"]
    assert images(shop) == {"0": "2", "1": "2", "2": "2"}
    assert counts(shop) == (3, 3, 3, 3, 3)
    assert status(shop)["currentRevision"] == status(shop)["updateRevision"] != first


async def test_partition(shop: Workshop) -> None:
    """Pods below the partition are not updated, and come again at the previous version when deleted."""
    await stateful_set(shop, 3, updateStrategy={"rollingUpdate": {"partition": 2}})
    await rest(shop)
    await new_image(shop)
    await rest(shop)
    assert images(shop) == {"0": "1", "1": "1", "2": "2"}
    await shop.kill(pod(shop, 0))
    await rest(shop)
    assert images(shop) == {"0": "1", "1": "1", "2": "2"}
    assert counts(shop) == (3, 3, 3, 2, 1)
    await change(shop, updateStrategy={"rollingUpdate": {"partition": 5}})
    await new_image(shop, "nginx:3")
    await rest(shop)
    assert images(shop) == {"0": "1", "1": "1", "2": "2"}
    await change(shop, updateStrategy={"rollingUpdate": {"partition": 0}})
    await rest(shop)
    assert images(shop) == {"0": "3", "1": "3", "2": "3"}


async def test_partition_counts_from_the_start(shop: Workshop) -> None:
    """With another start ordinal the partition is so many pods from there."""
    rolling = {"rollingUpdate": {"partition": 1}}
    await stateful_set(shop, 2, ordinals={"start": 5}, updateStrategy=rolling)
    await rest(shop)
    await new_image(shop)
    await rest(shop)
    assert images(shop) == {"5": "1", "6": "2"}


async def test_on_delete(shop: Workshop) -> None:
    """Pods are not updated by themselves; one that a user deletes comes again at the new version."""
    await stateful_set(shop, 2, updateStrategy={"type": "OnDelete"})
    await rest(shop)
    await new_image(shop)
    await rest(shop)
    assert images(shop) == {"0": "1", "1": "1"}
    await shop.kill(pod(shop, 0))
    await rest(shop)
    assert images(shop) == {"0": "2", "1": "1"}


async def test_a_broken_revision_needs_a_hand(shop: Workshop) -> None:
    """Forced rollback: with OrderedReady the broken pod is waited for, until somebody deletes it."""
    await stateful_set(shop, 2)
    await rest(shop)
    await new_image(shop)
    await shop.settle()
    await end_pods(shop)
    await shop.settle()
    await new_image(shop, "nginx:1")
    for _ in range(3):
        await shop.settle()
        await end_pods(shop)
    assert images(shop) == {"0": "1", "1": "2"}
    await shop.kill(pod(shop, 1))
    await rest(shop)
    assert images(shop) == {"0": "1", "1": "1"}


async def test_parallel_heals_a_broken_revision(shop: Workshop) -> None:
    """Without order the pod that is unavailable anyway makes room for a better one."""
    await stateful_set(shop, 2, podManagementPolicy="Parallel")
    await rest(shop)
    await new_image(shop)
    await shop.settle()
    await end_pods(shop)
    await shop.settle()
    assert images(shop) == {"0": "1", "1": "2"}
    await new_image(shop, "nginx:3")
    await rest(shop)
    assert images(shop) == {"0": "3", "1": "3"}


@pytest.mark.parametrize(
    ("limit", "down"), [(2, 2), ("34%", 2), ("10%", 1), (9, 4)], ids=["number", "rounded up", "one", "all"]
)
async def test_max_unavailable(shop: Workshop, limit: int | str, down: int) -> None:
    """So many pods are replaced at a time, from the last on."""
    rolling = {"rollingUpdate": {"maxUnavailable": limit}}
    await stateful_set(shop, 4, podManagementPolicy="Parallel", updateStrategy=rolling)
    await rest(shop)
    await new_image(shop)
    await shop.settle()
    assert list(there(shop)) == [f"web-{number}" for number in range(4 - down)]
    await rest(shop)
    assert set(images(shop).values()) == {"2"}


async def test_min_ready_seconds(shop: Workshop) -> None:
    """A pod counts, and others go on, when it has been ready for that long."""
    await stateful_set(shop, 2, minReadySeconds=10)
    await shop.settle()
    await shop.all_ready()
    await shop.settle()
    assert (list(there(shop)), counts(shop)) == (["web-0"], (1, 1, 0, 1, 1))
    result = await shop.reconciler("stateful-set").reconcile(KEY)
    assert result.requeue_after == 10
    shop.advance(10)
    await shop.settle()
    assert (list(there(shop)), counts(shop)) == (["web-0", "web-1"], (2, 1, 1, 2, 2))


# History


async def test_history(shop: Workshop) -> None:
    """Each template is kept as a patch; going back gives the old revision a new number."""
    await stateful_set(shop, 1)
    await rest(shop)
    await new_image(shop)
    await rest(shop)
    revisions = sorted(shop.all(CONTROLLER_REVISIONS), key=lambda revision: revision.revision)
    assert [revision.revision for revision in revisions] == [1, 2]
    first = revisions[0]
    assert first.data["spec"]["template"]["$patch"] == "replace"
    assert first.metadata.labels["controller.kubernetes.io/hash"] == first.metadata.name.removeprefix("web-")
    await new_image(shop, "nginx:1")
    await rest(shop)
    numbers = {revision.metadata.name: revision.revision for revision in shop.all(CONTROLLER_REVISIONS)}
    assert numbers[first.metadata.name] == 3
    assert status(shop)["currentRevision"] == first.metadata.name


async def test_revision_history_limit(shop: Workshop) -> None:
    """So many revisions are kept besides those that are in use."""
    await stateful_set(shop, 1, revisionHistoryLimit=2)
    for version in range(1, 7):
        await new_image(shop, f"nginx:{version}")
        await rest(shop)
    assert sorted(revision.revision for revision in shop.all(CONTROLLER_REVISIONS)) == [4, 5, 6]


async def test_a_revision_in_use_is_kept(shop: Workshop) -> None:
    """The one of pods below the partition is not history yet."""
    rolling = {"rollingUpdate": {"partition": 1}}
    await stateful_set(shop, 2, revisionHistoryLimit=0, updateStrategy=rolling)
    await rest(shop)
    for version in (2, 3):
        await new_image(shop, f"nginx:{version}")
        await rest(shop)
    assert sorted(revision.revision for revision in shop.all(CONTROLLER_REVISIONS)) == [1, 3]


async def test_collision(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the name of a revision is taken, the next one is another, and the status counts it."""
    monkeypatch.setattr(
        "edgeorch_server.controllers.history.safe_hash",
        lambda data, collisions: safe_hash(data, collisions) if collisions else "same",
    )
    await stateful_set(shop, 1)
    await rest(shop)
    await new_image(shop)
    await rest(shop)
    assert status(shop)["collisionCount"] == 1
    assert len(shop.all(CONTROLLER_REVISIONS)) == 2
    assert images(shop) == {"0": "2"}


# Storage


async def test_claims(shop: Workshop) -> None:
    """For each template each pod receives one claim, which stands in for the volume of that name."""
    volumes = [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]
    made = template()
    made["spec"]["volumes"] = volumes
    made["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    templates = [data(labels={"tier": "db"}, annotations={"note": "x"}), data("logs")]
    await stateful_set(shop, 2, template=made, volumeClaimTemplates=templates)
    await rest(shop)
    assert claims(shop) == ["data-web-0", "data-web-1", "logs-web-0", "logs-web-1"]
    claim = shop.get(PERSISTENT_VOLUME_CLAIMS, "data-web-1")
    assert claim.metadata.labels == {"tier": "db", "app": "web"}
    assert claim.metadata.annotations == {"note": "x"}
    assert (claim.spec.resources.requests, claim.status.phase) == ({"storage": "1Gi"}, "Pending")
    found = {volume.name: volume.persistentVolumeClaim for volume in pod(shop, 1).spec.volumes}
    assert {name: source.claimName if source else None for name, source in found.items()} == {
        "data": "data-web-1",
        "logs": "logs-web-1",
        "tmp": None,
    }


async def test_claims_stay(shop: Workshop) -> None:
    """Scaling down keeps the claims, and scaling up again finds them."""
    await stateful_set(shop, 2, volumeClaimTemplates=[data()])
    await rest(shop)
    uid = shop.get(PERSISTENT_VOLUME_CLAIMS, "data-web-1").metadata.uid
    await change(shop, replicas=0)
    await rest(shop)
    await change(shop, replicas=2)
    await rest(shop)
    assert claims(shop) == ["data-web-0", "data-web-1"]
    assert shop.get(PERSISTENT_VOLUME_CLAIMS, "data-web-1").metadata.uid == uid


async def test_a_claim_that_is_missing(shop: Workshop) -> None:
    """While its pod is pending it is made again."""
    await stateful_set(shop, 1, volumeClaimTemplates=[data()])
    await shop.settle()
    await shop.registry.delete(PERSISTENT_VOLUME_CLAIMS, "default", "data-web-0", DeleteOptions())
    await shop.settle()
    assert claims(shop) == ["data-web-0"]


async def test_a_claim_that_is_being_deleted(shop: Workshop) -> None:
    """No pod comes to use it: that waits until it is gone, and says so."""
    kept = data() | {"metadata": {"name": "data-web-0", "finalizers": ["example.com/keep"]}}
    await shop.create(PERSISTENT_VOLUME_CLAIMS, "data-web-0", **kept)
    await shop.registry.delete(PERSISTENT_VOLUME_CLAIMS, "default", "data-web-0", DeleteOptions())
    await stateful_set(shop, 1, volumeClaimTemplates=[data()])
    await shop.settle()
    assert there(shop) == {}
    message = "create Pod web-0 in StatefulSet web failed error: pvc data-web-0 is being deleted"
    assert ("FailedCreate", message) in shop.events("web")
    change = {"metadata": {"finalizers": None}}
    await shop.registry.patch_entry(
        PERSISTENT_VOLUME_CLAIMS, "default", "data-web-0", PatchType.MERGE, change, WriteOptions()
    )
    await shop.settle()
    assert list(there(shop)) == ["web-0"]


def owners(shop: Workshop, number: int) -> list[tuple[str, str]]:
    claim = shop.get(PERSISTENT_VOLUME_CLAIMS, f"data-web-{number}")
    return [(owner.kind, owner.name) for owner in claim.metadata.ownerReferences]


SET, POD = [("StatefulSet", "web")], [("Pod", "web-1")]


@pytest.mark.parametrize(
    ("deleted", "scaled", "usual", "surplus"),
    [
        ("Retain", "Retain", [], []),
        ("Delete", "Retain", SET, SET),
        ("Retain", "Delete", [], POD),
        ("Delete", "Delete", SET, POD),
    ],
)
async def test_retention(
    shop: Workshop,
    deleted: str,
    scaled: str,
    usual: list[tuple[str, str]],
    surplus: list[tuple[str, str]],
) -> None:
    """A claim belongs to the set when it goes with that, and to its pod when it goes with one too many."""
    policy = {"whenDeleted": deleted, "whenScaled": scaled}
    await stateful_set(shop, 2, volumeClaimTemplates=[data()], persistentVolumeClaimRetentionPolicy=policy)
    await rest(shop)
    assert (owners(shop, 0), owners(shop, 1)) == (usual, usual)
    await change(shop, replicas=1)
    await shop.settle()
    assert (owners(shop, 0), owners(shop, 1)) == (usual, surplus)


async def test_another_retention_policy(shop: Workshop) -> None:
    """It can change, either way."""
    await stateful_set(shop, 1, volumeClaimTemplates=[data()])
    await rest(shop)
    await change(shop, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete"})
    await shop.settle()
    assert owners(shop, 0) == SET
    await change(shop, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain"})
    await shop.settle()
    assert owners(shop, 0) == []


async def test_a_claim_that_goes_with_an_earlier_pod(shop: Workshop) -> None:
    """The pod does not come again before that claim is gone: it would lose it at once."""
    policy = {"whenScaled": "Delete"}
    await stateful_set(shop, 2, volumeClaimTemplates=[data()], persistentVolumeClaimRetentionPolicy=policy)
    await rest(shop)
    await change(shop, replicas=1)
    await shop.settle()
    await end_pods(shop)
    await change(shop, replicas=2)
    result = await shop.reconciler("stateful-set").reconcile(KEY)
    assert (list(there(shop)), result.requeue_after) == (["web-0"], 1.0)
    await shop.registry.delete(PERSISTENT_VOLUME_CLAIMS, "default", "data-web-1", DeleteOptions())
    await rest(shop)
    assert (list(there(shop)), owners(shop, 1)) == (["web-0", "web-1"], [])


async def test_a_claim_that_something_else_manages(shop: Workshop) -> None:
    """Its retention is that one's business, and the set says so."""
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "u", "controller": True}
    meta = {"name": "data-web-0", "ownerReferences": [other]}
    await shop.create(PERSISTENT_VOLUME_CLAIMS, "data-web-0", **(data() | {"metadata": meta}))
    policy = {"whenDeleted": "Delete"}
    await stateful_set(shop, 1, volumeClaimTemplates=[data()], persistentVolumeClaimRetentionPolicy=policy)
    await rest(shop)
    assert owners(shop, 0) == [("ConfigMap", "c")]


# By itself


async def test_running(shop: Workshop) -> None:
    """It hears of its pods' readiness, and of the time that passes."""
    await stateful_set(shop, 2, minReadySeconds=5)
    async with shop.running():
        for _ in range(4):
            await asyncio.sleep(6)
            await shop.all_ready()
        await asyncio.sleep(6)
    assert counts(shop) == (2, 2, 2, 2, 2)
