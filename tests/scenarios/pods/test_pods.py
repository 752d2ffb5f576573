"""Transcripts of pods on one node, from the desired state to the runtime and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.pods.commands import carry_out
from tests.scenarios.pods.transcript import Command, parse
from tests.scenarios.pods.world import World

HERE = Path(__file__).parent


@pytest.mark.looptime
@pytest.mark.parametrize("name", sorted(path.stem for path in HERE.glob("*.txt")))
async def test_transcript(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Each command of a transcript has the outcome that is written below it, and no other."""
    path = HERE / f"{name}.txt"
    lines: list[str] = []
    async with World(tmp_path) as world:
        for block in parse(path.read_text()):
            if block.command:
                world.lines = []
                await carry_out(world, Command.of(block))
                await world.settle()
                block.outcome = world.lines
            lines += block.render()
    actual = "\n".join(lines) + "\n"
    if request.config.getoption("--rewrite", default=False):
        path.write_text(actual)
    assert actual == path.read_text()
