"""What people type, with the kubectls they have: it must come to the same end, whatever each of them sends.

``every_command.txt`` is the table: one story, told in order in a namespace of its own.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from edgeorch.pki import PkiFolder, Subject, create_request, new_key
from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl, debian_kubectl, kubectls
from tests.lab.manifests import namespace
from tests.lab.podman import BUSYBOX
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(900)]

TABLE = Path(__file__).with_name("every_command.txt")
MANIFESTS = Path(__file__).with_name("every_command")
COMMAND = re.compile(r"\$ (?P<words>.*?)(?: => (?P<code>\d+))?(?: since (?P<since>\d+))?(?P<until> until)?")


@dataclass(frozen=True, slots=True)
class Step:
    """A command, its exit code, the first minor version that knows it, and patterns of what it prints."""

    words: str
    code: int
    since: int
    until: bool
    """What it prints comes with time."""
    says: list[str] = field(default_factory=list)

    def trouble(self, kubectl: Kubectl, names: dict[str, str]) -> str:
        """Run it; say what is not as it should be, if anything is."""
        if self.until:
            wait_until(lambda: not self._try(kubectl, names), self.words)
        return self._try(kubectl, names)

    def _try(self, kubectl: Kubectl, names: dict[str, str]) -> str:
        output = kubectl(*shlex.split(filled(self.words, names)), code=None, timeout=100)
        text = output.stdout + output.stderr
        missing = [
            says
            for says in (filled(each, names) for each in self.says)
            if not re.search(says, text, re.MULTILINE)
        ]
        if output.code == self.code and not missing:
            return ""
        return f"wanted {missing} and exit code {self.code}:\n{output}"


def steps() -> Iterator[Step]:
    """Read the table."""
    step = None
    for line in TABLE.read_text().splitlines():
        if line.startswith("$ "):
            found = COMMAND.fullmatch(line)
            assert found is not None
            if step is not None:
                yield step
            step = Step(found["words"], int(found["code"] or 0), int(found["since"] or 0), bool(found["until"]))
        elif line.startswith("  "):
            assert step is not None, "a pattern without a command"
            step.says.append(line.strip())
    if step is not None:
        yield step


def filled(text: str, names: dict[str, str]) -> str:
    """Put in what differs from version to version; braces of regular expressions and JSON stay."""
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def prepare(folder: Path, names: dict[str, str]) -> None:
    """Put the files there that the commands name."""
    shutil.copytree(MANIFESTS, folder, dirs_exist_ok=True)
    for path in folder.rglob("*.yaml"):
        path.write_text(filled(path.read_text(), names))
    key = new_key()
    request = base64.b64encode(create_request(key, Subject("joe"))).decode()
    pki = PkiFolder(folder / "pki", lambda: dt.datetime.now(dt.UTC))
    pair = pki.ensure_client("joe", Subject("joe"))
    (folder / "client.crt").write_bytes(pair.certificate)
    (folder / "client.key").write_bytes(pair.key)
    spec = {"request": request, "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]}
    signing = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": f"csr-{names['ns']}"},
        "spec": spec,
    }
    (folder / "csr.yaml").write_text(json.dumps(signing))


def chosen() -> list[Path]:
    """Give every kubectl there is if somebody asks for that (each takes minutes), else the newest."""
    debian, found = debian_kubectl(), kubectls()
    return [*([debian] if debian else []), *found] if os.environ.get("EVERY_KUBECTL") else found[-1:]


@pytest.mark.parametrize("binary", chosen(), ids=lambda path: path.name)
def test_every_command(cluster: Cluster, binary: Path, tmp_path: Path) -> None:
    """Every command ends as the table says."""
    names = {"ns": f"all-{binary.name.replace('.', '-')}", "image": BUSYBOX}
    prepare(tmp_path, names)
    cluster.podman("pi", "tag", BUSYBOX, f"{BUSYBOX}-again")
    kubectl = replace(cluster.kubectl(names["ns"], binary), folder=tmp_path)
    kubectl.apply(namespace(names["ns"]))
    minor = int(kubectl.json("version", "--client")["clientVersion"]["minor"].rstrip("+"))
    wrong = [told for step in steps() if step.since <= minor and (told := step.trouble(kubectl, names))]
    assert not wrong, "\n\n".join(wrong)
