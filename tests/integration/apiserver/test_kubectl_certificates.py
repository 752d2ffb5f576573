"""Real kubectl: asking for a certificate, approving it, using it."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest

from edgeorch.kubeconfig import kubeconfig, write_kubeconfig
from edgeorch.pki import Pair, PkiFolder, new_key
from edgeorch_server.controllers.runner import Key
from edgeorch_server.controllers.signing_requests import SigningRequests
from tests.fakes.api_server import Cluster
from tests.fakes.kubectl import Kubectl
from tests.fakes.signing import signing_request
from tests.lab.kubectl import kubectls

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
]


async def test_a_certificate_for_joe(kubectl: Kubectl, cluster: Cluster, pki: PkiFolder) -> None:
    """Apply, look, approve; the certificate opens the API as the user it was signed for."""
    key = new_key()
    body = signing_request("joe", "joe", "ops", key=key, expirationSeconds=3600)
    await kubectl.ok("apply", "-f", "-", stdin=json.dumps(body))
    header, row = (await kubectl.ok("get", "csr")).out.splitlines()
    assert header.split() == ["NAME", "AGE", "SIGNERNAME", "REQUESTOR", "REQUESTEDDURATION", "CONDITION"]
    asked = ["kubernetes.io/kube-apiserver-client", "kubernetes-admin", "60m", "Pending"]
    assert row.split()[2:] == asked
    assert "kubernetes-admin" in (await kubectl.ok("describe", "csr", "joe")).out

    await kubectl.ok("certificate", "approve", "joe")
    now = dt.datetime.now(dt.UTC)
    await SigningRequests(cluster.registry, pki.ensure_user_ca(), lambda: now).reconcile(Key("", "joe"))
    assert (await kubectl.ok("get", "csr")).out.split()[-1] == "Approved,Issued"
    encoded = (await kubectl.ok("get", "csr", "joe", "-o", "jsonpath={.status.certificate}")).out
    path = kubectl.home / "joe"
    pair = Pair(base64.b64decode(encoded), key)
    write_kubeconfig(path, kubeconfig(cluster.url, pki.ensure_ca().certificate, pair))
    refused = await Kubectl(kubectl.binary, kubectl.home, path)("get", "pods")
    assert 'User "joe" cannot list resource "pods"' in refused.err


async def test_a_denial(kubectl: Kubectl) -> None:
    """It cannot be turned round."""
    await kubectl.ok("create", "-f", "-", stdin=json.dumps(signing_request("joe", "joe")))
    await kubectl.ok("certificate", "deny", "joe")
    assert (await kubectl.ok("get", "csr")).out.split()[-1] == "Denied"
    assert (await kubectl("certificate", "approve", "joe")).code == 1
