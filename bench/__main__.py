"""``python -m bench [--quick] [NAME...]``: measure, and print one table.

How to read it: docs/guides/performance.md.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Mapping, Sequence

from bench import apply, failure, idle, memory, rest, scheduler, store
from bench.options import Benchmark, CannotRunError, Options, bench_folder
from bench.table import Row, render

BENCHMARKS: Mapping[str, Benchmark] = {
    "store": store.run,
    "rest": rest.run,
    "apply": apply.run,
    "memory": memory.run,
    "idle": idle.run,
    "failure": failure.run,
    "scheduler": scheduler.run,
}


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks that were named, or all; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure edgeorch beside its baselines."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="only see whether they work")
    flags = parser.parse_args(arguments)
    if unknown := set(flags.names) - BENCHMARKS.keys():
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    rows: list[Row] = []
    failed = False
    with bench_folder() as folder:
        for name in flags.names or BENCHMARKS:
            begin = time.monotonic()
            print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
            place = folder / name
            place.mkdir()
            try:
                rows += BENCHMARKS[name](Options(place, quick=flags.quick))
            except CannotRunError as exc:
                rows.append(Row(name, note=str(exc)))
            except Exception as exc:  # noqa: BLE001 (the others' figures are still worth having)
                traceback.print_exc()
                rows.append(Row(name, note=f"failed: {exc!r}"[:100]))
                failed = True
            print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr)
    print(render(rows))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
