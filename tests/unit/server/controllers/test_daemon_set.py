"""DaemonSets: one test per clause of Kubernetes' documentation."""

import asyncio
from typing import Any, ClassVar

import pytest

from edgeorch.api.apps.daemon_set import DaemonSet, DaemonSetStatus
from edgeorch.api.apps.resources import CONTROLLER_REVISIONS, DAEMON_SETS
from edgeorch.api.conditions import find
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import CONFIG_MAPS, NODES, PODS
from edgeorch.api.meta import DeleteOptions
from edgeorch_server.controllers.daemon_sets.progress import DEADLINE, deadline_of
from edgeorch_server.controllers.history import safe_hash
from edgeorch_server.controllers.runner import Key
from tests.fakes.workloads import Workshop, template, workload

pytestmark = pytest.mark.looptime

HASH = "controller-revision-hash"
GENERATION = "deprecated.daemonset.template.generation"


@pytest.fixture
async def shop() -> Workshop:
    """Give a cluster of three nodes."""
    made = await Workshop().open()
    for name in ("pi-1", "pi-2", "pi-3"):
        await made.create(NODES, name, metadata={"labels": {"kubernetes.io/hostname": name}})
    return made


async def daemon_set(shop: Workshop, **spec: Any) -> None:
    await shop.create(DAEMON_SETS, "web", spec=workload(**spec))


async def schedule(shop: Workshop) -> None:
    """Bind every pod to the node that its affinity names, as the scheduler does."""
    for pod in shop.pods():
        if not pod.spec.nodeName:
            await shop.place(pod, target(pod))


def target(pod: Pod) -> str:
    assert pod.spec.affinity is not None
    assert pod.spec.affinity.nodeAffinity is not None
    required = pod.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution
    assert required is not None
    [term] = required.nodeSelectorTerms
    return term.matchFields[0].values[0]


async def end_pods(shop: Workshop) -> None:
    """Let all pods that are to go end."""
    for pod in shop.all(PODS):
        if pod.metadata.deletionTimestamp:
            await shop.kill(pod)


async def rest(shop: Workshop) -> None:
    """Let scheduler, nodes and controllers work until nothing is left to do."""
    for _ in range(20):
        await shop.settle()
        await end_pods(shop)
        await schedule(shop)
        await shop.all_ready()


def where(shop: Workshop) -> dict[str, str]:
    """Give the image that runs on each node."""
    return {target(pod): pod.spec.containers[0].image.removeprefix("nginx:") for pod in shop.pods()}


def status(shop: Workshop) -> dict[str, Any]:
    found: dict[str, Any] = shop.get(DAEMON_SETS, "web").status.to_dict()
    return found


async def taint(shop: Workshop, node: str, effect: str) -> None:
    body = {"spec": {"taints": [{"key": "k", "value": "v", "effect": effect}]}}
    await shop.patch_node(node, body)


async def test_a_pod_on_every_node(shop: Workshop) -> None:
    """DaemonSet: all nodes run a copy of a pod; also those that are added later."""
    await daemon_set(shop)
    await rest(shop)
    assert where(shop) == {"pi-1": "1", "pi-2": "1", "pi-3": "1"}
    assert status(shop) == {
        "currentNumberScheduled": 3,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 3,
        "numberReady": 3,
        "observedGeneration": 1,
        "updatedNumberScheduled": 3,
        "numberAvailable": 3,
    }
    await shop.create(NODES, "pi-4")
    await rest(shop)
    assert set(where(shop)) == {"pi-1", "pi-2", "pi-3", "pi-4"}


async def test_the_pod_is_bound_by_the_scheduler(shop: Workshop) -> None:
    """DaemonSet, "How Daemon Pods are scheduled": by an affinity that names the node, and what daemons tolerate."""
    await daemon_set(shop)
    await shop.settle()
    pod = shop.pods()[0]
    assert pod.spec.nodeName == ""
    assert [(t.key, t.effect) for t in pod.spec.tolerations][:6] == [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ]
    digest = pod.metadata.labels[HASH]
    assert pod.metadata.labels == {"app": "web", HASH: digest, "pod-template-generation": "1"}
    await shop.settle()
    assert len(shop.pods()) == 3


async def test_only_some_nodes(shop: Workshop) -> None:
    """DaemonSet, "Running Pods on select Nodes": by the template's node selector; labels may change."""
    selected = template()
    selected["spec"]["nodeSelector"] = {"disk": "ssd"}
    await daemon_set(shop, template=selected)
    await shop.patch_node("pi-2", {"metadata": {"labels": {"disk": "ssd"}}})
    await rest(shop)
    assert set(where(shop)) == {"pi-2"}
    await shop.patch_node("pi-2", {"metadata": {"labels": {"disk": None}}})
    await shop.patch_node("pi-3", {"metadata": {"labels": {"disk": "ssd"}}})
    await rest(shop)
    assert set(where(shop)) == {"pi-3"}


async def test_taints(shop: Workshop) -> None:
    """NoSchedule keeps new pods away and lets those stay that are there; NoExecute drives them off."""
    await taint(shop, "pi-1", "NoSchedule")
    await daemon_set(shop)
    await rest(shop)
    assert set(where(shop)) == {"pi-2", "pi-3"}
    await taint(shop, "pi-2", "NoSchedule")
    await rest(shop)
    assert set(where(shop)) == {"pi-2", "pi-3"}
    assert (status(shop)["desiredNumberScheduled"], status(shop)["numberMisscheduled"]) == (1, 1)
    await taint(shop, "pi-2", "NoExecute")
    await rest(shop)
    assert set(where(shop)) == {"pi-3"}


async def test_a_node_that_is_gone(shop: Workshop) -> None:
    """A pod that waits for a node that is no more would wait for ever."""
    await daemon_set(shop)
    await shop.settle()
    await shop.registry.delete(NODES, "", "pi-1", DeleteOptions(gracePeriodSeconds=0))
    await shop.settle()
    assert set(where(shop)) == {"pi-2", "pi-3"}


async def test_a_pod_that_fails_is_replaced(shop: Workshop) -> None:
    """At once the first time, and with growing pauses where it happens again and again."""
    await daemon_set(shop)
    await rest(shop)

    async def fail() -> str:
        [pod] = [pod for pod in shop.pods() if target(pod) == "pi-1"]
        await shop.report(pod, ready=False, phase="Failed")
        await shop.settle()
        await end_pods(shop)
        await shop.settle()
        await schedule(shop)
        return pod.metadata.name

    def there(name: str) -> bool:
        return name in {pod.metadata.name for pod in shop.pods()}

    first = await fail()
    assert not there(first)
    assert (
        "FailedDaemonPod",
        f"Found failed daemon pod default/{first} on node pi-1, will try to kill it",
    ) in (shop.events("web"))
    second = await fail()
    assert there(second)
    result = await shop.reconciler("daemon-set").reconcile(Key("default", "web"))
    assert result.requeue_after == 1
    shop.advance(1)
    await shop.settle()
    assert not there(second)
    await end_pods(shop)
    await rest(shop)
    third = await fail()
    assert there(third)
    assert (await shop.reconciler("daemon-set").reconcile(Key("default", "web"))).requeue_after == 2
    shop.advance(3600)
    await shop.settle()
    assert not there(third)
    await end_pods(shop)
    await rest(shop)
    fourth = await fail()
    shop.advance(1)
    await shop.settle()
    assert not there(fourth)


class TestUpdating:
    async def change(self, shop: Workshop, image: str = "nginx:2") -> None:
        await shop.patch(DAEMON_SETS, "web", spec={"template": template(image)})

    async def test_one_node_at_a_time(self, shop: Workshop) -> None:
        """Perform a Rolling Update: by default one node may be without an available pod."""
        await daemon_set(shop)
        await rest(shop)
        await self.change(shop)
        await shop.settle()
        assert len(shop.pods()) == 2
        await shop.settle()
        assert len(shop.pods()) == 2
        await end_pods(shop)
        await shop.settle()
        assert sorted(where(shop).values()) == ["1", "1", "2"]
        await shop.settle()
        assert sorted(where(shop).values()) == ["1", "1", "2"]
        await rest(shop)
        assert sorted(where(shop).values()) == ["2", "2", "2"]
        assert status(shop)["updatedNumberScheduled"] == 3

    async def test_broken_pods_go_first(self, shop: Workshop) -> None:
        """An old pod that is not available is no loss, and takes the place of one that is."""
        await daemon_set(shop)
        await rest(shop)
        [broken] = [pod for pod in shop.pods() if target(pod) == "pi-3"]
        await shop.report(broken, ready=False)
        await self.change(shop)
        await shop.settle()
        assert set(where(shop)) == {"pi-1", "pi-2"}

    async def test_with_surge(self, shop: Workshop) -> None:
        """DaemonSet, maxSurge: the new pod is available before the old one goes."""
        rolling = {"maxSurge": 1, "maxUnavailable": 0}
        await daemon_set(shop, updateStrategy={"rollingUpdate": rolling})
        await rest(shop)
        await self.change(shop)
        await shop.settle()
        assert len(shop.pods()) == 4
        assert sum(pod.spec.containers[0].image == "nginx:1" for pod in shop.pods()) == 3
        await rest(shop)
        assert where(shop) == {"pi-1": "2", "pi-2": "2", "pi-3": "2"}
        assert len(shop.pods()) == 3

    @pytest.mark.parametrize("surge", [1, 0])
    async def test_of_two_that_are_too_much_the_ready_one_stays(self, shop: Workshop, surge: int) -> None:
        """Another template, or no surge any more, in the middle of an update: what serves goes last."""
        rolling = {"maxSurge": 1, "maxUnavailable": 0}
        await daemon_set(shop, updateStrategy={"rollingUpdate": rolling})
        await rest(shop)
        await self.change(shop)
        await shop.settle()
        [new] = [pod for pod in shop.pods() if pod.spec.containers[0].image == "nginx:2"]
        [old] = [pod for pod in shop.pods() if target(pod) == target(new) and pod != new]
        await shop.report(old, ready=False)
        await shop.report(new)
        rolling = {"maxSurge": surge, "maxUnavailable": 1 - surge}
        spec = {"template": template("nginx:3"), "updateStrategy": {"rollingUpdate": rolling}}
        await shop.patch(DAEMON_SETS, "web", spec=spec)
        await shop.reconciler("daemon-set").reconcile(Key("default", "web"))
        left = {pod.metadata.name for pod in shop.pods()}
        assert (new.metadata.name in left, old.metadata.name in left) == (True, False)

    async def test_on_delete(self, shop: Workshop) -> None:
        """DaemonSet, OnDelete: new pods come only where somebody deletes the old ones."""
        await daemon_set(shop, updateStrategy={"type": "OnDelete"})
        await rest(shop)
        await self.change(shop)
        await rest(shop)
        assert set(where(shop).values()) == {"1"}
        [pod] = [pod for pod in shop.pods() if target(pod) == "pi-2"]
        await shop.kill(pod)
        await rest(shop)
        assert where(shop) == {"pi-1": "1", "pi-2": "2", "pi-3": "1"}

    async def test_revisions(self, shop: Workshop) -> None:
        """Each template is a ControllerRevision; going back gives the old one the highest number."""
        await daemon_set(shop)
        await rest(shop)
        await self.change(shop)
        await rest(shop)
        first, second = sorted(shop.all(CONTROLLER_REVISIONS), key=lambda r: r.revision)
        assert (first.revision, second.revision) == (1, 2)
        assert first.data["spec"]["template"]["$patch"] == "replace"
        assert first.metadata.labels["app"] == "web"
        assert first.metadata.name == f"web-{first.metadata.labels[HASH]}"
        await shop.patch(DAEMON_SETS, "web", spec={"template": template("nginx:1")})
        await rest(shop)
        assert shop.get(CONTROLLER_REVISIONS, first.metadata.name).revision == 3
        assert {pod.metadata.labels[HASH] for pod in shop.pods()} == {first.metadata.labels[HASH]}

    async def test_generations_of_the_template(self, shop: Workshop) -> None:
        """Pods and revisions say which template they are of; going back is a change like any other."""
        await daemon_set(shop)
        for image, generation in (("nginx:1", "1"), ("nginx:2", "2"), ("nginx:1", "3")):
            await self.change(shop, image)
            await rest(shop)
            assert shop.get(DAEMON_SETS, "web").metadata.annotations == {GENERATION: generation}
            assert {pod.metadata.labels["pod-template-generation"] for pod in shop.pods()} == {generation}
        noted = [r.metadata.annotations[GENERATION] for r in shop.all(CONTROLLER_REVISIONS)]
        assert sorted(noted) == ["1", "2"]

    async def test_the_history_is_kept_short(self, shop: Workshop) -> None:
        """DaemonSet, revisionHistoryLimit: so many old revisions, and always those that pods are of."""
        await daemon_set(shop, revisionHistoryLimit=1)
        for version in range(1, 5):
            await self.change(shop, f"nginx:{version}")
            await rest(shop)
        assert sorted(r.revision for r in shop.all(CONTROLLER_REVISIONS)) == [3, 4]

    async def test_collisions(self, shop: Workshop) -> None:
        """A revision's name that something else has leads to another name, and is counted."""
        await daemon_set(shop)
        await shop.settle()
        [revision] = shop.all(CONTROLLER_REVISIONS)
        assert revision.metadata.name == f"web-{revision.metadata.labels[HASH]}"
        taken = revision.metadata.name
        await shop.registry.delete(DAEMON_SETS, "default", "web")
        await shop.registry.delete(CONTROLLER_REVISIONS, "default", taken)
        await shop.create(CONTROLLER_REVISIONS, taken, data={}, revision=1)
        await daemon_set(shop)
        await rest(shop)
        made = shop.get(DAEMON_SETS, "web")
        assert made.status.collisionCount == 1
        assert len(shop.registry.owned(PODS, made.metadata.uid)) == 3


class TestAutoRollback:
    ASKED: ClassVar = {"edgeorch.io/auto-rollback": "true", "edgeorch.io/progress-deadline-seconds": "60"}
    STUCK = "nginx:broken"

    async def begin(self, shop: Workshop, annotations: dict[str, str] = ASKED, **spec: Any) -> None:
        """Have the first template running everywhere."""
        await shop.create(DAEMON_SETS, "web", metadata={"annotations": annotations}, spec=workload(**spec))
        await rest(shop)

    async def change(self, shop: Workshop, image: str) -> None:
        await shop.patch(DAEMON_SETS, "web", spec={"template": template(image)})

    async def work(self, shop: Workshop) -> None:
        """Let everything work until nothing is left to do; only pods of good images get ready."""
        for _ in range(20):
            await shop.settle()
            await end_pods(shop)
            await schedule(shop)
            for pod in shop.pods():
                if pod.spec.containers[0].image != self.STUCK:
                    await shop.report(pod)

    async def fail(self, shop: Workshop, seconds: float = 61) -> None:
        """Roll a broken template out, and let its deadline pass."""
        await self.change(shop, self.STUCK)
        await self.work(shop)
        shop.advance(seconds)
        await self.work(shop)

    def image(self, shop: Workshop) -> str:
        """Give the image of the present template."""
        found: str = shop.get(DAEMON_SETS, "web").spec.template.spec.containers[0].image
        return found

    def conditions(self, shop: Workshop) -> dict[str, tuple[str, str]]:
        found = shop.get(DAEMON_SETS, "web").status.conditions
        return {condition.type: (condition.status, condition.reason) for condition in found}

    async def test_it_returns_to_what_was_complete(self, shop: Workshop) -> None:
        """Past its deadline the DaemonSet has the last template that worked, and says why."""
        await self.begin(shop)
        assert self.conditions(shop) == {"Progressing": ("True", "RolloutComplete")}
        await self.fail(shop)
        good, failed = sorted(shop.all(CONTROLLER_REVISIONS), key=lambda r: -r.revision)
        assert where(shop) == {"pi-1": "1", "pi-2": "1", "pi-3": "1"}
        assert (good.revision, failed.revision) == (3, 2)
        [told] = [message for reason, message in shop.events("web") if reason == "DaemonSetRollback"]
        assert told == (
            'Rolled back daemon set "web" to revision 1: '
            f'ControllerRevision "{failed.metadata.name}" has timed out progressing.'
        )
        assert self.conditions(shop) == {
            "Progressing": ("True", "RolloutComplete"),
            "RolledBack": ("True", "ProgressDeadlineExceeded"),
        }
        status: DaemonSetStatus = shop.get(DAEMON_SETS, "web").status
        condition = find(status.conditions, "RolledBack")
        assert condition is not None
        assert condition.message == (
            f'ControllerRevision "{failed.metadata.name}" has timed out progressing; '
            f'returned to ControllerRevision "{good.metadata.name}".'
        )

    async def test_not_before_its_deadline(self, shop: Workshop) -> None:
        """It is looked at again when the deadline is due, which is 600 s unless another is asked for."""
        await self.begin(shop, {"edgeorch.io/auto-rollback": "true"})
        await self.fail(shop, 590)
        assert self.image(shop) == self.STUCK
        result = await shop.reconciler("daemon-set").reconcile(Key("default", "web"))
        assert result.requeue_after == 11
        shop.advance(11)
        await self.work(shop)
        assert self.image(shop) == "nginx:1"

    async def test_each_step_gives_it_new_time(self, shop: Workshop) -> None:
        """The deadline is one for progress, not for the whole rollout."""
        await self.begin(shop)
        await self.change(shop, "nginx:2")
        for _ in range(3):
            await shop.settle()
            await end_pods(shop)
            await shop.settle()
            await schedule(shop)
            shop.advance(50)
            await shop.settle()
            await shop.all_ready()
        await self.work(shop)
        assert where(shop) == {"pi-1": "2", "pi-2": "2", "pi-3": "2"}
        assert self.conditions(shop) == {"Progressing": ("True", "RolloutComplete")}

    async def test_the_server_stops_in_between(self, shop: Workshop) -> None:
        """What it needs to know is stored: a server that comes back goes on where it was."""
        await self.begin(shop)
        await self.change(shop, self.STUCK)
        await self.work(shop)
        shop.advance(59)
        shop.restart()
        await self.work(shop)
        assert self.image(shop) == self.STUCK
        shop.restart()
        shop.advance(2)
        await self.work(shop)
        assert where(shop) == {"pi-1": "1", "pi-2": "1", "pi-3": "1"}

    async def test_boards_that_are_away_are_not_the_template_s_fault(self, shop: Workshop) -> None:
        """A rollout that waits for nothing but boards nobody hears of does not miss its deadline."""
        await self.begin(shop)
        await self.lose(shop, "pi-1")
        await self.change(shop, "nginx:2")
        await shop.settle()
        shop.advance(24 * 3600)
        await shop.settle()
        assert self.image(shop) == "nginx:2"
        assert self.conditions(shop) == {"Progressing": ("Unknown", "WaitingForNodes")}
        await shop.patch_node("pi-1", {"spec": {"taints": []}})
        await self.work(shop)
        assert where(shop) == {"pi-1": "2", "pi-2": "2", "pi-3": "2"}

    async def lose(self, shop: Workshop, node: str) -> None:
        """Hear no more of a node: it is tainted, and its pods are no longer ready."""
        taints = [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]
        await shop.patch_node(node, {"spec": {"taints": taints}})
        [pod] = [pod for pod in shop.pods() if target(pod) == node]
        await shop.report(pod, ready=False)

    async def test_the_same_mistake_again(self, shop: Workshop) -> None:
        """Applied again, the broken template fails and is taken back again; a good one ends the condition."""
        await self.begin(shop)
        for _ in range(2):
            await self.fail(shop)
            assert set(where(shop).values()) == {"1"}
        await self.change(shop, "nginx:2")
        await self.work(shop)
        assert set(where(shop).values()) == {"2"}
        assert self.conditions(shop) == {"Progressing": ("True", "RolloutComplete")}

    async def test_asked_for_with_the_broken_template(self, shop: Workshop) -> None:
        """Nothing was noted before; pods that still work tell where to go back to."""
        await self.begin(shop, {})
        assert self.conditions(shop) == {}
        await shop.patch(DAEMON_SETS, "web", metadata={"annotations": self.ASKED})
        await self.fail(shop)
        assert set(where(shop).values()) == {"1"}

    async def test_without_room_for_history(self, shop: Workshop) -> None:
        """What a rollout may have to go back to stays until it is complete."""
        await self.begin(shop, revisionHistoryLimit=0, updateStrategy={"rollingUpdate": {"maxUnavailable": 3}})
        await self.fail(shop)
        assert set(where(shop).values()) == {"1"}

    @pytest.mark.parametrize(
        ("annotations", "spec"),
        [
            pytest.param({}, {}, id="nobody asked"),
            pytest.param(ASKED, {"updateStrategy": {"type": "OnDelete"}}, id="OnDelete: people roll out"),
        ],
    )
    async def test_left_alone(self, shop: Workshop, annotations: dict[str, str], spec: dict[str, Any]) -> None:
        """A failed rollout stays as it is, as in Kubernetes, and no condition tells of it."""
        await self.begin(shop, annotations, **spec)
        await self.fail(shop)
        assert self.image(shop) == self.STUCK
        assert self.conditions(shop) == {}

    async def test_nothing_to_go_back_to(self, shop: Workshop) -> None:
        """A first template that fails stays, and the controller comes to rest."""
        spec = workload(image=self.STUCK)
        await shop.create(DAEMON_SETS, "web", metadata={"annotations": self.ASKED}, spec=spec)
        await self.work(shop)
        async with shop.running():
            await asyncio.sleep(120)
            before = shop.store.revision
            await asyncio.sleep(24 * 3600)
            assert shop.store.revision == before
        assert self.conditions(shop) == {"Progressing": ("False", "ProgressDeadlineExceeded")}

    async def test_by_itself(self, shop: Workshop) -> None:
        """The controller wakes when the deadline is due, without anything happening in the cluster."""
        await self.begin(shop)
        await self.change(shop, self.STUCK)
        await self.work(shop)
        async with shop.running():
            await asyncio.sleep(65)
        assert self.image(shop) == "nginx:1"


@pytest.mark.parametrize("text", ["", "soon", "0", "-5", "1.5", "\u0663"])
def test_a_deadline_that_is_none(text: str) -> None:
    """What cannot be understood counts for nothing: the default holds."""
    owner = DaemonSet.from_dict({"metadata": {"annotations": {DEADLINE: text}}, "spec": workload()})
    assert deadline_of(owner) == 600


def test_hashes_are_short_and_differ() -> None:
    """A collision count makes another hash of the same bytes."""
    assert safe_hash(b"x", None) == safe_hash(b"x", None)
    assert len({safe_hash(b"x", None), safe_hash(b"x", 0), safe_hash(b"x", 1), safe_hash(b"y", None)}) == 4


async def test_an_idle_daemon_set_writes_nothing(shop: Workshop) -> None:
    """A cluster at rest stays at rest, also with a node that refuses its pod."""
    await daemon_set(shop)
    async with shop.running():
        await asyncio.sleep(1)
        await schedule(shop)
        await shop.all_ready()
        await asyncio.sleep(10)
        before = shop.store.revision
        await shop.create(CONFIG_MAPS, "unrelated")
        await asyncio.sleep(24 * 3600)
        assert shop.store.revision == before + 1
