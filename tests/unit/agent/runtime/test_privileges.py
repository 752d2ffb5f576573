"""What is found out of the privileges of Podman's service."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeorch_agent.runtime.privileges import LOWEST_OOM_SCORE, lowest_oom_score


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Path]:
    """Give the socket of a service, which is this process."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        yield path


def process(proc: Path, capabilities: str, score: int) -> None:
    folder = proc / str(os.getpid())
    folder.mkdir()
    (folder / "status").write_text(f"Name:\tpodman\nCapPrm:\t0\nCapEff:\t{capabilities}\n")
    (folder / "oom_score_adj").write_text(f"{score}\n")


@pytest.mark.parametrize(
    ("capabilities", "score", "lowest"),
    [
        pytest.param("000001ffffffffff", 0, LOWEST_OOM_SCORE, id="root"),
        pytest.param("000001fffeffffff", 0, 0, id="without CAP_SYS_RESOURCE"),
        pytest.param("0000000000000000", 100, 100, id="a score can only grow"),
        pytest.param("nonsense", 0, LOWEST_OOM_SCORE, id="unreadable"),
    ],
)
def test_the_score_that_the_service_may_give(
    service: Path, tmp_path: Path, capabilities: str, score: int, lowest: int
) -> None:
    """proc(5): lowering oom_score_adj takes CAP_SYS_RESOURCE."""
    process(tmp_path, capabilities, score)
    assert lowest_oom_score(service, tmp_path) == lowest


def test_a_service_that_is_not_there(tmp_path: Path) -> None:
    """What cannot be found out counts as allowed."""
    assert lowest_oom_score(tmp_path / "none") == LOWEST_OOM_SCORE
