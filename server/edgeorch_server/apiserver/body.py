"""Reading and decoding request bodies within bounds."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from edgeorch.api.decode import Decoded, decode, decode_object, decode_patch
from edgeorch.api.patch import json_patch
from edgeorch.errors import BadRequest, GatewayTimeout, RequestEntityTooLarge
from edgeorch_server.apiserver.auth.middleware import SEEN_KEY, Seen
from edgeorch_server.apiserver.negotiation import BodyFormat, body_format
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
    data = await read_body(request)
    decoded = await _decoded(data, decoder)
    _show(request, decoded, data)
    options.body_problems.extend(decoded.problems)
    value: dict[str, Any] = decoded.value
    return value


async def read_patch(request: Request, kind: PatchType, options: WriteOptions) -> Any:
    """Read a patch: a list of operations, or an object; raises as :func:`read_object`."""
    data = await read_body(request)
    decoded = await _decoded(data, _patch_decoder(kind, options.field_validation))
    _show(request, decoded, data)
    patch = decoded.value
    if kind is not PatchType.JSON:
        options.body_problems.extend(decoded.problems)
    elif len(patch) > MAX_PATCH_OPERATIONS:
        raise RequestEntityTooLarge(
            f"Request entity too large: The allowed maximum operations in a JSON patch is "
            f"{MAX_PATCH_OPERATIONS}, got {len(patch)}"
        )
    elif options.field_validation != "Ignore":
        options.body_problems.extend(json_patch.strict_problems(patch, decoded.problems))
    return patch


def _decode_configuration(data: bytes, validation: str) -> Decoded:
    """Read what is applied: YAML, of which kubectl sends the part that is JSON and much faster to read."""
    if data.lstrip()[:1] == b"{":
        try:
            return decode(data, validation=validation)
        except BadRequest:
            pass  # YAML in flow style
    return decode_patch(data, dict, about="error decoding YAML: ", yaml=True, validation=validation)


async def read_delete_options(request: Request) -> dict[str, Any] | None:
    """Read the body of a DELETE, if there is one; raises as :func:`read_object`."""
    data = await read_body(request)
    if not data:
        return None
    decoded = _decoder(request, "DeleteOptions")(data)
    _show(request, decoded, data)
    value: dict[str, Any] = decoded.value
    return value


def _show(request: Request, decoded: Decoded, data: bytes) -> None:
    """Show a body to whom it concerns: the audit log."""
    seen: Seen | None = request.scope.get(SEEN_KEY)
    if seen and seen.take_body:
        seen.take_body(decoded.value, len(data))


def _patch_decoder(kind: PatchType, validation: str) -> Callable[[bytes], Decoded]:
    """Choose how a patch is decoded, and what its errors begin with (``handlers/patch.go``)."""
    if kind is PatchType.APPLY:
        return functools.partial(_decode_configuration, validation=validation)
    about = "" if kind is PatchType.STRATEGIC else "error decoding patch: "
    shape: type[dict[Any, Any] | list[Any]] = list if kind is PatchType.JSON else dict
    return functools.partial(decode_patch, shape=shape, about=about, validation=validation)


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
