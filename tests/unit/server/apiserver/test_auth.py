"""Who asks, and whether they may."""

from __future__ import annotations

import pytest

from edgeorch.errors import Forbidden, Unauthorized
from edgeorch_server.apiserver.auth.authentication import (
    CertificateAuthenticator,
    ChainedAuthenticator,
    ClientCertificate,
    Credentials,
    StaticToken,
    TokenAuthenticator,
    bearer_token,
)
from edgeorch_server.apiserver.auth.authorization import Attributes, MastersOnly, authorize
from edgeorch_server.registry.base import User

ROBOT = User("robot", ("builders",))
JANE = ClientCertificate("jane", ("dev", "ops"))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chain(clock: Clock) -> ChainedAuthenticator:
    tokens = [StaticToken.of("good", ROBOT), StaticToken.of("short", ROBOT, expires=1010.0)]
    return ChainedAuthenticator(CertificateAuthenticator(), TokenAuthenticator(tokens, clock))


async def test_a_certificate_names_user_and_groups(chain: ChainedAuthenticator) -> None:
    """Everyone we know is in ``system:authenticated`` besides."""
    user = await chain.authenticate(Credentials(JANE))
    assert user == User("jane", ("dev", "ops", "system:authenticated"))


async def test_a_token_names_its_user(chain: ChainedAuthenticator) -> None:
    """Without a certificate the token decides."""
    user = await chain.authenticate(Credentials(bearer_token="good"))
    assert user == User("robot", ("builders", "system:authenticated"))


async def test_a_certificate_comes_before_a_token(chain: ChainedAuthenticator) -> None:
    """As in Kubernetes, where x509 is asked first."""
    user = await chain.authenticate(Credentials(JANE, "good"))
    assert user is not None
    assert user.name == "jane"


async def test_no_credentials_are_nobody(chain: ChainedAuthenticator) -> None:
    """So are a certificate without a name; refusing is the caller's business."""
    assert await chain.authenticate(Credentials()) is None
    assert await chain.authenticate(Credentials(ClientCertificate(""))) is None


async def test_an_unknown_token_is_refused(chain: ChainedAuthenticator) -> None:
    """A wrong token is not the same as none."""
    with pytest.raises(Unauthorized):
        await chain.authenticate(Credentials(bearer_token="wrong"))


async def test_a_token_expires(chain: ChainedAuthenticator, clock: Clock) -> None:
    """From its time on it is refused."""
    assert await chain.authenticate(Credentials(bearer_token="short"))
    clock.now = 1010.0
    with pytest.raises(Unauthorized):
        await chain.authenticate(Credentials(bearer_token="short"))


def test_tokens_do_not_show_up_in_a_repr() -> None:
    """What is logged by accident gives nothing away."""
    assert "secret" not in repr(Credentials(bearer_token="secret"))
    assert b"secret" not in repr(StaticToken.of("secret", ROBOT)).encode()


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic abc", ""),
        ("Bearer", ""),
        ("", ""),
    ],
)
def test_bearer_headers_are_read(header: str, token: str) -> None:
    """The scheme's case does not matter (RFC 9110 section 11.1)."""
    assert bearer_token({"authorization": header}) == token


def test_masters_may_do_everything() -> None:
    """Until RBAC exists there are masters and others."""
    authorize(MastersOnly(), Attributes(User("root", ("system:masters",)), "delete", resource="nodes"))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            Attributes(User("jane"), "list", "", "pods", namespace="default"),
            'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
        ),
        (
            Attributes(User("jane"), "get", "", "pods", "log", "default", "p"),
            'pods "p" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "default"',
        ),
        (
            Attributes(User("pi", ("system:nodes",)), "get", "coordination.k8s.io", "leases", name="x"),
            'leases.coordination.k8s.io "x" is forbidden: User "pi" cannot get resource "leases" in API group "coordination.k8s.io" at the cluster scope',
        ),
    ],
    ids=["list", "subresource", "group, cluster scope"],
)
def test_others_are_told_what_they_may_not(attributes: Attributes, message: str) -> None:
    """In Kubernetes' own sentence."""
    with pytest.raises(Forbidden) as caught:
        authorize(MastersOnly(), attributes)
    assert caught.value.message == message
