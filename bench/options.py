"""What every benchmark is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.simulated import SimulatedCluster
from bench.table import Row
from tests.lab import proc
from tests.lab.cluster import Cluster
from tests.lab.folders import run_folder

ROOT = Path("/var/tmp/edgeorch-bench")
"""Not in /tmp, which is memory on many machines: what is synced there costs nothing."""

NODES = 5000
"""The largest cluster that Kubernetes says it supports (kubernetes.io, "Considerations for large clusters")."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure, and where."""

    folder: Path
    """An empty folder on a disk, which is removed after the run."""
    quick: bool = False
    """Only see whether everything works: the figures mean little."""
    one_node: Callable[[], Cluster] | None = None
    """Gives the cluster of one node that the benchmarks of this run share, instead of a fresh one for each."""
    simulated: Callable[[], SimulatedCluster] | None = None
    """The same for those that want a simulated cluster."""
    nodes: int = NODES
    """How many simulated nodes the largest fleet has."""


class CannotRunError(RuntimeError):
    """Something that a benchmark needs is missing on this machine; the message says what."""


Benchmark = Callable[[Options], list[Row]]
"""Measures, and leaves nothing behind. Raises :class:`CannotRunError`."""


@contextmanager
def bench_folder() -> Iterator[Path]:
    """Give this run a folder, and remove what killed runs left: processes, clusters, folders."""
    with run_folder(ROOT, _remove) as folder:
        yield folder


def _remove(left: Path) -> None:
    Cluster(left).stop()
    proc.kill(pid for pid in proc.pids() if f"{left}/".encode() in proc.command_line(pid))
