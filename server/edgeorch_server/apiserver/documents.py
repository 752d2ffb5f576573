"""Answers that are the same for everybody: encoded once, revalidated with an ETag."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edgeorch_server.apiserver.responses import JSON_TYPE, json_line


class Document:
    """A JSON document with its content hash."""

    def __init__(self, value: Any, media_type: str = JSON_TYPE) -> None:
        self._data = json_line(value)
        self._media_type = media_type
        self.hash = hashlib.sha256(self._data).hexdigest().upper()

    def response(self, request: Request, headers: Mapping[str, str] | None = None) -> Response:
        """Answer it, or 304 when the client has it already (RFC 9110 section 13.1.2)."""
        etag = f'"{self.hash}"'
        all_headers = {"etag": etag, "vary": "Accept", "cache-control": "public", **(headers or {})}
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if etag in known or "*" in known:
            return Response(status_code=304, headers=all_headers)
        return Response(self._data, headers=all_headers, media_type=self._media_type)
