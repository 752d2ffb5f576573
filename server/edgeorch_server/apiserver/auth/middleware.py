"""ASGI middleware that puts the user into the scope, or refuses."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from edgeorch.errors import Unauthorized
from edgeorch_server.apiserver.auth.authentication import (
    Authenticator,
    ClientCertificate,
    Credentials,
    bearer_token,
)

CERTIFICATE_KEY = "edgeorch.client_certificate"
"""Where the HTTP server puts the verified :class:`ClientCertificate` of a connection into the ASGI scope."""


class Authentication:
    """Lets only known users through; ``request.user`` is the :class:`User` from here on."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self.app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Authenticate and go on; raises Unauthorized."""
        certificate: ClientCertificate | None = scope.get(CERTIFICATE_KEY)
        credentials = Credentials(certificate, bearer_token(Headers(scope=scope)))
        user = await self._authenticator.authenticate(credentials)
        if user is None:
            raise Unauthorized("Unauthorized")
        scope["user"] = user
        await self.app(scope, receive, send)
