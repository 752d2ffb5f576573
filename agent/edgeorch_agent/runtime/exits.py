"""Sees processes end the moment they do, through pidfds.

Podman's own ``died`` event comes tens to hundreds of milliseconds after the end of a process, and only while
its service runs. A pidfd becomes readable at once and needs nobody else. Where the kernel has none (before
5.3) or the process is out of reach, there is no watch, and callers fall back to asking.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Watch:
    pid: int
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    fd: int = -1


class Exits:
    """Watches one process per key (a container id). Lives on one event loop."""

    def __init__(self, ended: Callable[[str], None]) -> None:
        """Call ``ended`` with the key, once per process."""
        self._ended = ended
        self._watches: dict[str, _Watch] = {}

    def watch(self, key: str, pid: int) -> asyncio.Event | None:
        """Watch a process; the event is set when it has ended, at once if it has already.

        Watching the same process again gives the same event. None means that it cannot be watched.
        """
        known = self._watches.get(key)
        if known is not None and known.pid == pid:
            return known.ended
        self.forget(key)
        loop = asyncio.get_running_loop()
        watch = _Watch(pid)
        try:
            watch.fd = os.pidfd_open(pid)
        except ProcessLookupError:
            loop.call_soon(self._fire, key, watch)
        except OSError:
            return None
        else:
            loop.add_reader(watch.fd, self._fire, key, watch)
        self._watches[key] = watch
        return watch.ended

    def forget(self, key: str) -> None:
        """Stop watching."""
        if (watch := self._watches.pop(key, None)) is not None:
            self._release(watch)

    def keep_only(self, keys: Iterable[str]) -> None:
        """Forget all but these."""
        for key in self._watches.keys() - set(keys):
            self.forget(key)

    def close(self) -> None:
        """Forget all."""
        self.keep_only(())

    def _fire(self, key: str, watch: _Watch) -> None:
        # The watch stays known: the runtime may list the dead process as running for a moment longer.
        self._release(watch)
        watch.ended.set()
        self._ended(key)

    @staticmethod
    def _release(watch: _Watch) -> None:
        if watch.fd >= 0:
            asyncio.get_running_loop().remove_reader(watch.fd)
            os.close(watch.fd)
            watch.fd = -1
