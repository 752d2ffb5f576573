"""Validation of what a Job makes of failed pods and of succeeded indexes."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from edgeorch.api.batch.indexes import parse_indexes
from edgeorch.api.batch.job import (
    JobSpec,
    PodFailurePolicy,
    PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
    SuccessPolicy,
    SuccessPolicyRule,
)
from edgeorch.api.label_rules import qualified_name_problems
from edgeorch.api.meta_validation import NEGATIVE
from edgeorch.api.validation import (
    FieldError,
    Path,
    bad,
    duplicate,
    not_supported,
    required,
    too_long,
)

MAX_RULES = 20
MAX_CONDITIONS = 20
MAX_EXIT_CODES = 255
MAX_INDEXES_BYTES = 64 * 1024

_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")


def validate_failure_policy(spec: JobSpec, policy: PodFailurePolicy, path: Path) -> list[FieldError]:
    """Check ``podFailurePolicy`` (``validatePodFailurePolicy``)."""
    rules = path.child("rules")
    pod = spec.template.spec
    names = {container.name for container in (*pod.containers, *pod.initContainers)}
    errors = _too_many(policy.rules, rules, MAX_RULES)
    for number, rule in enumerate(policy.rules):
        errors += _validate_rule(rule, rules.at(number), names, per_index=spec.backoffLimitPerIndex is not None)
    return errors


def _validate_rule(
    rule: PodFailurePolicyRule, path: Path, names: Collection[str], *, per_index: bool
) -> list[FieldError]:
    errors = _validate_word(rule.action, path.child("action"), _ACTIONS)
    if rule.action == "FailIndex" and not per_index:
        why = "requires the backoffLimitPerIndex to be set"
        errors.append(bad(path.child("action"), rule.action, why))
    if rule.onExitCodes is not None:
        errors += _validate_exit_codes(rule.onExitCodes, path.child("onExitCodes"), names)
    errors += _too_many(rule.onPodConditions, path.child("onPodConditions"), MAX_CONDITIONS)
    for number, pattern in enumerate(rule.onPodConditions):
        errors += _validate_pattern(pattern, path.child("onPodConditions").at(number))
    if rule.onExitCodes is not None and rule.onPodConditions:
        errors.append(bad(path, rule, "specifying both OnExitCodes and OnPodConditions is not supported"))
    if rule.onExitCodes is None and not rule.onPodConditions:
        errors.append(bad(path, rule, "specifying one of OnExitCodes and OnPodConditions is required"))
    return errors


def _validate_exit_codes(
    codes: PodFailurePolicyOnExitCodesRequirement, path: Path, names: Collection[str]
) -> list[FieldError]:
    errors = _validate_word(codes.operator, path.child("operator"), _OPERATORS)
    if codes.containerName is not None and codes.containerName not in names:
        why = "must be one of the container or initContainer names in the pod template"
        errors.append(bad(path.child("containerName"), codes.containerName, why))
    values = path.child("values")
    if not codes.values:
        errors.append(bad(values, codes.values, "at least one value is required"))
    errors += _too_many(codes.values, values, MAX_EXIT_CODES)
    for number, code in enumerate(codes.values):
        if codes.operator == "In" and code == 0:
            errors.append(bad(values.at(number), code, "must not be 0 for the In operator"))
        if code in codes.values[:number]:
            errors.append(duplicate(values.at(number), code))
    if codes.values != sorted(codes.values):
        errors.append(bad(values, codes.values, "must be ordered"))
    return errors


def _validate_pattern(pattern: PodFailurePolicyOnPodConditionsPattern, path: Path) -> list[FieldError]:
    errors = [bad(path.child("type"), pattern.type, p) for p in qualified_name_problems(pattern.type)]
    return errors + _validate_word(pattern.status, path.child("status"), _STATUSES)


def _validate_word(word: str, path: Path, valid: Sequence[str]) -> list[FieldError]:
    if not word:
        words = " ".join(map(json.dumps, valid))
        return [required(path, f"valid values: [{words}]")]
    return [] if word in valid else [not_supported(path, word, valid)]


def _too_many(values: Sequence[object], path: Path, most: int) -> list[FieldError]:
    if len(values) <= most:
        return []
    return [bad(path, len(values), f"must have at most {most} items")]


def validate_success_policy(policy: SuccessPolicy, completions: int, path: Path) -> list[FieldError]:
    """Check ``successPolicy`` of an Indexed Job (``validateSuccessPolicy``)."""
    rules = path.child("rules")
    if not policy.rules:
        why = "at least one rules must be specified when the successPolicy is specified"
        return [required(rules, why)]
    errors = _too_many(policy.rules, rules, MAX_RULES)
    for number, rule in enumerate(policy.rules):
        errors += _validate_success_rule(rule, completions, rules.at(number))
    return errors


def _validate_success_rule(rule: SuccessPolicyRule, completions: int, path: Path) -> list[FieldError]:
    if rule.succeededCount is None and rule.succeededIndexes is None:
        return [required(path, "at least one of succeededCount or succeededIndexes must be specified")]
    errors: list[FieldError] = []
    named: int | None = None
    if rule.succeededIndexes is not None:
        where = path.child("succeededIndexes")
        if len(rule.succeededIndexes) > MAX_INDEXES_BYTES:
            return [too_long(where, MAX_INDEXES_BYTES)]
        try:
            named = len(parse_indexes(rule.succeededIndexes, completions))
        except ValueError as exc:
            errors.append(bad(where, rule.succeededIndexes, f"error parsing succeededIndexes: {exc}"))
    count = rule.succeededCount
    if count is None:
        return errors
    where = path.child("succeededCount")
    if count < 0:
        errors.append(bad(where, count, NEGATIVE))
    if count > completions:
        why = f"must be less than or equal to {completions} (the number of specified completions)"
        errors.append(bad(where, count, why))
    if named is not None and count > named:
        what = "the number of indexes in the specified succeededIndexes field"
        why = f"must be less than or equal to {named} ({what})"
        errors.append(bad(where, count, why))
    return errors
