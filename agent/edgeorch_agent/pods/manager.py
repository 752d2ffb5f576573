"""All pods of a node: takes in the desired state, keeps a worker per pod, adopts and removes what runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from edgeorch.api import meta
from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.pod import Pod, PodSpec
from edgeorch.api.core.pod_inputs import InputReference, inputs_of
from edgeorch.api.core.pod_status import PodStatus
from edgeorch_agent.pods.executor import Services
from edgeorch_agent.pods.model import DesiredPod
from edgeorch_agent.pods.resolve.inputs import Inputs, fingerprint
from edgeorch_agent.pods.worker import PodWorker, StatusSink
from edgeorch_agent.runtime.base import RuntimeFault, SandboxInfo

logger = logging.getLogger(__name__)

RELIST_SECONDS = 60.0
"""How often what runs is compared with what should, in case the event stream missed something."""

STREAM_RETRY = 1.0
"""Seconds until the runtime's event stream is opened again."""

_UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""A uid names folders: anything else is refused."""

Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the desired state: an object that is new or newer, or None for one that is gone."""

    resource: str
    """``pods``, ``configmaps`` or ``secrets``."""
    namespace: str
    name: str
    object: Pod | ConfigMap | Secret | None


@dataclass(slots=True)
class _Entry:
    """One pod uid that is or was desired, or was found running."""

    worker: PodWorker
    desired: DesiredPod
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Held:
    """The desired state as it was told last."""

    pods: dict[Key, Pod] = field(default_factory=dict)
    config_maps: dict[Key, ConfigMap] = field(default_factory=dict)
    secrets: dict[Key, Secret] = field(default_factory=dict)


class PodManager:
    """The pods of one node; :meth:`run` is its task.

    :meth:`set_desired` and :meth:`apply` may be called at any time from the event loop, before :meth:`run` too.
    Until the first :meth:`set_desired` (from a sync with the server, or from the checkpoint) nothing that runs
    is taken for an orphan.
    """

    def __init__(self, services: Services, sink: StatusSink, *, relist: float = RELIST_SECONDS) -> None:
        self._services = services
        self._sink = sink
        self._relist = relist
        self._held = _Held()
        self._users: dict[tuple[str, InputReference], set[str]] = {}
        self._entries: dict[str, _Entry] = {}
        self._complete = False
        self._look = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None

    # The desired state

    def set_desired(
        self, pods: Iterable[Pod], config_maps: Iterable[ConfigMap], secrets: Iterable[Secret]
    ) -> None:
        """Take over a complete desired state; what is not in it is stopped and removed."""
        held = _Held(
            {_key(p.metadata): p for p in pods},
            {_key(c.metadata): c for c in config_maps},
            {_key(s.metadata): s for s in secrets},
        )
        dropped = [pod for key, pod in self._held.pods.items() if key not in held.pods]
        self._held = held
        self._complete = True
        for pod in dropped:
            self._drop(pod)
        for pod in held.pods.values():
            self._assign(pod)
        self._look.set()

    def apply(self, *changes: Change) -> None:
        """Take over some changes; ConfigMaps and Secrets before the pods that use them spare a wait."""
        for change in changes:
            key = (change.namespace, change.name)
            match change.object:
                case Pod() as pod:
                    before = self._held.pods.get(key)
                    self._held.pods[key] = pod
                    if before is not None and before.metadata.uid != pod.metadata.uid:
                        self._drop(before)
                    self._assign(pod)
                case ConfigMap() as config_map:
                    self._held.config_maps[key] = config_map
                    self._inputs_changed(change)
                case Secret() as secret:
                    self._held.secrets[key] = secret
                    self._inputs_changed(change)
                case None:
                    self._remove(change, key)

    def _remove(self, change: Change, key: Key) -> None:
        match change.resource:
            case "pods":
                if (pod := self._held.pods.pop(key, None)) is not None:
                    self._drop(pod)
            case "configmaps":
                self._held.config_maps.pop(key, None)
                self._inputs_changed(change)
            case "secrets":
                self._held.secrets.pop(key, None)
                self._inputs_changed(change)

    def _inputs_changed(self, change: Change) -> None:
        users = self._users.get((change.namespace, (change.resource, change.name)), ())
        for uid in list(users):
            entry = self._entries.get(uid)
            if entry is not None and not entry.desired.dropped:
                self._assign(entry.desired.pod)

    def _inputs(self, pod: Pod) -> Inputs:
        wanted = inputs_of(pod.spec)
        namespace = pod.metadata.namespace
        maps, secrets = self._held.config_maps, self._held.secrets
        return Inputs(
            {n: maps[namespace, n] for kind, n in wanted if kind == "configmaps" and (namespace, n) in maps},
            {n: secrets[namespace, n] for kind, n in wanted if kind == "secrets" and (namespace, n) in secrets},
        )

    def _assign(self, pod: Pod) -> None:
        """Give a pod to its worker, a new one if need be; nothing happens when nothing has changed."""
        uid = pod.metadata.uid
        if not _UID.fullmatch(uid):
            logger.error(
                "refusing a pod with an unusable uid: %s/%s", pod.metadata.namespace, pod.metadata.name
            )
            return
        inputs = self._inputs(pod)
        desired = DesiredPod(pod, inputs=fingerprint(pod, inputs))
        for reference in inputs_of(pod.spec):
            self._users.setdefault((pod.metadata.namespace, reference), set()).add(uid)
        entry = self._entries.get(uid)
        if entry is not None and entry.desired == desired:
            return
        self._give(desired, inputs)

    def _drop(self, pod: Pod) -> None:
        """Stop what is left of a pod that the server no longer knows, and take its status back."""
        uid = pod.metadata.uid
        entry = self._entries.get(uid)
        if entry is None:
            return
        if entry.worker.gone:
            self._forget(uid)
        else:
            self._give(DesiredPod(pod, dropped=True, inputs=entry.desired.inputs), self._inputs(pod))

    def _give(self, desired: DesiredPod, inputs: Inputs) -> None:
        entry = self._entries.get(desired.uid)
        if entry is None:
            worker = PodWorker(desired.uid, self._services, self._sink)
            entry = self._entries[desired.uid] = _Entry(worker, desired)
        entry.desired = desired
        entry.worker.assign(desired, inputs)
        self._start(entry)

    def _start(self, entry: _Entry) -> None:
        if self._group is not None and entry.task is None:
            uid = entry.worker.uid
            entry.task = self._group.create_task(entry.worker.run(), name=f"pod {uid}")
            entry.task.add_done_callback(lambda _: self._ended(uid))

    def _ended(self, uid: str) -> None:
        """Forget a dropped pod at once; a deleted one is kept until the server lets go of it."""
        entry = self._entries.get(uid)
        if entry is not None and entry.worker.gone and entry.desired.dropped:
            self._forget(uid)

    def _forget(self, uid: str) -> None:
        entry = self._entries.pop(uid)
        namespace = entry.desired.pod.metadata.namespace
        for reference in inputs_of(entry.desired.pod.spec):
            users = self._users.get((namespace, reference), set())
            users.discard(uid)
            if not users:
                self._users.pop((namespace, reference), None)
        self._sink.forget(uid)

    # What others ask

    def find(self, namespace: str, name: str) -> Pod | None:
        """Find a desired pod."""
        return self._held.pods.get((namespace, name))

    def status(self, uid: str) -> PodStatus | None:
        """Give the status that was reported last of a pod."""
        entry = self._entries.get(uid)
        return entry.worker.status if entry else None

    @property
    def pods(self) -> tuple[Pod, ...]:
        """All desired pods."""
        return tuple(self._held.pods.values())

    def wake_all(self) -> None:
        """Let all workers look at their pods, for instance because the node's facts have changed."""
        for entry in self._entries.values():
            entry.worker.wake()

    # Running

    async def run(self) -> None:
        """Work until cancelled; containers go on running afterwards."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for entry in list(self._entries.values()):
                    self._start(entry)
                group.create_task(self._watch(), name="runtime events")
                group.create_task(self._repair(), name="relist")
        finally:
            self._group = None
            for entry in self._entries.values():
                entry.task = None

    async def _watch(self) -> None:
        """Wake the worker of each pod that something happened to; look at all after a gap."""
        loop = asyncio.get_running_loop()
        complaint = ""
        while True:
            try:
                await self._services.runtime.info()
                if complaint:
                    complaint = ""
                    self.wake_all()
                # What happens between a worker's look and the opening of the stream is seen by a second look.
                loop.call_later(STREAM_RETRY, self.wake_all)
                async for event in self._services.runtime.events():
                    if (entry := self._entries.get(event.uid)) is not None:
                        entry.worker.wake()
            except RuntimeFault as exc:
                if str(exc) != complaint:  # said once, not once a second
                    complaint = str(exc)
                    logger.warning("no runtime events: %s", exc)
            except Exception:
                logger.exception("runtime events failed")
            await asyncio.sleep(STREAM_RETRY)

    async def _repair(self) -> None:
        """Compare what runs with what should, now and then."""
        while True:
            self._look.clear()
            try:
                await self._remove_orphans()
            except RuntimeFault as exc:
                logger.warning("cannot list pods: %s", exc)
            except Exception:
                logger.exception("relist failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._relist):
                    await self._look.wait()
                    continue
            self.wake_all()

    async def _remove_orphans(self) -> None:
        """Remove what is ours and was not asked for, once the whole desired state is known."""
        sandboxes = await self._services.runtime.list()
        stored = await self._services.offload(self._services.volumes.pods)
        if not self._complete:
            return
        for sandbox in sandboxes:
            if sandbox.uid not in self._entries:
                logger.info("removing pod %s/%s, which nobody asked for", sandbox.namespace, sandbox.name)
                self._give(_orphan(sandbox), Inputs())
        for uid in stored - self._entries.keys():
            await self._services.offload(self._services.volumes.tear_down, uid)


def _orphan(sandbox: SandboxInfo) -> DesiredPod:
    """Make up the pod that a sandbox belongs to, so that it ends like any other."""
    identity = meta.ObjectMeta(name=sandbox.name, namespace=sandbox.namespace, uid=sandbox.uid)
    return DesiredPod(Pod(metadata=identity, spec=PodSpec()), dropped=True)


def _key(metadata: meta.ObjectMeta) -> Key:
    return metadata.namespace, metadata.name
