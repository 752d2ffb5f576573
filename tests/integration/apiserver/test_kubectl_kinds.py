"""Real kubectl on the kinds that are kept for those who act on them: Ingresses, policies, volumes, classes."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.fakes.api_server import Cluster
from tests.fakes.kubectl import Kubectl
from tests.lab.kubectl import kubectls

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
]

PORT = {"port": 80}
WEBHOOK = {
    "name": "check.example.com",
    "clientConfig": {"service": {"namespace": "default", "name": "check"}},
    "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}


def manifest(api_version: str, kind: str, name: str, **content: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **content}


KINDS = [
    manifest("networking.k8s.io/v1", "IngressClass", "nginx", spec={"controller": "a.io/nginx"}),
    manifest(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "quiet",
        spec={"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"ports": [PORT]}]},
    ),
    manifest(
        "v1",
        "PersistentVolume",
        "disk",
        spec={
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/srv/data"},
            "storageClassName": "fast",
        },
    ),
    manifest("storage.k8s.io/v1", "StorageClass", "fast", provisioner="a.io/disks"),
    manifest("node.k8s.io/v1", "RuntimeClass", "sandbox", handler="sandbox"),
    manifest("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "check", webhooks=[WEBHOOK]),
    manifest("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "check", webhooks=[WEBHOOK]),
    manifest(
        "v1",
        "PodTemplate",
        "blueprint",
        template={
            "metadata": {"labels": {"app": "x"}},
            "spec": {"containers": [{"name": "main", "image": "nginx:1"}]},
        },
    ),
]


async def test_create_ingress(kubectl: Kubectl, cluster: Cluster) -> None:
    """The command line's rules become paths, in protobuf with the newer versions."""
    await kubectl.ok("create", "ingress", "web", "--class=nginx", "--rule=a.example/shop*=web:80,tls=cert")
    spec = json.loads(cluster.stored("ingresses.networking.k8s.io", "web"))["spec"]
    assert spec == {
        "ingressClassName": "nginx",
        "rules": [
            {
                "host": "a.example",
                "http": {
                    "paths": [
                        {
                            "path": "/shop",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "web", "port": {"number": 80}}},
                        }
                    ]
                },
            }
        ],
        "tls": [{"hosts": ["a.example"], "secretName": "cert"}],
    }
    row = (await kubectl.ok("get", "ing")).out.splitlines()[1].split()
    assert row[:5] == ["web", "nginx", "a.example", "80,", "443"]
    assert "a.example" in (await kubectl.ok("describe", "ingress", "web")).out


async def test_every_kind(newest: Kubectl) -> None:
    """Each is applied, not changed by being applied again, listed with its columns, and described."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": KINDS})
    applied = await newest.ok("apply", "-f", "-", stdin=text)
    assert "without effect here: nodes do not enforce network policies yet" in applied.err
    before = (await newest.ok("get", "-f", "-", "-o", "json", stdin=text)).json
    await newest.ok("apply", "-f", "-", stdin=text)
    assert (await newest.ok("get", "-f", "-", "-o", "json", stdin=text)).json == before
    rows = {
        "ingressclass": ["nginx", "a.io/nginx", "<none>"],
        "netpol": ["quiet", "app=db"],
        "pv": ["disk", "1Gi", "RWO", "Retain", "Pending", "fast", "<unset>"],
        "sc": ["fast", "a.io/disks", "Delete", "Immediate", "false"],
        "runtimeclass": ["sandbox", "sandbox"],
        "validatingwebhookconfigurations": ["check", "1"],
        "mutatingwebhookconfigurations": ["check", "1"],
        "podtemplates": ["blueprint", "main", "nginx:1", "app=x"],
    }
    for kind, cells in rows.items():
        shown = (await newest.ok("get", kind)).out.splitlines()[1].split()
        assert shown[: len(cells)] == cells, kind
        assert cells[0] in (await newest.ok("describe", kind, cells[0])).out, kind


async def test_events_of_both_apis(admin: httpx.AsyncClient, newest: Kubectl) -> None:
    """An event that is written in one form is read in the other."""
    event = {
        "metadata": {"name": "e"},
        "eventTime": "2026-05-01T12:00:00.000000Z",
        "reportingController": "a.io/x",
        "reportingInstance": "x-1",
        "action": "Look",
        "reason": "Seen",
        "type": "Normal",
        "regarding": {"kind": "Pod", "name": "p", "namespace": "default"},
        "note": "there it is",
    }
    new, old = "/apis/events.k8s.io/v1/namespaces/default/events", "/api/v1/namespaces/default/events"
    created = await admin.post(new, json=event)
    assert (created.status_code, created.json()["apiVersion"]) == (201, "events.k8s.io/v1")
    stored = (await admin.get(f"{old}/e")).json()
    assert (stored["apiVersion"], stored["message"]) == ("v1", "there it is")
    listed = (await admin.get(new, params={"fieldSelector": "reason=Seen"})).json()
    assert [item["note"] for item in listed["items"]] == ["there it is"]
    assert listed["kind"] == "EventList"
    assert "there it is" in (await newest.ok("get", "events.events.k8s.io")).out
    assert "there it is" in (await newest.ok("events")).out
    patched = await admin.patch(
        f"{new}/e",
        json={"series": {"count": 2, "lastObservedTime": "2026-05-01T12:01:00.000000Z"}},
        headers={"content-type": "application/merge-patch+json"},
    )
    assert patched.json()["series"]["count"] == 2
    assert (await admin.delete(f"{new}/e")).status_code == 200
    assert (await admin.get(f"{old}/e")).status_code == 404
