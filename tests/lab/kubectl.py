"""kubectl as a user runs it, with a home and a cache of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT = 60.0
"""Seconds a command may take; ``kubectl wait`` and the like say their own, shorter ones."""


def kubectls() -> list[Path]:
    """Give every kubectl of this machine, the newest last.

    Those that lie beside the one on the PATH (``kubectl.1.31``) are taken for all there are: it is a wrapper then that
    chooses among them, and starts two processes for each command.
    """
    found = shutil.which("kubectl")
    if found is None:
        return []
    real = Path(found).resolve()
    versions = sorted(path for path in real.parent.glob("kubectl.1.*") if os.access(path, os.X_OK))
    return versions or [real]


def debian_kubectl() -> Path | None:
    """Give Debian's own kubectl, where ``scripts/debian-kubectl`` has put it."""
    path = Path(__file__).parents[2] / "build" / "debian" / "kubectl"
    return path if path.exists() else None


@dataclass(frozen=True, slots=True)
class Output:
    """What a command printed, and how it ended."""

    command: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    def __str__(self) -> str:
        """Show it as a terminal would."""
        return f"$ {' '.join(self.command)}\n{self.stdout}{self.stderr}(exit code {self.code})"

    @property
    def lines(self) -> list[str]:
        """The lines of its output."""
        return self.stdout.splitlines()

    @property
    def rows(self) -> list[list[str]]:
        """The output as a table without its header, split at blanks."""
        return [line.split() for line in self.lines[1:]]


class CommandFailed(AssertionError):
    """A command ended otherwise than the test said it would."""


def run(
    command: list[str],
    *,
    stdin: str | None,
    env: dict[str, str],
    timeout: float,
    code: int | None,
    folder: Path | None = None,
) -> Output:
    """Run a command to its end; ``code`` is the exit code it must have, None lets any pass."""
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            input=stdin or "",
            env=env,
            cwd=folder,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as exc:
        said = b"".join(filter(None, (exc.stdout, exc.stderr))).decode(errors="replace")
        raise CommandFailed(f"$ {' '.join(command)}\n{said}(no end within {timeout:.0f} s)") from exc
    output = Output(tuple(command), done.returncode, done.stdout, done.stderr)
    if code is not None and done.returncode != code:
        raise CommandFailed(f"expected exit code {code}:\n{output}")
    return output


@dataclass(frozen=True, slots=True)
class Kubectl:
    """One kubectl binary on one cluster; calling it runs it."""

    binary: Path
    kubeconfig: Path
    home: Path
    """Discovery is cached below it, per host and port: a new cluster needs a new one."""
    namespace: str = ""
    folder: Path | None = None
    """Where it runs; None: here."""

    def __call__(
        self, *words: str, stdin: str | None = None, code: int | None = 0, timeout: float = TIMEOUT
    ) -> Output:
        """Run ``kubectl WORDS``; fails unless it ends with ``code`` (None: any)."""
        return run(
            self.command(*words),
            stdin=stdin,
            env=self.environment(),
            timeout=timeout,
            code=code,
            folder=self.folder,
        )

    def json(self, *words: str) -> Any:
        """Run ``kubectl WORDS -o json`` and give the document."""
        return json.loads(self(*words, "-o", "json").stdout)

    def apply(self, *manifests: dict[str, Any]) -> Output:
        """Apply manifests."""
        return self("apply", "-f", "-", stdin=documents(*manifests))

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start ``kubectl WORDS`` and leave it running, its output in pipes."""
        return subprocess.Popen(
            self.command(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
        )

    def command(self, *words: str) -> list[str]:
        """Give the command line."""
        where = [f"--namespace={self.namespace}"] if self.namespace else []
        return [str(self.binary), *where, *words]

    def environment(self) -> dict[str, str]:
        """Give the environment: nothing of the user's kubectl."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.home),
            "KUBECONFIG": str(self.kubeconfig),
            "EDITOR": "true",  # one that changes nothing, and does not wait for anybody
        }


def documents(*manifests: dict[str, Any]) -> str:
    """Write manifests as one file (JSON documents are YAML documents)."""
    return "\n---\n".join(json.dumps(manifest) for manifest in manifests)
