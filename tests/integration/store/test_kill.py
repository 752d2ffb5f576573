"""``kill -9`` under load, for real."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeorch.tinystore.recovery import recover

WRITER = Path(__file__).with_name("writer.py")
ROUNDS = 4


def run_and_kill(folder: Path, lines: int) -> Iterator[list[str]]:
    """Start a writer, kill it once it has said so many lines, and give all it said."""
    command = [sys.executable, str(WRITER), str(folder), "16"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdout is not None
        for said, line in enumerate(process.stdout):
            yield line.split()
            if said == lines:
                os.kill(process.pid, signal.SIGKILL)


@pytest.mark.timeout(300)
def test_a_killed_server_has_lost_nothing_it_acknowledged(tmp_path: Path) -> None:
    """Every acknowledged write is there after each of several kills, and no revision is used twice."""
    chance = random.Random(7)
    newest = 0
    compacted = False
    for _ in range(ROUNDS):
        acknowledged: dict[str, int] = {}
        for kind, *rest in run_and_kill(tmp_path / "store", chance.randint(50, 1000)):
            if kind == "open":
                assert int(rest[0]) >= newest
                continue
            name, value, revision = rest[0], int(rest[1]), int(rest[2])
            newest = max(newest, revision)
            if kind == "safe":
                acknowledged[name] = value
        tables = recover(tmp_path / "store").tables
        found = {o["metadata"]["name"]: o["value"] for o in map(json.loads, tables["pods"].values())}
        lost = {name: value for name, value in acknowledged.items() if found.get(name, 0) < value}
        assert lost == {}
        compacted |= not (tmp_path / "store" / "journal-00000001").exists()
    assert compacted, "the load must be enough to kill compactions too"
