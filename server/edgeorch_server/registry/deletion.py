"""What a DELETE does to an object: the decision, without the doing.

The rules are those of ``rest.BeforeDelete`` and of the generic registry's ``Delete``: grace periods may only
get shorter, finalizers keep an object until the last one is removed, ``propagationPolicy`` becomes one of
two finalizers that the garbage collector acts on.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgeorch.api.meta import DeleteOptions, Object, ObjectMeta, format_time, parse_time
from edgeorch.api.validation import FieldError, bad, not_supported
from edgeorch_server.registry import messages

if TYPE_CHECKING:
    from edgeorch_server.registry.messages import AnyResource

ORPHAN = "orphan"
"""Finalizer: the garbage collector takes the owner references off the dependents, then this finalizer."""

FOREGROUND = "foregroundDeletion"
"""Finalizer: the garbage collector deletes the dependents first, then takes this finalizer off."""

_POLICIES = {"Foreground": FOREGROUND, "Background": None, "Orphan": ORPHAN}

DRY_RUN_ALL = "All"
"""The one value of ``dryRun``: go through everything, store nothing."""


class Fate(enum.Enum):
    """What becomes of an object that a delete was asked for."""

    KEPT = "kept"
    """It stays (perhaps marked) until its grace period is over or its finalizers are gone."""
    GONE = "gone"
    """It is removed now."""


def validate_options(options: DeleteOptions) -> list[FieldError]:
    """Check what does not depend on the object (``ValidateDeleteOptions``)."""
    policy = options.propagationPolicy
    errors = []
    if options.orphanDependents is not None and policy is not None:
        errors.append(
            bad("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set")
        )
    if policy is not None and policy not in _POLICIES:
        errors.append(not_supported("propagationPolicy", policy, [*_POLICIES, "nil"]))
    return errors + check_dry_run(options.dryRun)


def check_dry_run(values: Sequence[str]) -> list[FieldError]:
    """Refuse everything but ``All`` (``ValidateDryRun``)."""
    wrong = any(value != DRY_RUN_ALL for value in values)
    return [not_supported("dryRun", list(values), [DRY_RUN_ALL])] if wrong else []


def check_preconditions(resource: AnyResource, meta: ObjectMeta, options: DeleteOptions) -> None:
    """Refuse with Conflict when the object is not the one, or not in the state, that the caller means."""
    wanted = options.preconditions
    if wanted is None:
        return
    if wanted.uid is not None and wanted.uid != meta.uid:
        why = (
            f"the UID in the precondition ({wanted.uid}) does not match the UID in record ({meta.uid}). "
            "The object might have been deleted and then recreated"
        )
        raise messages.conflict(resource, meta.name, why, subject=resource.kind)
    if wanted.resourceVersion is not None and wanted.resourceVersion != meta.resourceVersion:
        why = (
            f"the ResourceVersion in the precondition ({wanted.resourceVersion}) does not match the "
            f"ResourceVersion in record ({meta.resourceVersion}). The object might have been modified"
        )
        raise messages.conflict(resource, meta.name, why, subject=resource.kind)


def requested_grace(options: DeleteOptions) -> int | None:
    """Seconds the caller asks for; Kubernetes takes a negative number for one second."""
    grace = options.gracePeriodSeconds
    return 1 if grace is not None and grace < 0 else grace


def decide(
    obj: Object,
    options: DeleteOptions,
    now: dt.datetime,
    *,
    grace: int | None,
    dependents: bool = True,
    orphans: bool = False,
) -> Fate:
    """Mark the object for deletion and say what becomes of it.

    ``grace`` is what the kind makes of the request (seconds; None for a kind that knows no grace), and
    ``dependents`` whether other objects may be owned by this one, and ``orphans`` whether those are let live
    where nobody says what is to become of them.
    """
    meta = obj.metadata
    graceful = grace is not None
    if grace is not None and meta.deletionTimestamp is None:
        _mark(meta, now + dt.timedelta(seconds=grace), grace)
    elif meta.deletionTimestamp is not None and meta.deletionGracePeriodSeconds:
        asked = requested_grace(options)
        if asked is None or asked >= meta.deletionGracePeriodSeconds:
            return Fate.KEPT
        started = parse_time(meta.deletionTimestamp) - dt.timedelta(seconds=meta.deletionGracePeriodSeconds)
        meta.deletionTimestamp = format_time(started + dt.timedelta(seconds=asked))
        meta.deletionGracePeriodSeconds = asked
    if dependents:
        _apply_policy(meta, options, orphans=orphans)
    if meta.finalizers:
        if not graceful:
            _mark_ended(meta, now)
        return Fate.KEPT
    return Fate.KEPT if meta.deletionGracePeriodSeconds else Fate.GONE


def _mark(meta: ObjectMeta, when: dt.datetime, grace: int) -> None:
    meta.deletionTimestamp = format_time(when)
    meta.deletionGracePeriodSeconds = grace
    if meta.generation:
        meta.generation += 1


def _mark_ended(meta: ObjectMeta, now: dt.datetime) -> None:
    """Mark an object that only its finalizers keep (``markAsDeleting``)."""
    if meta.deletionGracePeriodSeconds is None and meta.generation:
        meta.generation += 1
    if meta.deletionTimestamp is None or parse_time(meta.deletionTimestamp) > now:
        meta.deletionTimestamp = format_time(now)
    meta.deletionGracePeriodSeconds = 0


def _apply_policy(meta: ObjectMeta, options: DeleteOptions, *, orphans: bool) -> None:
    """Turn the propagation policy into a finalizer; without one, those that are there stand."""
    if options.orphanDependents is not None:
        wanted = ORPHAN if options.orphanDependents else None
    elif options.propagationPolicy is not None:
        wanted = _POLICIES[options.propagationPolicy]
    elif orphans and not {ORPHAN, FOREGROUND} & set(meta.finalizers):
        wanted = ORPHAN
    else:
        return
    others = [name for name in meta.finalizers if name not in {ORPHAN, FOREGROUND}]
    finalizers = [*others, wanted] if wanted else others
    if set(finalizers) != set(meta.finalizers):
        meta.finalizers = finalizers
