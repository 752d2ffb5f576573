"""ASGI middleware that puts the user into the scope, or refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from edgeorch.errors import Unauthorized
from edgeorch_server.access.attributes import ANONYMOUS, UNAUTHENTICATED
from edgeorch_server.apiserver.auth.authentication import (
    Authenticator,
    ClientCertificate,
    Credentials,
    bearer_token,
)
from edgeorch_server.apiserver.auth.authorization import Attributes, Authorizer, authorize
from edgeorch_server.apiserver.auth.impersonation import impersonated, wants_impersonation
from edgeorch_server.registry.base import User

CERTIFICATE_KEY = "edgeorch.client_certificate"
"""Where the HTTP server puts the verified :class:`ClientCertificate` of a connection into the ASGI scope."""
SEEN_KEY = "edgeorch.seen"
"""Where :class:`Seen` is, if somebody outside wants to know."""

NOBODY = User(ANONYMOUS, (UNAUTHENTICATED,))


@dataclass(slots=True)
class Seen:
    """What was found out about a request, for the audit log: who asks, and what was noted on the way."""

    user: User | None = None
    real: User | None = None
    """Who acts as ``user``, if that is somebody else."""
    annotations: dict[str, str] = field(default_factory=dict)
    """What admission webhooks noted."""
    take_body: Callable[[object, int], None] | None = None
    """Is shown the body of the request, as JSON and not to be kept, with the size in bytes that it came in."""


class Authentication:
    """Lets only known users through; ``scope["user"]`` is the :class:`User` from here on.

    With ``strangers`` those pass too who bring no credentials, as ``system:anonymous``. Whoever asks to act as
    somebody else does so from here on, if ``authorizer`` allows it.
    """

    def __init__(
        self, app: ASGIApp, authenticator: Authenticator, authorizer: Authorizer, *, strangers: bool = False
    ) -> None:
        self.app = app
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._strangers = strangers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Authenticate and go on; raises Unauthorized, Forbidden and BadRequest."""
        certificate: ClientCertificate | None = scope.get(CERTIFICATE_KEY)
        headers = Headers(scope=scope)
        credentials = Credentials(certificate, bearer_token(headers))
        user = await self._authenticator.authenticate(credentials)
        if user is None:
            if not self._strangers:
                raise Unauthorized("Unauthorized")
            user = NOBODY
        seen: Seen = scope.get(SEEN_KEY) or Seen()
        seen.user = user
        if wants_impersonation(scope["headers"]):
            seen.user, seen.real = impersonated(user, headers, self._authorizer), user
        scope["user"] = seen.user
        await self.app(scope, receive, send)


class PathAuthorization:
    """Asks for paths that are no resources, by the method in small letters as the verb."""

    def __init__(self, app: ASGIApp, authorizer: Authorizer) -> None:
        self.app = app
        self._authorizer = authorizer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on if it is allowed; raises Forbidden."""
        asked = Attributes(user=scope["user"], verb=scope["method"].lower(), path=scope["path"])
        authorize(self._authorizer, asked)
        await self.app(scope, receive, send)
