"""Where an agent's identity lies: written by ``edgeorch agent join``, read by the agent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AgentFiles:
    """The files below an agent's ``data_dir``."""

    data_dir: Path

    @property
    def ca(self) -> Path:
        """The cluster's CA."""
        return self.data_dir / "pki" / "ca.crt"

    @property
    def certificate(self) -> Path:
        """The node's certificate."""
        return self.data_dir / "pki" / "agent.crt"

    @property
    def key(self) -> Path:
        """The node's key, which never leaves the board."""
        return self.data_dir / "pki" / "agent.key"
