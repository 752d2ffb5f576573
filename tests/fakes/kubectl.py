"""Real kubectl for tests that run a server in their own process."""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT = 60.0


def version(binary: Path) -> str:
    """Give what a test with a kubectl is called by."""
    return binary.name.removeprefix("kubectl.")


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
