"""The audit log of a real server."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from edgeorch.pki import PkiFolder
from edgeorch_server.apiserver.audit.log import AuditLog
from edgeorch_server.apiserver.audit.middleware import Audit
from edgeorch_server.apiserver.audit.policy import EVERYTHING
from tests.fakes.api_server import running_cluster, wall_clock

PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
async def events(pki: PkiFolder, tmp_path: Path) -> list[dict[str, Any]]:
    """Make some requests of all kinds; give what was written about them."""
    path = tmp_path / "audit.log"
    log = AuditLog(path)
    async with (
        running_cluster(pki, around=lambda app: Audit(app, EVERYTHING, log, wall_clock)) as cluster,
        cluster.client() as admin,
        cluster.client("jane") as jane,
        cluster.client(None) as nobody,
    ):
        await admin.get(f"{PODS}?limit=5", headers={"user-agent": "kubectl/v1.33"})
        await jane.delete(f"{PODS}/web")
        await admin.get(PODS, headers={"impersonate-user": "joe"})
        await nobody.get(PODS)
        await nobody.get("/healthz")
        with contextlib.suppress(httpx.ReadTimeout):
            await admin.get(f"{PODS}?watch=1&timeoutSeconds=1")
    task = asyncio.create_task(log.run())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return [json.loads(line) for line in path.read_text().splitlines()]


def told(event: dict[str, Any]) -> tuple[Any, ...]:
    return (
        event["user"]["username"],
        event["verb"],
        event.get("objectRef", {}).get("resource", event["requestURI"]),
        event["stage"],
        event["responseStatus"]["code"],
    )


async def test_who_did_what(events: list[dict[str, Any]]) -> None:
    """Each request once, a watch when it begins and when it ends."""
    assert [told(event) for event in events] == [
        ("kubernetes-admin", "list", "pods", "ResponseComplete", 200),
        ("jane", "delete", "pods", "ResponseComplete", 403),
        ("kubernetes-admin", "list", "pods", "ResponseComplete", 403),
        ("system:anonymous", "list", "pods", "ResponseComplete", 401),
        ("system:anonymous", "get", "/healthz", "ResponseComplete", 200),
        ("kubernetes-admin", "watch", "pods", "ResponseStarted", 200),
        ("kubernetes-admin", "watch", "pods", "ResponseComplete", 200),
    ]


async def test_an_event_is_kubernetes(events: list[dict[str, Any]]) -> None:
    """In the form of audit.k8s.io/v1, with whom somebody acts as."""
    first, deleted, acting = events[:3]
    assert (first["kind"], first["apiVersion"], first["level"]) == ("Event", "audit.k8s.io/v1", "Metadata")
    assert first["requestURI"] == f"{PODS}?limit=5"
    assert first["userAgent"] == "kubectl/v1.33"
    assert first["sourceIPs"] == ["127.0.0.1"]
    assert first["requestReceivedTimestamp"] <= first["stageTimestamp"]
    assert deleted["objectRef"] == {
        "resource": "pods",
        "namespace": "default",
        "name": "web",
        "apiVersion": "v1",
    }
    assert acting["impersonatedUser"] == {"username": "joe", "groups": ["system:authenticated"]}
    assert events[5]["auditID"] == events[6]["auditID"] != first["auditID"]
