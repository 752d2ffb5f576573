"""Reading and decoding request bodies within bounds."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from edgeorch.api.decode import Decoded, decode, decode_object
from edgeorch.errors import BadRequest, GatewayTimeout, RequestEntityTooLarge
from edgeorch_server.apiserver.negotiation import BodyFormat, body_format, patch_type
from edgeorch_server.apiserver.protobuf.body import decode_protobuf
from edgeorch_server.registry.base import PatchType, WriteOptions

MAX_BODY = 3 * 1024 * 1024
"""Bytes; Kubernetes' own limit for a request body."""

BODY_TIMEOUT = 60.0
"""Seconds within which a body must have arrived; Kubernetes' request time-out."""

MAX_PATCH_OPERATIONS = 10_000
"""Operations in one JSON patch; Kubernetes' own limit."""

_LARGE = 128 * 1024


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


async def read_object(request: Request, options: WriteOptions, kind: str) -> dict[str, Any]:
    """Read a body that is an object; what is dubious about it goes to ``options.body_problems``.

    Raises UnsupportedMediaType, RequestEntityTooLarge, BadRequest.
    """
    decoder = _decoder(request, kind, options.field_validation)
    decoded = await _decoded(await read_body(request), decoder)
    options.body_problems.extend(decoded.problems)
    value: dict[str, Any] = decoded.value
    return value


async def read_patch(request: Request, options: WriteOptions) -> tuple[PatchType, Any]:
    """Read a patch: a list of operations, or an object; raises as :func:`read_object`."""
    kind = patch_type(request.headers.get("content-type", ""))
    data = await read_body(request)
    decoded = await _decoded(data, functools.partial(decode, validation=options.field_validation))
    options.body_problems.extend(decoded.problems)
    patch = decoded.value
    if kind is not PatchType.JSON:
        if not isinstance(patch, dict):
            raise BadRequest("error decoding patch: the patch must be a JSON object")
    elif not isinstance(patch, list):
        raise BadRequest("error decoding patch: a JSON patch must be a list of operations (RFC 6902)")
    elif len(patch) > MAX_PATCH_OPERATIONS:
        raise RequestEntityTooLarge(
            f"Request entity too large: The allowed maximum operations in a JSON patch is "
            f"{MAX_PATCH_OPERATIONS}, got {len(patch)}"
        )
    return kind, patch


async def read_delete_options(request: Request) -> dict[str, Any] | None:
    """Read the body of a DELETE, if there is one; raises as :func:`read_object`."""
    data = await read_body(request)
    if not data:
        return None
    value: dict[str, Any] = _decoder(request, "DeleteOptions")(data).value
    return value


def _decoder(request: Request, kind: str, validation: str = "Warn") -> Callable[[bytes], Decoded]:
    """Choose how a body that is an object is decoded; raises UnsupportedMediaType."""
    written_in = body_format(request.headers.get("content-type", ""))
    if written_in is BodyFormat.PROTOBUF:
        return functools.partial(decode_protobuf, kind=kind)
    yaml = written_in is BodyFormat.YAML
    return functools.partial(decode_object, yaml=yaml, validation=validation, kind=kind)


async def _decoded(data: bytes, decoder: Callable[[bytes], Decoded]) -> Decoded:
    """Decode; a large body in a thread, so that the others are still served meanwhile."""
    if len(data) > _LARGE:
        return await asyncio.to_thread(decoder, data)
    return decoder(data)
