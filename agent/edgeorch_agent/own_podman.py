"""Which Podman an agent uses: the machine's, behind its socket, or one of its own below the agent's folder.

``python -m edgeorch_agent.own_podman --config agent.toml -- ps`` runs Podman's command line as the agent's own
Podman (``edgeorch agent podman``).
"""

from __future__ import annotations

import os
import sys
from ipaddress import IPv4Network
from pathlib import Path

from edgeorch.config.load import ConfigError
from edgeorch.config.settings import AgentSettings, load_agent_settings
from edgeorch.errors import UserError
from edgeorch_agent.runtime.containers_conf import HostFacts
from edgeorch_agent.runtime.podman_home import Bridge, PodmanHome


def own_home(settings: AgentSettings) -> PodmanHome | None:
    """Give the home of the agent's own Podman, or None when it uses the machine's."""
    if settings.podman_socket:
        return None
    return PodmanHome(
        storage=settings.data_dir.resolve() / "podman",
        run=settings.run_dir / settings.node_name,
        bridge=_bridge(settings.podman_bridge),
    )


def _bridge(text: str) -> Bridge | None:
    if not text:
        return None
    interface, _, subnet = text.partition("=")
    try:
        return Bridge(interface, IPv4Network(subnet))
    except ValueError as exc:
        raise ConfigError(f"podman_bridge must be INTERFACE=SUBNET, not {text!r}: {exc}") from exc


def main(arguments: list[str]) -> int:  # noqa: RET503 (the last call does not return)
    """Become ``podman WORDS``; returns only when it cannot."""
    match arguments:
        case ["--config", file, "--", *words]:
            pass
        case _:
            print("usage: edgeorch agent podman --config FILE -- WORD...", file=sys.stderr)  # noqa: T201 (for a person)
            return 2
    try:
        settings = load_agent_settings({}, os.environ, Path(file))
        home = own_home(settings)
        if home is None:
            os.execvp("podman", ["podman", *words])  # noqa: S606, S607 (that is its purpose)
        home.prepare(HostFacts.read())
    except UserError as exc:
        print(f"error: {exc}", file=sys.stderr)  # noqa: T201 (for a person)
        return exc.exit_code
    command = home.command(*words)
    os.execvpe(command[0], command, home.child_environment())  # noqa: S606 (that is its purpose)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
