"""What the scheduler hears of nodes, pods, claims and namespaces, taken into its picture and the queue."""

from __future__ import annotations

import asyncio

from edgeorch.api.core.persistent_volume_claim import PersistentVolumeClaim
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import NAMESPACES, NODES, PERSISTENT_VOLUME_CLAIMS, PODS
from edgeorch_server.registry.base import Reader
from edgeorch_server.registry.follow import Listed, follow
from edgeorch_server.scheduler.claims import ClaimFacts
from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Helps
from edgeorch_server.scheduler.hints import Hints
from edgeorch_server.scheduler.known_architectures import KnownArchitectures
from edgeorch_server.scheduler.node_info import NodeFacts
from edgeorch_server.scheduler.queue import SchedulingQueue
from edgeorch_server.scheduler.shape import PodInfo, Shapes
from edgeorch_server.store.base import EventType

_ENDED = frozenset({"Succeeded", "Failed"})


class News:
    """Keeps cluster and queue up to date."""

    def __init__(
        self,
        reader: Reader,
        cluster: Cluster,
        queue: SchedulingQueue,
        hints: Hints,
        *,
        scheduler_name: str,
        images: KnownArchitectures,
    ) -> None:
        self._reader = reader
        self._cluster = cluster
        self._queue = queue
        self._hints = hints
        self._scheduler_name = scheduler_name
        self._images = images
        self._shapes = Shapes()
        self._nodes_known = asyncio.Event()
        self._pods_known = asyncio.Event()
        self._namespaces_known = asyncio.Event()
        self._claims_known = asyncio.Event()

    def start(self, group: asyncio.TaskGroup) -> None:
        """Begin to follow everything."""
        group.create_task(self._follow_nodes(), name="scheduler-nodes")
        group.create_task(self._follow_pods(), name="scheduler-pods")
        group.create_task(self._follow_namespaces(), name="scheduler-namespaces")
        group.create_task(self._follow_claims(), name="scheduler-claims")

    async def complete(self) -> None:
        """Wait until everything is known that exists."""
        for known in (self._nodes_known, self._pods_known, self._namespaces_known, self._claims_known):
            await known.wait()

    def happened(self, event: Helps, node: str | None = None) -> None:
        """Wake the pods whom an event helps."""
        self._queue.wake(self._hints.after(event, node))

    async def _follow_nodes(self) -> None:
        async for news in follow(self._reader, NODES):
            if isinstance(news, Listed):
                for name in set(self._cluster.nodes) - {node.metadata.name for node in news.objects}:
                    self._remove_node(name)
                for node in news.objects:
                    self._set_node(NodeFacts.of(node))
                self._nodes_known.set()
            elif news.type is EventType.DELETED:
                self._remove_node(news.object.metadata.name)
            else:
                self._set_node(NodeFacts.of(news.object))

    def _set_node(self, facts: NodeFacts) -> None:
        if self._cluster.set_node(facts) != facts:
            self.happened(Helps.NODE, facts.name)

    def _remove_node(self, name: str) -> None:
        """Take a node out: spread over fewer places, pods may be even again."""
        self._cluster.remove_node(name)
        self.happened(Helps.POD_GONE)

    async def _follow_namespaces(self) -> None:
        async for news in follow(self._reader, NAMESPACES):
            if isinstance(news, Listed):
                for name in set(self._cluster.namespaces) - {n.metadata.name for n in news.objects}:
                    self._cluster.remove_namespace(name)
                for namespace in news.objects:
                    self._cluster.set_namespace(namespace.metadata.name, namespace.metadata.labels)
                self._namespaces_known.set()
            elif news.type is EventType.DELETED:
                self._cluster.remove_namespace(news.object.metadata.name)
            else:
                self._cluster.set_namespace(news.object.metadata.name, news.object.metadata.labels)
            self.happened(Helps.NAMESPACE)

    async def _follow_claims(self) -> None:
        async for news in follow(self._reader, PERSISTENT_VOLUME_CLAIMS):
            if isinstance(news, Listed):
                listed = {(claim.metadata.namespace, claim.metadata.name) for claim in news.objects}
                for gone in set(self._cluster.claims) - listed:
                    self._cluster.remove_claim(*gone)
                for claim in news.objects:
                    self._set_claim(claim)
                self._claims_known.set()
            elif news.type is EventType.DELETED:
                self._cluster.remove_claim(news.object.metadata.namespace, news.object.metadata.name)
                self.happened(Helps.CLAIM)
            else:
                self._set_claim(news.object)

    def _set_claim(self, claim: PersistentVolumeClaim) -> None:
        meta = claim.metadata
        if self._cluster.set_claim(meta.namespace, meta.name, ClaimFacts.of(claim)):
            self.happened(Helps.CLAIM)

    async def _follow_pods(self) -> None:
        async for news in follow(self._reader, PODS):
            if isinstance(news, Listed):
                listed = {pod.metadata.uid for pod in news.objects}
                for uid in self._cluster.placed() - listed:
                    self.gone(uid)
                for pod in news.objects:
                    self._heard(pod)
                self._pods_known.set()
            elif news.type is EventType.DELETED:
                self.gone(news.object.metadata.uid)
            else:
                self._heard(news.object)

    def gone(self, uid: str) -> None:
        """Forget a pod: nothing of it runs, it reserves nothing any more."""
        self._queue.remove(uid)
        node = self._cluster.where(uid) or self._cluster.withdraw(uid)
        if node is not None:
            self._cluster.remove_pod(uid)
            self.happened(Helps.POD_GONE, node)

    def _heard(self, pod: Pod) -> None:
        uid, node = pod.metadata.uid, pod.spec.nodeName
        if pod.status.phase in _ENDED:
            self.gone(uid)
        elif node:
            waited = self._queue.remove(uid)
            # One that we placed counts since then, but that it really came is news.
            if self._cluster.place(self._shapes.info(pod), node) or waited:
                self.happened(Helps.POD_CAME, node)
            self._learn(pod, node)
        elif pod.metadata.deletionTimestamp or not self._is_ours(pod) or pod.spec.schedulingGates:
            self.gone(uid)
        elif self._cluster.where(uid) is None:  # else a binding is under way
            self._wait(self._shapes.info(pod))

    def _learn(self, pod: Pod, name: str) -> None:
        """See whether a pod's images run on the board it is on."""
        node = self._cluster.nodes.get(name)
        if node is not None and self._images.learn(pod, node.facts.architecture):
            self.images_changed()

    def images_changed(self) -> None:
        """Take note that other things are known of images than before."""
        self._cluster.touch()
        self.happened(Helps.KNOWLEDGE)

    def _wait(self, info: PodInfo) -> None:
        """Have a pod scheduled; what an earlier run of the scheduler promised it still holds."""
        if info.nominated and self._cluster.nominated(info.uid) is None:
            self._cluster.nominate(info, info.nominated)
        self._queue.put(info)

    def _is_ours(self, pod: Pod) -> bool:
        return pod.spec.schedulerName == self._scheduler_name
