"""Reading request bodies within bounds."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from edgeorch.errors import GatewayTimeout, RequestEntityTooLarge

MAX_BODY = 3 * 1024 * 1024
"""Bytes; Kubernetes' own limit for a request body."""

BODY_TIMEOUT = 60.0
"""Seconds within which a body must have arrived; Kubernetes' request time-out."""


async def read_body(request: Request) -> bytes:
    """Read a whole body.

    Raises RequestEntityTooLarge as soon as its announced or actual size is over :data:`MAX_BODY`, without
    reading the rest, and GatewayTimeout when it does not arrive.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_BODY:
        raise _too_large()
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_BODY:
                    raise _too_large()
                chunks.append(chunk)
    except TimeoutError as exc:
        raise GatewayTimeout("Timeout: request did not complete within the allotted timeout") from exc
    return b"".join(chunks)


def _too_large() -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"Request entity too large: limit is {MAX_BODY}")
