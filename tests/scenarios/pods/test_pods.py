"""Transcripts of pods on one node, from the desired state to the runtime and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.pods.harness import World, parse

HERE = Path(__file__).parent
TRANSCRIPTS = sorted(path.stem for path in HERE.glob("*.txt"))


@pytest.mark.looptime
@pytest.mark.parametrize("name", TRANSCRIPTS)
async def test_transcript(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Each command of a transcript has the outcome that is written below it, and no other."""
    path = HERE / f"{name}.txt"
    text = path.read_text()
    lines: list[str] = []
    async with World(tmp_path) as world:
        for block in parse(text):
            if block.command:
                block.outcome = await world.run(block)
            lines += block.render()
    actual = "\n".join(lines) + "\n"
    if request.config.getoption("--rewrite", default=False):
        path.write_text(actual)
    assert actual == path.read_text()
