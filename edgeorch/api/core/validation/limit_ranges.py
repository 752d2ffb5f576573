"""Validation of limit ranges."""

from __future__ import annotations

from collections.abc import Iterator

from edgeorch.api.core.limit_range import CLAIM, CONTAINER, POD, LimitRange, LimitRangeItem
from edgeorch.api.core.validation.resources import (
    can_overcommit,
    validate_container_resource_name,
    validate_qualified,
)
from edgeorch.api.label_rules import qualified_name_problems
from edgeorch.api.meta_validation import validate_meta, validate_meta_update
from edgeorch.api.quantity import Amount
from edgeorch.api.validation import FieldError, Path, bad, duplicate, forbidden, required

_TYPES = {CONTAINER, POD, CLAIM}
_LISTS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
_MAX_MILLI = (2**63 - 1) // 1000
"""Up to here Kubernetes compares ratios in thousandths."""


def validate_limit_range(limits: LimitRange) -> list[FieldError]:
    """Check a new limit range (``ValidateLimitRange``)."""
    return validate_meta(limits.metadata, namespaced=True) + _validate_items(limits)


def validate_limit_range_update(new: LimitRange, old: LimitRange) -> list[FieldError]:
    """Check a change of a limit range."""
    return validate_meta_update(new.metadata, old.metadata) + _validate_items(new)


def _validate_items(limits: LimitRange) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for number, item in enumerate(limits.spec.limits):
        path = Path("spec").child("limits").at(number)
        errors += _validate_type(item.type, path.child("type"))
        if item.type in seen:
            errors.append(duplicate(path.child("type"), item.type))
        seen.add(item.type)
        errors += _validate_item(item, path)
    return errors


def _validate_type(name: str, path: Path) -> list[FieldError]:
    if problems := qualified_name_problems(name):
        return [bad(path, name, problem) for problem in problems]
    if "/" not in name and name not in _TYPES:
        return [bad(path, name, "must be a standard limit type or fully qualified")]
    return []


def _validate_item(item: LimitRangeItem, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for which in _LISTS:
        given, here = getattr(item, which), path.child(which)
        if given and item.type == POD and which in {"default", "defaultRequest"}:
            errors.append(forbidden(here, "may not be specified when `type` is 'Pod'"))
        for name in given:
            errors += _validate_name(item.type, name, here.key(name))
    if item.type == CLAIM and "storage" not in {*item.min, *item.max}:
        why = "either minimum or maximum storage value is required, but neither was provided"
        errors.append(required(path.child("limits"), why))
    names = dict.fromkeys(name for which in _LISTS for name in getattr(item, which))
    for name in names:
        errors += _validate_amounts(item, name, path)
    return errors


def _validate_name(kind: str, name: str, path: Path) -> list[FieldError]:
    if kind in {POD, CONTAINER}:
        return validate_container_resource_name(name, path)
    return validate_qualified(name, path)


def _validate_amounts(item: LimitRangeItem, name: str, path: Path) -> Iterator[FieldError]:
    """Check that the amounts of one resource lie in order: min, default request, default limit, max."""
    texts = {which: getattr(item, which)[name] for which in _LISTS if name in getattr(item, which)}
    amounts = {which: Amount.parse(text) for which, text in texts.items()}
    for low, high, shown, sentence in _ORDER:
        if low in amounts and high in amounts and amounts[low] > amounts[high]:
            why = sentence.format(texts[low], texts[high])
            yield bad(path.child(shown).key(name), texts[_TOLD.get((low, high), shown)], why)
    ratio = amounts.get("maxLimitRequestRatio")
    if ratio is not None:
        yield from _validate_ratio(ratio, amounts, path.child("maxLimitRequestRatio").key(name))
    both = "default" in amounts and "defaultRequest" in amounts
    if both and not can_overcommit(name) and amounts["default"] != amounts["defaultRequest"]:
        limit, request = texts["default"], texts["defaultRequest"]
        why = f"default value {limit} must equal to defaultRequest value {request} in {name}"
        yield bad(path.child("defaultRequest").key(name), request, why)


_ORDER = (
    ("min", "max", "min", "min value {} is greater than max value {}"),
    ("min", "defaultRequest", "defaultRequest", "min value {} is greater than default request value {}"),
    ("defaultRequest", "max", "defaultRequest", "default request value {} is greater than max value {}"),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "default request value {} is greater than default limit value {}",
    ),
    ("min", "default", "default", "min value {} is greater than default value {}"),
    ("default", "max", "default", "default value {} is greater than max value {}"),
)
"""What must not be above what, where that is told, and how."""

_TOLD = {("min", "default"): "min", ("default", "max"): "max"}
"""Where Kubernetes shows another value than that of the field it names."""


def _validate_ratio(ratio: Amount, amounts: dict[str, Amount], path: Path) -> Iterator[FieldError]:
    if ratio < Amount.of(1):
        yield bad(path, str(ratio), f"ratio {ratio} is less than 1")
    low, high = amounts.get("min"), amounts.get("max")
    if low is None or high is None or not low:
        return
    most = high.nanos / low.nanos
    wanted = ratio.milli_value() / 1000 if ratio.value() < _MAX_MILLI else float(ratio.value())
    if wanted > most:
        yield bad(path, str(ratio), f"ratio {ratio} is greater than max/min = {most:f}")
