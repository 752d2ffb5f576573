import json
import os
from pathlib import Path

from edgeorch.cli.up.processes import Process, find, start


def _sleeper(folder: Path) -> Process:
    return start(
        ["sleep", "60"], pid_file=folder / "pid", log_file=folder / "log", environ={"PATH": os.environ["PATH"]}
    )


def test_a_started_process_is_found_and_stopped(tmp_path: Path) -> None:
    """Another command finds a detached process by its pid file and ends it."""
    process = _sleeper(tmp_path)
    assert find(tmp_path / "pid") == process
    process.stop()
    assert not process.alive
    assert find(tmp_path / "pid") is None


def test_a_reused_pid_is_another_process(tmp_path: Path) -> None:
    """A pid file that survived a reboot must never get a stranger killed."""
    (tmp_path / "pid").write_text(json.dumps({"pid": os.getpid(), "started": 1}))
    assert find(tmp_path / "pid") is None
    Process(os.getpid(), 1).stop()  # were it mistaken for us, the test would end here


def test_a_damaged_pid_file_names_nobody(tmp_path: Path) -> None:
    """Whatever stands in the file, it is no process unless it is one."""
    for content in ("", "{}", "[]", "17", '{"pid": "x", "started": 1}'):
        (tmp_path / "pid").write_text(content)
        assert find(tmp_path / "pid") is None
