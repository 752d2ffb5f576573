"""A world per test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.server.fleet.world import World, world


@pytest.fixture
async def lab() -> AsyncIterator[World]:
    async with world() as made:
        yield made
