"""Acting as somebody else: ``Impersonate-*`` headers, and the verb ``impersonate``.

Follows ``k8s.io/apiserver/pkg/endpoints/filters/impersonation.go``: every name that is taken on is asked for
separately.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping

from starlette.datastructures import Headers

from edgeorch.errors import BadRequest
from edgeorch_server.access.attributes import ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED
from edgeorch_server.access.policy import service_account_user
from edgeorch_server.apiserver.auth.authorization import Attributes, Authorizer, authorize
from edgeorch_server.registry.base import User

_PREFIX = b"impersonate-"
_USER, _GROUP, _UID = "impersonate-user", "impersonate-group", "impersonate-uid"
_EXTRA = "impersonate-extra-"
_AUTHENTICATION = "authentication.k8s.io"
_SERVICE_ACCOUNT = re.compile(re.escape(service_account_user("", "")).rstrip(":") + r":([^:]+):([^:]+)")


def wants_impersonation(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether there is any such header; names are in small letters."""
    return any(name.startswith(_PREFIX) for name, _ in headers)


def impersonated(user: User, headers: Headers, authorizer: Authorizer) -> User:
    """Give the user to act as; raises Forbidden, and BadRequest for groups without a user.

    (Kubernetes answers the latter with an internal error, which it is not.)
    """
    name, uid = headers.get(_USER, ""), headers.get(_UID, "")
    groups, extra = headers.getlist(_GROUP), _extra_of(headers)
    if not name:
        raise BadRequest("requested groups, extra or uid without impersonating a user")
    for asked in _asked(user, name, groups, uid, extra):
        authorize(authorizer, asked)
    if (account := _service_account(name)) and not groups:
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{account[0]}"]
    return User(name, _with_standing(name, groups), uid, extra)


def _asked(
    user: User, name: str, groups: Iterable[str], uid: str, extra: Mapping[str, tuple[str, ...]]
) -> Iterator[Attributes]:
    if account := _service_account(name):
        namespace, account_name = account
        yield Attributes(
            user, "impersonate", resource="serviceaccounts", namespace=namespace, name=account_name
        )
    else:
        yield Attributes(user, "impersonate", resource="users", name=name)
    for group in groups:
        yield Attributes(user, "impersonate", resource="groups", name=group)
    for key, values in extra.items():
        for value in values:
            yield Attributes(
                user, "impersonate", _AUTHENTICATION, resource="userextras", subresource=key, name=value
            )
    if uid:
        yield Attributes(user, "impersonate", _AUTHENTICATION, resource="uids", name=uid)


def _service_account(name: str) -> tuple[str, str] | None:
    match = _SERVICE_ACCOUNT.fullmatch(name)
    return (match[1], match[2]) if match else None


def _extra_of(headers: Headers) -> dict[str, tuple[str, ...]]:
    """Collect what else is to be known of the user; keys may be percent-encoded."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in headers.items():
        if name.startswith(_EXTRA):
            key = urllib.parse.unquote(name.removeprefix(_EXTRA))
            found[key] = (*found.get(key, ()), value)
    return found


def _with_standing(name: str, groups: Iterable[str]) -> tuple[str, ...]:
    """Add the group of those we know, or of those we do not."""
    distinct = tuple(dict.fromkeys(groups))
    if name == ANONYMOUS:
        return distinct if UNAUTHENTICATED in distinct else (*distinct, UNAUTHENTICATED)
    known = AUTHENTICATED in distinct or UNAUTHENTICATED in distinct
    return distinct if known else (*distinct, AUTHENTICATED)
