"""Which account Mosquitto runs under, and files it can read there.

A server that is not root (the systemd unit) runs it as itself, with its files in the data folder. A root
server (the quick start, which needs root for Podman) must not run a network daemon as root: Mosquitto gets the
account that its package made, and, since the data folder may lie where only root can go, copies of its few
files in a folder of its own below ``/run``. That is memory: the key's copy never touches the disk.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from edgeorch.errors import UserError

ACCOUNTS = ("mosquitto", "nobody")
RUN = Path("/run/edgeorch")


@dataclass(frozen=True, slots=True)
class Account:
    """A user and its group."""

    uid: int
    gid: int


def broker_account() -> Account | None:
    """Choose the account to run as; None means our own."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise UserError(f"no account to run mosquitto under: none of {', '.join(ACCOUNTS)} exists")


def file_folder(folder: Path, account: Account | None) -> Path:
    """Say where the account's files go."""
    if account is None:
        return folder
    digest = hashlib.blake2b(str(folder.resolve()).encode(), digest_size=6).hexdigest()
    return RUN / f"broker-{digest}"


def install(path: Path, content: bytes, account: Account | None) -> None:
    """Write a file that this account, and nobody else, can read; its folder is made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if account is not None:
        path.parent.chmod(0o700)
        os.chown(path.parent, account.uid, account.gid)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if account is not None:
            os.fchown(file.fileno(), account.uid, account.gid)


def clear(folder: Path, account: Account | None) -> None:
    """Remove the copies that were made for an account, the key's among them."""
    if account is not None:
        shutil.rmtree(file_folder(folder, account), ignore_errors=True)
