"""What the OpenAPI documents say is what the server does, whatever comes in.

Every operation of every document is called with what its schemas allow, and now and then with something else:
no 500, no answer that is not described, nothing stored that cannot be listed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from edgeorch.api.table import served_table
from edgeorch_server.apiserver.openapi import documents
from tests.fakes.api_server import furnish
from tests.fakes.in_process import bare_app, bare_registry
from tests.fakes.openapi_requests import Operation, bodies, misfits, operations, queries

DOCUMENTS = documents(served_table())

# The same requests in each run: what is drawn here is for finding regressions, quickly.
BOUNDED = settings(
    derandomize=True,
    deadline=None,
    max_examples=4,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Caller:
    """Calls operations of one server that lives as long as the test."""

    def __init__(self, runner: asyncio.Runner, client: httpx.AsyncClient) -> None:
        self._runner = runner
        self._client = client

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, path, **more))

    def call(self, operation: Operation, query: dict[str, str], body: tuple[str, Any] | None) -> httpx.Response:
        path = operation.path.replace("{namespace}", "default").replace("{name}", "web")
        headers = {"content-type": body[0]} if body else {}
        content = json.dumps(body[1]).encode() if body else b""
        return self.request(operation.method, path, params=query, content=content, headers=headers)


@pytest.fixture
def caller() -> Iterator[Caller]:
    registry = bare_registry()
    with asyncio.Runner() as runner:
        runner.run(furnish(registry))
        client = httpx.AsyncClient(transport=httpx.ASGITransport(bare_app(registry)), base_url="https://test")
        yield Caller(runner, client)
        runner.run(client.aclose())


def requests(operation: Operation) -> st.SearchStrategy[tuple[str, Any] | None]:
    """Draw a body in one of the forms that the operation takes."""
    content = operation.described.get("requestBody", {}).get("content", {})
    if not content:
        return st.none()
    return st.sampled_from(sorted(content)).flatmap(
        lambda media: st.tuples(st.just(media), bodies(operation.document, content[media]["schema"]))
    )


def judged(operation: Operation, query: dict[str, str], answer: httpx.Response) -> list[str]:
    """Say what is wrong with an answer."""
    status = answer.status_code
    # a node that does not exist, and a body that never ends, are not in our hands
    if status >= 500 and status not in (503, 504):
        return [f"{status} {answer.text}"]
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if answer.is_success and "watch" in query:
        return []
    schema = operation.answer_schema(status, media_type)
    if schema is None:
        return [f"{status} {media_type} is not described"]
    if media_type != "application/json":
        return []
    value = answer.json()
    if value.get("kind") == "Status":
        # what the object was deleted to, or what an action came to
        schema = {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Status"}
    elif operation.method == "delete":
        return []  # an object that waits for its finalizers
    return list(misfits(operation.document, schema, value))


def exercise(operation: Operation, caller: Caller) -> None:
    """Call one operation some times."""

    @BOUNDED
    @given(queries(operation), requests(operation))
    def run(query: dict[str, str], body: tuple[str, Any] | None) -> None:
        answer = caller.call(operation, query, body)
        assert judged(operation, query, answer) == [], (operation.method, operation.path, query, body)

    run()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_operation(name: str, caller: Caller) -> None:
    """Answers are described, and no request is too much."""
    for operation in operations(DOCUMENTS[name]):
        exercise(operation, caller)
    for operation in operations(DOCUMENTS[name]):
        if operation.described["x-kubernetes-action"] == "list":
            answer = caller.call(operation, {}, None)
            assert answer.status_code == 200
            assert judged(operation, {}, answer) == []
