"""Admission webhooks over real HTTPS, called for clients of a real API server."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from edgeorch.api.table import served_table
from edgeorch.pki import PkiFolder
from edgeorch_server.apiserver.audit.log import AuditLog
from edgeorch_server.apiserver.audit.middleware import Audit
from edgeorch_server.apiserver.audit.policy import EVERYTHING
from edgeorch_server.registry.admission.base import Lookup
from edgeorch_server.webhooks.caller import HttpsCaller
from edgeorch_server.webhooks.dispatch import AdmissionWebhooks
from tests.fakes.api_server import Cluster, running_cluster, wall_clock
from tests.fakes.certificates import TestCa
from tests.fakes.eventually import LIMIT
from tests.fakes.kubectl import Kubectl
from tests.fakes.webhook_server import WebhookServer, answer, http, webhook_server
from tests.lab.kubectl import kubectls

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
FAILED = 'Internal error occurred: failed calling webhook "w.example.com": failed to call webhook: '


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[WebhookServer]:
    """Run a webhook that is also the Service ``hook`` in ``default``."""
    async with webhook_server(tmp_path, "hook.default.svc") as server:
        yield server


@pytest.fixture
async def cluster(pki: PkiFolder) -> AsyncIterator[Cluster]:
    """Run a server that calls webhooks."""

    def webhooks(objects: Lookup) -> AdmissionWebhooks:
        return AdmissionWebhooks(objects, served_table(), HttpsCaller(objects))

    async with running_cluster(pki, webhooks=webhooks) as cluster:
        yield cluster


async def configure(
    admin: httpx.AsyncClient, client_config: dict[str, Any], *, mutating: bool = False, **settings: Any
) -> None:
    kind = "Mutating" if mutating else "Validating"
    rule = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    webhook = {
        "name": "w.example.com",
        "clientConfig": client_config,
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **settings,
    }
    body = {"metadata": {"name": "w"}, "webhooks": [webhook]}
    reply = await admin.post(f"{CONFIGURATIONS}/{kind.lower()}webhookconfigurations", json=body)
    assert reply.status_code == 201, reply.text
    assert "warning" not in reply.headers


async def create(admin: httpx.AsyncClient, name: str = "c") -> httpx.Response:
    return await admin.post(CONFIG_MAPS, json={"metadata": {"name": name}, "data": {"a": "1"}})


def denied(review: dict[str, Any]) -> bytes:
    return answer(review, allowed=False, status={"message": "not today", "code": 418, "reason": "Teapot"})


def relabelled(review: dict[str, Any]) -> bytes:
    operations = [{"op": "add", "path": "/metadata/labels", "value": {"touched": "yes"}}]
    patch = base64.b64encode(json.dumps(operations).encode()).decode()
    return answer(review, patch=patch, patchType="JSONPatch", warnings=["mind the label"])


async def test_a_webhook_changes_what_is_stored(admin: httpx.AsyncClient, outside: WebhookServer) -> None:
    """The answer of the server shows the change, and its warnings reach the client as headers."""
    outside.say = relabelled
    await configure(admin, outside.client_config(), mutating=True)
    reply = await create(admin)
    assert reply.json()["metadata"]["labels"] == {"touched": "yes"}
    assert reply.headers["warning"] == '299 - "mind the label"'
    assert outside.requests == ["POST /check?timeout=10s HTTP/1.1"]
    [review] = outside.reviews
    assert (review["apiVersion"], review["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert "system:masters" in review["request"]["userInfo"]["groups"]


async def test_a_refusal_reaches_the_client(admin: httpx.AsyncClient, outside: WebhookServer) -> None:
    """With the webhook's own code, reason and sentence."""
    outside.say = denied
    await configure(admin, outside.client_config())
    reply = await create(admin)
    assert (reply.status_code, reply.json()) == (
        418,
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": 'admission webhook "w.example.com" denied the request: not today',
            "reason": "Teapot",
            "code": 418,
        },
    )


@pytest.mark.kubectl
@pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH")
async def test_people_read_what_a_webhook_says(
    kubectl: Kubectl, admin: httpx.AsyncClient, outside: WebhookServer
) -> None:
    """Kubectl shows warnings, what was changed, and why something was refused; a try is put to the webhook too."""
    outside.say = relabelled
    await configure(admin, outside.client_config(), mutating=True)
    made = await kubectl.ok("create", "configmap", "c", "-o", "jsonpath={.metadata.labels}")
    assert (made.out, made.err.strip()) == ('{"touched":"yes"}', "Warning: mind the label")
    outside.say = lambda review: answer(review, allowed=False, status={"message": "not today"})
    await configure(admin, outside.client_config())
    why = 'admission webhook "w.example.com" denied the request: not today'
    for words in (
        ("create", "configmap", "d"),
        ("create", "configmap", "d", "--dry-run=server"),
        ("delete", "cm", "c"),
    ):
        refused = await kubectl(*words)
        assert refused.code == 1
        assert re.search(
            rf"^(error: failed to create configmap|Error from server( \(\w+\))?): .*{why}$",
            refused.err,
            re.MULTILINE,
        )
    assert "configmap/c" in (await kubectl.ok("get", "cm", "-o", "name")).out


@pytest.mark.parametrize(
    ("say", "why"),
    [
        (lambda _r: http(b"nope"), "line 1 column 1"),
        (lambda _r: http(b"{}"), "received invalid webhook response: webhook response was absent"),
        (lambda r: answer(r, uid="another"), "received invalid webhook response: expected response.uid="),
        (
            lambda _r: http(b"", "302 Found", "location: https://localhost/else\r\n"),
            "the server responded with the status code 302",
        ),
        (lambda _r: http(b"", "404 Not Found"), "the server could not find the requested resource"),
        (
            lambda _r: http(b"oh", "500 Internal Server Error"),
            'an error on the server ("oh") has prevented the request from succeeding',
        ),
        (lambda _r: b"garbage\r\n\r\n", "malformed HTTP response"),
        (lambda _r: b"", "malformed HTTP response"),
        (lambda _r: http(b"x" * 9_000_000), "the answer is larger than 8388608 bytes"),
    ],
    ids=["no JSON", "no review", "wrong uid", "redirect", "404", "500", "no HTTP", "hangs up", "huge"],
)
async def test_an_answer_that_is_none_refuses_the_write(
    admin: httpx.AsyncClient, outside: WebhookServer, say: Callable[[dict[str, Any]], bytes], why: str
) -> None:
    """``failurePolicy: Fail``, the default; nothing is followed, and nothing endless is read."""
    outside.say = say
    await configure(admin, outside.client_config())
    reply = await create(admin)
    message = reply.json()["message"]
    assert reply.status_code == 500
    assert message.startswith('Internal error occurred: failed calling webhook "w.example.com": ')
    assert why in message
    assert len(outside.reviews) == 1
    assert (await admin.get(f"{CONFIG_MAPS}/c")).status_code == 404


async def test_a_webhook_that_is_not_there(admin: httpx.AsyncClient, outside: WebhookServer) -> None:
    """Nobody listens: the error names the address."""
    client = {**outside.client_config(), "url": "https://127.0.0.1:1/x"}
    await configure(admin, client)
    message = (await create(admin)).json()["message"]
    assert message.startswith(FAILED + 'Post "https://127.0.0.1:1/x?timeout=10s": dial tcp 127.0.0.1:1: ')


async def test_a_webhook_that_hangs_is_given_up(admin: httpx.AsyncClient, outside: WebhookServer) -> None:
    """After ``timeoutSeconds``; meanwhile the server serves others."""
    outside.say = lambda _r: None
    await configure(admin, outside.client_config(), timeoutSeconds=1)
    creating = asyncio.ensure_future(create(admin))
    assert (await admin.get(CONFIG_MAPS)).json()["items"] == []
    message = (await creating).json()["message"]
    assert message == FAILED + f'Post "{outside.url}?timeout=1s": context deadline exceeded'


async def test_a_certificate_of_somebody_else_is_refused(
    admin: httpx.AsyncClient, outside: WebhookServer, tmp_path: Path
) -> None:
    """Only ``caBundle`` is trusted."""
    (tmp_path / "other").mkdir()
    other = base64.b64encode(TestCa(tmp_path / "other").path.read_bytes()).decode()
    await configure(admin, {**outside.client_config(), "caBundle": other})
    assert "tls: failed to verify certificate" in (await create(admin)).json()["message"]
    assert outside.reviews == []


async def test_a_service_is_called_by_its_own_name(admin: httpx.AsyncClient, outside: WebhookServer) -> None:
    """Its certificate is for NAME.NAMESPACE.svc, wherever it is; one that is not there is named."""
    service = {"namespace": "default", "name": "hook", "path": "/check"}
    await configure(admin, {"service": service, "caBundle": outside.ca_bundle})
    url = FAILED + 'Post "https://hook.default.svc:443/check?timeout=10s": '
    assert (await create(admin)).json()["message"] == url + 'service "hook" not found'
    elsewhere = {"type": "ExternalName", "externalName": "localhost"}
    spec = {"metadata": {"name": "hook"}, "spec": elsewhere}
    await admin.post("/api/v1/namespaces/default/services", json=spec)
    await admin.patch(
        f"{CONFIGURATIONS}/validatingwebhookconfigurations/w",
        json=[{"op": "add", "path": "/webhooks/0/clientConfig/service/port", "value": outside.port}],
        headers={"content-type": "application/json-patch+json"},
    )
    assert (await create(admin)).status_code == 201
    assert len(outside.reviews) == 1


async def test_a_webhook_may_be_a_client_too(
    admin: httpx.AsyncClient, cluster: Cluster, outside: WebhookServer
) -> None:
    """The API server may be its own webhook, which is an error and no deadlock."""
    ca = base64.b64encode(cluster.pki.ca_certificate.read_bytes()).decode()
    await configure(admin, {"url": f"{cluster.url}{CONFIG_MAPS}", "caBundle": ca})
    message = (await create(admin)).json()["message"]
    assert message == FAILED + "Unauthorized"


async def test_a_server_that_stops_does_not_wait_for_webhooks(pki: PkiFolder, outside: WebhookServer) -> None:
    """What waits for a webhook is given a moment, then it is dropped, and nothing of it is stored."""
    hanging = asyncio.Event()
    outside.say = lambda _r: hanging.set()

    def webhooks(objects: Lookup) -> AdmissionWebhooks:
        return AdmissionWebhooks(objects, served_table(), HttpsCaller(objects))

    async with running_cluster(pki, webhooks=webhooks) as cluster, cluster.client() as admin:
        await configure(admin, outside.client_config(), timeoutSeconds=30)
        creating = asyncio.ensure_future(create(admin))
        await asyncio.wait_for(hanging.wait(), LIMIT)
    with pytest.raises(httpx.HTTPError):
        await creating
    assert not cluster.stored("configmaps", "c")


async def test_what_webhooks_note_is_in_the_audit_log(
    pki: PkiFolder, outside: WebhookServer, tmp_path: Path
) -> None:
    """As annotations of the event of the request that they were asked about, a delete's too."""
    outside.say = lambda review: answer(review, auditAnnotations={"seen": review["request"]["operation"]})
    log = AuditLog(tmp_path / "audit.log")

    def webhooks(objects: Lookup) -> AdmissionWebhooks:
        return AdmissionWebhooks(objects, served_table(), HttpsCaller(objects))

    async with (
        running_cluster(
            pki, webhooks=webhooks, around=lambda app: Audit(app, EVERYTHING, log, wall_clock)
        ) as cluster,
        cluster.client() as admin,
    ):
        await configure(admin, outside.client_config())
        await create(admin)
        await admin.delete(f"{CONFIG_MAPS}/c")
    task = asyncio.create_task(log.run())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    events = [json.loads(line) for line in (tmp_path / "audit.log").read_text().splitlines()]
    assert [event.get("annotations") for event in events] == [
        None,
        {"w.example.com/seen": "CREATE"},
        {"w.example.com/seen": "DELETE"},
    ]


async def test_a_binding_may_be_posted_to_its_collection(admin: httpx.AsyncClient) -> None:
    """``bindings`` is the older way beside ``pods/NAME/binding``, with the same answer and the same refusals."""
    pod = {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "m", "image": "i:1"}]}}
    await admin.post("/api/v1/namespaces/default/pods", json=pod)
    binding = {"metadata": {"name": "x"}, "target": {"kind": "Node", "name": "n1"}}
    bindings = "/api/v1/namespaces/default/bindings"
    reply = await admin.post(bindings, json=binding)
    assert (reply.status_code, reply.json()["status"]) == (201, "Success")
    assert (await admin.get("/api/v1/namespaces/default/pods/x")).json()["spec"]["nodeName"] == "n1"
    again = await admin.post(bindings, json=binding)
    assert again.json()["message"].endswith('pod x is already assigned to node "n1"')
    nameless = await admin.post(bindings, json={"target": {"name": "n1"}})
    assert (nameless.status_code, nameless.json()["message"]) == (400, "name must be provided")
