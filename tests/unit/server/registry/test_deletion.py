"""What a delete decides: ``rest.BeforeDelete`` and the generic registry's ``Delete``, clause by clause."""

import datetime as dt

import pytest

from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import DeleteOptions, Object, ObjectMeta, Preconditions
from edgeorch.errors import Conflict
from edgeorch_server.registry.deletion import (
    FOREGROUND,
    ORPHAN,
    Fate,
    check_preconditions,
    decide,
    requested_grace,
    validate_options,
)

NOW = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)


def obj(**meta: object) -> Object:
    return Object(metadata=ObjectMeta.from_dict({"name": "x", "uid": "u", "resourceVersion": "7", **meta}))


def test_without_grace_and_finalizers_an_object_goes_at_once() -> None:
    """A kind that knows no grace is removed by the delete itself."""
    assert decide(obj(), DeleteOptions(), NOW, grace=None) is Fate.GONE


def test_a_finalizer_keeps_it_marked() -> None:
    """An object with finalizers stays, with a deletionTimestamp of now and a grace of 0 (markAsDeleting)."""
    subject = obj(finalizers=["a.b/c"], generation=3)
    assert decide(subject, DeleteOptions(), NOW, grace=None) is Fate.KEPT
    meta = subject.metadata
    assert (meta.deletionTimestamp, meta.deletionGracePeriodSeconds) == ("2026-05-01T12:00:00Z", 0)
    assert meta.generation == 4


def test_deleting_it_again_changes_nothing() -> None:
    """A second delete of an object that its finalizers keep is a no-op."""
    subject = obj(finalizers=["a.b/c"], generation=3)
    decide(subject, DeleteOptions(), NOW, grace=None)
    marked = subject.model_copy(deep=True)
    assert decide(subject, DeleteOptions(), NOW + dt.timedelta(seconds=9), grace=None) is Fate.KEPT
    assert subject == marked


def test_grace_sets_the_end() -> None:
    """A graceful delete sets deletionTimestamp to now + grace, and bumps the generation."""
    subject = obj(generation=1)
    assert decide(subject, DeleteOptions(), NOW, grace=30) is Fate.KEPT
    meta = subject.metadata
    assert (meta.deletionTimestamp, meta.deletionGracePeriodSeconds) == ("2026-05-01T12:00:30Z", 30)
    assert meta.generation == 2


def test_a_kind_without_generation_gets_none() -> None:
    """The generation is bumped only where there is one."""
    subject = obj()
    decide(subject, DeleteOptions(), NOW, grace=30)
    assert subject.metadata.generation == 0


def test_grace_zero_goes_at_once() -> None:
    """A graceful kind with a grace of 0 is removed by the delete itself."""
    assert decide(obj(), DeleteOptions(), NOW, grace=0) is Fate.GONE


@pytest.mark.parametrize(
    ("asked", "grace", "end"),
    [
        (10, 10, "2026-05-01T12:00:10Z"),
        (30, 30, "2026-05-01T12:00:30Z"),
        (60, 30, "2026-05-01T12:00:30Z"),
        (None, 30, "2026-05-01T12:00:30Z"),
    ],
    ids=["shorter", "same", "longer", "unsaid"],
)
def test_a_second_delete_only_shortens(asked: int | None, grace: int, end: str) -> None:
    """While a delete is pending only a shorter grace counts, measured from the first delete."""
    subject = obj()
    decide(subject, DeleteOptions(), NOW, grace=30)
    later = NOW + dt.timedelta(seconds=5)
    assert decide(subject, DeleteOptions(gracePeriodSeconds=asked), later, grace=asked) is Fate.KEPT
    meta = subject.metadata
    assert (meta.deletionGracePeriodSeconds, meta.deletionTimestamp) == (grace, end)


def test_a_second_delete_with_zero_ends_it() -> None:
    """The agent reports a pod's end by deleting it with a grace of 0."""
    subject = obj()
    decide(subject, DeleteOptions(), NOW, grace=30)
    assert decide(subject, DeleteOptions(gracePeriodSeconds=0), NOW, grace=0) is Fate.GONE


def test_grace_zero_still_waits_for_finalizers() -> None:
    """Force deletion does not jump over finalizers."""
    subject = obj(finalizers=["a.b/c"])
    assert decide(subject, DeleteOptions(gracePeriodSeconds=0), NOW, grace=0) is Fate.KEPT
    assert subject.metadata.deletionGracePeriodSeconds == 0


@pytest.mark.parametrize(
    ("options", "there", "expected"),
    [
        ({"propagationPolicy": "Background"}, [], []),
        ({"propagationPolicy": "Background"}, [FOREGROUND], []),
        ({"propagationPolicy": "Foreground"}, [], [FOREGROUND]),
        ({"propagationPolicy": "Foreground"}, ["a.b/c", ORPHAN], ["a.b/c", FOREGROUND]),
        ({"propagationPolicy": "Orphan"}, [], [ORPHAN]),
        ({"propagationPolicy": "Orphan"}, [ORPHAN, "a.b/c"], [ORPHAN, "a.b/c"]),
        ({"orphanDependents": True}, [FOREGROUND], [ORPHAN]),
        ({"orphanDependents": False}, [ORPHAN], []),
        ({}, [ORPHAN], [ORPHAN]),
    ],
    ids=str,
)
def test_the_propagation_policy_becomes_a_finalizer(
    options: dict[str, object], there: list[str], expected: list[str]
) -> None:
    """Orphan and Foreground add their finalizer and take the other; Background takes both; unsaid keeps."""
    subject = obj(finalizers=there)
    fate = decide(subject, DeleteOptions.from_dict(options), NOW, grace=None)
    assert subject.metadata.finalizers == expected
    assert fate is (Fate.KEPT if expected else Fate.GONE)


@pytest.mark.parametrize(
    ("options", "before", "after"),
    [
        ({}, [], [ORPHAN]),
        ({}, [FOREGROUND], [FOREGROUND]),
        ({}, ["a.b/c"], ["a.b/c", ORPHAN]),
        ({"propagationPolicy": "Background"}, [], []),
        ({"orphanDependents": False}, [], []),
    ],
)
def test_some_kinds_orphan_unless_told_otherwise(
    options: dict[str, object], before: list[str], after: list[str]
) -> None:
    """DefaultGarbageCollectionPolicy counts only where neither the request nor a finalizer says anything."""
    subject = obj(finalizers=before)
    decide(subject, DeleteOptions.from_dict(options), NOW, grace=None, orphans=True)
    assert subject.metadata.finalizers == after


def test_a_kind_without_dependents_takes_no_policy() -> None:
    """Events own nothing, so no policy keeps them (garbage collection ``Unsupported``)."""
    subject = obj()
    options = DeleteOptions(propagationPolicy="Foreground")
    assert decide(subject, options, NOW, grace=None, dependents=False) is Fate.GONE


@pytest.mark.parametrize(("asked", "taken"), [(-5, 1), (0, 0), (7, 7), (None, None)])
def test_a_negative_grace_is_one_second(asked: int | None, taken: int | None) -> None:
    """Kubernetes takes a negative grace period for one second."""
    assert requested_grace(DeleteOptions(gracePeriodSeconds=asked)) == taken


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            Preconditions(uid="other"),
            (
                'Operation cannot be fulfilled on Pod "x": the UID in the precondition (other) does not match '
                "the UID in record (u). The object might have been deleted and then recreated"
            ),
        ),
        (
            Preconditions(resourceVersion="6"),
            (
                'Operation cannot be fulfilled on Pod "x": the ResourceVersion in the precondition (6) does not '
                "match the ResourceVersion in record (7). The object might have been modified"
            ),
        ),
    ],
    ids=["uid", "resourceVersion"],
)
def test_a_failed_precondition_is_a_conflict(wanted: Preconditions, message: str) -> None:
    """Preconditions that do not hold refuse the delete, in Kubernetes' words."""
    with pytest.raises(Conflict) as caught:
        check_preconditions(PODS, obj().metadata, DeleteOptions(preconditions=wanted))
    assert caught.value.message == message


def test_preconditions_that_hold_pass() -> None:
    """The right uid and resourceVersion let the delete through."""
    wanted = Preconditions(uid="u", resourceVersion="7")
    check_preconditions(PODS, obj().metadata, DeleteOptions(preconditions=wanted))


@pytest.mark.parametrize(
    ("options", "finding"),
    [
        (
            {"propagationPolicy": "Now"},
            (
                'propagationPolicy: Unsupported value: "Now": supported values: '
                '"Foreground", "Background", "Orphan", "nil"'
            ),
        ),
        (
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            (
                'propagationPolicy: Invalid value: "Orphan": '
                "orphanDependents and deletionPropagation cannot be both set"
            ),
        ),
        ({"dryRun": ["Some"]}, 'dryRun: Unsupported value: ["Some"]: supported values: "All"'),
    ],
    ids=["policy", "both", "dryRun"],
)
def test_bad_options_are_found(options: dict[str, object], finding: str) -> None:
    """``ValidateDeleteOptions``, in its words."""
    assert [str(error) for error in validate_options(DeleteOptions.from_dict(options))] == [finding]
