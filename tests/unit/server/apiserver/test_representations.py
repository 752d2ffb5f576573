"""How entries are written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch_server.apiserver.negotiation import IncludeObject, Representation, Shape
from edgeorch_server.apiserver.representations import Representations
from edgeorch_server.registry.base import Page
from edgeorch_server.store.base import Entry

TABLE = Representation(Shape.TABLE)
METADATA = Representation(Shape.METADATA)
COLUMNS = [{"name": "Name", "type": "string"}]


class NamePrinter:
    """Prints names only."""

    def columns(self, resource: ResourceInfo[Object]) -> list[dict[str, Any]]:
        assert resource is CONFIG_MAPS
        return COLUMNS

    def cells(self, resource: ResourceInfo[Object], body: dict[str, Any]) -> list[Any]:
        assert resource is CONFIG_MAPS
        return [body["metadata"]["name"]]


def entry(name: str, revision: int) -> Entry:
    # the spaces show whether the bytes were sent as they are
    data = (
        f'{{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "{name}"}}, "data": {{"k": "v"}}}}'
    )
    return Entry("ns", name, revision, data.encode(), "uid", {}, {})


A, B = entry("a", 3), entry("b", 5)
PARTIAL_A = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a"}}


@pytest.fixture
def written() -> Representations:
    return Representations(NamePrinter())


def test_an_object_is_sent_as_it_is_stored(written: Representations) -> None:
    """Not one byte is touched."""
    assert written.object(CONFIG_MAPS, A, Representation()) is A.data


def test_metadata_is_all_that_is_asked_for(written: Representations) -> None:
    """PartialObjectMetadata has its own kind and the object's metadata."""
    assert json.loads(written.object(CONFIG_MAPS, A, METADATA)) == PARTIAL_A


def test_a_single_object_is_a_table_of_one_row(written: Representations) -> None:
    """Its version is the object's, so that ``kubectl get NAME -w`` can go on from there."""
    assert json.loads(written.object(CONFIG_MAPS, A, TABLE)) == {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "3"},
        "columnDefinitions": COLUMNS,
        "rows": [{"cells": ["a"], "object": PARTIAL_A}],
    }


def page(written: Representations, how: Representation, *entries: Entry, **more: Any) -> bytes:
    return b"".join(written.page(CONFIG_MAPS, Page(entries, 9, **more), how))


def test_a_list_is_its_stored_items_put_together(written: Representations) -> None:
    """Members in Kubernetes' order, items byte for byte."""
    text = page(written, Representation(), A, B)
    assert text == (
        b'{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":['
        + A.data
        + b","
        + B.data
        + b"]}\n"
    )


@pytest.mark.parametrize("how", [Representation(), TABLE, METADATA], ids=lambda how: how.shape.value)
def test_an_empty_list_has_no_items(written: Representations, how: Representation) -> None:
    """An empty list is ``[]``, which clients must not have to tell from null."""
    answer = json.loads(page(written, how))
    assert answer.get("items", answer.get("rows")) == []


@pytest.mark.parametrize("how", [Representation(), TABLE, METADATA], ids=lambda how: how.shape.value)
def test_pages_say_how_they_go_on(written: Representations, how: Representation) -> None:
    """Token and rest stand in the list's metadata in every representation."""
    answer = json.loads(page(written, how, A, continue_="token", remaining=7))
    assert answer["metadata"] == {"resourceVersion": "9", "continue": "token", "remainingItemCount": 7}


def test_a_metadata_list_holds_metadata(written: Representations) -> None:
    """Kind and version are meta.k8s.io's, in the version the client asked for."""
    answer = json.loads(page(written, Representation(Shape.METADATA, "v1beta1"), A))
    assert (answer["kind"], answer["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1beta1")
    assert answer["items"] == [{**PARTIAL_A, "apiVersion": "meta.k8s.io/v1beta1"}]


@pytest.mark.parametrize(
    ("include", "rest"),
    [
        (IncludeObject.NONE, {}),
        (IncludeObject.METADATA, {"object": PARTIAL_A}),
        (IncludeObject.OBJECT, {"object": json.loads(A.data)}),
    ],
)
def test_rows_carry_what_was_asked(
    written: Representations, include: IncludeObject, rest: dict[str, Any]
) -> None:
    """``--sort-by`` needs the whole object, ``-A`` its namespace, nobody more."""
    answer = json.loads(page(written, Representation(Shape.TABLE, "v1", include), A))
    assert answer["rows"] == [{"cells": ["a"], **rest}]


def test_later_tables_of_a_watch_have_no_columns(written: Representations) -> None:
    """The client knows them from the first."""
    assert json.loads(written.table_event(CONFIG_MAPS, A, TABLE, headers=False))["columnDefinitions"] == []


@pytest.mark.parametrize(
    ("how", "kind"),
    [(Representation(), "ConfigMap"), (METADATA, "PartialObjectMetadata"), (TABLE, "Table")],
    ids=lambda value: getattr(getattr(value, "shape", None), "value", value),
)
def test_a_bookmark_says_how_far_the_watch_has_come(
    written: Representations, how: Representation, kind: str
) -> None:
    """In whatever shape the client reads events."""
    bookmark = json.loads(written.bookmark(CONFIG_MAPS, 7, how, initial_end=True))
    assert bookmark["kind"] == kind
    assert bookmark["metadata"]["resourceVersion"] == "7"
    carrier = bookmark["rows"][0]["object"] if kind == "Table" else bookmark
    assert carrier["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
