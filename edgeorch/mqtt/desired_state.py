"""What an agent holds of its desired state, and how that always converges on what the server wants.

A message on ``nodes/{node}/desired/{resource}/{namespace}/{name}`` is the object as JSON, with its version in
the MQTT user property ``version``. The *version* is what digest and sync count. It changes when what the agent
should do changes, which is less often than ``resourceVersion`` does: every report of a pod's status changes
that. The *revision*, ``metadata.resourceVersion`` as a number, tells older messages from newer ones, whichever
the version. An empty message takes the object back; its property says as of which revision.

Messages may be lost, repeated, late or out of order. :class:`HeldState` never goes back to an older revision of
an object, and never takes back a pod that it has been told to drop. What is missed all the same shows in the
digest, and the sync handshake repairs it: the agent says what it holds (:meth:`HeldState.sync`), the server
publishes again what is missing or different, then answers what to drop, with the digest that must result
(:meth:`HeldState.synced`).

Pure: no I/O, no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from edgeorch.mqtt.digest import Digest, object_key
from edgeorch.mqtt.messages import Sync, Synced, load_object
from edgeorch.mqtt.topics import DesiredTopic

VERSION_PROPERTY = "version"
PODS = "pods"
"""Pods are the one resource whose objects never come back: each has a uid of its own."""
MAX_TOMBSTONES = 1024
_REVISION = re.compile(r"[0-9]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class HeldObject:
    """One object as the server wants it."""

    resource: str
    namespace: str
    name: str
    uid: str
    version: str
    revision: int
    payload: bytes
    """The object's JSON, as it came."""

    @property
    def key(self) -> str:
        """``resource/namespace/name``."""
        return object_key(self.resource, self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class Change:
    """What a message changed: ``before`` is None for a new object, ``after`` for one to be dropped.

    When the uids differ, the object was deleted and another one of its name created.
    """

    before: HeldObject | None
    after: HeldObject | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handshake's answer brought."""

    changes: tuple[Change, ...]
    agreed: bool
    """Both sides hold the same now. Otherwise send another Sync, after a while: it will be believed."""


def read_desired(topic: DesiredTopic, payload: bytes, version: str = "") -> HeldObject:
    """Read one desired object.

    Raises ValueError for what is no object, or not the one its topic says. Without a version the
    resourceVersion stands for it.
    """
    meta = load_object(payload).get("metadata")
    if not isinstance(meta, dict):
        raise ValueError("object without metadata")  # noqa: TRY004 (one error type for bad payloads)
    if (meta.get("namespace") or "", meta.get("name")) != (topic.namespace, topic.name):
        raise ValueError(f"the object on {topic} is named {meta.get('namespace')}/{meta.get('name')}")
    uid, revision = meta.get("uid"), meta.get("resourceVersion")
    if not (isinstance(uid, str) and uid):
        raise ValueError(f"the object on {topic} has no uid")
    if not (isinstance(revision, str) and _REVISION.fullmatch(revision)):
        raise ValueError(f"the object on {topic} has no good resourceVersion")
    return HeldObject(
        topic.resource, topic.namespace, topic.name, uid, version or revision, int(revision), payload
    )


class HeldState:
    """The objects an agent holds, from its checkpoint and from messages. Iterates over them."""

    def __init__(self, objects: Iterable[HeldObject] = ()) -> None:
        self._objects: dict[str, HeldObject] = {}
        self._digest = Digest()
        self._tombstones: dict[str, tuple[str, int]] = {}  # key -> uid, revision; oldest first
        self.stale = 0
        """Messages that were ignored because something newer is known."""
        for held in objects:
            self._put(held)

    def __iter__(self) -> Iterator[HeldObject]:
        return iter(tuple(self._objects.values()))

    def __len__(self) -> int:
        return len(self._objects)

    def get(self, resource: str, namespace: str, name: str) -> HeldObject | None:
        """Look an object up."""
        return self._objects.get(object_key(resource, namespace, name))

    @property
    def digest(self) -> str:
        """Fingerprint of everything held, for the heartbeat."""
        return str(self._digest)

    def apply(self, topic: DesiredTopic, payload: bytes, version: str = "") -> Change | None:
        """Take one message; None when it changes nothing. Raises ValueError for garbage."""
        key = object_key(topic.resource, topic.namespace, topic.name)
        before = self._objects.get(key)
        if not payload:
            return self._take_back(before, version)
        after = read_desired(topic, payload, version)
        if self._is_stale(key, after):
            self.stale += 1
            return None
        self._put(after)
        return None if before is not None and _same(before, after) else Change(before, after)

    def sync(self, session: str) -> Sync:
        """Say what is held, to open a handshake."""
        return Sync(session, {key: held.version for key, held in self._objects.items()})

    def synced(self, answer: Synced, session: str) -> Outcome | None:
        """Take the answer that ends a handshake; None when it is for another session.

        An object is dropped only in the version that was reported: a newer one came in meanwhile. When there
        is still no agreement, order is forgotten: the server's history may not be the one we know (a restored
        backup counts revisions anew), so what it publishes from now on counts, however old it looks.
        """
        if answer.session != session:
            return None
        changes = tuple(
            Change(self._drop(key), None)
            for key, version in answer.drop.items()
            if key in self._objects and self._objects[key].version == version
        )
        agreed = answer.digest == self.digest
        if not agreed:
            self._objects = {key: replace(held, revision=0) for key, held in self._objects.items()}
            self._tombstones.clear()
        return Outcome(changes, agreed)

    def _take_back(self, held: HeldObject | None, as_of: str) -> Change | None:
        if held is None:
            return None
        if _REVISION.fullmatch(as_of) and int(as_of) < held.revision:
            self.stale += 1  # about an earlier object of that name
            return None
        return Change(self._drop(held.key), None)

    def _is_stale(self, key: str, new: HeldObject) -> bool:
        held, dropped = self._objects.get(key), self._tombstones.get(key)
        if held is not None:
            return new.revision < held.revision
        if dropped is not None:
            uid, revision = dropped
            return (new.resource == PODS and new.uid == uid) or new.revision < revision
        return False

    def _put(self, new: HeldObject) -> None:
        old = self._objects.get(new.key)
        if old is not None:
            self._digest.toggle(old.key, old.version)
        self._objects[new.key] = new
        self._digest.toggle(new.key, new.version)
        self._tombstones.pop(new.key, None)

    def _drop(self, key: str) -> HeldObject:
        held = self._objects.pop(key)
        self._digest.toggle(key, held.version)
        self._tombstones[key] = (held.uid, held.revision)
        if len(self._tombstones) > MAX_TOMBSTONES:
            del self._tombstones[next(iter(self._tombstones))]
        return held


def _same(one: HeldObject, other: HeldObject) -> bool:
    return (one.uid, one.version) == (other.uid, other.version)
