"""Runs Podman's service as a child, for quick start and tests; on a board systemd does that.

The service is only a door to Podman: containers belong to their conmon and run on when it dies, is killed or
restarted, or when the agent is. A service that a killed agent left behind is taken over.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from typing import Final

from edgeorch.errors import UserError
from edgeorch_agent.runtime.containers_conf import HostFacts
from edgeorch_agent.runtime.exits import Exits
from edgeorch_agent.runtime.podman_home import PodmanHome

logger = logging.getLogger(__name__)

_READY_WITHIN: Final = 30.0
_READY_POLL: Final = 0.02
_STOP_WITHIN: Final = 10.0
_FIRST_DELAY: Final = 0.2
_LONGEST_DELAY: Final = 30.0
_HEALTHY_AFTER: Final = 10.0
"""Seconds of service after which the next failure counts as the first one again."""
_LAST_WORDS: Final = 2000


class PodmanService:
    """``podman system service`` for one :class:`PodmanHome`."""

    def __init__(self, home: PodmanHome, *, facts: HostFacts | None = None) -> None:
        self.home = home
        self._facts = facts
        self._pid = 0
        self._child: asyncio.subprocess.Process | None = None
        self._exits = Exits(lambda _: None)

    @property
    def pid(self) -> int:
        """Process id of the service; 0 when it does not run."""
        return self._pid

    async def start(self) -> None:
        """Start the service, or take over the one that runs, and return once it answers.

        Raises UserError when Podman is missing or will not start, with its own last words.
        """
        self.home.prepare(self._facts or HostFacts.read())
        self._pid = self.home.listener()
        if self._pid:
            logger.info("took over the running Podman service", extra={"pid": self._pid})
            return
        await self._spawn()

    async def supervise(self) -> None:
        """Restart the service whenever it ends, until cancelled; the pauses grow while it keeps failing."""
        loop = asyncio.get_running_loop()
        delay, since = _FIRST_DELAY, loop.time()
        while True:
            await self._gone()
            self._pid = 0
            if loop.time() - since > _HEALTHY_AFTER:
                delay = _FIRST_DELAY
            logger.warning("Podman's service ended: %s; restarting it", self._last_words() or "no reason given")
            await asyncio.sleep(delay)
            delay, since = min(2 * delay, _LONGEST_DELAY), loop.time()
            try:
                await self.start()
            except UserError as exc:
                logger.error("Podman's service does not start: %s", exc)  # noqa: TRY400 - the message says it all

    async def stop(self) -> None:
        """End the service, ours or one taken over. Containers run on."""
        pid = self._pid or self.home.listener()
        self._pid = pid
        if not pid:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._gone(), _STOP_WITHIN)
                break
        self._pid = 0
        self._exits.close()

    async def _spawn(self) -> None:
        self.home.socket.unlink(missing_ok=True)
        with self.home.log.open("wb") as log:
            # A session of its own: a Ctrl-C at the terminal is for the agent, which then decides. A folder of
            # its own: conmon may leave an empty file ``oom`` in the one it was started in.
            self._child = await asyncio.create_subprocess_exec(
                *self.home.service_command(),
                env=self.home.child_environment(),
                cwd=self.home.run,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = asyncio.get_running_loop().time() + _READY_WITHIN
        while not (pid := self.home.listener()):
            if self._child.returncode is not None:
                raise UserError(f"podman does not start: {self._last_words()}")
            if asyncio.get_running_loop().time() > deadline:
                self._child.kill()
                raise UserError(f"podman does not answer on {self.home.socket}: {self._last_words()}")
            await asyncio.sleep(_READY_POLL)
        self._pid = pid
        logger.info("started the Podman service", extra={"pid": pid})

    async def _gone(self) -> None:
        """Return when the service has ended."""
        if self._child is not None and self._child.pid == self._pid:
            await self._child.wait()
            return
        ended = self._exits.watch("service", self._pid) if self._pid else None
        if ended is not None:
            await ended.wait()
            return
        while self.home.listener():  # noqa: ASYNC110 - another's child, on a kernel without pidfds: nobody tells us
            await asyncio.sleep(_FIRST_DELAY)

    def _last_words(self) -> str:
        with suppress(OSError):
            return self.home.log.read_bytes()[-_LAST_WORDS:].decode(errors="replace").strip()
        return ""
