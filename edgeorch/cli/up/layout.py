"""Where a cluster of ``edgeorch up`` keeps what: one folder, nothing outside of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from edgeorch.errors import UserError


@dataclass(frozen=True, slots=True)
class Shape:
    """What the first ``up`` was told; later ones keep to it unless told otherwise."""

    api_port: int
    mqtt_port: int
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClusterFolder:
    """The folder of one cluster."""

    root: Path

    @property
    def server(self) -> Path:
        """State of the control plane."""
        return self.root / "server"

    @property
    def kubeconfig(self) -> Path:
        """For the administrator."""
        return self.root / "kubeconfig"

    def node(self, name: str) -> Path:
        """State of one node: certificates, checkpoint, volumes, storage of a board."""
        return self.root / "nodes" / name

    def pid_file(self, process: str) -> Path:
        """Identity of a process that runs."""
        return self.root / "run" / f"{process}.json"

    def log_file(self, process: str) -> Path:
        """Give the file with what a process says."""
        return self.root / "log" / f"{process}.log"

    def pid_files(self) -> list[Path]:
        """All processes that were started, in a stable order."""
        return sorted((self.root / "run").glob("*.json"))

    def create(self) -> None:
        """Make the folders; they hold keys, so nobody else may look."""
        for folder in (self.root, self.server, self.root / "nodes", self.root / "run", self.root / "log"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def load_shape(self) -> Shape | None:
        """Read what the last ``up`` was told; None before the first."""
        file = self.root / "cluster.json"
        try:
            raw = json.loads(file.read_text())
            return Shape(int(raw["api_port"]), int(raw["mqtt_port"]), tuple(map(str, raw["nodes"])))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise UserError(f"{file} is damaged ({exc}): remove it and run `edgeorch up` again") from exc

    def save_shape(self, shape: Shape) -> None:
        """Remember what ``up`` was told."""
        (self.root / "cluster.json").write_text(json.dumps(asdict(shape)) + "\n")
