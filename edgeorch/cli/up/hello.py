"""The hello example: an image built from busybox on the spot, and the page it serves."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Protocol

from edgeorch.errors import UserError

IMAGE = "localhost/edgeorch-hello:1"
MANIFEST = Path(__file__).with_name("hello.yaml")
PORT = 8080
PAGE = "Hello from edgeorch!\n"
_COMMAND = f'CMD ["/bin/busybox","httpd","-f","-p","{PORT}","-h","/www"]'


class Podman(Protocol):
    """Runs ``podman WORDS``."""

    def __call__(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run it to its end."""
        ...


def layer(busybox: Path) -> bytes:
    """Give the image's only layer: a static busybox and a page."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(busybox, "bin/busybox", filter=_owned_by_root)
        page = tarfile.TarInfo("www/index.html")
        page.size = len(PAGE)
        tar.addfile(page, io.BytesIO(PAGE.encode()))
    return buffer.getvalue()


def build_image(podman: Podman) -> None:
    """Import the image into a node's Podman; nothing happens when it is there."""
    if podman("image", "exists", IMAGE).returncode == 0:
        return
    busybox = shutil.which("busybox", path=f"{os.environ.get('PATH', '')}:/bin:/usr/bin")
    if busybox is None:
        raise UserError("busybox is not installed: run scripts/install-deps")
    done = podman("import", "--change", _COMMAND, "-", IMAGE, stdin=layer(Path(busybox)))
    if done.returncode:
        raise UserError(f"podman could not import {IMAGE}: {done.stderr.decode(errors='replace').strip()}")


def _owned_by_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    info.mode = 0o755
    return info
