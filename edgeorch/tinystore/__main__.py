"""``python -m edgeorch.tinystore check|repair FOLDER``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edgeorch.errors import UserError
from edgeorch.tinystore.repair import check, repair


def main() -> int:
    """Run one command; gives the exit code."""
    parser = argparse.ArgumentParser("python -m edgeorch.tinystore", description="Look after a store.")
    parser.add_argument("command", choices=["check", "repair"])
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    try:
        if arguments.command == "check":
            _say(f"{folder} is sound and holds {check(folder)} documents")
        else:
            done = repair(folder)
            for gap in done.lost:
                _say(f"could not be read: {gap}")
            _say(f"{folder} holds {done.documents} documents; the files from before are in {done.kept}")
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
