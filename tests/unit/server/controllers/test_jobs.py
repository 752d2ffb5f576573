"""Jobs: one test per clause of Kubernetes' documentation."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgeorch.api.batch.job import Job
from edgeorch.api.batch.resources import JOBS
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import DeleteOptions, format_time
from edgeorch_server.controllers.runner import Key, Result
from tests.fakes.workloads import Workshop

pytestmark = pytest.mark.looptime

TRACKING = "batch.kubernetes.io/job-tracking"
INDEXED = {"completionMode": "Indexed"}


@pytest.fixture
async def shop() -> Workshop:
    return await Workshop().open()


async def make(shop: Workshop, *, restart: str = "Never", **spec: Any) -> Job:
    containers = [{"name": "main", "image": "busybox:1"}]
    template = {"spec": {"restartPolicy": restart, "containers": containers}}
    made: Job = await shop.create(JOBS, "sum", spec={"template": template, **spec})
    await shop.settle()
    return made


def job(shop: Workshop) -> Job:
    found: Job = shop.get(JOBS, "sum")
    return found


def true(shop: Workshop) -> dict[str, str]:
    """Give the conditions that hold, with their reasons."""
    return {c.type: c.reason for c in job(shop).status.conditions if c.status == "True"}


def counts(shop: Workshop) -> tuple[int, int, int]:
    """Give the pods that are active, have succeeded and have failed."""
    status = job(shop).status
    return status.active, status.succeeded, status.failed


def active(shop: Workshop) -> list[Pod]:
    return [pod for pod in shop.pods() if pod.status.phase not in {"Succeeded", "Failed"}]


def index_of(pod: Pod) -> int:
    return int(pod.metadata.annotations["batch.kubernetes.io/job-completion-index"])


async def end(shop: Workshop, pod: Pod, code: int = 0, *conditions: str) -> None:
    """Let a pod end, as a node reports it."""
    fresh = shop.get(PODS, pod.metadata.name)
    terminated = {"exitCode": code, "finishedAt": format_time(shop.now())}
    status = {
        "phase": "Failed" if code else "Succeeded",
        "conditions": [{"type": kind, "status": "True"} for kind in conditions],
        "containerStatuses": [
            {
                "name": "main",
                "ready": False,
                "restartCount": 0,
                "image": "",
                "imageID": "",
                "state": {"terminated": terminated},
            }
        ],
    }
    fresh.status = Pod.from_dict({"status": status}).status
    await shop.registry.update_status(PODS, fresh)


async def end_all(shop: Workshop, code: int = 0) -> None:
    for pod in active(shop):
        await end(shop, pod, code)
    await shop.settle()


async def wait(shop: Workshop) -> float:
    """Let the time pass that the controller wants to wait; gives the seconds."""
    result: Result = await shop.reconciler("job").reconcile(Key("default", "sum"))
    assert result.requeue_after is not None
    shop.advance(result.requeue_after)
    await shop.settle()
    return result.requeue_after


async def test_one_pod_that_succeeds(shop: Workshop) -> None:
    """Job: it creates a pod, and is complete when the pod is; the pod stays to be read, and is free."""
    made = await make(shop)
    [pod] = shop.pods()
    assert pod.metadata.generateName == "sum-"
    assert pod.metadata.finalizers == [TRACKING]
    assert pod.metadata.ownerReferences[0].uid == made.metadata.uid
    assert pod.metadata.labels["batch.kubernetes.io/controller-uid"] == made.metadata.uid
    assert counts(shop) == (1, 0, 0)
    await shop.report(pod)
    await shop.settle()
    assert job(shop).status.ready == 1
    shop.advance(60)
    await end_all(shop)
    assert true(shop) == {"SuccessCriteriaMet": "CompletionsReached", "Complete": "CompletionsReached"}
    status = job(shop).status
    assert (status.startTime, status.completionTime) == ("2026-05-01T12:00:00Z", "2026-05-01T12:01:00Z")
    assert counts(shop) == (0, 1, 0)
    assert shop.pods()[0].metadata.finalizers == []
    assert shop.events("sum") == [
        ("SuccessfulCreate", f"Created pod: {pod.metadata.name}"),
        ("Completed", "Job completed"),
    ]


async def test_parallelism_and_completions(shop: Workshop) -> None:
    """Job, "Parallel execution": never more pods than are still to succeed."""
    await make(shop, parallelism=3, completions=5)
    assert counts(shop) == (3, 0, 0)
    await end_all(shop)
    assert counts(shop) == (2, 3, 0)
    await end_all(shop)
    assert counts(shop) == (0, 5, 0)
    assert "Complete" in true(shop)


async def test_a_work_queue(shop: Workshop) -> None:
    """Without ``completions``: after one success nothing is started any more, and what runs may end."""
    await make(shop, parallelism=3)
    first, *others = shop.pods()
    await end(shop, first)
    await shop.settle()
    assert counts(shop) == (2, 1, 0)
    assert true(shop) == {}
    for pod in others:
        await end(shop, pod)
    await shop.settle()
    assert counts(shop) == (0, 3, 0)
    assert "Complete" in true(shop)


async def test_scaling_down_is_no_failure(shop: Workshop) -> None:
    """Pods that are too many go without being counted; parallelism 0 stops everything."""
    await make(shop, parallelism=3, completions=5)
    await shop.patch(JOBS, "sum", spec={"parallelism": 1})
    await shop.settle()
    assert counts(shop) == (1, 0, 0)
    await shop.patch(JOBS, "sum", spec={"parallelism": 0})
    await shop.settle()
    assert (counts(shop), shop.all(PODS)) == ((0, 0, 0), [])


async def test_back_off(shop: Workshop) -> None:
    """Job, "Pod backoff failure policy": 10 s, 20 s, 40 s ... up to six minutes; a success ends the row."""
    await make(shop, completions=2, backoffLimit=20)
    waits = []
    for _ in range(7):
        await end_all(shop, 1)
        assert active(shop) == []
        waits.append(await wait(shop))
    assert waits == [10, 20, 40, 80, 160, 320, 360]
    await end_all(shop)
    assert len(active(shop)) == 1
    await end_all(shop, 1)
    assert await wait(shop) == 10


async def test_a_restart_keeps_the_back_off(shop: Workshop) -> None:
    """The delay is read from the pods: restarting the server starts no pod early."""
    await make(shop)
    await end_all(shop, 1)
    shop.restart()
    shop.advance(4)
    assert await wait(shop) == 6


async def test_the_limit_of_failures(shop: Workshop) -> None:
    """``backoffLimit`` failures are forgiven; one more, and all that runs is ended and counts as failed."""
    await make(shop, parallelism=2, completions=2, backoffLimit=1)
    first, second = shop.pods()
    await shop.place(second, "pi")
    await shop.report(second)
    await end(shop, first, 1)
    await shop.settle()
    await wait(shop)
    third = next(pod for pod in active(shop) if pod.metadata.name != second.metadata.name)
    await end(shop, third, 1)
    await shop.settle()
    assert true(shop) == {"FailureTarget": "BackoffLimitExceeded"}
    assert (counts(shop), job(shop).status.terminating) == ((0, 0, 3), 1)
    await shop.kill(second)
    await shop.settle()
    assert true(shop) == {"FailureTarget": "BackoffLimitExceeded", "Failed": "BackoffLimitExceeded"}
    assert (counts(shop), job(shop).status.terminating) == ((0, 0, 3), 0)
    assert shop.events("sum")[-1] == ("BackoffLimitExceeded", "Job has reached the specified backoff limit")


async def test_restarts_of_containers_are_failures(shop: Workshop) -> None:
    """With ``OnFailure`` the node tries again, and ``backoffLimit`` counts the restarts."""
    await make(shop, restart="OnFailure", backoffLimit=2)
    [pod] = shop.pods()
    for restarts, failed in ((1, False), (2, True)):
        fresh = shop.get(PODS, pod.metadata.name)
        container = {"name": "main", "ready": True, "restartCount": restarts, "image": "", "imageID": ""}
        status = {"phase": "Running", "containerStatuses": [container]}
        fresh.status = Pod.from_dict({"status": status}).status
        await shop.registry.update_status(PODS, fresh)
        await shop.settle()
        assert ("FailureTarget" in true(shop)) is failed


async def test_the_deadline(shop: Workshop) -> None:
    """Job, "Job termination and cleanup": ``activeDeadlineSeconds`` beats everything else."""
    await make(shop, activeDeadlineSeconds=100, completions=2)
    await end_all(shop)
    assert await wait(shop) == 100
    assert true(shop) == {"FailureTarget": "DeadlineExceeded", "Failed": "DeadlineExceeded"}
    assert counts(shop) == (0, 1, 1)
    assert shop.events("sum")[-1] == ("DeadlineExceeded", "Job was active longer than specified deadline")


async def test_no_wait_after_the_deadline(shop: Workshop) -> None:
    """While the last pods end nothing is computed again and again."""
    await make(shop, activeDeadlineSeconds=10)
    [pod] = shop.pods()
    await shop.place(pod, "pi")
    await wait(shop)
    shop.advance(5)
    assert await shop.reconciler("job").reconcile(Key("default", "sum")) == Result()


async def test_suspend_and_resume(shop: Workshop) -> None:
    """Job, "Suspending a Job": its pods go without being counted; resumed, its time starts anew."""
    await make(shop, activeDeadlineSeconds=100)
    await shop.patch(JOBS, "sum", spec={"suspend": True})
    await shop.settle()
    assert (counts(shop), shop.all(PODS)) == ((0, 0, 0), [])
    assert true(shop) == {"Suspended": "JobSuspended"}
    shop.advance(1000)
    await shop.settle()
    assert true(shop) == {"Suspended": "JobSuspended"}
    await shop.patch(JOBS, "sum", spec={"suspend": False})
    await shop.settle()
    assert true(shop) == {}
    assert job(shop).status.startTime == format_time(shop.now())
    assert counts(shop) == (1, 0, 0)
    told = [reason for reason, _ in shop.events("sum")]
    assert told == ["SuccessfulCreate", "SuccessfulDelete", "Suspended", "SuccessfulCreate", "Resumed"]


async def test_a_job_that_begins_suspended(shop: Workshop) -> None:
    """It has no start until it is resumed."""
    await make(shop, suspend=True)
    assert (job(shop).status.startTime, shop.pods()) == (None, [])
    await shop.patch(JOBS, "sum", spec={"suspend": False})
    await shop.settle()
    assert job(shop).status.startTime is not None
    assert counts(shop) == (1, 0, 0)


async def test_indexes(shop: Workshop) -> None:
    """Job, "Completion mode": each pod knows its index by annotation, label, host name and variable."""
    await make(shop, parallelism=2, completions=3, **INDEXED)
    assert [index_of(pod) for pod in shop.pods()] == [0, 1]
    pod = shop.pods()[1]
    assert pod.metadata.name.startswith("sum-1-")
    assert pod.metadata.labels["batch.kubernetes.io/job-completion-index"] == "1"
    assert pod.spec.hostname == "sum-1"
    [variable] = pod.spec.containers[0].env
    assert variable.name == "JOB_COMPLETION_INDEX"
    assert variable.valueFrom is not None
    assert variable.valueFrom.fieldRef is not None
    path = "metadata.labels['batch.kubernetes.io/job-completion-index']"
    assert variable.valueFrom.fieldRef.fieldPath == path
    await end(shop, pod)
    await shop.settle()
    assert job(shop).status.completedIndexes == "1"
    assert sorted(index_of(pod) for pod in active(shop)) == [0, 2]
    await end_all(shop)
    assert job(shop).status.completedIndexes == "0-2"
    assert counts(shop) == (0, 3, 0)
    assert "Complete" in true(shop)


async def test_a_failed_index_is_tried_again(shop: Workshop) -> None:
    """And no other pod gets its number meanwhile."""
    await make(shop, parallelism=2, completions=2, **INDEXED)
    await end(shop, shop.pods()[0], 1)
    await shop.settle()
    assert [index_of(pod) for pod in active(shop)] == [1]
    await wait(shop)
    assert sorted(index_of(pod) for pod in active(shop)) == [0, 1]
    assert counts(shop) == (2, 0, 1)


async def test_a_limit_per_index(shop: Workshop) -> None:
    """Job, "Backoff limit per index": an index fails by itself, and the others go on."""
    await make(shop, parallelism=2, completions=2, backoffLimitPerIndex=1, **INDEXED)
    bad, good = shop.pods()
    await end(shop, bad, 1)
    await shop.settle()
    assert await wait(shop) == 10
    again = next(pod for pod in active(shop) if index_of(pod) == 0)
    assert again.metadata.annotations["batch.kubernetes.io/job-index-failure-count"] == "1"
    await end(shop, again, 1)
    await shop.settle()
    assert job(shop).status.failedIndexes == "0"
    assert true(shop) == {}
    await end(shop, good)
    await shop.settle()
    assert true(shop) == {"FailureTarget": "FailedIndexes", "Failed": "FailedIndexes"}
    status = job(shop).status
    assert (status.completedIndexes, status.failedIndexes, counts(shop)) == ("1", "0", (0, 1, 2))


async def test_an_index_remembers_its_failures(shop: Workshop) -> None:
    """Who deletes a failed pod gives its index no further try."""
    await make(shop, completions=1, backoffLimitPerIndex=1, **INDEXED)
    await end(shop, shop.pods()[0], 1)
    await shop.settle()
    await shop.kill(shop.pods()[0])
    await shop.settle()
    await wait(shop)
    [again] = active(shop)
    assert again.metadata.annotations["batch.kubernetes.io/job-index-failure-count"] == "1"


async def test_the_most_failed_indexes(shop: Workshop) -> None:
    """``maxFailedIndexes`` ends the Job as soon as one more has failed."""
    spec: dict[str, Any] = {"backoffLimitPerIndex": 0, "maxFailedIndexes": 1, **INDEXED}
    await make(shop, parallelism=4, completions=4, **spec)
    for number, failed in ((0, False), (1, True)):
        await end(shop, next(pod for pod in active(shop) if index_of(pod) == number), 1)
        await shop.settle()
        assert ("Failed" in true(shop)) is failed
    assert true(shop)["Failed"] == "MaxFailedIndexesExceeded"


RULES = {
    "FailJob": {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
    "Ignore": {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
}


async def test_a_failure_that_fails_the_job(shop: Workshop) -> None:
    """Job, "Pod failure policy": an exit code that no retry will change."""
    await make(shop, podFailurePolicy={"rules": [RULES["Ignore"], RULES["FailJob"]]})
    [pod] = shop.pods()
    await end(shop, pod, 42)
    await shop.settle()
    assert true(shop) == {"FailureTarget": "PodFailurePolicy", "Failed": "PodFailurePolicy"}
    assert shop.events("sum")[-1] == (
        "PodFailurePolicy",
        (
            f"Container main for pod default/{pod.metadata.name} failed with exit code 42 "
            "matching FailJob rule at index 1"
        ),
    )
    assert counts(shop) == (0, 0, 1)


async def test_a_failure_that_is_ignored(shop: Workshop) -> None:
    """A pod that was evicted through no fault of its own is replaced and not counted."""
    await make(shop, backoffLimit=0, podFailurePolicy={"rules": [RULES["Ignore"]]})
    await end(shop, shop.pods()[0], 137, "DisruptionTarget")
    await shop.settle()
    await wait(shop)
    assert (counts(shop), true(shop)) == ((1, 0, 0), {})
    await end_all(shop, 1)
    assert true(shop)["Failed"] == "BackoffLimitExceeded"


async def test_the_success_policy(shop: Workshop) -> None:
    """Job, "Success policy": enough indexes have succeeded; pods that still run are ended, and not failed."""
    rules = [{"succeededIndexes": "0", "succeededCount": 1}]
    await make(shop, parallelism=3, completions=3, successPolicy={"rules": rules}, **INDEXED)
    await end(shop, shop.pods()[1])
    await shop.settle()
    assert true(shop) == {}
    await end(shop, next(pod for pod in active(shop) if index_of(pod) == 0))
    await shop.settle()
    assert true(shop) == {"SuccessCriteriaMet": "SuccessPolicy", "Complete": "SuccessPolicy"}
    assert (counts(shop), job(shop).status.completedIndexes) == ((0, 2, 0), "0,1")
    assert active(shop) == []


@pytest.mark.parametrize(("policy", "replaced"), [("TerminatingOrFailed", True), ("Failed", False)])
async def test_when_a_deleted_pod_is_replaced(shop: Workshop, policy: str, *, replaced: bool) -> None:
    """Job, "Delayed creation of replacement pods": at once, or when it has really ended."""
    await make(shop, podReplacementPolicy=policy)
    [pod] = shop.pods()
    await shop.place(pod, "pi")
    await shop.report(pod)
    await shop.registry.delete(PODS, "default", pod.metadata.name, DeleteOptions(gracePeriodSeconds=30))
    await shop.settle()
    shop.advance(600)
    await shop.settle()
    assert (len(active(shop)) == 1) is replaced
    assert counts(shop)[2] == int(replaced)


async def test_a_pod_removed_by_force_has_failed(shop: Workshop) -> None:
    """Nobody can remove a pod unseen: its finalizer keeps it until it is counted."""
    await make(shop, podReplacementPolicy="Failed")
    [pod] = shop.pods()
    await shop.place(pod, "pi")
    await shop.report(pod)
    await shop.kill(pod)
    await shop.settle()
    assert counts(shop)[2] == 1
    assert pod.metadata.name not in {other.metadata.name for other in shop.all(PODS)}


async def test_a_success_counts_although_its_pod_is_deleted(shop: Workshop) -> None:
    """Whoever cleans up early takes nothing away from the Job."""
    await make(shop, completions=2)
    [pod] = shop.pods()
    await end(shop, pod)
    await shop.kill(pod)
    await shop.settle()
    assert counts(shop) == (1, 1, 0)


async def test_pods_of_a_job_that_goes_are_free(shop: Workshop) -> None:
    """``syncOrphanPod``: nobody is going to count them; a DELETE that names no policy lets them live."""
    await make(shop)
    await shop.registry.delete(JOBS, "default", "sum")
    assert job(shop).metadata.finalizers == ["orphan"]
    await shop.settle()
    assert [pod.metadata.finalizers for pod in shop.pods()] == [[]]


async def test_another_manager(shop: Workshop) -> None:
    """``managedBy``: the Job is left alone altogether."""
    await make(shop, managedBy="acme.io/jobs")
    assert (shop.pods(), job(shop).status.to_dict()) == ([], {})


async def test_cleaning_up(shop: Workshop) -> None:
    """Job, "Automatic cleanup for finished Jobs": ``ttlSecondsAfterFinished`` after its end the Job is deleted."""
    await make(shop, ttlSecondsAfterFinished=100)
    await end_all(shop)
    key = Key("default", "sum")
    assert await shop.reconciler("ttl-after-finished").reconcile(key) == Result(requeue_after=100)
    shop.advance(99)
    await shop.settle()
    assert job(shop).metadata.deletionTimestamp is None
    shop.advance(1)
    await shop.settle()
    assert job(shop).metadata.finalizers == ["foregroundDeletion"]


async def test_adopted_pods_are_counted(shop: Workshop) -> None:
    """With ``manualSelector`` pods that are there already become the Job's, with all that goes with it."""
    labels = {"metadata": {"labels": {"app": "sum"}}}
    spec = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1"}]}
    await shop.create(PODS, "one", **labels, spec=spec)
    selector: dict[str, Any] = {"manualSelector": True, "selector": {"matchLabels": {"app": "sum"}}}
    await make(shop, **selector, template={**labels, "spec": spec})
    [pod] = shop.pods()
    assert (pod.metadata.name, pod.metadata.finalizers) == ("one", [TRACKING])
    await end_all(shop)
    assert counts(shop) == (0, 1, 0)


async def test_it_runs_by_itself(shop: Workshop) -> None:
    """Woken by its own pods and clocks, the controller brings a Job with a failure to its end."""
    containers = [{"name": "main", "image": "busybox:1"}]
    template = {"spec": {"restartPolicy": "Never", "containers": containers}}
    async with shop.running():
        await shop.create(JOBS, "sum", spec={"template": template, "completions": 2})
        await asyncio.sleep(1)
        await end(shop, active(shop)[0], 1)
        await asyncio.sleep(8)
        assert active(shop) == []
        await asyncio.sleep(4)
        for _ in range(2):
            await end(shop, active(shop)[0])
            await asyncio.sleep(1)
        assert counts(shop) == (0, 2, 1)
        assert "Complete" in true(shop)
        revision = shop.registry.revision
        await asyncio.sleep(3600)
        assert shop.registry.revision == revision
