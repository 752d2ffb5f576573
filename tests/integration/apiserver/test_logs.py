"""pods/log over HTTPS."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from edgeorch.errors import BadRequest, ServiceUnavailable
from tests.fakes.api_server import Cluster
from tests.fakes.eventually import LIMIT, eventually

LOG = "/api/v1/namespaces/default/pods/p/log"


@pytest.fixture(autouse=True)
async def pod(admin: httpx.AsyncClient) -> None:
    """Let a pod run on pi-1."""
    spec = {"containers": [{"name": "c", "image": "busybox"}], "nodeName": "pi-1"}
    await admin.post("/api/v1/namespaces/default/pods", json={"metadata": {"name": "p"}, "spec": spec})


async def test_a_log_is_plain_text(cluster: Cluster, admin: httpx.AsyncClient) -> None:
    """All chunks, and the node is asked what the client asked."""
    cluster.nodes.chunks = [b"one\n", b"two\n"]
    answer = await admin.get(f"{LOG}?tailLines=2&timestamps=true")
    assert (answer.status_code, answer.text) == (200, "one\ntwo\n")
    assert answer.headers["content-type"].startswith("text/plain")
    ((name, options),) = cluster.nodes.asked
    assert (name, options.container, options.tail_lines, options.timestamps) == ("p", "c", 2, True)
    assert cluster.nodes.closed == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadRequest('container "c" in pod "p" is waiting to start: ContainerCreating'), 400),
        (ServiceUnavailable("node pi-1 is not connected"), 503),
    ],
    ids=["waiting", "node away"],
)
async def test_errors_are_a_status(
    cluster: Cluster, admin: httpx.AsyncClient, error: BadRequest | ServiceUnavailable, code: int
) -> None:
    """What is wrong before the first byte is told as a Status, which kubectl prints."""
    cluster.nodes.error = error
    answer = await admin.get(LOG)
    assert (answer.status_code, answer.json()["message"]) == (code, error.message)


@pytest.mark.parametrize(
    ("query", "code"),
    [("container=nope", 400), ("tailLines=-1", 422), ("sinceSeconds=x", 400)],
)
async def test_bad_requests_never_reach_the_node(
    cluster: Cluster, admin: httpx.AsyncClient, query: str, code: int
) -> None:
    """Parameters and container are checked here."""
    assert (await admin.get(f"{LOG}?{query}")).status_code == code
    assert cluster.nodes.asked == []


async def test_a_client_that_leaves_ends_the_stream_on_the_node(
    cluster: Cluster, admin: httpx.AsyncClient
) -> None:
    """Nobody follows a log for nobody."""
    cluster.nodes.chunks = [b"line\n"]
    cluster.nodes.endless = True
    async with admin.stream("GET", f"{LOG}?follow=true") as answer:
        lines = answer.aiter_lines()
        assert await asyncio.wait_for(anext(lines), LIMIT) == "line"
        assert cluster.nodes.closed == 0
    await eventually(lambda: cluster.nodes.closed)
