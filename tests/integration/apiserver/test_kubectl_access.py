"""Real kubectl, on who may do what."""

from __future__ import annotations

import asyncio
import json

import pytest

from edgeorch.kubeconfig import kubeconfig, write_kubeconfig
from edgeorch.pki import PkiFolder, Subject
from tests.fakes.api_server import Cluster
from tests.fakes.kubectl import Kubectl
from tests.lab.kubectl import kubectls

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
]

RECONCILED = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: keeper, namespace: default}
rules:
- {apiGroups: [""], resources: [configmaps], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: keepers, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: keeper}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
"""


@pytest.fixture
def jane(kubectl: Kubectl, cluster: Cluster, pki: PkiFolder) -> Kubectl:
    """Be jane, who has been given nothing yet."""
    path = kubectl.home / "jane"
    pair = pki.ensure_client("jane", Subject("jane", ("dev",)))
    write_kubeconfig(path, kubeconfig(cluster.url, pki.ensure_ca().certificate, pair))
    return Kubectl(kubectl.binary, kubectl.home, path)


async def test_roles_and_bindings_from_the_command_line(kubectl: Kubectl, jane: Kubectl) -> None:
    """Create each kind, see it in a table and described, and have it take effect at once."""
    refused = await jane("get", "pods")
    assert refused.err == (
        'Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" '
        'in API group "" in the namespace "default"\n'
    )
    await kubectl.ok("create", "role", "reader", "--verb=get,list", "--resource=pods,deployments.apps")
    await kubectl.ok("create", "rolebinding", "readers", "--role=reader", "--user=jane")
    await jane.ok("get", "pods")
    assert (await jane("get", "pods", "-A")).code == 1
    await kubectl.ok("create", "clusterrole", "lister", "--verb=list", "--resource=pods")
    await kubectl.ok("create", "clusterrolebinding", "listers", "--clusterrole=lister", "--group=dev")
    await jane.ok("get", "pods", "-A")

    assert (await kubectl.ok("get", "role")).out.split()[:4] == ["NAME", "CREATED", "AT", "reader"]
    header, row = (await kubectl.ok("get", "rolebinding", "-o", "wide")).out.splitlines()
    assert header.split() == ["NAME", "ROLE", "AGE", "USERS", "GROUPS", "SERVICEACCOUNTS"]
    assert (row.split()[0], row.split()[1], row.split()[3]) == ("readers", "Role/reader", "jane")
    assert (
        "deployments.apps  []                 []              [get list]"
        in (await kubectl.ok("describe", "role", "reader")).out
    )
    assert "jane" in (await kubectl.ok("describe", "rolebinding", "readers")).out

    await kubectl.ok("delete", "rolebinding", "readers")
    await kubectl.ok("delete", "clusterrolebinding", "listers")
    assert (await jane("get", "pods")).code == 1


async def test_can_i(kubectl: Kubectl, jane: Kubectl) -> None:
    """Ask for oneself and for others, one thing or all, resources and paths."""
    assert (await jane("auth", "can-i", "list", "pods")).out == "no\n"
    assert (await kubectl("auth", "can-i", "*", "*")).out == "yes\n"
    await kubectl.ok("create", "rolebinding", "views", "--clusterrole=view", "--group=dev")
    assert (await jane("auth", "can-i", "list", "pods")).out == "yes\n"
    assert (await jane("auth", "can-i", "get", "pods", "--subresource=log")).out == "yes\n"
    assert (await jane("auth", "can-i", "list", "secrets")).out == "no\n"
    assert (await jane("auth", "can-i", "get", "/healthz")).out == "yes\n"
    assert (await kubectl("auth", "can-i", "list", "pods", "--as=joe", "--as-group=dev")).out == "yes\n"
    assert (await kubectl("auth", "can-i", "list", "pods", "--as=joe")).out == "no\n"
    listed = (await jane.ok("auth", "can-i", "--list")).out
    assert "selfsubjectaccessreviews.authorization.k8s.io" in listed
    assert "pods/log" in listed
    assert "[/healthz]" in listed


async def test_who_am_i(jane: Kubectl) -> None:
    """Each kubectl is told, also 1.27, which asks for v1beta1 and knows no other version."""
    told = await jane.ok("auth", "whoami", "-o", "json")
    assert told.json["status"]["userInfo"] == {
        "username": "jane",
        "groups": ["dev", "system:authenticated"],
    }
    assert "jane" in (await jane.ok("auth", "whoami")).out


async def test_reconcile(kubectl: Kubectl, jane: Kubectl) -> None:
    """Creates what is missing and adds what is; twice does no more than once."""
    for _ in range(2):
        await kubectl.ok("auth", "reconcile", "-f", "-", stdin=RECONCILED)
        await jane.ok("get", "configmaps")
    more = RECONCILED.replace("[configmaps]", "[configmaps, pods]")
    await kubectl.ok("auth", "reconcile", "-f", "-", stdin=more)
    await jane.ok("get", "pods")


async def test_nobody_gives_what_they_do_not_have(kubectl: Kubectl, jane: Kubectl) -> None:
    """An admin of a namespace hands on what they have there, and no more."""
    await kubectl.ok("create", "rolebinding", "admins", "--clusterrole=admin", "--user=jane")
    await jane.ok("create", "role", "reader", "--verb=get", "--resource=pods")
    await jane.ok("create", "rolebinding", "readers", "--role=reader", "--user=joe")
    refused = await jane("create", "role", "nodes", "--verb=get", "--resource=nodes")
    assert (
        'roles.rbac.authorization.k8s.io "nodes" is forbidden: user "jane" (groups=["dev" "system:authenticated"]) '
        "is attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}'
    ) in refused.err
    refused = await jane("create", "rolebinding", "all", "--clusterrole=cluster-admin", "--user=jane")
    assert "is attempting to grant RBAC permissions not currently held" in refused.err


async def test_tokens(kubectl: Kubectl, cluster: Cluster) -> None:
    """A token of a ServiceAccount gets in with what that ServiceAccount has been given."""
    await kubectl.ok("create", "sa", "robot")
    await kubectl.ok("create", "rolebinding", "robots", "--clusterrole=view", "--serviceaccount=default:robot")
    token = (await kubectl.ok("create", "token", "robot", "--duration=20m")).out.strip()
    nobody = ("--kubeconfig", "/dev/null", "--server", cluster.url)
    trusting = ("--certificate-authority", str(cluster.pki.ca_certificate))
    robot = ("--token", token, *nobody, *trusting)
    await kubectl.ok("get", "pods", *robot)
    refused = await kubectl("get", "secrets", *robot)
    assert 'User "system:serviceaccount:default:robot" cannot list resource "secrets"' in refused.err
    elsewhere = (await kubectl.ok("create", "token", "robot", "--audience=vault")).out.strip()
    wrong = await kubectl("get", "pods", "--token", elsewhere, *nobody, *trusting)
    assert "Unauthorized" in wrong.err or "must be logged in" in wrong.err
    await kubectl.ok("delete", "sa", "robot")
    gone = await kubectl("get", "pods", *robot)
    assert "Unauthorized" in gone.err or "must be logged in" in gone.err


async def test_a_token_dies_with_its_secret(kubectl: Kubectl, cluster: Cluster) -> None:
    """A token can be bound to an object; a review says why it is no longer good."""
    await kubectl.ok("create", "secret", "generic", "anchor")
    bound = ("--bound-object-kind=Secret", "--bound-object-name=anchor")
    token = (await kubectl.ok("create", "token", "default", *bound)).out.strip()
    review = json.dumps(
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    )
    told = (await kubectl.ok("create", "-f", "-", "-o", "json", stdin=review)).json["status"]
    assert (told["authenticated"], told["user"]["username"]) == (
        True,
        "system:serviceaccount:default:default",
    )
    await kubectl.ok("delete", "secret", "anchor")
    await asyncio.sleep(0)
    told = (await kubectl.ok("create", "-f", "-", "-o", "json", stdin=review)).json["status"]
    assert told["error"] == '[invalid bearer token, secrets "anchor" not found]'
    assert not told.get("authenticated")
