"""What Podman's service may do on this machine.

A process without CAP_SYS_RESOURCE cannot lower an ``oom_score_adj`` (proc(5)), and a service in a container or
a sandbox usually has none. The OCI runtime then does not start a container that asks for it, nor say why.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from pathlib import Path

LOWEST_OOM_SCORE = -1000
_CAP_SYS_RESOURCE = 1 << 24
_CREDENTIALS = struct.Struct("3i")
"""``struct ucred``: pid, uid, gid (unix(7))."""


def lowest_oom_score(service: Path, proc: Path = Path("/proc")) -> int:
    """Give the lowest ``oom_score_adj`` that containers of the service at a socket may ask for.

    What cannot be found out counts as allowed. For a socket that systemd listens on, its peer is systemd, which
    has what it can give to the service.
    """
    with suppress(OSError, ValueError, StopIteration):
        folder = proc / str(_peer(service))
        lines = (folder / "status").read_text().splitlines()
        capabilities = next(line.split()[1] for line in lines if line.startswith("CapEff:"))
        if not int(capabilities, 16) & _CAP_SYS_RESOURCE:
            return int((folder / "oom_score_adj").read_text())
    return LOWEST_OOM_SCORE


def _peer(path: Path) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(str(path))
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid: int = _CREDENTIALS.unpack(credentials)[0]
    return pid
