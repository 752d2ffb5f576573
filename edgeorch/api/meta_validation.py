"""Validation of ``metadata`` and of label selectors (``apimachinery/pkg/api/validation``)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from edgeorch.api.label_rules import label_value_problems, qualified_name_problems
from edgeorch.api.meta import LabelSelector, LabelSelectorRequirement, ObjectMeta, OwnerReference
from edgeorch.api.names import (
    NameRule,
    as_prefix,
    dns_label_problems,
    dns_subdomain_problems,
    path_segment_problems,
)
from edgeorch.api.validation import FieldError, Path, bad, forbidden, not_supported, required, too_long

METADATA = Path("metadata")

MAX_ANNOTATIONS_BYTES = 256 * 1024
"""Keys and values of all annotations together."""

STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
"""Finalizers that need no domain."""

IMMUTABLE = "field is immutable"
NEGATIVE = "must be greater than or equal to 0"


def validate_meta(
    meta: ObjectMeta,
    *,
    namespaced: bool,
    name_rule: NameRule = dns_subdomain_problems,
    any_finalizer: bool = False,
) -> list[FieldError]:
    """Check the metadata of a new object (``ValidateObjectMeta``).

    ``any_finalizer`` lets finalizers be called without a domain, as custom resources and their definitions do
    (``apimachinery``'s check; the one that built-in kinds add to it is ``pkg/apis/core/validation``'s).
    """
    errors: list[FieldError] = []
    if meta.generateName:
        prefix_rule = as_prefix(name_rule)
        errors += [
            bad(METADATA.child("generateName"), meta.generateName, p) for p in prefix_rule(meta.generateName)
        ]
    if not meta.name:
        errors.append(required(METADATA.child("name"), "name or generateName is required"))
    else:
        problems = path_segment_problems(meta.name) or name_rule(meta.name)
        errors += [bad(METADATA.child("name"), meta.name, p) for p in problems]
    errors += _validate_namespace(meta.namespace, namespaced=namespaced)
    if meta.generation < 0:
        errors.append(bad(METADATA.child("generation"), meta.generation, NEGATIVE))
    return errors + _validate_mutable_meta(meta, any_finalizer=any_finalizer)


def validate_meta_update(new: ObjectMeta, old: ObjectMeta, *, any_finalizer: bool = False) -> list[FieldError]:
    """Check what became of an object's metadata (``ValidateObjectMetaUpdate``); see :func:`validate_meta`."""
    errors: list[FieldError] = []
    for name in ("name", "namespace", "uid", "creationTimestamp"):
        errors += immutable(METADATA.child(name), getattr(new, name), getattr(old, name))
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds"):
        if getattr(new, name) not in {None, getattr(old, name)}:
            why = f"{IMMUTABLE}; may only be changed via deletion"
            errors.append(bad(METADATA.child(name), getattr(new, name), why))
    if old.deletionTimestamp is not None:
        added = sorted(set(new.finalizers) - set(old.finalizers))
        if added:
            named = ", ".join(map(json.dumps, added))  # Go's %#v
            errors.append(
                forbidden(
                    METADATA.child("finalizers"),
                    "no new finalizers can be added if the object is being deleted, "
                    f"found new finalizers []string{{{named}}}",
                )
            )
    if new.generation < old.generation:
        errors.append(bad(METADATA.child("generation"), new.generation, "must not be decremented"))
    return errors + _validate_mutable_meta(new, any_finalizer=any_finalizer)


def _validate_mutable_meta(meta: ObjectMeta, *, any_finalizer: bool) -> list[FieldError]:
    return [
        *validate_labels(meta.labels, METADATA.child("labels")),
        *validate_annotations(meta.annotations, METADATA.child("annotations")),
        *_validate_owners(meta.ownerReferences),
        *_validate_finalizers(meta.finalizers, any_finalizer=any_finalizer),
    ]


def _validate_namespace(namespace: str, *, namespaced: bool) -> list[FieldError]:
    path = METADATA.child("namespace")
    if not namespaced:
        return [forbidden(path, "not allowed on this type")] if namespace else []
    if not namespace:
        return [required(path)]
    return [bad(path, namespace, p) for p in dns_label_problems(namespace)]


def validate_labels(labels: Mapping[str, str], path: Path) -> list[FieldError]:
    """Check keys and values (``ValidateLabels``)."""
    errors: list[FieldError] = []
    for key, value in labels.items():
        errors += [bad(path, key, p) for p in qualified_name_problems(key)]
        errors += [bad(path, value, p) for p in label_value_problems(value)]
    return errors


def validate_annotations(annotations: Mapping[str, str], path: Path) -> list[FieldError]:
    """Check keys, and the size of all together (``ValidateAnnotations``)."""
    errors = [bad(path, key, p) for key in annotations for p in qualified_name_problems(key.lower())]
    if sum(len(k.encode()) + len(v.encode()) for k, v in annotations.items()) > MAX_ANNOTATIONS_BYTES:
        errors.append(too_long(path, MAX_ANNOTATIONS_BYTES))
    return errors


def _validate_owners(owners: list[OwnerReference]) -> list[FieldError]:
    path = METADATA.child("ownerReferences")
    errors: list[FieldError] = []
    for owner in owners:
        if not owner.apiVersion:
            errors.append(bad(path.child("apiVersion"), owner.apiVersion, "version must not be empty"))
        errors += [
            bad(path.child(name), "", "must not be empty")
            for name in ("kind", "name", "uid")
            if not getattr(owner, name)
        ]
        if owner.kind == "Event" and owner.apiVersion in {"v1", "events.k8s.io/v1"}:
            errors.append(bad(path, owner, f"{owner.apiVersion}, Kind=Event is disallowed from being an owner"))
    controllers = [owner.name for owner in owners if owner.controller]
    if len(controllers) > 1:
        errors.append(
            bad(
                path,
                [owner.to_dict() for owner in owners],
                "Only one reference can have Controller set to true. Found "
                f'"true" in references for {controllers[0]} and {controllers[1]}',
            )
        )
    return errors


def _validate_finalizers(finalizers: list[str], *, any_finalizer: bool) -> list[FieldError]:
    path = METADATA.child("finalizers")
    errors: list[FieldError] = []
    for number, name in enumerate(finalizers):
        check = _validate_qualified if any_finalizer else validate_finalizer
        errors += check(name, path.at(number))
    if {"orphan", "foregroundDeletion"} <= set(finalizers):
        errors.append(
            bad(path, finalizers, "finalizer foregroundDeletion and orphan cannot be both set"),
        )
    return errors


def validate_finalizer(name: str, path: Path) -> list[FieldError]:
    """Check the name of a finalizer: one of Kubernetes' own, or one with a domain."""
    errors = _validate_qualified(name, path)
    if not errors and "/" not in name and name not in STANDARD_FINALIZERS:
        errors.append(
            bad(path, name, "name is neither a standard finalizer name nor is it fully qualified"),
        )
    return errors


def _validate_qualified(name: str, path: Path) -> list[FieldError]:
    return [bad(path, name, p) for p in qualified_name_problems(name)]


def immutable(path: Path, new: object, old: object) -> list[FieldError]:
    """Check that a field has not changed (``ValidateImmutableField``)."""
    return [] if new == old else [bad(path, new, IMMUTABLE)]


def validate_label_selector(selector: LabelSelector | None, path: Path) -> list[FieldError]:
    """Check a label selector (``ValidateLabelSelector``)."""
    if selector is None:
        return []
    errors = validate_labels(selector.matchLabels, path.child("matchLabels"))
    for number, requirement in enumerate(selector.matchExpressions):
        errors += _validate_requirement(requirement, path.child("matchExpressions").at(number))
    return errors


def _validate_requirement(requirement: LabelSelectorRequirement, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    match requirement.operator:
        case "In" | "NotIn":
            if not requirement.values:
                errors.append(
                    required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'")
                )
        case "Exists" | "DoesNotExist":
            if requirement.values:
                errors.append(
                    forbidden(
                        path.child("values"),
                        "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                    )
                )
        case _:
            errors.append(bad(path.child("operator"), requirement.operator, "not a valid selector operator"))
    errors += [bad(path.child("key"), requirement.key, p) for p in qualified_name_problems(requirement.key)]
    for number, value in enumerate(requirement.values):
        errors += [bad(path.child("values").at(number), value, p) for p in label_value_problems(value)]
    return errors


def validate_enum(value: str, path: Path, valid: tuple[str, ...]) -> list[FieldError]:
    """Check that a word is set and is a known one."""
    if not value:
        return [required(path)]
    return [] if value in valid else [not_supported(path, value, valid)]
