"""``python -m bench [--quick] [NAME...]``: measure, and print one table.

How to read it: docs/guides/performance.md.
"""

from __future__ import annotations

import argparse
import functools
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import (
    access_cost,
    apply,
    deployment,
    failure,
    fleet,
    idle,
    kubectl_apply,
    lost_node,
    many_objects,
    memory,
    rest,
    scheduler,
    store,
)
from bench.cluster import cluster, simulated
from bench.options import NODES, Benchmark, CannotRunError, Options, bench_folder
from bench.table import Row, render

BENCHMARKS: Mapping[str, Benchmark] = {
    "store": store.run,
    "rest": rest.run,
    "access": access_cost.run,
    "objects": many_objects.run,
    "kubectl": kubectl_apply.run,
    "apply": apply.run,
    "memory": memory.run,
    "idle": idle.run,
    "failure": failure.run,
    "scheduler": scheduler.run,
    "deployment": deployment.run,
    "lost-node": lost_node.run,
    "fleet": fleet.run,
}


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks that were named, or all; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure edgeorch beside its baselines."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="only see whether they work")
    parser.add_argument(
        "--nodes", type=int, default=NODES, help="size of the fleet of simulated nodes; default: %(default)s"
    )
    flags = parser.parse_args(arguments)
    if unknown := set(flags.names) - BENCHMARKS.keys():
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    with bench_folder() as folder:
        try:
            with _ended_by_sigterm():
                rows, failed = _measure(flags, folder)
        except SystemExit as exc:
            print(exc, file=sys.stderr)
            return 128 + signal.SIGTERM
    print(render(rows))
    return 1 if failed else 0


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Raise SystemExit where SIGTERM finds the program, so that what was started is taken away on the way out.

    Of all exceptions that one gets through an event loop. Another SIGTERM does not cut the way out short.
    """

    def end(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGTERM, lambda *_: None)
        raise SystemExit("ended by SIGTERM")

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _measure(flags: argparse.Namespace, folder: Path) -> tuple[list[Row], bool]:
    """Run benchmarks, each in a folder of its own; gives their rows, and whether one has failed."""
    rows: list[Row] = []
    failed = False
    with ExitStack() as stack:
        shared = Options(folder / "shared", quick=True)
        one_node = functools.cache(lambda: stack.enter_context(cluster(shared)))
        few_simulated = functools.cache(lambda: stack.enter_context(simulated(shared, lost_node.QUICK)))
        for name in flags.names or BENCHMARKS:
            begin = time.monotonic()
            print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
            place = folder / name
            place.mkdir()
            try:
                options = Options(place, nodes=flags.nodes)
                if flags.quick:
                    options = Options(place, quick=True, one_node=one_node, simulated=few_simulated)
                rows += BENCHMARKS[name](options)
            except CannotRunError as exc:
                rows.append(Row(name, note=str(exc)))
            except Exception as exc:  # noqa: BLE001 (the others' figures are still worth having)
                traceback.print_exc()
                rows.append(Row(name, note=f"failed: {exc!r}"[:100]))
                failed = True
            print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr)
    return rows, failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
