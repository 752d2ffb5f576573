"""Answers who somebody is: the kinds of authentication.k8s.io (``pkg/registry/authentication``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from edgeorch.api.authentication.resources import SELF_SUBJECT_REVIEWS, TOKEN_REVIEWS
from edgeorch.api.authentication.reviews import (
    SelfSubjectReview,
    SelfSubjectReviewStatus,
    TokenReview,
    TokenReviewStatus,
    UserInfo,
)
from edgeorch.api.meta import Object, ObjectMeta
from edgeorch.errors import BadRequest, Unauthorized
from edgeorch_server.apiserver.auth.authentication import Authenticator, Credentials
from edgeorch_server.apiserver.posted import Post, Posted
from edgeorch_server.registry.base import User
from edgeorch_server.registry.decoding import decode_body

_UNKNOWN = "invalid bearer token"


def identity_reviews(authenticator: Authenticator, api_audience: str) -> Mapping[str, Posted]:
    """Give what answers each kind, by :attr:`~edgeorch.api.resources.ResourceInfo.key`."""
    return {
        SELF_SUBJECT_REVIEWS.key: SelfReviews(),
        TOKEN_REVIEWS.key: TokenReviews(authenticator, api_audience),
    }


class SelfReviews:
    """Who asks."""

    async def answer(self, post: Post) -> Object:
        """Answer a SelfSubjectReview."""
        review = cast("SelfSubjectReview", decode_body(post.resource, post.body, post.options))
        review.metadata = ObjectMeta(name="", creationTimestamp=review.metadata.creationTimestamp)
        review.status = SelfSubjectReviewStatus(userInfo=user_info(post.user))
        return review


class TokenReviews:
    """Whose a token is."""

    def __init__(self, authenticator: Authenticator, api_audience: str) -> None:
        self._authenticator = authenticator
        self._api_audience = api_audience

    async def answer(self, post: Post) -> Object:
        """Answer a TokenReview; a bad token is an answer, none is a BadRequest."""
        review: TokenReview = decode_body(TOKEN_REVIEWS, post.body, post.options)
        if not review.spec.token:
            raise BadRequest("token is required for TokenReview in authentication")
        review.status = await self._status(review.spec.token, review.spec.audiences)
        return review

    async def _status(self, token: str, audiences: Sequence[str]) -> TokenReviewStatus:
        """Ask for one audience at a time: the token is good for those that it is good for."""
        user: User | None = None
        good: list[str] = []
        why = _UNKNOWN
        for audience in dict.fromkeys(audiences) or (self._api_audience,):
            others = () if audience == self._api_audience else (audience,)
            try:
                found = await self._authenticator.authenticate(Credentials(None, token, others))
            except Unauthorized as exc:
                if exc.__cause__:
                    why = f"[invalid bearer token, {exc.__cause__}]"
                continue
            if found is not None:
                user, good = found, [*good, audience]
        if user is None:
            return TokenReviewStatus(error=why)
        return TokenReviewStatus(authenticated=True, user=user_info(user), audiences=good)


def user_info(user: User) -> UserInfo:
    """Give a user as it stands on the wire."""
    return UserInfo(
        username=user.name,
        uid=user.uid,
        groups=list(user.groups),
        extra={key: list(values) for key, values in user.extra.items()},
    )
