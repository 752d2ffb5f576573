"""Answers that are the same for everybody: encoded once, kept compressed, revalidated with an ETag."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edgeorch_server.apiserver.negotiation import accepts_gzip
from edgeorch_server.apiserver.responses import JSON_TYPE, json_line

_LEVEL = 6


class Document:
    """A document with its content hash.

    Only its compressed form is kept: clients that take no gzip are rare, and get it unpacked.
    """

    @classmethod
    def json(cls, value: Any, media_type: str = JSON_TYPE) -> Document:
        """Write a value as JSON."""
        return cls(json_line(value), media_type)

    def __init__(self, data: bytes, media_type: str) -> None:
        self._compressed = gzip.compress(data, _LEVEL, mtime=0)
        self._media_type = media_type
        self.hash = hashlib.sha256(data).hexdigest().upper()

    @property
    def data(self) -> bytes:
        """The document as it is encoded."""
        return gzip.decompress(self._compressed)

    def response(self, request: Request, headers: Mapping[str, str] | None = None) -> Response:
        """Answer it, or 304 when the client has it already (RFC 9110 section 13.1.2)."""
        compressed = accepts_gzip(request.headers.get("accept-encoding", ""))
        # two encodings are two representations, and a strong tag names one (RFC 9110 section 8.8.3)
        etag, other = f'"{self.hash}"', f'"{self.hash}-gzip"'
        if compressed:
            etag, other = other, etag
        all_headers = {
            "etag": etag,
            "vary": "Accept, Accept-Encoding",
            "cache-control": "public",
            **(headers or {}),
        }
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if known & {etag, other, "*"}:
            return Response(status_code=304, headers=all_headers)
        if compressed:
            all_headers["content-encoding"] = "gzip"
        data = self._compressed if compressed else self.data
        return Response(data, headers=all_headers, media_type=self._media_type)
