"""pods/log: which container, and errors before the first byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message

from edgeorch.api.core.pod import Pod
from edgeorch.errors import ApiError, BadRequest, ServiceUnavailable
from edgeorch_server.apiserver.logs import container_of, log_response
from edgeorch_server.apiserver.streaming import OpenStreams
from edgeorch_server.registry.base import LogOptions


def pod(*containers: str, init: tuple[str, ...] = (), node: str = "pi-1") -> Pod:
    named = {"containers": [{"name": c} for c in containers], "initContainers": [{"name": c} for c in init]}
    return Pod.from_dict({"metadata": {"name": "p", "namespace": "ns"}, "spec": {**named, "nodeName": node}})


@pytest.mark.parametrize(
    ("given", "asked", "container"),
    [
        (pod("only"), "", "only"),
        (pod("a", "b"), "b", "b"),
        (pod("a", init=("first",)), "first", "first"),
        (pod("a", init=("first",)), "", "a"),
    ],
    ids=["the only one", "the named one", "an init container", "the only regular one"],
)
def test_one_container_is_meant(given: Pod, asked: str, container: str) -> None:
    """The named one, else the only one."""
    assert container_of(given, asked) == container


@pytest.mark.parametrize(
    ("given", "asked", "message"),
    [
        (pod("a", "b"), "", "a container name must be specified for pod p, choose one of: [a b]"),
        (
            pod("a", "b", init=("i", "j")),
            "",
            "a container name must be specified for pod p, choose one of: [a b] or one of the init containers: [i j]",
        ),
        (pod("a"), "z", "container z is not valid for pod p"),
    ],
    ids=["two", "two and init containers", "unknown"],
)
def test_otherwise_the_choice_is_told(given: Pod, asked: str, message: str) -> None:
    """In Kubernetes' words, which kubectl prints."""
    with pytest.raises(BadRequest) as caught:
        container_of(given, asked)
    assert caught.value.message == message


class Nodes:
    def __init__(self, *chunks: bytes, error: ApiError | None = None) -> None:
        self._chunks = chunks
        self._error = error
        self.asked: list[LogOptions] = []
        self.closed = False

    async def logs(self, pod: Pod, options: LogOptions) -> AsyncGenerator[bytes, None]:
        assert pod.metadata.name == "p"
        self.asked.append(options)
        try:
            if self._error:
                raise self._error
            for chunk in self._chunks:
                yield chunk
        finally:
            self.closed = True


async def body_of(given: Pod, nodes: Nodes) -> bytes:
    response = await log_response(given, LogOptions(), nodes, OpenStreams())
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await response({"type": "http"}, receive, send)
    assert dict(sent[0]["headers"])[b"content-type"].startswith(b"text/plain")
    return b"".join(message.get("body", b"") for message in sent)


async def test_a_log_is_sent_whole() -> None:
    """The first chunk, which was read to see whether there is an error, is not lost."""
    nodes = Nodes(b"one\n", b"two\n")
    assert await body_of(pod("c"), nodes) == b"one\ntwo\n"
    assert nodes.asked == [LogOptions(container="c")]
    assert nodes.closed


async def test_an_empty_log_is_an_empty_answer() -> None:
    """A container that wrote nothing is no error."""
    assert await body_of(pod("c"), Nodes()) == b""


async def test_a_pod_without_a_node_has_no_log_yet() -> None:
    """Nobody is asked."""
    nodes = Nodes(b"x")
    assert await body_of(pod("c", node=""), nodes) == b""
    assert nodes.asked == []


async def test_an_error_comes_instead_of_an_answer() -> None:
    """So that it can still be a Status."""
    nodes = Nodes(error=ServiceUnavailable("node pi-1 is not connected"))
    with pytest.raises(ServiceUnavailable):
        await log_response(pod("c"), LogOptions(), nodes, OpenStreams())
    assert nodes.closed
