"""Who asks, whose a token is, and how to get one. Answered at once and stored nowhere."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.meta import Int64, Model, Object, Required, Time

GROUP = "authentication.k8s.io"

DEFAULT_EXPIRATION = 3600
"""Seconds a token is good for unless somebody says otherwise."""


class UserInfo(Model):
    """A user, as the server sees them."""

    username: str = ""
    """Their name."""
    uid: str = ""
    """Their identity in time, which a new user of the same name does not share."""
    groups: list[str] = Field(default_factory=list)
    """What they belong to."""
    extra: dict[str, list[str]] = Field(default_factory=dict)
    """What else is known of them."""


class SelfSubjectReviewStatus(Model):
    """The answer."""

    userInfo: UserInfo = Field(default_factory=UserInfo)
    """Who asks."""


class SelfSubjectReview(Object):
    """Asks who one is."""

    status: SelfSubjectReviewStatus = Field(default_factory=SelfSubjectReviewStatus)
    """The answer."""


class TokenReviewSpec(Model):
    """The token that is asked about."""

    token: Required[str] = ""
    """The token itself."""
    audiences: list[str] = Field(default_factory=list)
    """For whom it has to be, by default the API server: one of them is enough."""


class TokenReviewStatus(Model):
    """The answer."""

    authenticated: bool = False
    """Whether it is good."""
    user: UserInfo = Field(default_factory=UserInfo)
    """Whose it is."""
    audiences: list[str] = Field(default_factory=list)
    """Which of the audiences it is for."""
    error: str = ""
    """Why it is not good."""


class TokenReview(Object):
    """Asks whose a token is."""

    spec: Required[TokenReviewSpec] = Field(default_factory=TokenReviewSpec)
    """The question."""
    status: TokenReviewStatus = Field(default_factory=TokenReviewStatus)
    """The answer."""


class BoundObjectReference(Model):
    """The object that a token dies with."""

    kind: str = ""
    """``Pod``, ``Secret`` or ``Node``."""
    apiVersion: str = ""
    """``v1``."""
    name: str = ""
    """Its name."""
    uid: str = ""
    """Its identity; if it is given, it must be that object and no later one."""


class TokenRequestSpec(Model):
    """The token that is asked for."""

    audiences: list[str] = Field(default_factory=list)
    """For whom it is, by default the API server."""
    expirationSeconds: Int64 | None = None
    """Seconds it is to be good for, by default an hour; at least ten minutes."""
    boundObjectRef: BoundObjectReference | None = None
    """The object without which it is no longer good."""


class TokenRequestStatus(Model):
    """The token."""

    token: str = ""
    """The token itself."""
    expirationTimestamp: Time | None = None
    """Until when it is good."""


class TokenRequest(Object):
    """Asks for a token of a ServiceAccount."""

    spec: TokenRequestSpec = Field(default_factory=TokenRequestSpec)
    """What kind of token."""
    status: TokenRequestStatus = Field(default_factory=TokenRequestStatus)
    """The token."""
