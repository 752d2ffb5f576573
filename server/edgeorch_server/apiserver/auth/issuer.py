"""Tells others how to check our tokens: OpenID Connect discovery (``serviceaccount/openidmetadata.go``)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from edgeorch_server.access.account_tokens import ISSUER
from edgeorch_server.access.jwt import ALGORITHM, SigningKey
from edgeorch_server.apiserver.responses import json_line

CONFIGURATION_PATH = "/.well-known/openid-configuration"
KEYS_PATH = "/openid/v1/jwks"
_CACHE = {"cache-control": "public, max-age=3600"}


def issuer_routes(key: SigningKey) -> list[BaseRoute]:
    """Give both documents; where the keys are is said as the client reached us."""
    keys = json_line({"keys": [key.jwk()]})

    async def get_configuration(request: Request) -> Response:
        document = {
            "issuer": ISSUER,
            "jwks_uri": f"https://{request.url.netloc}{KEYS_PATH}",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }
        return Response(json_line(document), media_type="application/json", headers=_CACHE)

    async def get_keys(_request: Request) -> Response:
        return Response(keys, media_type="application/jwk-set+json", headers=_CACHE)

    return [Route(CONFIGURATION_PATH, get_configuration), Route(KEYS_PATH, get_keys)]
