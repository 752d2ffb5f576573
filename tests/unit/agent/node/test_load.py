import os
from pathlib import Path

import pytest

from edgeorch_agent.node.load import Load, read_load


def test_busy_time_and_memory_in_use(tmp_path: Path) -> None:
    """Idle and waiting for the card is not busy; time of guests is in the user's already."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/stat").write_text("cpu  10 2 30 4000 500 6 7 8 9 1\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
    (tmp_path / "proc/meminfo").write_text("MemTotal: 100 kB\nMemFree: 10 kB\nMemAvailable: 40 kB\n")
    assert read_load(tmp_path) == Load((10 + 2 + 30 + 6 + 7 + 8) * 10**9 // os.sysconf("SC_CLK_TCK"), 60 * 1024)


def test_no_linux(tmp_path: Path) -> None:
    """Without /proc there is nothing to say."""
    with pytest.raises(OSError, match="stat"):
        read_load(tmp_path)
