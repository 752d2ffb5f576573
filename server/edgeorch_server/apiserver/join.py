"""The two requests of a board that wants in: the CA (public), and the certificate (with a join token)."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edgeorch.errors import BadRequest, Unauthorized
from edgeorch_server.apiserver.responses import json_response
from edgeorch_server.registry.joining import Joining

MAX_BODY = 16 * 1024
"""Bytes: a signing request is under one kilobyte, and whoever asks is nobody yet."""


def join_routes(joining: Joining, ca: bytes, mqtt: dict[str, str | int]) -> list[Route]:
    """Give the routes; ``mqtt`` says how the fleet reaches the broker (``url`` or ``port``, and ``root``)."""

    async def get_ca(_request: Request) -> Response:
        return Response(ca, media_type="application/x-pem-file")

    async def post_join(request: Request) -> Response:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized("a join token is needed: make one with `edgeorch token create`")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise BadRequest("the join request is too large")
        try:
            asked = json.loads(body)
            node, csr = asked["nodeName"], asked["request"]
        except (ValueError, KeyError, TypeError) as exc:
            raise BadRequest("a join request is a JSON object with nodeName and request") from exc
        if not isinstance(node, str) or not isinstance(csr, str):
            raise BadRequest("nodeName and request must be strings")
        joined = await joining.join(bearer, node, csr.encode())
        return json_response(
            {"certificate": joined.certificate.decode(), "ca": joined.ca.decode(), "mqtt": mqtt}, 201
        )

    return [
        Route("/edgeorch/v1/ca", get_ca, methods=["GET"]),
        Route("/edgeorch/v1/join", post_join, methods=["POST"]),
    ]
