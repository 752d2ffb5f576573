"""Bodies in the audit log: of which requests, in which form, and how large."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edgeorch_server.apiserver.audit.bodies import MAX_EVENT, Collected
from edgeorch_server.apiserver.audit.log import AuditLog
from edgeorch_server.apiserver.audit.middleware import Audit
from edgeorch_server.apiserver.audit.policy import Policy
from tests.fakes.api_server import furnish, wall_clock
from tests.fakes.in_process import bare_app, bare_registry
from tests.fakes.protobuf import encode

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
MERGE = {"content-type": "application/merge-patch+json"}


class Lines(AuditLog):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"))
        self.events: list[dict[str, Any]] = []

    def add(self, line: bytes) -> None:
        assert line.count(b"\n") == 1
        self.events.append(json.loads(line))


class Audited:
    """A cluster whose requests are written down as a policy says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lines = Lines()
        self.events = self._lines.events
        self.policy({"level": "None"})
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self), base_url="https://test", headers={"user-agent": "kubectl/v1"}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._audit(scope, receive, send)

    def policy(self, *rules: Mapping[str, Any], **settings: Any) -> None:
        """Write down by these rules from here on."""
        policy = Policy.model_validate({"rules": rules, **settings})
        self._audit = Audit(self._app, policy, self._lines, wall_clock)

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]


@pytest.fixture
async def cluster() -> AsyncIterator[Audited]:
    registry = bare_registry()
    await furnish(registry)
    audited = Audited(bare_app(registry))
    async with audited.http:
        yield audited


def config_map(name: str = "c", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


@pytest.mark.parametrize(
    ("level", "bodies"),
    [
        ("Metadata", set()),
        ("Request", {"requestObject"}),
        ("RequestResponse", {"requestObject", "responseObject"}),
    ],
)
async def test_the_level_says_which_bodies_are_written(cluster: Audited, level: str, bodies: set[str]) -> None:
    """At each level the event names what was created; bodies are JSON, as what was sent and answered."""
    cluster.policy({"level": level})
    made = (await cluster.http.post(CONFIG_MAPS, json=config_map(a="1"))).json()
    event = cluster.last
    assert (event["level"], event["objectRef"]["name"]) == (level, "c")
    assert set(event) & {"requestObject", "responseObject"} == bodies
    assert event.get("requestObject", config_map(a="1")) == config_map(a="1")
    assert event.get("responseObject", made) == made


async def test_each_verb_has_its_bodies(cluster: Audited) -> None:
    """A patch is written as it came, a delete's options if there are any, and what is read only in the answer."""
    cluster.policy({"level": "RequestResponse"})
    await cluster.http.post(CONFIG_MAPS, json=config_map())
    await cluster.http.patch(f"{CONFIG_MAPS}/c", json={"data": {"a": "2"}}, headers=MERGE)
    await cluster.http.get(CONFIG_MAPS)
    await cluster.http.request("DELETE", f"{CONFIG_MAPS}/c", json={"gracePeriodSeconds": 0})
    _, patched, listed, deleted = cluster.events
    assert patched["requestObject"] == {"data": {"a": "2"}}
    assert patched["responseObject"]["data"] == {"a": "2"}
    assert listed["responseObject"]["kind"] == "ConfigMapList"
    assert "requestObject" not in listed
    assert deleted["requestObject"] == {"gracePeriodSeconds": 0}
    assert deleted["responseObject"]["status"] == "Success"


@pytest.mark.parametrize("level", ["Metadata", "RequestResponse"])
async def test_a_refusal_says_why(cluster: Audited, level: str) -> None:
    """Whatever the level, the Status of a failure is in ``responseStatus``."""
    cluster.policy({"level": level})
    answer = await cluster.http.get(f"{CONFIG_MAPS}/none")
    told = answer.json()
    assert cluster.last["responseStatus"] == {
        "metadata": {},
        **{name: told[name] for name in ("status", "message", "reason", "details", "code")},
    }
    assert ("responseObject" in cluster.last) == (level == "RequestResponse")


@pytest.mark.parametrize("whose", ["policy", "rule"])
async def test_managed_fields_may_be_left_out(cluster: Audited, whose: str) -> None:
    """Of objects, lists and Tables, as the policy or else a rule says; what clients get has them."""
    omit = {"omitManagedFields": True}
    if whose == "policy":
        cluster.policy({"level": "RequestResponse"}, **omit)
    else:
        cluster.policy({"level": "RequestResponse", **omit}, omitManagedFields=False)
    apply = {"content-type": "application/apply-patch+yaml"}
    url = f"{CONFIG_MAPS}/c?fieldManager=me"
    made = (await cluster.http.patch(url, json=config_map(), headers=apply)).json()
    assert made["metadata"]["managedFields"]
    await cluster.http.put(f"{CONFIG_MAPS}/c", json=made)
    await cluster.http.get(CONFIG_MAPS)
    table = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    await cluster.http.get(CONFIG_MAPS, headers=table)
    assert "managedFields" not in json.dumps(cluster.events)
    assert cluster.last["responseObject"]["rows"][0]["object"]["metadata"]["name"] == "c"


async def test_what_is_too_large_is_left_out(cluster: Audited) -> None:
    """An event is never longer than 100 KiB: both bodies go then, and an annotation says so; also of lists that are sent packed."""
    cluster.policy({"level": "RequestResponse"})
    await cluster.http.post(CONFIG_MAPS, json=config_map("large", a="x" * MAX_EVENT))
    await cluster.http.post(CONFIG_MAPS, json=config_map("half", a="x" * (MAX_EVENT * 2 // 3)))
    await cluster.http.post(CONFIG_MAPS, json=config_map("small"))
    await cluster.http.get(CONFIG_MAPS)
    await cluster.http.get(CONFIG_MAPS, headers={"accept-encoding": "identity"})
    truncated = {"audit.k8s.io/truncated": "true"}
    assert [
        (event.get("annotations"), "requestObject" in event, "responseObject" in event)
        for event in cluster.events
    ] == [
        (truncated, False, False),
        (truncated, False, False),
        (None, True, True),
        *[(truncated, False, False)] * 2,
    ]
    assert max(len(json.dumps(event)) for event in cluster.events) < MAX_EVENT


def test_what_is_too_large_is_not_kept() -> None:
    """A long answer passes through: at no time more of it is in memory than an event may have."""
    collected = Collected()
    for _ in range(1000):
        collected.add(b"x" * 1024)
        assert sum(map(len, collected._chunks)) <= MAX_EVENT
    assert collected.value() is None


async def test_protobuf_is_written_as_json(cluster: Audited) -> None:
    """Newer kubectls send protobuf; the log has the object all the same."""
    cluster.policy({"level": "Request"})
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    answer = await cluster.http.post(
        "/api/v1/namespaces",
        content=encode(namespace),
        headers={"content-type": "application/vnd.kubernetes.protobuf"},
    )
    assert answer.status_code == 201, answer.text
    assert cluster.last["requestObject"]["metadata"]["name"] == "shop"


@pytest.mark.parametrize(
    "content",
    ['{"a": 123456789012345678901234567890}', '{"a": "\\ud800"}'],
    ids=["large number", "half a pair"],
)
async def test_odd_json_spoils_nothing(cluster: Audited, content: str) -> None:
    """What a client sends may be refused, but never makes the log fail."""
    cluster.policy({"level": "RequestResponse"})
    headers = {"content-type": "application/json"}
    assert (await cluster.http.post(CONFIG_MAPS, content=content, headers=headers)).status_code < 500
    assert len(cluster.events) == 1


async def test_stages_may_be_left_out(cluster: Audited) -> None:
    """By the policy for all requests, by a rule for its own."""
    watch = f"{CONFIG_MAPS}?watch=1&timeoutSeconds=1"
    for policy, rule, stages in (
        ([], [], ["ResponseStarted", "ResponseComplete"]),
        (["RequestReceived"], ["ResponseStarted"], ["ResponseComplete"]),
        (["ResponseStarted"], ["ResponseComplete"], []),
    ):
        cluster.events.clear()
        cluster.policy({"level": "RequestResponse", "omitStages": rule}, omitStages=policy)
        await cluster.http.get(watch)
        assert [event["stage"] for event in cluster.events] == stages
        assert all("responseObject" not in event for event in cluster.events)


async def test_streams_are_not_held_up() -> None:
    """A watch's events reach the client as they come, and its first event is written when it begins."""
    go_on, passed, lines = asyncio.Event(), asyncio.Queue[Message](), Lines()

    async def endless(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}", "more_body": True})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    audit = Audit(endless, Policy.model_validate({"rules": [{"level": "RequestResponse"}]}), lines, wall_clock)
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/pods",
        "query_string": b"watch=1",
        "headers": [],
        "client": None,
    }
    watching = asyncio.create_task(audit(scope, receive, passed.put))
    await passed.get()
    assert (await passed.get())["body"] == b"{}"
    assert [event["stage"] for event in lines.events] == ["ResponseStarted"]
    go_on.set()
    await watching
    assert [event["stage"] for event in lines.events] == ["ResponseStarted", "ResponseComplete"]
