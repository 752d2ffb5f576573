"""A wall clock that a test sets, for the processes of one cluster (libfaketime); monotonic time goes on as it is."""

from __future__ import annotations

from pathlib import Path

_CACHE_SECONDS = "1"


def faketime_library() -> Path | None:
    """Find libfaketime as Debian's package has it, for programs with threads."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


class WrongClock:
    """The clock of every process that is started with :attr:`environ`."""

    def __init__(self, file: Path, library: Path) -> None:
        """Keep the offset in ``file``; the clock is right at first."""
        self._file = file
        self.environ = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": _CACHE_SECONDS,
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.set(0)

    def set(self, seconds: int) -> None:
        """Let the clock be this much ahead of the true time (behind it, if negative); seen within two seconds."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}s\n")
        new.replace(self._file)
