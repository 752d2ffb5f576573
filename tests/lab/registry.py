"""A real registry on loopback, with or without a log-in."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

USER, PASSWORD = "pi", "secret"
_HTPASSWD = f"{USER}:$2b$04$JJSVNh8IpWXo1CcRC.V63uG1Ux2I/TsGm8AmSMpoihNDsZzQ/hmk.\n"
_CONFIG = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
_AUTH = "auth: {{htpasswd: {{realm: lab, path: {path}}}}}\n"
_START_WITHIN = 20.0


def why_no_registry() -> str:
    """Say why a registry cannot run here; empty when it can."""
    if shutil.which("docker-registry") is None:
        return "docker-registry is not installed (scripts/install-deps --lab)"
    return ""


@contextmanager
def registry(folder: Path, port: int, *, login: bool = False) -> Iterator[str]:
    """Run a registry and give its ``host:port``. With ``login`` it wants :data:`USER` and :data:`PASSWORD`."""
    config = _CONFIG.format(root=folder / "images", port=port)
    if login:
        (folder / "htpasswd").write_text(_HTPASSWD)
        config += _AUTH.format(path=folder / "htpasswd")
    (folder / "registry.yml").write_text(config)
    process = subprocess.Popen(
        ["docker-registry", "serve", folder / "registry.yml"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/v2/", process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_WITHIN
    while True:
        try:
            urlopen(url, timeout=5).close()
            return
        except HTTPError:
            return  # it wants a log-in
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
