"""Resource table entries of authorization.k8s.io/v1: they can be created and nothing else."""

from __future__ import annotations

from edgeorch.api.authorization.reviews import (
    GROUP,
    LocalSubjectAccessReview,
    SelfSubjectAccessReview,
    SelfSubjectRulesReview,
    SubjectAccessReview,
)
from edgeorch.api.resources import ResourceInfo

_CREATE = ("create",)

LOCAL_SUBJECT_ACCESS_REVIEWS = ResourceInfo(
    group=GROUP,
    version="v1",
    kind="LocalSubjectAccessReview",
    plural="localsubjectaccessreviews",
    singular="localsubjectaccessreview",
    model=LocalSubjectAccessReview,
    verbs=_CREATE,
)
SELF_SUBJECT_ACCESS_REVIEWS = ResourceInfo(
    group=GROUP,
    version="v1",
    kind="SelfSubjectAccessReview",
    plural="selfsubjectaccessreviews",
    singular="selfsubjectaccessreview",
    model=SelfSubjectAccessReview,
    namespaced=False,
    verbs=_CREATE,
)
SELF_SUBJECT_RULES_REVIEWS = ResourceInfo(
    group=GROUP,
    version="v1",
    kind="SelfSubjectRulesReview",
    plural="selfsubjectrulesreviews",
    singular="selfsubjectrulesreview",
    model=SelfSubjectRulesReview,
    namespaced=False,
    verbs=_CREATE,
)
SUBJECT_ACCESS_REVIEWS = ResourceInfo(
    group=GROUP,
    version="v1",
    kind="SubjectAccessReview",
    plural="subjectaccessreviews",
    singular="subjectaccessreview",
    model=SubjectAccessReview,
    namespaced=False,
    verbs=_CREATE,
)
