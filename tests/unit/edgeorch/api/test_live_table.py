"""A resource table that changes while it is in use."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS, PODS
from edgeorch.api.resources import LiveTable, ResourceInfo


def kind(plural: str, version: str = "v1", **more: Any) -> ResourceInfo[Any]:
    return dataclasses.replace(
        CONFIG_MAPS, group="example.com", version=version, plural=plural, kind=plural.title(), **more
    )


def test_kinds_come_and_go() -> None:
    """What is put under a name replaces what stood there, and nothing under it takes it out."""
    table = LiveTable([PODS])
    table.put("a", [kind("a"), kind("a", "v2")])
    assert table.find("example.com", "v2", "a") is not None
    table.put("a", [kind("a")])
    assert [info.plural for info in table] == ["pods", "a"]
    assert table.find("example.com", "v2", "a") is None
    table.put("a", [])
    assert [*table] == [PODS]
    assert table.by_key("a.example.com") is None
    assert table.by_kind("example.com/v1", "A") is None


def test_the_revision_counts_changes_only() -> None:
    """To put what stands there already is no change: nothing that follows from the table is made anew."""
    table, heard = LiveTable([PODS]), list[int]()
    with table.subscribe(lambda: heard.append(table.revision)):
        table.put("a", [kind("a")])
        table.put("a", [kind("a")])
        table.put("b", [])
        table.put("a", [])
    table.put("c", [kind("c")])
    assert heard == [1, 2]
    assert table.revision == 3


def test_a_path_is_served_once() -> None:
    """A second entry for a path is refused, and the table stays as it was."""
    table = LiveTable([PODS])
    table.put("a", [kind("a")])
    with pytest.raises(ValueError, match="twice"):
        table.put("b", [kind("b"), kind("a")])
    assert [info.plural for info in table] == ["pods", "a"]


def test_a_kind_is_known_by_its_other_versions() -> None:
    """An owner reference may name any version that is served, although one is stored."""
    table = LiveTable([PODS])
    stored = kind("a", other_versions=("v1alpha1",))
    table.put("a", [stored])
    assert table.by_kind("example.com/v1alpha1", "A") is stored
