"""Answers questions about rights: the kinds of authorization.k8s.io (``pkg/registry/authorization``)."""

from __future__ import annotations

from collections.abc import Mapping

from edgeorch.api.authorization import validation
from edgeorch.api.authorization.resources import (
    LOCAL_SUBJECT_ACCESS_REVIEWS,
    SELF_SUBJECT_ACCESS_REVIEWS,
    SELF_SUBJECT_RULES_REVIEWS,
    SUBJECT_ACCESS_REVIEWS,
)
from edgeorch.api.authorization.reviews import (
    LocalSubjectAccessReview,
    NonResourceRule,
    ResourceRule,
    SelfSubjectAccessReview,
    SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview,
    SubjectAccessReview,
    SubjectAccessReviewSpec,
    SubjectAccessReviewStatus,
    SubjectRulesReviewStatus,
)
from edgeorch.api.meta import Object
from edgeorch.api.rbac.roles import ANY, PolicyRule
from edgeorch.errors import BadRequest
from edgeorch_server.access.attributes import Who, is_master
from edgeorch_server.access.policy import Policy
from edgeorch_server.apiserver.auth.authorization import Attributes, Authorizer
from edgeorch_server.apiserver.posted import Post, Posted
from edgeorch_server.registry import messages
from edgeorch_server.registry.base import User
from edgeorch_server.registry.decoding import decode_body


def access_reviews(authorizer: Authorizer, policy: Policy) -> Mapping[str, Posted]:
    """Give what answers each kind, by :attr:`~edgeorch.api.resources.ResourceInfo.key`."""
    return {
        SUBJECT_ACCESS_REVIEWS.key: SubjectReviews(authorizer),
        LOCAL_SUBJECT_ACCESS_REVIEWS.key: LocalReviews(authorizer),
        SELF_SUBJECT_ACCESS_REVIEWS.key: SelfReviews(authorizer),
        SELF_SUBJECT_RULES_REVIEWS.key: RulesReviews(policy),
    }


class SubjectReviews:
    """Whether somebody may do something."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def answer(self, post: Post) -> Object:
        """Answer a SubjectAccessReview; raises Invalid."""
        review: SubjectAccessReview = decode_body(SUBJECT_ACCESS_REVIEWS, post.body, post.options)
        if errors := validation.validate_subject_access_review(review):
            raise messages.invalid(SUBJECT_ACCESS_REVIEWS, "", errors)
        review.status = _status(self._authorizer, _subject(review.spec), review.spec)
        return review


class LocalReviews:
    """Whether somebody may do something in the namespace of the question."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def answer(self, post: Post) -> Object:
        """Answer a LocalSubjectAccessReview; raises Invalid, and BadRequest for another namespace."""
        review: LocalSubjectAccessReview = decode_body(LOCAL_SUBJECT_ACCESS_REVIEWS, post.body, post.options)
        if not review.metadata.namespace:
            review.metadata.namespace = post.namespace
        if errors := validation.validate_local_subject_access_review(review):
            raise messages.invalid(LOCAL_SUBJECT_ACCESS_REVIEWS, "", errors)
        resource = review.spec.resourceAttributes
        if resource and resource.namespace != post.namespace:
            raise BadRequest(
                "spec.resourceAttributes.namespace must match namespace: "
                f"{messages.quote(resource.namespace)} != {messages.quote(post.namespace)}"
            )
        review.status = _status(self._authorizer, _subject(review.spec), review.spec)
        return review


class SelfReviews:
    """Whether whoever asks may do something."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def answer(self, post: Post) -> Object:
        """Answer a SelfSubjectAccessReview; raises Invalid."""
        review: SelfSubjectAccessReview = decode_body(SELF_SUBJECT_ACCESS_REVIEWS, post.body, post.options)
        if errors := validation.validate_self_subject_access_review(review):
            raise messages.invalid(SELF_SUBJECT_ACCESS_REVIEWS, "", errors)
        review.status = _status(self._authorizer, post.user, review.spec)
        return review


class RulesReviews:
    """All that whoever asks may do in a namespace."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def answer(self, post: Post) -> Object:
        """Answer a SelfSubjectRulesReview; raises BadRequest without a namespace."""
        review: SelfSubjectRulesReview = decode_body(SELF_SUBJECT_RULES_REVIEWS, post.body, post.options)
        namespace = review.spec.namespace
        if not namespace:
            raise BadRequest("no namespace on request")
        rules = self._policy.rules_for(post.user, namespace)
        if is_master(post.user):
            rules = [*_EVERYTHING, *(rule for rule in rules if rule not in _EVERYTHING)]
        review.status = SubjectRulesReviewStatus(
            resourceRules=[_resource_rule(rule) for rule in rules if rule.resources],
            nonResourceRules=[
                NonResourceRule(verbs=rule.verbs, nonResourceURLs=rule.nonResourceURLs)
                for rule in rules
                if rule.nonResourceURLs
            ],
            incomplete=False,
            evaluationError=self._policy.lost_roles(post.user, namespace),
        )
        return review


_EVERYTHING = (
    PolicyRule(verbs=[ANY], apiGroups=[ANY], resources=[ANY]),
    PolicyRule(verbs=[ANY], nonResourceURLs=[ANY]),
)


def _resource_rule(rule: PolicyRule) -> ResourceRule:
    return ResourceRule(
        verbs=rule.verbs,
        apiGroups=rule.apiGroups,
        resources=rule.resources,
        resourceNames=rule.resourceNames,
    )


def _subject(spec: SubjectAccessReviewSpec) -> User:
    extra = {key: tuple(values) for key, values in spec.extra.items()}
    return User(spec.user, tuple(spec.groups), spec.uid, extra)


def _status(
    authorizer: Authorizer, user: Who, spec: SubjectAccessReviewSpec | SelfSubjectAccessReviewSpec
) -> SubjectAccessReviewStatus:
    decision = authorizer.explain(_asked(user, spec))
    return SubjectAccessReviewStatus(allowed=decision.allowed, reason=decision.reason)


def _asked(user: Who, spec: SubjectAccessReviewSpec | SelfSubjectAccessReviewSpec) -> Attributes:
    if (path := spec.nonResourceAttributes) is not None:
        # a path that is empty would ask for a resource
        return Attributes(user=user, verb=path.verb, path=path.path or "/")
    resource = spec.resourceAttributes
    assert resource is not None, "validation lets one of the two through"
    return Attributes(
        user=user,
        verb=resource.verb,
        group=resource.group,
        resource=resource.resource,
        subresource=resource.subresource,
        namespace=resource.namespace,
        name=resource.name,
    )
