"""Runs Mosquitto: starts it, waits until it listens, starts it again when it dies, and takes it along."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
import signal
from collections import deque
from contextlib import suppress
from pathlib import Path

from edgeorch.errors import UserError
from edgeorch.mqtt.backoff import Backoff
from edgeorch.mqtt.settings import TlsFiles
from edgeorch_server.broker.account import broker_account, clear, file_folder, install
from edgeorch_server.broker.config import BrokerConfig, access_list, configuration
from edgeorch_server.broker.left_over import end_left_over

logger = logging.getLogger(__name__)

START_SECONDS = 15.0
STOP_SECONDS = 5.0
SETTLED_SECONDS = 10.0
SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
"""Debian keeps daemons in sbin, which is not on everybody's PATH."""
PID_FILE = "mosquitto.pid"
RUNNING = re.compile(r"mosquitto version (\S+) running")
OUR_OWN_NOISE = "Warning: ACL pattern"
"""Mosquitto finds it odd that all nodes may read the same topics."""


class Mosquitto:
    """One managed broker. :meth:`start` it, keep :meth:`run` running, and :meth:`stop` it.

    The kernel kills it when we die (PR_SET_PDEATHSIG); should one be left over nevertheless, from a server
    whose kill left a moment in between, the next start ends it first.
    """

    def __init__(self, config: BrokerConfig, backoff: Backoff | None = None) -> None:
        self._config = config
        self._backoff = backoff or Backoff(first=0.1, limit=10.0)
        self._process: asyncio.subprocess.Process | None = None
        self._log: asyncio.Task[None] | None = None
        self._tail: deque[str] = deque(maxlen=5)

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start and return once it listens.

        Raises UserError when Mosquitto is not installed, the port is taken or the configuration is refused.
        """
        command = self._prepare()
        pid_file = Path(command[-1]).with_name(PID_FILE)
        await end_left_over(pid_file, command[-1])
        self._tail.clear()
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        self._process = process
        pid_file.write_text(f"{process.pid}\n")
        running = asyncio.Event()
        self._log = asyncio.create_task(self._read_log(process, running), name="mosquitto-log")
        ready = asyncio.create_task(running.wait())
        try:
            await asyncio.wait([ready, self._log], timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if not running.is_set():
            if self._log.done():  # its words have ended, and so it does
                await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=1)
            complaint = self._complaint(process)
            await self.stop()
            raise UserError(complaint)

    async def run(self) -> None:
        """Start it again whenever it dies, for ever; call after :meth:`start`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            process = self._process
            if process is not None:
                code = await process.wait()
                logger.error("mosquitto died with exit code %s and is started again", code)
            if loop.time() - began >= SETTLED_SECONDS:
                self._backoff.reset()
            await asyncio.sleep(self._backoff.next())
            began = loop.time()
            try:
                await self.start()
            except (UserError, OSError) as exc:
                logger.error("mosquitto cannot be started: %s", exc)  # noqa: TRY400 (the message says it all)

    def reload(self) -> None:
        """Let it read its certificate again, without ending a connection (mosquitto(8), SIGHUP).

        Raises UserError and OSError.
        """
        self._prepare()
        process = self._process
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGHUP)

    async def stop(self) -> None:
        """End it in good order; safe to call at any time."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._log is not None:
            await asyncio.wait([self._log], timeout=1)
            self._log.cancel()
        clear(self._config.folder.absolute(), broker_account())

    def _prepare(self) -> list[str]:
        """Write the files and give the command line; its last word is the configuration's path."""
        binary, setpriv = _tool("mosquitto", "mosquitto"), _tool("setpriv", "util-linux")
        account = broker_account()
        self._config.folder.mkdir(parents=True, exist_ok=True)
        place = file_folder(self._config.folder.absolute(), account)
        given = self._config.tls
        own = TlsFiles(place / "ca.crt", place / "broker.crt", place / "broker.key")
        pairs = ((given.ca, own.ca), (given.certificate, own.certificate), (given.key, own.key))
        for source, target in pairs:
            install(target, _read(source), account)
        access, conf = place / "acl", place / "mosquitto.conf"
        install(access, access_list(self._config.root, self._config.server_name).encode(), account)
        install(conf, configuration(self._config, own, access).encode(), account)
        who = [f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"] if account else []
        return [setpriv, "--pdeathsig=KILL", *who, "--", binary, "-c", str(conf)]

    async def _read_log(self, process: asyncio.subprocess.Process, running: asyncio.Event) -> None:
        assert process.stderr is not None
        while True:
            try:
                raw = await process.stderr.readline()
            except ValueError:  # a line longer than the reader's limit
                continue
            if not raw:
                return
            line = raw.decode(errors="replace").rstrip()
            if RUNNING.search(line):
                running.set()
            if line.startswith(("Error", "Warning")) and not line.startswith(OUR_OWN_NOISE):
                self._tail.append(line)
                logger.warning("mosquitto: %s", line)
            else:
                logger.debug("mosquitto: %s", line)

    def _complaint(self, process: asyncio.subprocess.Process) -> str:
        said = "; ".join(self._tail)
        if "Address already in use" in said:
            return (
                f"port {self._config.port} on {self._config.bind} is taken by another program:"
                " choose another port for the MQTT broker"
            )
        if not said:
            code = process.returncode
            said = (
                f"it ended with exit code {code}" if code is not None else f"no word in {START_SECONDS:.0f} s"
            )
        return f"mosquitto did not start: {said}"


def _tool(name: str, package: str) -> str:
    path = shutil.which(name, path=SEARCH_PATH)
    if path is None:
        raise UserError(f"{name} is not installed: on Debian and Raspberry Pi OS, apt install {package}")
    return path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise UserError(f"cannot read {path} for the MQTT broker: {exc.strerror}") from exc
