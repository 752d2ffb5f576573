"""Resource table entries of authentication.k8s.io: they can be created and nothing else."""

from __future__ import annotations

from dataclasses import replace

from edgeorch.api.authentication.reviews import GROUP, SelfSubjectReview, TokenReview
from edgeorch.api.resources import ResourceInfo

_CREATE = ("create",)

SELF_SUBJECT_REVIEWS = ResourceInfo(
    group=GROUP,
    version="v1",
    kind="SelfSubjectReview",
    plural="selfsubjectreviews",
    singular="selfsubjectreview",
    model=SelfSubjectReview,
    namespaced=False,
    verbs=_CREATE,
)
SELF_SUBJECT_REVIEWS_BETA = replace(SELF_SUBJECT_REVIEWS, version="v1beta1")
"""The same for ``kubectl auth whoami`` of 1.27, which knows no other version."""
TOKEN_REVIEWS = ResourceInfo(
    group=GROUP,
    version="v1",
    kind="TokenReview",
    plural="tokenreviews",
    singular="tokenreview",
    model=TokenReview,
    namespaced=False,
    verbs=_CREATE,
)
