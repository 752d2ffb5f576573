"""Removes every pod of an agent's own Podman and ends its service: what ``edgeorch down`` does to each node.

``python -m edgeorch_agent.take_down --config agent.toml``. The agent must have been stopped. It can have been
killed, too: then the service that it left behind is ended here.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from edgeorch.config.settings import load_agent_settings
from edgeorch.errors import UserError
from edgeorch_agent.own_podman import own_home
from edgeorch_agent.runtime.containers_conf import HostFacts
from edgeorch_agent.runtime.podman_home import PodmanHome

GRACE: Final = 1
"""Seconds that a container is given to end."""
_ATTEMPTS: Final = 4
"""Podman gives up on a pod when one of its containers ends at the wrong moment; the next try does not."""
_SERVICE_WITHIN: Final = 10.0


def take_down(home: PodmanHome) -> None:
    """Remove all pods and end the service. Raises UserError when Podman will not."""
    home.prepare(HostFacts.read())
    _remove_pods(home)
    _end_service(home)


def _remove_pods(home: PodmanHome) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        done = _podman(home, "pod", "rm", "--all", "--force", f"--time={GRACE}")
        left = _podman(home, "pod", "ps", "--quiet").stdout.split()
        if done.returncode == 0 and not left:
            return
        if attempt == _ATTEMPTS:
            complaint = done.stderr.strip() or f"{len(left)} pods are left"
            raise UserError(f"podman cannot remove all pods: {complaint}")


def _podman(home: PodmanHome, *words: str) -> subprocess.CompletedProcess[str]:
    command = home.command(*words)
    return subprocess.run(  # noqa: S603 (a fixed command)
        command, check=False, capture_output=True, text=True, env=home.child_environment(), cwd=home.run
    )


def _end_service(home: PodmanHome) -> None:
    pid = home.listener()
    if not pid:
        return
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            for number in (signal.SIGTERM, signal.SIGKILL):
                signal.pidfd_send_signal(handle, number)
                if select.select([handle], [], [], _SERVICE_WITHIN)[0]:
                    return
        finally:
            os.close(handle)


def main(arguments: list[str]) -> int:
    """Run the command line; gives the exit code."""
    match arguments:
        case ["--config", file]:
            pass
        case _:
            print("usage: python -m edgeorch_agent.take_down --config FILE", file=sys.stderr)  # noqa: T201 (for a person)
            return 2
    try:
        home = own_home(load_agent_settings({}, os.environ, Path(file)))
        if home is None:
            raise UserError("this agent uses the machine's Podman: its pods are not ours alone to remove")  # noqa: TRY301 (one place that tells)
        take_down(home)
    except UserError as exc:
        print(f"error: {exc}", file=sys.stderr)  # noqa: T201 (for a person)
        return exc.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
