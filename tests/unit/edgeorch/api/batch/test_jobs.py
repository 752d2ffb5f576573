"""Defaults and validation of Jobs."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.batch.defaults import NO_LIMIT, default_job, generate_selector
from edgeorch.api.batch.job import Job
from edgeorch.api.batch.validation import validate_job, validate_job_status_update, validate_job_update

UID = "11111111-2222"
NEVER = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}
NOW = "2026-05-01T12:00:00Z"
LATER = "2026-05-01T12:01:00Z"


def job(status: dict[str, Any] | None = None, *, name: str = "sum", **spec: Any) -> Job:
    """Make a Job as the server has it."""
    body = {
        "metadata": {"name": name, "namespace": "default", "uid": UID},
        "spec": {"template": {"spec": NEVER}, **spec},
        "status": status or {},
    }
    made = Job.from_dict(body)
    default_job(made)
    generate_selector(made)
    return made


def policy(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"podFailurePolicy": {"rules": list(rules)}, **more}


def test_defaults() -> None:
    """``SetDefaults_Job``: one pod that may fail six times."""
    spec = job().spec
    assert (spec.parallelism, spec.completions, spec.backoffLimit) == (1, 1, 6)
    assert (spec.completionMode, spec.suspend, spec.podReplacementPolicy) == (
        "NonIndexed",
        False,
        "TerminatingOrFailed",
    )
    assert spec.ttlSecondsAfterFinished is None


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        pytest.param({"parallelism": 3}, "completions", None, id="a work queue has no completions"),
        pytest.param({"completions": 3}, "parallelism", 1, id="one at a time"),
        pytest.param(
            {"backoffLimitPerIndex": 1, "completionMode": "Indexed", "completions": 2},
            "backoffLimit",
            NO_LIMIT,
            id="a limit per index replaces the common one",
        ),
        pytest.param(policy(), "podReplacementPolicy", "Failed", id="a failure policy needs to see the end"),
    ],
)
def test_defaults_that_depend(given: dict[str, Any], name: str, value: object) -> None:
    """Some follow from what is given."""
    assert getattr(job(**given).spec, name) == value


def test_the_server_makes_selector_and_labels() -> None:
    """Job, "Pod selector": by uid; the labels without a domain are there for older clients."""
    made = job()
    assert made.spec.selector is not None
    assert made.spec.selector.matchLabels == {"batch.kubernetes.io/controller-uid": UID}
    assert made.spec.template.metadata.labels == {
        "batch.kubernetes.io/controller-uid": UID,
        "controller-uid": UID,
        "batch.kubernetes.io/job-name": "sum",
        "job-name": "sum",
    }
    assert made.metadata.labels == made.spec.template.metadata.labels
    manual = job(manualSelector=True)
    assert (manual.spec.selector, manual.spec.template.metadata.labels) == (None, {})


INDEXED = {"completionMode": "Indexed", "completions": 3}
CODES = {"operator": "In", "values": [1, 2]}


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"parallelism": -1}, ["spec.parallelism: Invalid value: -1: must be greater than or equal to 0"]),
        (
            {"completionMode": "x"},
            ['spec.completionMode: Unsupported value: "x": supported values: "NonIndexed", "Indexed"'],
        ),
        (
            {"completionMode": "Indexed", "parallelism": 1},
            ["spec.completions: Required value: when completion mode is Indexed"],
        ),
        (
            {"template": {"spec": {"containers": NEVER["containers"]}}},
            ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
        ),
        ({"manualSelector": True}, ["spec.selector: Required value"]),
        (
            {**INDEXED, "maxFailedIndexes": 1},
            ["spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified"],
        ),
        (
            {"backoffLimitPerIndex": 1},
            ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"],
        ),
        (
            policy({"action": "FailIndex", "onExitCodes": CODES}),
            [
                (
                    'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": '
                    "requires the backoffLimitPerIndex to be set"
                )
            ],
        ),
        (
            policy({"action": "Ignore", "onExitCodes": {"operator": "In", "values": [2, 0]}}),
            [
                (
                    "spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: "
                    "must not be 0 for the In operator"
                ),
                "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,0]: must be ordered",
            ],
        ),
        (
            policy(podReplacementPolicy="TerminatingOrFailed"),
            ['spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'],
        ),
        (
            {**INDEXED, "successPolicy": {"rules": [{"succeededIndexes": "0-1", "succeededCount": 3}]}},
            [
                (
                    "spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 "
                    "(the number of indexes in the specified succeededIndexes field)"
                )
            ],
        ),
        (
            {"managedBy": "me"},
            ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
        ),
        (
            {"name": "a.b", **INDEXED},
            ['metadata.name: Invalid value: "a.b": will not able to create pod with invalid DNS label: a.b-2'],
        ),
    ],
)
def test_mistakes(spec: dict[str, Any], errors: list[str]) -> None:
    """``ValidateJob``, in its words."""
    assert [str(error) for error in validate_job(job(**spec))] == errors


def test_labels_of_another_job_are_refused() -> None:
    """The generated selector would not find the pods."""
    labels = {"metadata": {"labels": {"job-name": "other"}}, "spec": NEVER}
    [error] = validate_job(job(template=labels))
    assert error.field == "spec.template.metadata.labels[job-name]"
    assert error.detail == "must be 'sum'"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        pytest.param({}, {"completions": 2}, "spec.completions", id="completions"),
        pytest.param(
            {},
            {"template": {"spec": {**NEVER, "hostname": "x"}}},
            "spec.template",
            id="template",
        ),
        pytest.param(
            INDEXED, {**INDEXED, "completions": 4, "parallelism": 2}, "spec.completions", id="elastic"
        ),
        pytest.param({}, {"managedBy": "acme.io/foo"}, "spec.managedBy", id="manager"),
    ],
)
def test_what_may_not_change(old: dict[str, Any], new: dict[str, Any], field: str) -> None:
    """``ValidateJobUpdate``: what has begun goes on as it was begun."""
    assert [error.field for error in validate_job_update(job(**new), job(**old))] == [field]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({}, {"parallelism": 5, "completions": 1}, id="parallelism"),
        pytest.param({}, {"suspend": True}, id="suspend"),
        pytest.param(INDEXED, {**INDEXED, "completions": 4, "parallelism": 4}, id="elastic Indexed Job"),
        pytest.param(
            {"suspend": True},
            {"suspend": True, "template": {"spec": {**NEVER, "nodeSelector": {"a": "b"}}}},
            id="scheduling directives before it starts",
        ),
    ],
)
def test_what_may_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    """The size, the pause, and where pods go as long as there were none."""
    assert validate_job_update(job(**new), job(**old)) == []


def conditions(*types: str) -> list[dict[str, str]]:
    return [{"type": kind, "status": "True"} for kind in types]


DONE = {"startTime": NOW, "completionTime": LATER, "conditions": conditions("SuccessCriteriaMet", "Complete")}


@pytest.mark.parametrize(
    ("old", "new", "errors"),
    [
        pytest.param({}, DONE, [], id="complete"),
        pytest.param(
            {},
            {"startTime": NOW, "conditions": conditions("Failed")},
            [
                (
                    "status.conditions: Invalid value: null: "
                    "cannot set Failed=True condition without the FailureTarget=true condition"
                )
            ],
            id="failed without a reason before",
        ),
        pytest.param(
            {},
            {**DONE, "active": 1},
            ["status.active: Invalid value: 1: active>0 is invalid for finished job"],
            id="finished while pods run",
        ),
        pytest.param(
            {"failed": 2},
            {"failed": 1},
            ["status.failed: Invalid value: 1: cannot decrease the failed counter"],
            id="forgotten failures",
        ),
        pytest.param(
            {},
            {"uncountedTerminatedPods": {"succeeded": ["a"], "failed": ["a"]}},
            ['status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"'],
            id="a pod that is counted twice",
        ),
        pytest.param(
            {"startTime": NOW},
            {"startTime": LATER},
            ["status.startTime: Required value: startTime cannot be removed for unsuspended job"],
            id="a later start",
        ),
        pytest.param(
            {"startTime": NOW, "conditions": conditions("Suspended")}, {"startTime": LATER}, [], id="resumed"
        ),
    ],
)
def test_changes_of_the_status(old: dict[str, Any], new: dict[str, Any], errors: list[str]) -> None:
    """``ValidateJobUpdateStatus``: other managers of Jobs must not tell what cannot be."""
    assert [str(error) for error in validate_job_status_update(job(new), job(old))] == errors
