"""Puts access together: who asks, what they may do, and what they can ask about that."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.routing import BaseRoute

from edgeorch_server.access.account_tokens import ISSUER
from edgeorch_server.access.attributes import Authorizer
from edgeorch_server.access.jwt import SigningKey
from edgeorch_server.access.policy import Policy
from edgeorch_server.apiserver.auth.access_reviews import access_reviews
from edgeorch_server.apiserver.auth.authentication import Authenticator, ChainedAuthenticator
from edgeorch_server.apiserver.auth.authorization import MastersOnly, RbacAuthorizer
from edgeorch_server.apiserver.auth.identity_reviews import identity_reviews
from edgeorch_server.apiserver.auth.issuer import issuer_routes
from edgeorch_server.apiserver.auth.policy_follower import PolicyFollower
from edgeorch_server.apiserver.auth.service_accounts import ServiceAccountAuthenticator
from edgeorch_server.apiserver.auth.token_requests import KEY as TOKEN_KEY
from edgeorch_server.apiserver.auth.token_requests import TokenRequests
from edgeorch_server.apiserver.posted import Posted
from edgeorch_server.registry.base import Reader


@dataclass(frozen=True, slots=True)
class Access:
    """What the application needs to let the right ones in."""

    authenticator: Authenticator
    authorizer: Authorizer = field(default_factory=MastersOnly)
    posted: Mapping[str, Posted] = field(default_factory=dict)
    """What answers reviews and token requests, by where they are posted to."""
    routes: Sequence[BaseRoute] = ()
    """Documents for those who check our tokens."""


def rbac_access(
    reader: Reader, key: SigningKey, now: Callable[[], dt.datetime], *authenticators: Authenticator
) -> tuple[Access, PolicyFollower]:
    """Decide by the roles that are stored; the follower must run, or changes go unnoticed.

    ``authenticators`` are asked before tokens of ServiceAccounts are.
    """
    policy = Policy()
    follower = PolicyFollower(reader, policy)
    follower.load()
    authorizer = RbacAuthorizer(policy)
    chain = ChainedAuthenticator(*authenticators, ServiceAccountAuthenticator(reader, key, now))
    posted = {
        **access_reviews(authorizer, policy),
        **identity_reviews(chain, ISSUER),
        TOKEN_KEY: TokenRequests(reader, key, now),
    }
    return Access(chain, authorizer, posted, issuer_routes(key)), follower
