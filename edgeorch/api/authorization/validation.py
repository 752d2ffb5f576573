"""Validation of access reviews, as in Kubernetes' ``pkg/apis/authorization/validation``."""

from __future__ import annotations

from edgeorch.api.authorization.reviews import (
    LocalSubjectAccessReview,
    SelfSubjectAccessReview,
    SelfSubjectAccessReviewSpec,
    SubjectAccessReview,
    SubjectAccessReviewSpec,
)
from edgeorch.api.meta import ObjectMeta
from edgeorch.api.validation import FieldError, Path, bad

_SPEC = Path("spec")
_METADATA = Path("metadata")


def validate_subject_access_review(review: SubjectAccessReview) -> list[FieldError]:
    """Check a question about anybody (``ValidateSubjectAccessReview``)."""
    return _validate_spec(review.spec) + _must_be_bare(review.metadata)


def validate_self_subject_access_review(review: SelfSubjectAccessReview) -> list[FieldError]:
    """Check a question about oneself (``ValidateSelfSubjectAccessReview``)."""
    return _validate_attributes(review.spec) + _must_be_bare(review.metadata)


def validate_local_subject_access_review(review: LocalSubjectAccessReview) -> list[FieldError]:
    """Check a question about one namespace (``ValidateLocalSubjectAccessReview``)."""
    errors = _validate_spec(review.spec)
    errors += _must_be_bare(review.metadata.model_copy(update={"namespace": ""}))
    resource = review.spec.resourceAttributes
    if resource is not None and resource.namespace != review.metadata.namespace:
        path = _SPEC.child("resourceAttributes", "namespace")
        errors.append(bad(path, resource.namespace, "must match metadata.namespace"))
    if review.spec.nonResourceAttributes is not None:
        path = _SPEC.child("nonResourceAttributes")
        why = "disallowed on this kind of request"
        errors.append(bad(path, review.spec.nonResourceAttributes, why))
    return errors


def _validate_spec(spec: SubjectAccessReviewSpec) -> list[FieldError]:
    errors = _validate_attributes(spec)
    if not spec.user and not spec.groups:
        errors.append(bad(_SPEC.child("user"), spec.user, "at least one of user or group must be specified"))
    return errors


def _validate_attributes(spec: SubjectAccessReviewSpec | SelfSubjectAccessReviewSpec) -> list[FieldError]:
    path = _SPEC.child("resourceAttributes")
    if spec.resourceAttributes is not None and spec.nonResourceAttributes is not None:
        why = "cannot be specified in combination with resourceAttributes"
        return [bad(_SPEC.child("nonResourceAttributes"), spec.nonResourceAttributes, why)]
    if spec.resourceAttributes is None and spec.nonResourceAttributes is None:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [bad(path, None, why)]
    return []


def _must_be_bare(meta: ObjectMeta) -> list[FieldError]:
    """Refuse metadata: nothing is stored that it could be about."""
    bare = meta.model_copy(update={"managedFields": []})
    return [] if bare == ObjectMeta() else [bad(_METADATA, bare, "must be empty")]
