"""Real kubectl, in whatever versions this machine has."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT = 60.0


def kubectls() -> list[Path]:
    """Find the kubectl on the PATH and all versions that lie beside it (``kubectl.1.31``)."""
    found = shutil.which("kubectl")
    if found is None:
        return []
    real = Path(found).resolve()
    versions = sorted(path for path in real.parent.glob("kubectl.1.*") if os.access(path, os.X_OK))
    return versions or [real]


@dataclass(frozen=True, slots=True)
class Result:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Kubectl:
    """One kubectl, for one server, with a home of its own: discovery is cached by host and port."""

    binary: Path
    home: Path
    kubeconfig: Path

    async def start(self, *args: str) -> asyncio.subprocess.Process:
        """Start a command."""
        env = {"HOME": str(self.home), "PATH": os.environ["PATH"], "KUBECONFIG": str(self.kubeconfig)}
        return await asyncio.create_subprocess_exec(
            self.binary, *args, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=env, cwd=self.home
        )

    async def __call__(self, *args: str, stdin: str = "") -> Result:
        """Run a command to its end."""
        process = await self.start(*args)
        try:
            out, err = await asyncio.wait_for(process.communicate(stdin.encode()), TIMEOUT)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        return Result(process.returncode or 0, out.decode(), err.decode())

    async def ok(self, *args: str, stdin: str = "") -> Result:
        """Run a command that must succeed."""
        result = await self(*args, stdin=stdin)
        assert result.code == 0, f"kubectl {' '.join(args)}: {result.err}{result.out}"
        return result
