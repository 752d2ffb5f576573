"""Machines that boot with systemd, each in a container, on one network."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.lab.kubectl import CommandFailed, Output
from tests.lab.podman import PodmanHost
from tests.lab.waiting import wait_until

REPOSITORY: Final = Path(__file__).parents[2]
PYTHON: Final = (3, 11)
"""Of the machines' Debian."""
_PIP: Final = "[global]\nno-index = true\nfind-links = /wheels\nroot-user-action = ignore\n"
_PATIENCE: Final = 900.0


def wheelhouse(folder: Path) -> Path:
    """Fill a folder with this checkout's wheel and those of what it depends on."""
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(REPOSITORY)], check=True)
    [wheel] = folder.glob("edgeorch-*.whl")
    version = [] if sys.version_info[:2] == PYTHON else [f"--python-version={'.'.join(map(str, PYTHON))}"]
    words = ["download", "--only-binary=:all:", *version, "--dest", str(folder), f"{wheel}[all]"]
    subprocess.run([*pip, *words], check=True)
    return folder


class Machine:
    """One machine. What it writes to its disk outlives :meth:`reboot`."""

    def __init__(self, host: PodmanHost, name: str, root: Path, wheels: Path) -> None:
        self._host = host
        self.name = name
        self._root = root
        self._wheels = wheels

    def boot(self, *options: str) -> None:
        """Boot for the first time; ``options`` go to ``podman run``."""
        self._host.podman(
            "run",
            "--detach",
            f"--name={self.name}",
            f"--hostname={self.name}",
            "--systemd=always",
            f"--volume={self._wheels}:/wheels:ro",
            f"--volume={REPOSITORY / 'systemd'}:/checkout/systemd:ro",
            *options,
            "--rootfs",
            f"{self._root}:O",
            "/sbin/init",
        )
        self._until_up()
        self.write("/etc/pip.conf", _PIP)

    def reboot(self) -> None:
        """Pull the plug, and boot again."""
        self._host.podman("kill", self.name)
        self._host.podman("wait", self.name)
        self._host.podman("start", self.name)
        self._until_up()

    @property
    def address(self) -> str:
        """Where the other machines reach it."""
        template = "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return self._host.podman("inspect", template, self.name)

    def __call__(self, command: str, *, code: int | None = 0) -> Output:
        """Run a shell command as root; fails unless it ends with ``code`` (None: any)."""
        words = self._host.home.command("exec", "--workdir=/checkout", self.name, "bash", "-ec", command)
        done = subprocess.run(
            words,
            env=self._host.home.child_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_PATIENCE,
        )
        output = Output((self.name, command), done.returncode, done.stdout, done.stderr)
        if code is not None and done.returncode != code:
            raise CommandFailed(f"expected exit code {code}:\n{output}")
        return output

    def write(self, path: str, text: str | bytes) -> None:
        """Write a file."""
        data = text.encode() if isinstance(text, str) else text
        words: Sequence[str] = ("exec", "--interactive", self.name, "tee", path)
        subprocess.run(
            self._host.home.command(*words),
            env=self._host.home.child_environment(),
            input=data,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=_PATIENCE,
        )

    def unit(self, unit: str, *properties: str) -> dict[str, str]:
        """Give properties of a unit: ``ActiveState``, ``MainPID``..."""
        lines = self(f"systemctl show {unit} --property={','.join(properties)}").lines
        return dict(line.split("=", 1) for line in lines)

    def journal(self, unit: str) -> str:
        """Give what a unit has said since the machine booted."""
        return self(f"journalctl --unit={unit} --boot --no-pager --output=cat").stdout

    def _until_up(self) -> None:
        """Wait until all units have started that do; in a container a few cannot."""
        states = {"running", "degraded"}
        wait_until(
            lambda: self("systemctl is-system-running", code=None).stdout.strip() in states,
            f"{self.name} to boot",
            _PATIENCE,
        )
