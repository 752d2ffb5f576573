"""``pytest tests/scenarios --rewrite`` writes the outcomes anew: read the diff before you commit it."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option; it is known only when these tests are named on the command line."""
    parser.addoption("--rewrite", action="store_true", help="write transcripts' outcomes as they are now")
