"""Every command of the README and of the guides is executed: here, or by what stands in the table below."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.lab.cluster import Cluster

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md")))

ELSEWHERE = {
    "make up": ".ci/run",
    "export KUBECONFIG": "the kubeconfig of every test here",
    "sudo .venv/bin/edgeorch up": "test_up.py and the fixtures",
    "sudo .venv/bin/edgeorch down": "test_up.py and the fixtures",
    ".venv/bin/edgeorch simulate": "tests/integration/test_simulate.py",
    "edgeorch token create": "test_join.py",
    "sudo edgeorch agent join": "test_join.py",
    "sudo apt install": "scripts/install-deps installs the same packages",
    "sudo systemctl": "tests/e2e/systemd",
    "sudo systemd-": "tests/e2e/systemd",
    "sudo install -m 644 systemd/": "tests/e2e/systemd",
    "sudo python3 -m venv": "tests/e2e/systemd",
    "sudo /opt/edgeorch/bin/pip": "tests/e2e/systemd",
    "sudo ln -s /opt/edgeorch": "tests/e2e/systemd",
    "make bench": "tests/integration/test_bench_smoke.py",
    "sudo .venv/bin/python -m bench": "tests/integration/test_bench_smoke.py",
}
"""Beginnings of commands that are not run here, and where they are."""


def commands(document: Path) -> list[str]:
    """Give the commands of a document's shell blocks, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)
    lines = (line.partition(" #")[0].strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


HERE = [
    pytest.param(command, id=f"{document.name}: {command}")
    for document in DOCUMENTS
    for command in commands(document)
    if not command.startswith(tuple(ELSEWHERE))
]


@pytest.mark.parametrize("command", HERE)
def test_a_documented_command_works(cluster: Cluster, command: str) -> None:
    """What a newcomer pastes works on a cluster that `edgeorch up` has made."""
    words = shlex.split(command)
    if words[0] == "kubectl":
        cluster.kubectl()(*words[1:])
    elif words[0].endswith("edgeorch"):
        cluster.edgeorch(*words[1:])
    else:  # the test is root, and needs no sudo
        subprocess.run(["bash", "-ec", command.removeprefix("sudo ")], cwd=ROOT, check=True, timeout=60)


def test_the_documents_have_commands() -> None:
    """If the documents change their form, this test must not pass by finding nothing."""
    assert len(HERE) >= 5
