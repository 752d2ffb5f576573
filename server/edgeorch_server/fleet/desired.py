"""Which objects each node needs: its pods, and the ConfigMaps and Secrets that those refer to.

Pure. A pod is needed on the node it is bound to until its object is gone, so also while it is being deleted:
the agent must know to end it in good order. A Secret is needed nowhere but where a pod refers to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_inputs import inputs_of
from edgeorch.api.core.resources import PODS
from edgeorch.mqtt.digest import Digest, object_key


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """Names one object that nodes can need."""

    resource: str
    namespace: str
    name: str

    @property
    def key(self) -> str:
        """``resource/namespace/name``, as in digests and sync messages."""
        return object_key(self.resource, self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class BoundPod:
    """What the index keeps of a pod."""

    uid: str
    ref: Ref
    node: str
    revision: int
    version: str
    needs: frozenset[Ref]


@dataclass(frozen=True, slots=True, order=True)
class Touched:
    """An object that a node needs now, needs in another version, or needs no longer."""

    node: str
    ref: Ref


def needs_of(pod: Pod) -> frozenset[Ref]:
    """Name the ConfigMaps and Secrets that a pod reads."""
    return frozenset(Ref(kind, pod.metadata.namespace, name) for kind, name in inputs_of(pod.spec))


class _NodeNeeds:
    """One node's objects and their digest."""

    def __init__(self) -> None:
        self.versions: dict[Ref, str] = {}
        self.digest = Digest()

    def set(self, ref: Ref, version: str | None) -> bool:
        """Record what is needed now (None: no longer); True when that is new."""
        old = self.versions.get(ref)
        if old == version:
            return False
        if old is not None:
            self.digest.toggle(ref.key, old)
            del self.versions[ref]
        if version is not None:
            self.digest.toggle(ref.key, version)
            self.versions[ref] = version
        return True


class DesiredIndex:
    """Keeps, change by change, what each node needs. Older revisions than the known one are ignored.

    Invariant: a node's versions are those of the pods bound to it, and of every existing ConfigMap and Secret
    that one of these refers to.
    """

    def __init__(self) -> None:
        self._pods: dict[Ref, BoundPod] = {}
        self._by_uid: dict[str, BoundPod] = {}
        self._configs: dict[Ref, int] = {}
        self._users: dict[Ref, Counter[str]] = {}  # how many pods of which node refer to a config
        self._nodes: dict[str, _NodeNeeds] = {}
        self.revision = 0
        """The newest revision that the index knows of."""

    def pod(self, uid: str) -> BoundPod | None:
        """Find a bound pod."""
        return self._by_uid.get(uid)

    def nodes(self) -> Iterator[str]:
        """Give the nodes that need anything."""
        return (name for name, needs in self._nodes.items() if needs.versions)

    def versions(self, node: str) -> Mapping[Ref, str]:
        """Give everything a node needs."""
        needs = self._nodes.get(node)
        return needs.versions if needs is not None else {}

    def digest(self, node: str) -> str:
        """Give the digest of everything a node needs."""
        needs = self._nodes.get(node)
        return str(needs.digest if needs is not None else Digest())

    def set_pod(self, pod: BoundPod) -> list[Touched]:
        """Take a bound pod, new or changed."""
        self.revision = max(self.revision, pod.revision)
        old = self._pods.get(pod.ref)
        if old is not None and old.revision > pod.revision:
            return []
        return self._replace(old, pod)

    def remove_pod(self, ref: Ref, revision: int) -> list[Touched]:
        """Forget a pod that was deleted with this revision."""
        self.revision = max(self.revision, revision)
        old = self._pods.get(ref)
        if old is None or old.revision > revision:
            return []
        return self._replace(old, None)

    def replace_pods(self, pods: Iterable[BoundPod]) -> list[Touched]:
        """Take a complete list: what is not in it is gone."""
        listed = {pod.ref: pod for pod in pods}
        touched = []
        for ref in [ref for ref in self._pods if ref not in listed]:
            touched += self._replace(self._pods[ref], None)
        for pod in listed.values():
            touched += self.set_pod(pod)
        return touched

    def set_config(self, ref: Ref, revision: int) -> list[Touched]:
        """Take a ConfigMap or Secret, new or changed."""
        self.revision = max(self.revision, revision)
        if self._configs.get(ref, 0) > revision:
            return []
        self._configs[ref] = revision
        return self._settle((node, ref) for node in self._users.get(ref, ()))

    def remove_config(self, ref: Ref, revision: int) -> list[Touched]:
        """Forget a ConfigMap or Secret that was deleted with this revision."""
        self.revision = max(self.revision, revision)
        if self._configs.get(ref, 0) > revision:
            return []
        self._configs.pop(ref, None)
        return self._settle((node, ref) for node in self._users.get(ref, ()))

    def replace_configs(self, resource: str, revisions: Mapping[Ref, int]) -> list[Touched]:
        """Take a complete list of one resource: what is not in it is gone."""
        touched = []
        for ref in [ref for ref in self._configs if ref.resource == resource and ref not in revisions]:
            touched += self.remove_config(ref, self._configs[ref])
        for ref, revision in revisions.items():
            touched += self.set_config(ref, revision)
        return touched

    def _replace(self, old: BoundPod | None, new: BoundPod | None) -> list[Touched]:
        places: set[tuple[str, Ref]] = set()
        if old is not None:
            places |= {(old.node, ref) for ref in (old.ref, *old.needs)}
            del self._pods[old.ref]
            del self._by_uid[old.uid]
            for ref in old.needs:
                self._count(ref, old.node, -1)
        if new is not None:
            places |= {(new.node, ref) for ref in (new.ref, *new.needs)}
            self._pods[new.ref] = self._by_uid[new.uid] = new
            for ref in new.needs:
                self._count(ref, new.node, 1)
        return self._settle(places)

    def _count(self, ref: Ref, node: str, change: int) -> None:
        users = self._users.setdefault(ref, Counter())
        users[node] += change
        if not users[node]:
            del users[node]
            if not users:
                del self._users[ref]

    def _settle(self, places: Iterable[tuple[str, Ref]]) -> list[Touched]:
        touched = []
        for node, ref in places:
            needs = self._nodes.setdefault(node, _NodeNeeds())
            if needs.set(ref, self._wanted(node, ref)):
                touched.append(Touched(node, ref))
            if not needs.versions:
                del self._nodes[node]
        return touched

    def _wanted(self, node: str, ref: Ref) -> str | None:
        if ref.resource == PODS.key:
            pod = self._pods.get(ref)
            return pod.version if pod is not None and pod.node == node else None
        used = ref in self._users and node in self._users[ref]
        return str(self._configs[ref]) if used and ref in self._configs else None
