"""Validation of Jobs: what a client may ask for, and change later."""

from __future__ import annotations

import json

from edgeorch.api.batch.job import (
    CONTROLLER_UID,
    FAILED,
    INDEXED,
    JOB_NAME,
    LEGACY_CONTROLLER_UID,
    LEGACY_JOB_NAME,
    NON_INDEXED,
    TERMINATING_OR_FAILED,
    Job,
    JobSpec,
)
from edgeorch.api.batch.validation.policies import validate_failure_policy, validate_success_policy
from edgeorch.api.core.scheduling import Affinity
from edgeorch.api.core.validation import validate_pod_template, validate_selected
from edgeorch.api.label_rules import qualified_name_problems
from edgeorch.api.meta_validation import (
    NEGATIVE,
    immutable,
    validate_label_selector,
    validate_meta,
    validate_meta_update,
)
from edgeorch.api.names import dns_label_problems
from edgeorch.api.selectors import Selector
from edgeorch.api.validation import FieldError, Path, bad, not_supported, required, too_long
from edgeorch.errors import BadRequest

SPEC = Path("spec")

MAX_PARALLELISM = 100_000
"""Of an Indexed Job: keeps ``completedIndexes`` short."""
MAX_FAILED_INDEXES = 100_000
MANY_COMPLETIONS = 100_000
MOST_WITH_MANY = 10_000
"""Parallelism and failed indexes of a Job of that many completions."""
MAX_MANAGED_BY = 63

_COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_IMMUTABLE = ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy")
_RESTARTS = ("OnFailure", "Never")


def validate_job(job: Job) -> list[FieldError]:
    """Check a new Job (``ValidateJob``)."""
    return [
        *validate_meta(job.metadata, namespaced=True),
        *_validate_generated_selector(job),
        *_validate_spec_of_job(job.spec),
        *_validate_pod_names(job),
    ]


def validate_job_update(new: Job, old: Job) -> list[FieldError]:
    """Check a changed Job (``ValidateJobUpdate``)."""
    spec, before = new.spec, old.spec
    errors = [
        *validate_meta_update(new.metadata, old.metadata),
        *_validate_spec_of_job(spec),
        *_validate_completions(spec, before),
        *immutable(SPEC.child("selector"), spec.selector, before.selector),
        *_validate_template_update(new, old),
    ]
    for name in _IMMUTABLE:
        errors += immutable(SPEC.child(name), getattr(spec, name), getattr(before, name))
    return errors


def _validate_generated_selector(job: Job) -> list[FieldError]:
    """Check that the server's own selector finds this Job's pods and no others."""
    if job.spec.manualSelector or job.spec.selector is None:
        return []
    name, uid = job.metadata.name, job.metadata.uid
    expected = {LEGACY_CONTROLLER_UID: uid, CONTROLLER_UID: uid, LEGACY_JOB_NAME: name, JOB_NAME: name}
    labels = job.spec.template.metadata.labels
    path = SPEC.child("template", "metadata", "labels")
    errors = [
        bad(path.key(key), labels, f"must be '{value}'")
        for key, value in expected.items()
        if labels.get(key) != value
    ]
    try:
        selected = Selector.of(job.spec.selector).matches(expected)
    except BadRequest:
        return errors
    if not selected:
        errors.append(bad(SPEC.child("selector"), job.spec.selector, "`selector` not auto-generated"))
    return errors


def _validate_pod_names(job: Job) -> list[FieldError]:
    """Check that the host names of all pods will be possible."""
    if not job.indexed or not job.spec.completions:
        return []
    name = f"{job.metadata.name}-{job.spec.completions - 1}"
    if not dns_label_problems(name):
        return []
    why = f"will not able to create pod with invalid DNS label: {name}"
    return [bad("metadata.name", job.metadata.name, why)]


def _validate_spec_of_job(spec: JobSpec) -> list[FieldError]:
    errors = validate_job_spec(spec, SPEC)
    path = SPEC.child("selector")
    if spec.selector is None:
        return [*errors, required(path)]
    errors += validate_label_selector(spec.selector, path)
    try:
        selector = Selector.of(spec.selector)
    except BadRequest:
        return errors
    return errors + validate_selected(spec.template, selector, SPEC.child("template"))


def validate_job_spec(spec: JobSpec, path: Path) -> list[FieldError]:
    """Check all but the selector, which the template of a Job does not have (``validateJobSpec``)."""
    errors = [
        bad(path.child(name), value, NEGATIVE)
        for name in _COUNTS
        if (value := getattr(spec, name)) is not None and value < 0
    ]
    if spec.maxFailedIndexes is not None and spec.backoffLimitPerIndex is None:
        errors.append(required(path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"))
    errors += _validate_managed_by(spec.managedBy, path.child("managedBy"))
    match spec.completionMode:
        case "Indexed":
            errors += _validate_indexed(spec, path)
        case "NonIndexed":
            errors += _validate_non_indexed(spec, path)
        case mode:
            errors.append(not_supported(path.child("completionMode"), mode, (NON_INDEXED, INDEXED)))
    if spec.podFailurePolicy is not None:
        errors += validate_failure_policy(spec, spec.podFailurePolicy, path.child("podFailurePolicy"))
    return [
        *errors,
        *_validate_replacement(spec, path.child("podReplacementPolicy")),
        *validate_pod_template(spec.template, path.child("template")),
        *_validate_restarts(spec, path.child("template", "spec", "restartPolicy")),
    ]


def _validate_managed_by(name: str | None, path: Path) -> list[FieldError]:
    if name is None:
        return []
    errors = [bad(path, name, problem) for problem in qualified_name_problems(name)]
    if not errors and "/" not in name:
        errors.append(bad(path, name, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    if len(name) > MAX_MANAGED_BY:
        errors.append(too_long(path, MAX_MANAGED_BY))
    return errors


def _validate_indexed(spec: JobSpec, path: Path) -> list[FieldError]:
    mode = f"completion mode is {INDEXED}"
    parallelism, completions, failed = spec.parallelism or 0, spec.completions, spec.maxFailedIndexes
    if completions is None:
        return [required(path.child("completions"), f"when {mode}")]
    errors: list[FieldError] = []
    if parallelism > MAX_PARALLELISM:
        why = f"must be less than or equal to {MAX_PARALLELISM} when {mode}"
        errors.append(bad(path.child("parallelism"), parallelism, why))
    where = path.child("maxFailedIndexes")
    if failed is not None and failed > completions:
        errors.append(bad(where, failed, "must be less than or equal to completions"))
    if failed is not None and failed > MAX_FAILED_INDEXES:
        errors.append(bad(where, failed, f"must be less than or equal to {MAX_FAILED_INDEXES}"))
    if completions > MANY_COMPLETIONS and spec.backoffLimitPerIndex is not None:
        why = (
            f"must be less than or equal to {MOST_WITH_MANY} when completions are above {MANY_COMPLETIONS} "
            "and used with backoff limit per index"
        )
        if failed is None:
            errors.append(required(where, f"must be specified when completions is above {MANY_COMPLETIONS}"))
        elif failed > MOST_WITH_MANY:
            errors.append(bad(where, failed, why))
        if parallelism > MOST_WITH_MANY:
            errors.append(bad(path.child("parallelism"), parallelism, why))
    if spec.successPolicy is not None:
        errors += validate_success_policy(spec.successPolicy, completions, path.child("successPolicy"))
    return errors


def _validate_non_indexed(spec: JobSpec, path: Path) -> list[FieldError]:
    return [
        bad(path.child(name), value, "requires indexed completion mode")
        for name in ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy")
        if (value := getattr(spec, name)) is not None
    ]


def _validate_replacement(spec: JobSpec, path: Path) -> list[FieldError]:
    # Which rule applies to a pod shows only once it has ended.
    valid = (FAILED, TERMINATING_OR_FAILED) if spec.podFailurePolicy is None else (FAILED,)
    policy = spec.podReplacementPolicy
    return [] if policy in valid else [not_supported(path, policy, valid)]


def _validate_restarts(spec: JobSpec, path: Path) -> list[FieldError]:
    policy = spec.template.spec.restartPolicy
    if policy in {"", "Always"}:
        return [required(path, f"valid values: {', '.join(map(json.dumps, _RESTARTS))}")]
    if policy not in _RESTARTS:
        return [not_supported(path, policy, _RESTARTS)]
    if spec.podFailurePolicy is not None and policy != "Never":
        return [bad(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    return []


def _validate_completions(new: JobSpec, old: JobSpec) -> list[FieldError]:
    """Let an Indexed Job be scaled, with all of its indexes running at a time ("Elastic Indexed Jobs")."""
    path = SPEC.child("completions")
    if new.completionMode != INDEXED:
        return immutable(path, new.completions, old.completions)
    if new.completions in {old.completions, new.parallelism}:
        return []
    return [bad(path, new.completions, "can only be modified in tandem with spec.parallelism")]


def _validate_template_update(new: Job, old: Job) -> list[FieldError]:
    """Let others say where the pods go while the Job has never run ("Mutable Scheduling Directives")."""
    template, before = new.spec.template, old.spec.template
    if old.suspended and old.status.startTime is None:
        before = before.model_copy(deep=True)
        before.metadata.labels = template.metadata.labels
        before.metadata.annotations = template.metadata.annotations
        for name in ("nodeSelector", "tolerations", "schedulingGates"):
            setattr(before.spec, name, getattr(template.spec, name))
        given = template.spec.affinity.nodeAffinity if template.spec.affinity else None
        affinity = before.spec.affinity or Affinity()
        affinity.nodeAffinity = given
        before.spec.affinity = affinity if affinity != Affinity() or template.spec.affinity else None
    return immutable(SPEC.child("template"), template, before)
