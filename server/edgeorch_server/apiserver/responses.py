"""HTTP answers: JSON as Kubernetes writes it, errors as Status, and the one place that maps exceptions to them.

Kubernetes' JSON is compact, keeps the members' order and ends with a newline; some clients compare a Status
byte for byte.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edgeorch.errors import ApiError, InternalError, MethodNotAllowed, NotFound

JSON_TYPE = "application/json"

_MAX_WARNING = 256
_MAX_WARNINGS_TOTAL = 4 * 1024

logger = logging.getLogger(__name__)


def json_line(value: Any) -> bytes:
    """Encode as Kubernetes does: compact, with a newline at the end."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def pretty(data: bytes) -> bytes:
    """Indent a JSON text for people (``?pretty=true``)."""
    return orjson.dumps(orjson.loads(data), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def json_response(
    value: Any, status_code: int = 200, headers: Mapping[str, str] | None = None, media_type: str = JSON_TYPE
) -> Response:
    """Answer a value as JSON."""
    return Response(json_line(value), status_code, headers, media_type)


def status_response(error: ApiError) -> Response:
    """Answer an error as its Status."""
    headers = {"retry-after": str(error.retry_after)} if error.retry_after else None
    return json_response(error.to_status(), error.code, headers)


def add_warnings(response: Response, warnings: Sequence[str]) -> None:
    """Put warnings into ``Warning`` headers, as kubectl prints them (RFC 7234 section 5.5, code 299).

    Repeated ones are sent once. Like Kubernetes' warning recorder this stops at 4 KiB in all, and cuts each
    to 256 characters before that happens.
    """
    unique = list(dict.fromkeys(warnings))
    if sum(map(len, unique)) > _MAX_WARNINGS_TOTAL:
        unique = [text[:_MAX_WARNING] for text in unique]
    total = 0
    for text in unique:
        total += len(text)
        if total > _MAX_WARNINGS_TOTAL:
            break
        response.raw_headers.append((b"warning", b"299 - " + _quoted(text)))


def _quoted(text: str) -> bytes:
    """Write a quoted-string; control characters cannot stand in a header, so they become spaces."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    escaped = printable.replace("\\", "\\\\").replace('"', '\\"')
    return b'"' + escaped.encode() + b'"'


def as_api_error(exc: Exception) -> ApiError:
    """Find the Status for any exception: ours as it is, Starlette's by code, all others 500.

    An exception that nobody expected is logged here with its traceback, once; the client learns nothing of
    our insides.
    """
    match exc:
        case ApiError():
            return exc
        case HTTPException(status_code=404):
            return NotFound("the server could not find the requested resource")
        case HTTPException(status_code=405):
            return MethodNotAllowed("the server does not allow this method on the requested resource")
        case _:
            logger.error("unexpected error while answering a request", exc_info=exc)
            return InternalError("Internal error occurred: see the server's log")


class StatusErrors:
    """ASGI middleware: every exception of the application becomes a Status.

    Once an answer has begun there is no way to say more than that it ends early: the exception goes on to the
    HTTP server, which logs it and drops the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application and answer what it raises."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def noting_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, noting_send)
        except ClientDisconnect:
            return
        except Exception as exc:
            if started:
                raise
            response = status_response(as_api_error(exc))
            if "expect" in Headers(scope=scope):
                # the client may or may not send the body it asked about: only a new connection is clear
                response.headers["connection"] = "close"
            await response(scope, receive, send)


class StripTrailingSlash:
    """ASGI middleware: ``/apis/`` is ``/apis``; some clients write it so."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Shorten the path."""
        path: str = scope.get("path", "")
        if path.endswith("/") and path != "/":
            scope = {**scope, "path": path.rstrip("/") or "/"}
        await self.app(scope, receive, send)
