"""The page that says what is compatible."""

from __future__ import annotations

import re
from pathlib import Path

from edgeorch.api.compatibility import document
from edgeorch.api.table import served_table

PAGE = Path(__file__).parents[4] / "docs" / "compatibility.md"
MADE = document(served_table())


def test_the_page_is_current() -> None:
    """What is written is what is served; `make docs` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == MADE, "run `make docs` and commit docs/compatibility.md"


def test_every_kind_stands_there() -> None:
    """With what it is called, and what can be done with it."""
    for info in served_table():
        assert f"| {info.plural}" in MADE
        assert f"### {info.api_version}\n" in MADE


def test_links_lead_to_a_heading() -> None:
    """No two models share one, and none is missing."""
    headings = re.findall(r"^### (.+)$", MADE, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\(#([^)]+)\)", MADE)) <= set(anchors)


def test_fields_without_effect_say_why() -> None:
    """In the summary and at the field itself."""
    summary = MADE.partition("## Fields without effect")[2].partition("\n## Fields\n")[0]
    assert "| `hostUsers` | [PodSpec]" in summary
    row = next(line for line in MADE.splitlines() if line.startswith("| `hostUsers` | boolean"))
    assert "*Without effect: " in row
