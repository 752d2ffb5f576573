"""Signing what was approved, and clearing away what is old."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

import pytest
from cryptography import x509

from edgeorch.api.certificates.resources import CERTIFICATE_SIGNING_REQUESTS
from edgeorch.api.certificates.signing_request import CertificateSigningRequest
from edgeorch.api.rbac.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from edgeorch.api.table import default_table
from edgeorch.errors import Forbidden, Invalid, NotFound
from edgeorch.pki import create_ca, subject_of
from edgeorch_server.controllers.runner import Key, Result
from edgeorch_server.controllers.signing_requests import SigningRequests
from edgeorch_server.registry.base import User, WriteOptions
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore
from tests.fakes.signing import signing_request
from tests.unit.server.access.make import cluster_binding, cluster_role, rule

START = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
JANE = WriteOptions(user=User("jane", ("dev",), "u-1", {"scopes": ("a", "b")}))
APPROVED = {"type": "Approved", "status": "True", "reason": "Looks good"}
DENIED = {"type": "Denied", "status": "True", "reason": "No"}


class World:
    def __init__(self) -> None:
        self.now = START
        self.registry = Registry(MemoryStore(), default_table(), now=lambda: self.now)
        self.ca = create_ca(START)
        self.controller = SigningRequests(self.registry, self.ca, lambda: self.now)

    async def ask(self, **spec: Any) -> None:
        await self.registry.create_entry(
            CERTIFICATE_SIGNING_REQUESTS, "", signing_request("r", "joe", "ops", **spec), JANE
        )

    async def decide(self, *conditions: dict[str, str], user: User | None = None) -> None:
        body = {**self.request.to_dict(), "status": {"conditions": list(conditions)}}
        options = WriteOptions(user=user) if user else WriteOptions()
        await self.registry.update_entry(CERTIFICATE_SIGNING_REQUESTS, "", "r", body, options, "approval")

    async def reconcile(self) -> Result:
        return await self.controller.reconcile(Key("", "r"))

    @property
    def request(self) -> CertificateSigningRequest:
        return self.registry.get(CERTIFICATE_SIGNING_REQUESTS, "", "r")

    @property
    def certificate(self) -> bytes:
        return base64.b64decode(self.request.status.certificate)


@pytest.fixture
def world() -> World:
    return World()


async def test_nothing_is_signed_before_it_is_approved(world: World) -> None:
    """Nor after it was denied."""
    await world.ask()
    await world.reconcile()
    assert world.certificate == b""
    await world.decide(DENIED)
    await world.reconcile()
    assert world.certificate == b""


async def test_what_is_approved_is_signed(world: World) -> None:
    """For whom the request says, by our CA, for a year; twice does no more than once."""
    await world.ask()
    await world.decide(APPROVED)
    await world.reconcile()
    subject = subject_of(world.certificate)
    assert (subject.name, subject.groups) == ("joe", ("ops",))
    certificate = x509.load_pem_x509_certificate(world.certificate)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(world.ca.certificate))
    assert certificate.not_valid_after_utc == START + dt.timedelta(days=365)
    before = world.registry.revision
    await world.reconcile()
    assert world.registry.revision == before


async def test_less_time_is_granted_and_more_is_not(world: World) -> None:
    """As asked, up to a year."""
    await world.ask(expirationSeconds=3600)
    await world.decide(APPROVED)
    await world.reconcile()
    ends = x509.load_pem_x509_certificate(world.certificate).not_valid_after_utc
    assert ends == START + dt.timedelta(hours=1)


async def test_who_asks_is_written_down(world: World) -> None:
    """Whatever the request says about that."""
    await world.ask(username="admin", groups=["system:masters"])
    spec = world.request.spec
    assert (spec.username, spec.uid, spec.groups, spec.extra) == (
        "jane",
        "u-1",
        ["dev"],
        {"scopes": ["a", "b"]},
    )


async def test_nobody_becomes_a_master(world: World) -> None:
    """Not even by an approval."""
    body = signing_request("r", "joe", "system:masters")
    with pytest.raises(Forbidden, match="with system:masters group is not allowed"):
        await world.registry.create_entry(CERTIFICATE_SIGNING_REQUESTS, "", body, JANE)


async def test_what_cannot_be_signed_says_why(world: World) -> None:
    """A server certificate is none of this signer's."""
    await world.ask(usages=["server auth"])
    await world.decide(APPROVED)
    await world.reconcile()
    failed = world.request.status.conditions[-1]
    assert (failed.type, failed.reason, world.certificate) == ("Failed", "SignerValidationFailure", b"")


async def test_other_signers_are_left_to_others(world: World) -> None:
    """A signer of one's own is a controller of one's own."""
    await world.ask(signerName="example.com/mine")
    await world.decide(APPROVED)
    await world.reconcile()
    assert not world.request.status.certificate


@pytest.mark.parametrize(
    ("name", "verb", "allowed"),
    [
        ("kubernetes.io/kube-apiserver-client", "approve", True),
        ("kubernetes.io/*", "approve", True),
        ("kubernetes.io/other", "approve", False),
        ("kubernetes.io/kube-apiserver-client", "sign", False),
    ],
)
async def test_approving_takes_a_right_on_the_signer(
    world: World, name: str, verb: str, *, allowed: bool
) -> None:
    """On this one, or on all of its domain."""
    role = cluster_role("r", rule(verb, "signers", "certificates.k8s.io", names=name))
    await world.registry.create(CLUSTER_ROLES, role)
    await world.registry.create(CLUSTER_ROLE_BINDINGS, cluster_binding("b", "r", "User:boss"))
    await world.ask()
    if allowed:
        await world.decide(APPROVED, user=User("boss"))
        return
    with pytest.raises(Forbidden, match="user not permitted to approve requests with signerName"):
        await world.decide(APPROVED, user=User("boss"))


async def test_decisions_are_for_good(world: World) -> None:
    """Not taken back, not turned round, and not touched by a signer."""
    await world.ask()
    await world.decide(APPROVED)
    with pytest.raises(Invalid, match="may not remove a condition of type"):
        await world.decide()
    with pytest.raises(Invalid, match="mutually exclusive"):
        await world.decide(APPROVED, DENIED)
    body = {**world.request.to_dict(), "status": {}}
    await world.registry.update_entry(CERTIFICATE_SIGNING_REQUESTS, "", "r", body, WriteOptions(), "status")
    assert [one.type for one in world.request.status.conditions] == ["Approved"]


@pytest.mark.parametrize(
    ("conditions", "hours"), [([], 24), ([APPROVED], 1), ([DENIED], 1)], ids=["pending", "issued", "denied"]
)
async def test_old_requests_go(world: World, conditions: list[dict[str, str]], hours: int) -> None:
    """After an hour when all is said, after a day when nobody says anything."""
    await world.ask()
    if conditions:
        await world.decide(*conditions)
    await world.reconcile()
    world.now += dt.timedelta(hours=hours) - dt.timedelta(seconds=1)
    assert (await world.reconcile()).requeue_after == 1.0
    world.now += dt.timedelta(seconds=1)
    await world.reconcile()
    with pytest.raises(NotFound):
        _ = world.request


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"request": "cnViYmlzaA=="}, "PEM block type must be CERTIFICATE REQUEST"),
        ({"usages": []}, "spec.usages: Required value"),
        ({"usages": ["dancing"]}, "spec.usages[0]: Unsupported value"),
        ({"usages": ["client auth", "client auth"]}, "spec.usages[1]: Duplicate value"),
        ({"signerName": ""}, "spec.signerName: Required value"),
        (
            {"signerName": "me"},
            "must be a fully qualified domain and path of the form 'example.com/signer-name'",
        ),
        ({"signerName": "kubernetes.io/legacy-unknown"}, "the legacy signerName is not allowed"),
        ({"expirationSeconds": 599}, "may not specify a duration less than 600 seconds (10 minutes)"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_what_cannot_be_asked(world: World, change: dict[str, Any], message: str) -> None:
    """In Kubernetes' words."""
    with pytest.raises(Invalid) as refused:
        await world.ask(**change)
    assert message in refused.value.message
