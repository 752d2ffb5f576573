"""Reading bodies within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from edgeorch.errors import BadRequest, GatewayTimeout, RequestEntityTooLarge
from edgeorch_server.apiserver.body import (
    BODY_TIMEOUT,
    MAX_BODY,
    MAX_PATCH_OPERATIONS,
    read_body,
    read_delete_options,
    read_object,
    read_patch,
)
from edgeorch_server.registry.base import PatchType, WriteOptions


class Sender:
    """A client that sends chunks, and says how many were taken; at the end it goes on or goes away."""

    def __init__(self, chunks: Iterable[bytes], *, then: str = "end") -> None:
        self._chunks = list(chunks)
        self._then = then
        self.taken = 0

    async def receive(self) -> Message:
        if self.taken < len(self._chunks):
            self.taken += 1
            last = self._then == "end" and self.taken == len(self._chunks)
            return {"type": "http.request", "body": self._chunks[self.taken - 1], "more_body": not last}
        if self._then == "disconnect":
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError


def request(sender: Sender, **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, sender.receive)


def post(body: bytes, content_type: str = "application/json") -> Request:
    return request(Sender([body]), content_type=content_type)


async def test_chunks_are_put_together() -> None:
    """A body arrives whole, whatever its pieces."""
    assert await read_body(request(Sender([b"a", b"", b"bc"]))) == b"abc"


async def test_an_announced_excess_is_refused_unread() -> None:
    """Content-Length is enough to say no."""
    sender = Sender([b"x"] * 3)
    with pytest.raises(RequestEntityTooLarge, match=f"limit is {MAX_BODY}"):
        await read_body(request(sender, content_length=str(MAX_BODY + 1)))
    assert sender.taken == 0


async def test_an_unannounced_excess_is_refused_when_it_happens() -> None:
    """Nothing is read beyond the chunk that is too much."""
    sender = Sender([b"x" * (1024 * 1024)] * 100)
    with pytest.raises(RequestEntityTooLarge):
        await read_body(request(sender))
    assert sender.taken == 4


async def test_the_largest_body_is_read() -> None:
    """The limit itself is allowed."""
    sender = Sender([b"x" * MAX_BODY])
    assert len(await read_body(request(sender, content_length=str(MAX_BODY)))) == MAX_BODY


@pytest.mark.looptime
async def test_a_body_that_does_not_come_is_given_up() -> None:
    """Nobody waits longer than the time-out."""
    loop = asyncio.get_running_loop()
    with pytest.raises(GatewayTimeout):
        await read_body(request(Sender([b"a"], then="silence")))
    assert loop.time() == pytest.approx(BODY_TIMEOUT, abs=0.1)


async def test_a_client_that_goes_away_is_no_error_of_ours() -> None:
    """The request ends without an answer."""
    with pytest.raises(ClientDisconnect):
        await read_body(request(Sender([b"a"], then="disconnect")))


@pytest.mark.parametrize("content_type", ["", "application/json", "application/yaml"])
async def test_objects_come_as_json_or_yaml(content_type: str) -> None:
    """YAML has JSON as a subset, so the same text serves both."""
    assert await read_object(post(b'{"a": 1}', content_type), WriteOptions(), "Pod") == {"a": 1}


async def test_duplicate_fields_are_noted_for_the_write_path() -> None:
    """Whether they are refused or told is for field validation to say."""
    options = WriteOptions()
    assert await read_object(post(b'{"a": 1, "a": 2}'), options, "Pod") == {"a": 2}
    assert options.body_problems == ['duplicate field "a"']


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"{", b"\xff\xfe", b'"x"', b"null", b"[" * 100_000])
async def test_what_is_no_object_is_400(body: bytes) -> None:
    """Whatever comes in, nothing worse comes out."""
    with pytest.raises(BadRequest):
        await read_object(post(body), WriteOptions(), "Pod")


async def test_a_large_body_is_decoded_beside_the_loop() -> None:
    """Other requests get their turn while megabytes are parsed."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    body = b'{"a": [' + b"1," * 500_000 + b"1]}"
    assert len((await read_object(post(body), WriteOptions(), "Pod"))["a"]) == 500_001
    beside.cancel()
    assert turns > 1


@pytest.mark.parametrize(
    ("kind", "body", "patch"),
    [
        (PatchType.MERGE, b'{"a": null}', {"a": None}),
        (PatchType.STRATEGIC, b"{}", {}),
        (PatchType.JSON, b'[{"op": "remove", "path": "/a"}]', [{"op": "remove", "path": "/a"}]),
        (PatchType.APPLY, b'{"a": 1}', {"a": 1}),
        (PatchType.APPLY, b"a:\n  b: [1]\n", {"a": {"b": [1]}}),
        (PatchType.APPLY, b"{a: {b: c}}", {"a": {"b": "c"}}),
    ],
)
async def test_patches_are_what_their_kind_says(kind: PatchType, body: bytes, patch: object) -> None:
    """The Content-Type says what kind of patch it is."""
    assert await read_patch(post(body, kind), kind, WriteOptions()) == patch


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        (
            PatchType.MERGE,
            b"[]",
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (PatchType.MERGE, b"{", "error decoding patch: unexpected end of JSON input"),
        (
            PatchType.STRATEGIC,
            b"5",
            "json: cannot unmarshal number into Go value of type map[string]interface {}",
        ),
        (
            PatchType.JSON,
            b"{}",
            "error decoding patch: json: cannot unmarshal object into Go value of type []interface {}",
        ),
        (
            PatchType.APPLY,
            b"- a",
            (
                "error decoding YAML: error unmarshaling JSON: while decoding JSON: "
                "json: cannot unmarshal array into Go value of type map[string]interface {}"
            ),
        ),
        (PatchType.APPLY, b"{a: b", "error decoding YAML: error converting YAML to JSON: yaml: "),
    ],
    ids=[
        "list as merge patch",
        "half a merge patch",
        "number as strategic",
        "object as JSON patch",
        "list as configuration",
        "half a configuration",
    ],
)
@pytest.mark.parametrize("validation", ["Warn", "Ignore"])
async def test_other_patches_are_refused(kind: PatchType, body: bytes, why: str, validation: str) -> None:
    """A patch of the wrong shape never reaches the registry, and is refused in Go's words."""
    with pytest.raises(BadRequest) as caught:
        await read_patch(post(body, kind), kind, WriteOptions(field_validation=validation))
    assert caught.value.message.startswith(why)


async def test_a_patch_has_a_limited_number_of_operations() -> None:
    """As many as Kubernetes takes: 413."""
    body = b"[" + b"{}," * MAX_PATCH_OPERATIONS + b"{}]"
    with pytest.raises(RequestEntityTooLarge, match="The allowed maximum operations in a JSON patch is 10000"):
        await read_patch(post(body, PatchType.JSON), PatchType.JSON, WriteOptions())


async def test_a_delete_may_have_a_body_or_none() -> None:
    """Without one nothing is said about the Content-Type either."""
    assert await read_delete_options(post(b"", "text/plain")) is None
    assert await read_delete_options(post(b'{"gracePeriodSeconds": 0}')) == {"gracePeriodSeconds": 0}
