"""Images: policies, room, shared and cancelled pulls."""

from __future__ import annotations

import asyncio

import pytest

from edgeorch_agent.pods.images import MIB, DiskUsage, Found, ImageProblem, Images, Room
from edgeorch_agent.runtime.base import ImageFault, RegistryUnavailable, RuntimeFault
from edgeorch_agent.runtime.fake import FakeHost, FakeRuntime, Pull

pytestmark = pytest.mark.looptime

PLENTY = DiskUsage(32_000 * MIB, 20_000 * MIB)


class Node:
    """A node's images, and which pulls were announced."""

    def __init__(self, usage: DiskUsage = PLENTY, parallel: int = 1) -> None:
        self.host = FakeHost()
        self.announced: list[str] = []
        self.told: list[list[str]] = []
        self.images = Images(
            FakeRuntime(self.host),
            usage=lambda _: usage,
            parallel=parallel,
            on_change=lambda: self.told.append(self.pulled()),
        )

    async def ensure(self, image: str = "app:1", policy: str = "IfNotPresent") -> Found:
        """Make sure of an image."""
        return await self.images.ensure(image, policy, None, lambda: self.announced.append(image))

    def pulled(self) -> list[str]:
        """Give what was really pulled."""
        return [name for what, name in self.host.history if what == "pulled"]


@pytest.mark.parametrize(
    ("policy", "present", "pulls"),
    [
        ("Always", True, 1),
        ("Always", False, 1),
        ("IfNotPresent", True, 0),
        ("IfNotPresent", False, 1),
        ("Never", True, 0),
    ],
)
async def test_policy(policy: str, present: bool, pulls: int) -> None:
    """Images, "Image pull policy"."""
    node = Node()
    if present:
        node.host.add_image("app:1")
    found = await node.ensure(policy=policy)
    assert (len(node.pulled()), len(node.announced), found.pulled) == (pulls, pulls, bool(pulls))


async def test_a_pull_is_told() -> None:
    """Who lists images hears when one has come, and only then."""
    node = Node()
    node.host.script_pull("app:1", Pull(error=ImageFault("manifest unknown")), Pull())
    with pytest.raises(ImageProblem):
        await node.ensure()
    assert node.told == []
    await node.ensure()
    await node.ensure()
    assert len(node.told) == 1
    assert node.told == [node.pulled()]


async def test_never_without_image() -> None:
    """Never does not pull, and says so."""
    with pytest.raises(ImageProblem, match='"app:1" is not present with pull policy of Never') as problem:
        await Node().ensure(policy="Never")
    assert problem.value.reason == "ErrImageNeverPull"


async def test_invalid_name() -> None:
    """What is no reference is told without asking anybody."""
    with pytest.raises(ImageProblem, match='Failed to apply default image tag "No!"') as problem:
        await Node().ensure("No!")
    assert problem.value.reason == "InvalidImageName"


async def test_failed_inspection() -> None:
    """A runtime that cannot look is another problem than an image that is missing."""
    node = Node()
    node.host.fail("image", RuntimeFault("broken"))
    with pytest.raises(ImageProblem) as problem:
        await node.ensure()
    assert problem.value.reason == "ImageInspectError"


async def test_unreachable_registry() -> None:
    """Without the registry, an image that is here will do even under Always; one that is not is a problem."""
    node = Node()
    node.host.script_pull("app:1", Pull(error=RegistryUnavailable("no such host")))
    with pytest.raises(ImageProblem, match="the registry is unavailable: no such host") as problem:
        await node.ensure()
    assert problem.value.reason == "ErrImagePull"
    node.host.add_image("app:1")
    found = await node.ensure(policy="Always")
    assert not found.pulled
    assert found.stale


async def test_refused_pull_under_always() -> None:
    """A registry that answers is believed: an image that was taken back is not started from a copy."""
    node = Node()
    node.host.add_image("app:1")
    node.host.script_pull("app:1", Pull(error=ImageFault("manifest unknown")))
    with pytest.raises(ImageProblem) as problem:
        await node.ensure(policy="Always")
    assert problem.value.reason == "ErrImagePull"


@pytest.mark.parametrize(
    ("total", "free", "enough"),
    [(32_000, 1_600, True), (32_000, 1_599, False), (1_000, 200, True), (1_000, 199, False)],
    ids=["5 %", "less than 5 %", "200 MiB", "less than 200 MiB"],
)
async def test_room(total: int, free: int, enough: bool) -> None:
    """A pull begins only if 5 % and 200 MiB are free; otherwise the message says what to do."""
    node = Node(DiskUsage(total * MIB, free * MIB))
    if enough:
        await node.ensure()
        return
    with pytest.raises(
        ImageProblem, match=f"{free} MiB are free on /, and .* must stay free; remove"
    ) as problem:
        await node.ensure()
    assert problem.value.reason == "ErrImagePull"
    assert node.pulled() == []


def test_room_can_be_configured() -> None:
    """The larger of both limits counts."""
    assert Room(fraction=0.5, floor=10).needed(100) == 50
    assert Room(fraction=0.05, floor=10).needed(100) == 10


async def test_one_pull_for_all_who_need_it() -> None:
    """The same image is pulled once, under whatever name it is asked for."""
    node = Node()
    node.host.script_pull("nginx", Pull(delay=5))
    names = ("nginx", "nginx:latest", "docker.io/library/nginx")
    found = await asyncio.gather(*(node.ensure(name) for name in names))
    assert len(node.pulled()) == 1
    assert {f.info.id for f in found} == {found[0].info.id}


async def test_pulls_are_serial() -> None:
    """Pulls wait for each other, and say how long they waited."""
    node = Node()
    for image in ("a:1", "b:1"):
        node.host.script_pull(image, Pull(delay=5))
    first, second = await asyncio.gather(node.ensure("a:1"), node.ensure("b:1"))
    assert (round(first.pull_time), round(first.total_time)) == (5, 5)
    assert (round(second.pull_time), round(second.total_time)) == (5, 10)


async def test_parallel_pulls() -> None:
    """As many pulls as allowed go on at once."""
    node = Node(parallel=2)
    for image in ("a:1", "b:1"):
        node.host.script_pull(image, Pull(delay=5))
    found = await asyncio.gather(node.ensure("a:1"), node.ensure("b:1"))
    assert [round(f.total_time) for f in found] == [5, 5]


async def test_pull_that_nobody_waits_for_is_cancelled() -> None:
    """Who leaves does not disturb the others; with the last one the pull ends, and the next may begin."""
    node = Node()
    node.host.script_pull("slow:1", Pull(delay=1000))
    waiters = [asyncio.create_task(node.ensure("slow:1")) for _ in range(2)]
    other = asyncio.create_task(node.ensure("b:1"))
    await asyncio.sleep(1)
    waiters[0].cancel()
    await asyncio.sleep(1)
    assert not other.done()
    waiters[1].cancel()
    await asyncio.wait([other], timeout=1)
    assert other.result().pulled
    assert node.pulled() == ["b:1"]


async def test_failure_reaches_all_and_is_tried_anew() -> None:
    """A shared pull that fails fails for all; the next request pulls again."""
    node = Node()
    node.host.script_pull("a:1", Pull(delay=1, error=ImageFault("no")), Pull())
    results = await asyncio.gather(node.ensure("a:1"), node.ensure("a:1"), return_exceptions=True)
    assert [type(r) for r in results] == [ImageProblem, ImageProblem]
    assert (await node.ensure("a:1")).pulled
