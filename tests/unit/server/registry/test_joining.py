import datetime as dt

import pytest

from edgeorch.api.core.config import Secret
from edgeorch.api.core.resources import NODES, SECRETS
from edgeorch.api.table import default_table
from edgeorch.errors import ApiError, BadRequest, Conflict, Invalid, Unauthorized
from edgeorch.join_token import JoinToken
from edgeorch.pki import create_ca, create_request, fingerprint, new_key, node_subject, subject_of
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.registry.joining import Joining
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore

NOW = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)
CA = create_ca(NOW)
TOKEN = JoinToken("abcdef", "0123456789abcdef", fingerprint(CA.certificate))
KEY, OTHER_KEY = new_key(), new_key()


class World:
    """A registry with one valid token."""

    def __init__(self) -> None:
        self.now = NOW
        self.registry = Registry(MemoryStore(), default_table(), now=lambda: self.now)
        self.joining = Joining(self.registry, CA, lambda: self.now)

    async def join(
        self, node: str = "pi-1", *, key: bytes = KEY, bearer: str = TOKEN.bearer, asks_as: str = ""
    ) -> bytes:
        request = create_request(key, node_subject(asks_as or node))
        return (await self.joining.join(bearer, node, request)).certificate


@pytest.fixture
async def world() -> World:
    world = World()
    await create_initial_objects(world.registry)
    manifest = TOKEN.manifest(NOW + dt.timedelta(hours=1), "")
    await world.registry.create(SECRETS, Secret.from_dict(manifest))
    return world


async def test_a_board_with_a_token_gets_a_certificate_of_its_name(world: World) -> None:
    """The certificate is for the node and the group system:nodes; the Node exists from then on."""
    certificate = await world.join()
    assert subject_of(certificate) == node_subject("pi-1")
    assert world.registry.get(NODES, "", "pi-1").metadata.name == "pi-1"


async def test_a_lost_answer_can_be_asked_for_again(world: World) -> None:
    """The same key may join under its name as often as it likes."""
    await world.join()
    assert subject_of(await world.join()) == node_subject("pi-1")


async def test_a_node_name_cannot_be_taken_over(world: World) -> None:
    """Another key is refused, and the message says what to do when the old board is gone."""
    await world.join()
    with pytest.raises(Conflict, match="kubectl delete node pi-1"):
        await world.join(key=OTHER_KEY)


async def test_a_node_that_was_deleted_frees_its_name(world: World) -> None:
    """A board that replaces a dead one joins under its name once somebody deleted the Node."""
    await world.join()
    await world.registry.delete(NODES, "", "pi-1")
    await world.join(key=OTHER_KEY)


async def test_a_node_that_nobody_joined_belongs_to_nobody_else(world: World) -> None:
    """A Node without a key (made by hand, or by an agent whose Node was deleted) is not handed out."""
    await world.join()
    node = world.registry.get(NODES, "", "pi-1")
    node.metadata.annotations.clear()
    await world.registry.update(NODES, node)
    with pytest.raises(Conflict):
        await world.join(key=OTHER_KEY)


@pytest.mark.parametrize(
    "bearer",
    [
        "",
        "abcdef",
        f"{TOKEN.id}.",
        f"{TOKEN.id}.wrong",
        f"nosuch.{TOKEN.secret}",
        f"../{TOKEN.id}.{TOKEN.secret}",
    ],
)
async def test_every_wrong_token_gets_the_same_answer(world: World, bearer: str) -> None:
    """Nobody learns which part of a token was right."""
    with pytest.raises(Unauthorized, match="unknown, revoked or expired"):
        await world.join(bearer=bearer)


async def test_tokens_expire(world: World) -> None:
    """A token is good until its expiration, and not a second longer."""
    world.now = NOW + dt.timedelta(minutes=59)
    await world.join("pi-1")
    world.now = NOW + dt.timedelta(hours=1)
    with pytest.raises(Unauthorized):
        await world.join("pi-2")


async def test_a_revoked_token_is_useless(world: World) -> None:
    """Deleting the Secret revokes the token at once."""
    await world.registry.delete(SECRETS, "kube-system", f"bootstrap-token-{TOKEN.id}")
    with pytest.raises(Unauthorized):
        await world.join()


async def test_the_request_must_be_for_the_name_that_is_asked_for(world: World) -> None:
    """A signing request for another name does not get a certificate, and nothing is reserved."""
    with pytest.raises(BadRequest):
        await world.join("pi-1", asks_as="pi-2")
    with pytest.raises(ApiError):
        world.registry.get(NODES, "", "pi-1")


async def test_an_impossible_node_name_is_refused(world: World) -> None:
    """A node name is an RFC 1123 subdomain: the server's own name on the broker is none."""
    with pytest.raises(Invalid):
        await world.join("system:edgeorch-server")
