"""Errors as Status, warnings as headers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from edgeorch.errors import Conflict, TooManyRequests
from edgeorch_server.apiserver.responses import (
    StatusErrors,
    StripTrailingSlash,
    add_warnings,
    json_response,
    status_response,
)


def test_a_status_is_written_as_kubernetes_writes_it() -> None:
    """Compact, members in order, a newline at the end: some clients compare it byte for byte."""
    error = Conflict('pods "x" already exists', kind="pods", name="x")
    assert status_response(error).body == (
        b'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
        b'"message":"pods \\"x\\" already exists","reason":"Conflict",'
        b'"details":{"name":"x","kind":"pods"},"code":409}\n'
    )


def test_retry_after_is_a_header_too() -> None:
    """client-go waits as long as the header says."""
    response = status_response(TooManyRequests("busy", retry_after=5))
    assert (response.status_code, response.headers["retry-after"]) == (429, "5")


def warnings_of(*texts: str) -> list[str]:
    response = Response()
    add_warnings(response, texts)
    return [value.decode() for name, value in response.raw_headers if name == b"warning"]


def test_each_warning_is_told_once() -> None:
    """In the form that kubectl prints (code 299, no agent, quoted)."""
    assert warnings_of("a", "b", "a") == ['299 - "a"', '299 - "b"']


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('say "hi"', '"say \\"hi\\""'),
        ("a\\b", '"a\\\\b"'),
        ("a\r\nX-Evil: b", '"a  X-Evil: b"'),
        ("über", '"über"'),
    ],
    ids=["quotes", "backslash", "line break", "not ascii"],
)
def test_no_text_breaks_out_of_its_header(text: str, quoted: str) -> None:
    """Quotes are escaped, control characters become spaces."""
    assert warnings_of(text) == [f"299 - {quoted}"]


def test_warnings_are_bounded() -> None:
    """Ten thousand unknown fields do not make a header of a megabyte."""
    told = warnings_of(*(f"{number} {'x' * 1000}" for number in range(10_000)))
    assert 0 < sum(map(len, told)) < 8192
    assert all(len(text) < 300 for text in told)


class Boom(Exception):
    pass


async def fails(_request: Request) -> Response:
    raise Boom("the secret reason")


async def refuses(_request: Request) -> Response:
    raise Conflict("no")


async def breaks_off(_request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"begin"
        raise Boom("in the middle")

    return StreamingResponse(chunks())


async def echo(request: Request) -> Response:
    return json_response({"path": request.scope["path"]})


@pytest.fixture
def client() -> httpx.AsyncClient:
    routes = [
        Route("/fails", fails),
        Route("/refuses", refuses),
        Route("/breaks", breaks_off),
        Route("/a", echo),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(StatusErrors), Middleware(StripTrailingSlash)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_an_api_error_is_answered_with_its_status(client: httpx.AsyncClient) -> None:
    """Code and reason are the error's own."""
    answer = await client.get("/refuses")
    assert (answer.status_code, answer.json()["reason"]) == (409, "Conflict")


async def test_an_unexpected_error_is_logged_once_and_not_told(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets a 500 without our insides; the log has the traceback."""
    with caplog.at_level(logging.DEBUG):
        answer = await client.get("/fails")
    assert (answer.status_code, answer.json()["reason"]) == (500, "InternalError")
    assert "secret" not in answer.text
    assert [record.exc_info is not None for record in caplog.records if "unexpected" in record.message] == [
        True
    ]


async def test_an_error_in_mid_answer_goes_on_to_the_server(client: httpx.AsyncClient) -> None:
    """Once the answer has begun it can only be cut off, which is the HTTP server's to do and to log."""
    with pytest.raises(Boom):
        await client.get("/breaks")


async def test_a_refused_request_that_asked_first_closes_the_connection(client: httpx.AsyncClient) -> None:
    """After ``Expect: 100-continue`` nobody knows whether the body still comes."""
    answer = await client.get("/refuses", headers={"expect": "100-continue"})
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("path", ["/a", "/a/", "/a//"])
async def test_trailing_slashes_do_not_matter(client: httpx.AsyncClient, path: str) -> None:
    """Some clients ask for /version/ and /apis/."""
    assert (await client.get(path)).json() == {"path": "/a"}
