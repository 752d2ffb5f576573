"""Lists: selection, order, pages and versions."""

import logging
from typing import Any

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS, EVENTS, NAMESPACES, NODES, PODS
from edgeorch.api.selectors import FieldSelector, Selector
from edgeorch.api.table import default_table
from edgeorch.errors import BadRequest, Expired, GatewayTimeout, InternalError, NotFound
from edgeorch_server.registry.base import ListOptions
from edgeorch_server.registry.continue_token import ContinueToken
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.base import Draft
from edgeorch_server.store.memory import MemoryStore
from edgeorch_server.store.ring import RingLimits


def names(world: Any, resource: Any = PODS, **options: Any) -> list[str]:
    if "labels" in options:
        options["labels"] = Selector.parse(options["labels"])
    if "fields" in options:
        options["fields"] = FieldSelector.parse(options["fields"])
    return [entry.name for entry in world.registry.list_entries(resource, ListOptions(**options)).entries]


async def test_a_get_is_the_stored_bytes(world: Any) -> None:
    """A read hands out the very bytes that were stored."""
    written = await world.pod()
    assert world.registry.get_entry(PODS, "default", "x").data is written.entry.data


async def test_a_get_of_nothing(world: Any) -> None:
    """What is not there is 404, named as Kubernetes names it."""
    with pytest.raises(NotFound) as caught:
        world.registry.get_entry(PODS, "default", "x")
    assert caught.value.message == 'pods "x" not found'
    assert (caught.value.kind, caught.value.name) == ("pods", "x")


@pytest.fixture
async def pods(world: Any) -> Any:
    """Four pods in two namespaces."""
    await world.create(NAMESPACES, {"metadata": {"name": "shop"}})
    await world.pod("b", labels={"app": "web"}, nodeName="n1")
    await world.pod("a", labels={"app": "db"})
    await world.create(PODS, {"metadata": {"name": "c", "labels": {"app": "web"}}, **SPEC}, namespace="shop")
    await world.create(PODS, {"metadata": {"name": "a"}, **SPEC}, namespace="shop")
    return world


SPEC = {"spec": {"containers": [{"name": "main", "image": "i"}], "hostNetwork": True}}


async def test_a_list_is_sorted(pods: Any) -> None:
    """Lists are in the order of namespace and name, whatever the order of creation."""
    entries = pods.registry.list_entries(PODS, ListOptions()).entries
    assert [(e.namespace, e.name) for e in entries] == [
        ("default", "a"),
        ("default", "b"),
        ("shop", "a"),
        ("shop", "c"),
    ]


async def test_a_list_is_as_of_the_stores_revision(pods: Any) -> None:
    """A watch that starts at the list's resourceVersion misses nothing."""
    assert pods.registry.list_entries(PODS, ListOptions()).revision == pods.store.revision


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"namespace": "shop"}, ["a", "c"]),
        ({"namespace": "nowhere"}, []),
        ({"labels": "app=web"}, ["b", "c"]),
        ({"labels": "app!=web"}, ["a", "a"]),
        ({"labels": "!app"}, ["a"]),
        ({"namespace": "shop", "labels": "app in (web,db)"}, ["c"]),
        ({"fields": "metadata.name=a"}, ["a", "a"]),
        ({"fields": "metadata.name=a", "namespace": "shop"}, ["a"]),
        ({"fields": "metadata.name=zz", "namespace": "shop"}, []),
        ({"fields": "metadata.name=a,metadata.namespace=shop"}, ["a"]),
        ({"fields": "metadata.name=a,metadata.namespace=shop", "namespace": "default"}, []),
        ({"fields": "metadata.name=a,metadata.name=b"}, []),
        ({"fields": "metadata.namespace!=shop"}, ["a", "b"]),
        ({"fields": "metadata.name!=a"}, ["b", "c"]),
        ({"fields": "spec.nodeName=n1"}, ["b"]),
        ({"fields": "spec.nodeName="}, ["a", "a", "c"]),
        ({"fields": "spec.hostNetwork=true"}, ["a", "c"]),
        ({"fields": "status.phase=Pending", "labels": "app=db"}, ["a"]),
        ({"fields": "status.phase!=Pending"}, []),
        ({"fields": ""}, ["a", "b", "a", "c"]),
        ({"labels": ""}, ["a", "b", "a", "c"]),
    ],
    ids=str,
)
async def test_selection(pods: Any, options: dict[str, Any], expected: list[str]) -> None:
    """Namespace, label selector and field selector choose together."""
    assert names(pods, **options) == expected


async def test_a_cluster_scoped_name(world: Any) -> None:
    """The name selector finds what has no namespace."""
    await world.create(NODES, {"metadata": {"name": "n"}})
    assert names(world, NODES, fields="metadata.name=n") == ["n"]
    assert names(world, NODES, fields="metadata.name=m") == []
    assert names(world, NODES, fields="spec.unschedulable=false") == ["n"]


async def test_an_events_empty_namespace_selects(world: Any) -> None:
    """``involvedObject.namespace=`` finds events about what has no namespace (kubectl describe node)."""
    await world.create(EVENTS, {"metadata": {"name": "e"}, "involvedObject": {"kind": "Node", "name": "n"}})
    assert names(world, EVENTS, fields="involvedObject.namespace=,involvedObject.name=n") == ["e"]


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (PODS, "field label not supported: spec.color"),
        (
            CONFIG_MAPS,
            ('"spec.color" is not a known field selector: only "metadata.name", "metadata.namespace"'),
        ),
    ],
    ids=["own-labels", "no-labels"],
)
async def test_an_unknown_field(world: Any, resource: Any, message: str) -> None:
    """A field a kind does not select by is 400, in Kubernetes' two wordings."""
    with pytest.raises(BadRequest) as caught:
        names(world, resource, fields="spec.color=red")
    assert caught.value.message == message


async def test_pages(pods: Any) -> None:
    """A list is read in pages of ``limit``, each with a token for the next and the number that remain."""
    first = pods.registry.list_entries(PODS, ListOptions(limit=3))
    assert ([e.name for e in first.entries], first.remaining) == (["a", "b", "a"], 1)
    last = pods.registry.list_entries(PODS, ListOptions(limit=3, continue_=first.continue_))
    assert ([e.name for e in last.entries], last.continue_, last.remaining) == (["c"], "", None)
    assert last.revision == first.revision


async def test_a_page_that_holds_all(pods: Any) -> None:
    """A list that fits exactly has no next page."""
    page = pods.registry.list_entries(PODS, ListOptions(limit=4))
    assert (len(page.entries), page.continue_) == (4, "")


async def test_what_remains_is_not_counted_under_a_selector(pods: Any) -> None:
    """With a selector the number that remains is unknown; the last match ends the list."""
    options = ListOptions(limit=1, labels=Selector.parse("app=web"))
    first = pods.registry.list_entries(PODS, options)
    assert ([e.name for e in first.entries], first.remaining) == (["b"], None)
    last = pods.registry.list_entries(
        PODS, ListOptions(limit=1, labels=Selector.parse("app=web"), continue_=first.continue_)
    )
    assert ([e.name for e in last.entries], last.continue_) == (["c"], "")


async def test_pages_do_not_repeat_or_skip_when_the_list_changes(pods: Any) -> None:
    """The next page starts after the last key, even when that object is gone by then."""
    first = pods.registry.list_entries(PODS, ListOptions(limit=2))
    await pods.registry.delete(PODS, "default", "b")
    await pods.pod("aa")
    rest = pods.registry.list_entries(PODS, ListOptions(continue_=first.continue_))
    assert [(e.namespace, e.name) for e in rest.entries] == [("shop", "a"), ("shop", "c")]
    assert rest.revision == first.revision
    with pods.registry.watch_entries(PODS, "", since=rest.revision) as watch:
        assert [(await anext(watch)).entry.name for _ in range(2)] == ["b", "aa"]


async def test_a_token_that_is_none(pods: Any) -> None:
    """A token that was not ours is 400."""
    with pytest.raises(BadRequest, match=r"^invalid continue token: continue key is not valid"):
        pods.registry.list_entries(PODS, ListOptions(continue_="2"))


async def test_a_token_with_a_version(pods: Any) -> None:
    """A continued list cannot be asked for at another version."""
    token = ContinueToken(1, "default", "a").encode()
    with pytest.raises(BadRequest, match=r"^specifying resource version is not allowed when using continue$"):
        pods.registry.list_entries(PODS, ListOptions(continue_=token, resource_version="5"))


async def test_a_token_that_is_too_old() -> None:
    """Once the changes since the first page are forgotten, the list cannot be continued: 410."""
    store = MemoryStore(ring=RingLimits(events=1))
    registry = Registry(store, default_table())
    for number in range(3):
        store.put(NODES.key, "", f"n{number}", lambda _: Draft(b"{}", "u", {}, {}))
    token = ContinueToken(1, "", "n0").encode()
    with pytest.raises(Expired, match=r"^The provided continue parameter is too old to display"):
        registry.list_entries(NODES, ListOptions(continue_=token))
    with pytest.raises(Expired):
        registry.list_entries(NODES, ListOptions(continue_=ContinueToken(999, "", "n0").encode()))


@pytest.mark.parametrize("version", ["", "0", "1"])
@pytest.mark.parametrize("match", ["", "NotOlderThan"])
async def test_any_past_version_is_answered_with_the_present(pods: Any, version: str, match: str) -> None:
    """Not older than an old version is the present state."""
    options = ListOptions(resource_version=version, resource_version_match=match)
    assert pods.registry.list_entries(PODS, options).revision == pods.store.revision


async def test_a_future_version_is_a_timeout(pods: Any) -> None:
    """A version the store has not reached: 504 with the cause that makes client-go try again."""
    current = pods.store.revision
    with pytest.raises(GatewayTimeout) as caught:
        pods.registry.list_entries(PODS, ListOptions(resource_version=str(current + 5)))
    status = caught.value.to_status()
    assert status["message"] == f"Timeout: Too large resource version: {current + 5}, current: {current}"
    assert status["details"] == {
        "causes": [
            {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"},
        ],
        "retryAfterSeconds": 1,
    }


async def test_an_exact_version(pods: Any) -> None:
    """An exact version shows what was there then, as a GET would have shown it."""
    current = pods.store.revision
    for back, shown in enumerate(["abac", "abc", "ab"]):
        exact = ListOptions(resource_version=str(current - back), resource_version_match="Exact")
        page = pods.registry.list_entries(PODS, exact)
        assert ("".join(entry.name for entry in page.entries), page.revision) == (shown, current - back)


async def test_an_exact_version_of_one_object(pods: Any) -> None:
    """Selecting by name shows the object's former version, not the present one."""
    before = pods.store.revision
    await pods.patch(PODS, "a", {"metadata": {"labels": {"app": "new"}}})
    options = ListOptions(
        namespace="default",
        fields=FieldSelector.parse("metadata.name=a"),
        resource_version=str(before),
        resource_version_match="Exact",
    )
    (entry,) = pods.registry.list_entries(PODS, options).entries
    assert entry.labels == {"app": "db"}


@pytest.mark.parametrize("version", ["x", "-1", "1.5", "\N{ARABIC-INDIC DIGIT FIVE}"])
async def test_a_version_that_is_none(pods: Any, version: str) -> None:
    """A resourceVersion is a decimal number, or 400."""
    with pytest.raises(BadRequest, match=r"^invalid resource version"):
        pods.registry.list_entries(PODS, ListOptions(resource_version=version))


@pytest.fixture
async def spoiled(world: Any) -> Any:
    """Store a pod that can be read, and one written by some other version that cannot."""
    await world.pod("good")
    world.store.put(
        PODS.key, "default", "bad", lambda _: Draft(b'{"spec":{"containers":5}}', "u", {}, {}), expected=0
    )
    return world


async def test_an_unreadable_object_does_not_break_a_list(spoiled: Any, caplog: Any) -> None:
    """A typed list leaves out what cannot be read, and logs it once."""
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert [pod.metadata.name for pod in spoiled.registry.list(PODS)] == ["good"]
    assert len(caplog.records) == 1
    assert 'the stored pods "bad" cannot be read' in caplog.text


async def test_an_unreadable_object_is_still_served_as_bytes(spoiled: Any) -> None:
    """Bytes are handed out as they are: a list over HTTP shows what is there."""
    assert names(spoiled) == ["bad", "good"]


async def test_an_unreadable_object_says_so(spoiled: Any) -> None:
    """A typed get names what is wrong and what to do."""
    with pytest.raises(InternalError, match=r'^the stored pods "bad" cannot be read: spec.containers: '):
        spoiled.registry.get(PODS, "default", "bad")
