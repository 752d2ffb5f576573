"""What ``kubectl apply`` costs a slow link: bytes and time, cold (kubectl knows nothing yet) and warm.

Cold, kubectl fetches the discovery documents and the schemas it checks manifests with; it keeps both on disk.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.control_plane import control_plane
from bench.deployment import deployment
from bench.options import CannotRunError, Options
from bench.table import Row
from bench.wire import Wire, wire
from tests.fakes.mosquitto import SEARCH_PATH
from tests.lab.kubectl import Kubectl, kubectls

_BARE = ("get", "--raw", "/version")


@dataclass(frozen=True, slots=True)
class _Cost:
    """Of one command."""

    milliseconds: float
    up: int
    down: int

    @property
    def kilobytes(self) -> float:
        """In both directions."""
        return (self.up + self.down) / 1000


def run(options: Options) -> list[Row]:
    """Measure."""
    if not kubectls():
        raise CannotRunError("kubectl is not installed")
    if shutil.which("mosquitto", path=SEARCH_PATH) is None:
        raise CannotRunError("mosquitto is not installed, and the control plane does not start without")
    return asyncio.run(_run(options.folder, rounds=1 if options.quick else 5))


async def _run(folder: Path, *, rounds: int) -> list[Row]:
    cold, warm, bare = [], [], []
    async with control_plane(folder / "server") as plane, wire(plane.port) as counted:
        kubectl = Kubectl(kubectls()[-1], folder / "server" / "kubeconfig", folder)
        for number in range(rounds):
            home = folder / f"home-{number}"
            home.mkdir()
            mine = replace(kubectl, home=home)
            cold.append(await _apply(mine, counted, home, f"d{number}", replicas=0))
            warm.append(await _apply(mine, counted, home, f"d{number}", replicas=1))
            bare.append(await _timed(mine, counted, *_BARE))
    return [*_rows("cold", cold, bare), *_rows("warm", warm, bare)]


def _rows(how: str, costs: Sequence[_Cost], bare: Sequence[_Cost]) -> list[Row]:
    """Compare the command with the smallest that asks the server anything."""

    def median(figure: Callable[[_Cost], float]) -> tuple[float, str, float]:
        ours, theirs = (statistics.median(map(figure, some)) for some in (costs, bare))
        return ours, f"kubectl {' '.join(_BARE)}", theirs

    took, size = median(lambda cost: cost.milliseconds), median(lambda cost: cost.kilobytes)
    up = statistics.median(cost.up for cost in costs) / 1000
    metric = f"kubectl apply of a Deployment, {how}"
    return [
        Row(f"{metric}, p50 ms", *took, lower_is_better=True),
        Row(f"{metric}, KB on the wire, TLS", *size, lower_is_better=True, note=f"{up:.1f} KB of it up"),
    ]


async def _apply(kubectl: Kubectl, counted: Wire, folder: Path, name: str, *, replicas: int) -> _Cost:
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(deployment(name, replicas)))
    return await _timed(kubectl, counted, "apply", "-f", str(manifest))


async def _timed(kubectl: Kubectl, counted: Wire, *words: str) -> _Cost:
    up, down, begin = counted.up, counted.down, time.perf_counter()
    await asyncio.to_thread(kubectl, f"--server=https://127.0.0.1:{counted.port}", *words)
    took = (time.perf_counter() - begin) * 1000
    return _Cost(took, counted.up - up, counted.down - down)
