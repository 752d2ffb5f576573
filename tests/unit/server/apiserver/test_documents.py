"""Documents that are encoded once."""

from __future__ import annotations

import gzip

import pytest
from starlette.requests import Request

from edgeorch_server.apiserver.documents import Document

DOCUMENT = Document.json({"a": "b" * 1000})


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "headers": raw})


def test_is_sent_compressed_to_those_who_take_it() -> None:
    """Both forms are the same document, and each has a tag of its own."""
    packed, flat = DOCUMENT.response(request(accept_encoding="gzip")), DOCUMENT.response(request())
    assert gzip.decompress(bytes(packed.body)) == flat.body == DOCUMENT.data
    assert len(packed.body) < len(flat.body)
    assert (packed.headers["content-encoding"], "content-encoding" in flat.headers) == ("gzip", False)
    assert packed.headers["etag"] != flat.headers["etag"]
    assert packed.headers["vary"] == flat.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_is_not_sent_again(encoding: str, form: str) -> None:
    """Whoever has it, in whatever form, gets 304 and no body (RFC 9110 section 13.1.2)."""
    etag = DOCUMENT.response(request(accept_encoding=encoding)).headers["etag"]
    again = DOCUMENT.response(request(if_none_match=form.format(etag)))
    assert (again.status_code, again.body) == (304, b"")
    assert "etag" in again.headers


def test_the_hash_is_the_contents() -> None:
    """Equal documents have equal hashes, in every process and at any time."""
    assert Document.json({"a": "b" * 1000}).hash == DOCUMENT.hash
    assert Document.json({"a": "c"}).hash != DOCUMENT.hash
