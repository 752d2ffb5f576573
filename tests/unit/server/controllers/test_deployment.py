"""Deployments: one test per clause of Kubernetes' documentation."""

import asyncio
import re
from typing import Any, ClassVar

import pytest

from edgeorch.api.apps.deployment import Deployment
from edgeorch.api.apps.replica_set import ReplicaSet
from edgeorch.api.apps.resources import DEPLOYMENTS, REPLICA_SETS
from edgeorch.api.conditions import find
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import DeleteOptions
from edgeorch_server.controllers.deployments.controller import sources
from edgeorch_server.controllers.deployments.revisions import template_hash
from edgeorch_server.controllers.runner import Key
from tests.fakes.workloads import Workshop, template, workload

pytestmark = pytest.mark.looptime

REVISION = "deployment.kubernetes.io/revision"
STUCK = "nginx:broken"


@pytest.fixture
async def shop() -> Workshop:
    return await Workshop().open()


async def deploy(shop: Workshop, replicas: int = 3, annotations: Any = None, **spec: Any) -> Deployment:
    made: Deployment = await shop.create(
        DEPLOYMENTS, "web", metadata={"annotations": annotations or {}}, spec=workload(replicas, **spec)
    )
    return made


async def set_image(shop: Workshop, image: str) -> None:
    await shop.patch(DEPLOYMENTS, "web", spec={"template": template(image)})


def web(shop: Workshop) -> Deployment:
    found: Deployment = shop.get(DEPLOYMENTS, "web")
    return found


def sets(shop: Workshop) -> list[ReplicaSet]:
    """Give the ReplicaSets by their revision."""
    return sorted(shop.all(REPLICA_SETS), key=lambda s: int(s.metadata.annotations[REVISION]))


def sizes(shop: Workshop) -> dict[str, int]:
    """Give how many pods each image is to have, of those that have any."""
    return {
        s.spec.template.spec.containers[0].image.removeprefix("nginx:"): s.spec.replicas
        for s in shop.all(REPLICA_SETS)
        if s.spec.replicas
    }


def condition(shop: Workshop, kind: str) -> tuple[str, str, str]:
    found = find(web(shop).status.conditions, kind)
    assert found is not None, f"no condition {kind}"
    return found.status, found.reason, found.message


def scalings(shop: Workshop) -> list[str]:
    """Give the events about scaling, with the hashes left out."""
    told = [message for reason, message in shop.events("web") if reason == "ScalingReplicaSet"]
    return [re.sub(r"web-\w+", "web", message) for message in told]


class TestCreating:
    async def test_a_replica_set_with_its_pods(self, shop: Workshop) -> None:
        """Deployment, "Creating a Deployment": named after it and the hash of the template."""
        await deploy(shop)
        await shop.roll()
        [made] = sets(shop)
        digest = made.metadata.labels["pod-template-hash"]
        assert made.metadata.name == f"web-{digest}"
        assert re.fullmatch("[bcdfghjklmnpqrstvwxz2456789]{1,10}", digest)
        assert made.spec.selector
        assert made.spec.selector.to_dict() == {"matchLabels": {"app": "web", "pod-template-hash": digest}}
        assert len(shop.pods(**{"app": "web", "pod-template-hash": digest})) == 3
        assert web(shop).metadata.annotations == {REVISION: "1"}
        assert scalings(shop) == ["Scaled up replica set web from 0 to 3"]

    async def test_the_status_of_one_that_is_complete(self, shop: Workshop) -> None:
        """Deployment, "Complete Deployment": all replicas updated and available, and no old ones left."""
        await deploy(shop)
        await shop.roll()
        status = web(shop).status.to_dict()
        assert condition(shop, "Available") == (
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
        name = sets(shop)[0].metadata.name
        assert condition(shop, "Progressing") == (
            "True",
            "NewReplicaSetAvailable",
            f'ReplicaSet "{name}" has successfully progressed.',
        )
        del status["conditions"]
        assert status == {
            "observedGeneration": 1,
            "replicas": 3,
            "updatedReplicas": 3,
            "readyReplicas": 3,
            "availableReplicas": 3,
        }

    async def test_the_status_of_one_that_is_not(self, shop: Workshop) -> None:
        """Deployment, "Progressing Deployment": the new ReplicaSet is there, its pods are not available."""
        await deploy(shop)
        await shop.settle()
        status = web(shop).status
        assert (status.replicas, status.updatedReplicas, status.unavailableReplicas) == (3, 3, 3)
        assert condition(shop, "Available")[:2] == ("False", "MinimumReplicasUnavailable")
        assert condition(shop, "Progressing")[:2] == ("True", "ReplicaSetUpdated")

    async def test_annotations_reach_the_replica_set(self, shop: Workshop) -> None:
        """``kubectl rollout history`` reads the change cause there; what tools note of the whole stays behind."""
        cause, applied = "kubernetes.io/change-cause", "kubectl.kubernetes.io/last-applied-configuration"
        await deploy(shop, annotations={cause: "first", applied: "{}", "edgeorch.io/auto-rollback": "true"})
        await shop.settle()
        assert sets(shop)[0].metadata.annotations == {
            cause: "first",
            REVISION: "1",
            "deployment.kubernetes.io/desired-replicas": "3",
            "deployment.kubernetes.io/max-replicas": "4",
        }
        await shop.patch(DEPLOYMENTS, "web", metadata={"annotations": {cause: "second"}})
        await shop.settle()
        assert sets(shop)[0].metadata.annotations[cause] == "second"
        assert web(shop).status.observedGeneration == web(shop).metadata.generation == 2

    async def test_hash_collisions(self, shop: Workshop) -> None:
        """A name that another ReplicaSet has already leads to another name, and is counted."""
        made = await deploy(shop)
        taken = f"web-{template_hash(made.spec.template, None)}"
        other = workload(0, template=template(app="db"), selector={"matchLabels": {"app": "db"}})
        await shop.create(REPLICA_SETS, taken, spec=other)
        await shop.roll()
        assert web(shop).status.collisionCount == 1
        assert len(shop.pods(app="web")) == 3

    async def test_a_replica_set_is_adopted(self, shop: Workshop) -> None:
        """One that matches and belongs to nobody is taken over; with the same template it is the present one."""
        await shop.create(REPLICA_SETS, "own", metadata={"labels": {"app": "web"}}, spec=workload(2))
        await shop.roll()
        await deploy(shop, 2)
        await shop.roll()
        [adopted] = shop.all(REPLICA_SETS)
        assert adopted.metadata.ownerReferences[0].name == "web"
        assert condition(shop, "Progressing")[1] == "NewReplicaSetAvailable"


class TestRollingUpdate:
    async def test_it_replaces_pods_bit_by_bit(self, shop: Workshop) -> None:
        """Deployment, "Updating a Deployment": with 25% of 3, one more pod and none fewer at a time."""
        await deploy(shop)
        await shop.roll()
        await set_image(shop, "nginx:2")
        await shop.settle()
        assert sizes(shop) == {"1": 3, "2": 1}
        await shop.all_ready()
        await shop.settle()
        assert sizes(shop) == {"1": 2, "2": 2}
        await shop.roll()
        assert sizes(shop) == {"2": 3}
        assert scalings(shop) == [
            "Scaled up replica set web from 0 to 3",
            "Scaled up replica set web from 0 to 1",
            "Scaled down replica set web from 3 to 2",
            "Scaled up replica set web from 1 to 2",
            "Scaled down replica set web from 2 to 1",
            "Scaled up replica set web from 2 to 3",
            "Scaled down replica set web from 1 to 0",
        ]
        assert [s.metadata.annotations[REVISION] for s in sets(shop)] == ["1", "2"]
        assert web(shop).metadata.annotations[REVISION] == "2"

    async def test_pods_must_stay_ready(self, shop: Workshop) -> None:
        """Deployment, minReadySeconds: only then does the rollout go on."""
        await deploy(shop, 1, minReadySeconds=10)
        await shop.roll()
        shop.advance(10)
        await shop.settle()
        await set_image(shop, "nginx:2")
        await shop.settle()
        await shop.all_ready()
        await shop.settle()
        assert sizes(shop) == {"1": 1, "2": 1}
        shop.advance(10)
        await shop.settle()
        assert sizes(shop) == {"2": 1}

    async def test_a_broken_template_leaves_what_works(self, shop: Workshop) -> None:
        """Deployment, "Failed Deployment": bad rollouts stop by themselves, and old pods stay."""
        await deploy(shop, 4)
        await shop.roll()
        await set_image(shop, STUCK)
        await shop.settle()
        assert sizes(shop) == {"1": 3, "broken": 2}

    async def test_pods_that_do_not_work_go_first(self, shop: Workshop) -> None:
        """An old pod that is not available may go, although no available one could be spared."""
        await deploy(shop, 4)
        await shop.settle()
        broken, *others = shop.pods()
        for pod in others:
            await shop.report(pod)
        await shop.settle()
        await set_image(shop, "nginx:2")
        await shop.settle()
        assert sizes(shop) == {"1": 3, "2": 2}
        assert broken.metadata.name not in {pod.metadata.name for pod in shop.pods()}

    async def test_rollover(self, shop: Workshop) -> None:
        """Deployment, "Rollover": a template that changes in flight ends the rollout of the one before."""
        await deploy(shop, 4)
        await shop.roll()
        await set_image(shop, STUCK)
        await shop.settle()
        await set_image(shop, "nginx:2")
        await shop.roll()
        assert sizes(shop) == {"2": 4}
        assert [s.metadata.annotations[REVISION] for s in sets(shop)] == ["1", "2", "3"]

    async def test_the_history_is_kept_short(self, shop: Workshop) -> None:
        """Deployment, "Clean up Policy": so many old ReplicaSets, the newest ones."""
        await deploy(shop, 1, revisionHistoryLimit=2)
        for version in range(2, 7):
            await shop.roll()
            await set_image(shop, f"nginx:{version}")
        await shop.roll()
        assert [s.metadata.annotations[REVISION] for s in sets(shop)] == ["4", "5", "6"]

    async def test_going_back(self, shop: Workshop) -> None:
        """Deployment, "Rolling Back": an old template's ReplicaSet is used again, with a new revision."""
        await deploy(shop, 1)
        await shop.roll()
        await set_image(shop, "nginx:2")
        await shop.roll()
        await set_image(shop, "nginx:1")
        await shop.roll()
        assert sizes(shop) == {"1": 1}
        second, first = sets(shop)
        assert second.metadata.annotations[REVISION] == "2"
        assert first.metadata.annotations[REVISION] == "3"
        assert first.metadata.annotations["deployment.kubernetes.io/revision-history"] == "1"
        assert web(shop).metadata.annotations[REVISION] == "3"


class TestRecreate:
    async def test_old_pods_end_before_new_ones_start(self, shop: Workshop) -> None:
        """Deployment, "Recreate Deployment": also those in their grace period."""
        await deploy(shop, 2, strategy={"type": "Recreate"})
        await shop.settle()
        for pod in shop.pods():
            await shop.place(pod, "pi-1")
        await shop.all_ready()
        await shop.settle()
        await set_image(shop, "nginx:2")
        await shop.settle()
        ending = [pod for pod in shop.all(PODS) if pod.metadata.deletionTimestamp]
        assert (len(ending), shop.pods()) == (2, [])
        for pod in ending:
            await shop.kill(pod)
        await shop.roll()
        assert sizes(shop) == {"2": 2}
        assert len(shop.pods()) == 2

    async def test_the_end_of_a_pod_wakes_it(self, shop: Workshop) -> None:
        """A pod that ends concerns the Deployment that manages its ReplicaSet; one that lives does not."""
        await deploy(shop, 1)
        await shop.settle()
        [pod] = shop.pods()
        of_pods = sources(shop.registry)[2].keys
        assert list(of_pods(shop.registry.get_entry(PODS, "default", pod.metadata.name))) == []
        await shop.place(pod, "pi-1")
        await shop.registry.delete(PODS, "default", pod.metadata.name)
        entry = shop.registry.get_entry(PODS, "default", pod.metadata.name)
        assert list(of_pods(entry)) == [Key("default", "web")]


class TestScaling:
    async def test_at_rest(self, shop: Workshop) -> None:
        """Deployment, "Scaling a Deployment": its one ReplicaSet gets the number."""
        await deploy(shop)
        await shop.roll()
        for size in (5, 0, 2):
            await shop.patch(DEPLOYMENTS, "web", spec={"replicas": size})
            await shop.roll()
            assert len(shop.pods()) == web(shop).status.availableReplicas == size

    async def test_in_proportion(self, shop: Workshop) -> None:
        """Deployment, "Proportional scaling": the documentation's own example, 8 and 5 become 11 and 7."""
        await deploy(shop, 10, strategy={"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}})
        await shop.roll()
        await set_image(shop, STUCK)
        await shop.settle()
        assert sizes(shop) == {"1": 8, "broken": 5}
        await shop.patch(DEPLOYMENTS, "web", spec={"replicas": 15})
        await shop.settle()
        assert sizes(shop) == {"1": 11, "broken": 7}

    async def test_a_set_that_was_scaled_by_hand(self, shop: Workshop) -> None:
        """The Deployment has the last word, and goes on with rollouts afterwards."""
        await deploy(shop)
        await shop.roll()
        name = sets(shop)[0].metadata.name
        await shop.patch(REPLICA_SETS, name, spec={"replicas": 5})
        await shop.patch(DEPLOYMENTS, "web", spec={"replicas": 5})
        await shop.roll()
        await set_image(shop, "nginx:2")
        await shop.roll()
        assert sizes(shop) == {"2": 5}


class TestPausing:
    async def test_changes_wait(self, shop: Workshop) -> None:
        """Deployment, "Pausing and Resuming a rollout": many changes, one rollout; scaling goes on."""
        await deploy(shop, 1)
        await shop.roll()
        await shop.patch(DEPLOYMENTS, "web", spec={"paused": True})
        await set_image(shop, "nginx:2")
        await set_image(shop, "nginx:3")
        await shop.patch(DEPLOYMENTS, "web", spec={"replicas": 2})
        await shop.roll()
        assert sizes(shop) == {"1": 2}
        assert condition(shop, "Progressing") == ("Unknown", "DeploymentPaused", "Deployment is paused")
        await shop.patch(DEPLOYMENTS, "web", spec={"paused": False})
        await shop.reconcile()
        assert condition(shop, "Progressing")[1] != "DeploymentPaused"
        await shop.roll()
        assert sizes(shop) == {"3": 2}
        assert len(sets(shop)) == 2

    async def test_the_deadline_starts_anew(self, shop: Workshop) -> None:
        """Time in which a Deployment is paused does not count."""
        await deploy(shop, 1, progressDeadlineSeconds=60)
        await shop.roll()
        await set_image(shop, STUCK)
        await shop.settle()
        await shop.patch(DEPLOYMENTS, "web", spec={"paused": True})
        await shop.settle()
        shop.advance(3600)
        await shop.patch(DEPLOYMENTS, "web", spec={"paused": False})
        await shop.settle()
        assert condition(shop, "Progressing") == ("Unknown", "DeploymentResumed", "Deployment is resumed")
        shop.advance(61)
        await shop.settle()
        assert condition(shop, "Progressing")[1] == "ProgressDeadlineExceeded"


class TestFailing:
    async def test_the_progress_deadline(self, shop: Workshop) -> None:
        """Deployment, "Failed Deployment": Progressing becomes False; progress makes it True again."""
        await deploy(shop, 2, progressDeadlineSeconds=60)
        await shop.roll()
        await set_image(shop, STUCK)
        await shop.settle()
        reconciler = shop.reconciler("deployment")
        shop.advance(50)
        assert (await reconciler.reconcile(Key("default", "web"))).requeue_after == 11
        shop.advance(11)
        await shop.settle()
        name = sets(shop)[1].metadata.name
        assert condition(shop, "Progressing") == (
            "False",
            "ProgressDeadlineExceeded",
            f'ReplicaSet "{name}" has timed out progressing.',
        )
        assert (await reconciler.reconcile(Key("default", "web"))).requeue_after is None
        await shop.roll()
        assert condition(shop, "Progressing")[:2] == ("True", "NewReplicaSetAvailable")

    async def test_no_deadline(self, shop: Workshop) -> None:
        """With the largest number nobody watches progress, and no condition tells of it."""
        await deploy(shop, 1, progressDeadlineSeconds=2**31 - 1)
        await shop.settle()
        shop.advance(10**6)
        await shop.settle()
        assert [c.type for c in web(shop).status.conditions] == ["Available"]

    async def test_pods_that_are_refused(self, shop: Workshop) -> None:
        """Deployment, "Failed Deployment": ReplicaFailure tells what the ReplicaSet could not do."""
        spec = workload(1)
        spec["template"]["spec"]["serviceAccountName"] = "robot"
        await shop.create(DEPLOYMENTS, "web", spec=spec)
        for _ in range(3):
            await shop.reconcile()
        status, reason, message = condition(shop, "ReplicaFailure")
        assert (status, reason) == ("True", "FailedCreate")
        assert 'serviceaccount "robot" not found' in message
        await shop.patch(DEPLOYMENTS, "web", spec={"template": {"spec": {"serviceAccountName": "default"}}})
        await shop.roll()
        assert find(web(shop).status.conditions, "ReplicaFailure") is None

    async def test_one_that_is_going_is_left_alone(self, shop: Workshop) -> None:
        """A Deployment whose deletion waits for its dependents rolls nothing out."""
        await deploy(shop)
        await shop.roll()
        await shop.registry.delete(DEPLOYMENTS, "default", "web", DeleteOptions(propagationPolicy="Foreground"))
        await set_image(shop, "nginx:2")
        await shop.settle()
        assert sizes(shop) == {"1": 3}


class TestAutoRollback:
    ASKED: ClassVar = {"edgeorch.io/auto-rollback": "true"}

    async def fail(self, shop: Workshop) -> None:
        """Let a broken template miss its deadline."""
        await set_image(shop, STUCK)
        await shop.settle()
        shop.advance(61)
        await shop.settle()

    async def test_it_returns_to_what_was_complete(self, shop: Workshop) -> None:
        """Past its deadline the Deployment has the last template that worked, and says why."""
        await deploy(shop, 2, annotations=self.ASKED, progressDeadlineSeconds=60)
        await shop.roll()
        await self.fail(shop)
        assert web(shop).spec.template.spec.containers[0].image == "nginx:1"
        assert "pod-template-hash" not in web(shop).spec.template.metadata.labels
        failed, good = sets(shop)
        [event] = [message for reason, message in shop.events("web") if reason == "DeploymentRollback"]
        assert event == (
            'Rolled back deployment "web" to revision 1: '
            f'ReplicaSet "{failed.metadata.name}" has timed out progressing.'
        )
        await shop.roll()
        assert sizes(shop) == {"1": 2}
        assert good.metadata.annotations[REVISION] == "3"
        assert condition(shop, "RolledBack") == (
            "True",
            "ProgressDeadlineExceeded",
            (
                f'ReplicaSet "{failed.metadata.name}" has timed out progressing; '
                f'returned to ReplicaSet "{good.metadata.name}".'
            ),
        )
        assert condition(shop, "Progressing")[:2] == ("True", "NewReplicaSetAvailable")

    async def test_the_condition_goes_with_the_next_change(self, shop: Workshop) -> None:
        """It is about the present revision, and a new template is another."""
        await deploy(shop, 2, annotations=self.ASKED, progressDeadlineSeconds=60)
        await shop.roll()
        await self.fail(shop)
        await shop.roll()
        await set_image(shop, "nginx:2")
        await shop.roll()
        assert sizes(shop) == {"2": 2}
        assert find(web(shop).status.conditions, "RolledBack") is None

    async def test_the_same_mistake_again(self, shop: Workshop) -> None:
        """Applied again, the broken template fails and is taken back again."""
        await deploy(shop, 2, annotations=self.ASKED, progressDeadlineSeconds=60)
        await shop.roll()
        for _ in range(2):
            await self.fail(shop)
            await shop.roll()
            assert sizes(shop) == {"1": 2}

    async def test_asked_for_with_the_broken_template(self, shop: Workshop) -> None:
        """Nothing was noted before; pods that still work tell where to go back to."""
        await deploy(shop, 2, progressDeadlineSeconds=60)
        await shop.roll()
        await shop.patch(DEPLOYMENTS, "web", metadata={"annotations": self.ASKED})
        await self.fail(shop)
        await shop.roll()
        assert sizes(shop) == {"1": 2}

    async def test_with_recreate(self, shop: Workshop) -> None:
        """No old pod is left then, and what was complete is still known."""
        await deploy(shop, 1, annotations=self.ASKED, progressDeadlineSeconds=60, strategy={"type": "Recreate"})
        await shop.roll()
        await self.fail(shop)
        await shop.roll()
        assert sizes(shop) == {"1": 1}

    async def test_nothing_to_go_back_to(self, shop: Workshop) -> None:
        """A first template that fails stays, and the controller comes to rest."""
        await deploy(shop, 1, annotations=self.ASKED, progressDeadlineSeconds=60)
        await shop.settle()
        shop.advance(61)
        await shop.settle()
        assert condition(shop, "Progressing")[1] == "ProgressDeadlineExceeded"
        assert [reason for reason, _ in shop.events("web")] == ["ScalingReplicaSet"]

    async def test_nobody_asked(self, shop: Workshop) -> None:
        """Without the annotation a failed rollout stays as it is, as in Kubernetes."""
        await deploy(shop, 2, progressDeadlineSeconds=60)
        await shop.roll()
        await self.fail(shop)
        assert web(shop).spec.template.spec.containers[0].image == STUCK


async def test_idle_deployments_write_nothing() -> None:
    """A cluster at rest, with a complete rollout, a stuck and a paused one, makes no writes at all."""
    shop = await Workshop().open()
    for name in ("good", "stuck", "paused"):
        spec = workload(2, selector={"matchLabels": {"app": name}}, progressDeadlineSeconds=60)
        await shop.create(DEPLOYMENTS, name, spec=spec | {"template": template(app=name)})
    async with shop.running():
        await asyncio.sleep(1)
        await shop.all_ready()
        await asyncio.sleep(1)
        for name in ("stuck", "paused"):
            change = {"template": template("nginx:2", app=name), "paused": name == "paused"}
            await shop.patch(DEPLOYMENTS, name, spec=change)
        await asyncio.sleep(600)
        before = shop.store.revision
        await asyncio.sleep(24 * 3600)
        assert shop.store.revision == before
    progressing = find(shop.get(DEPLOYMENTS, "stuck").status.conditions, "Progressing")
    assert progressing
    assert progressing.reason == "ProgressDeadlineExceeded"
