"""What the garbage collector makes of one object: the decisions, without the doing.

The rules are those of Kubernetes, "Garbage Collection" and "Owners and Dependents", as its garbage collector
carries them out (``attemptToDeleteItem``).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from edgeorch_server.registry.deletion import FOREGROUND, ORPHAN


class Bond(enum.Enum):
    """What an owner reference is worth."""

    SOLID = "solid"
    """The owner exists, and does not wait for its dependents to go."""
    WAITING = "waiting"
    """The owner is being deleted in the foreground: it goes after this dependent."""
    GONE = "gone"
    """No object with this kind, name, uid and namespace exists."""
    UNKNOWN = "unknown"
    """Nobody can tell: the kind is not served, or lives in namespaces while the dependent does not."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Leave the object as it is."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Take these owner references (by uid) off the object; another owner holds it."""

    owners: frozenset[str]


@dataclass(frozen=True, slots=True)
class Collect:
    """Delete the object with this ``propagationPolicy``."""

    policy: str


Verdict = Keep | Cut | Collect
KEEP = Keep()


def judge(bonds: Mapping[str, Bond], finalizers: Iterable[str], *, has_dependents: bool) -> Verdict:
    """Decide on an object that is not being deleted, by its bonds to its owners (by uid).

    It stays while one owner is solid, and while one cannot be judged. Where an owner waits for it, its own
    dependents go first; else finalizers that it bears already say what becomes of them.
    """
    values = set(bonds.values())
    if not values or Bond.UNKNOWN in values:
        return KEEP
    if Bond.SOLID in values:
        loose = frozenset(uid for uid, bond in bonds.items() if bond is not Bond.SOLID)
        return Cut(loose) if loose else KEEP
    if Bond.WAITING in values and has_dependents:
        return Collect("Foreground")
    present = set(finalizers)
    if ORPHAN in present:
        return Collect("Orphan")
    return Collect("Foreground" if FOREGROUND in present else "Background")


@dataclass(frozen=True, slots=True)
class Blocker:
    """A dependent with ``blockOwnerDeletion``."""

    uid: str
    waits: bool
    """It is itself being deleted in the foreground."""


def blocked(uid: str, blockers: Callable[[str], Iterable[Blocker]]) -> bool:
    """Whether an object in foreground deletion must still wait for a dependent.

    Objects that own each other in a circle would wait for each other for ever; Kubernetes makes one of them
    block no more. Here a dependent that waits for this very object, over however many others, does not block.
    """
    return any(
        blocker.uid != uid and not (blocker.waits and _waits_for(blocker.uid, uid, blockers))
        for blocker in blockers(uid)
    )


def _waits_for(start: str, goal: str, blockers: Callable[[str], Iterable[Blocker]]) -> bool:
    """Whether the object ``start`` waits for ``goal``, directly or over others that wait."""
    seen, ahead = {start}, [start]
    while ahead:
        for blocker in blockers(ahead.pop()):
            if blocker.uid == goal:
                return True
            if blocker.waits and blocker.uid not in seen:
                seen.add(blocker.uid)
                ahead.append(blocker.uid)
    return False
