"""A Debian to boot in containers: made once, and kept outside of the checkout."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

SUITE: Final = "bookworm"
"""What Raspberry Pi OS is made from too."""
PACKAGES: Final = (
    *("systemd-sysv", "dbus", "sudo", "procps", "iproute2", "ca-certificates"),
    # What the guide tells a user to install, so that its commands need no network.
    *("python3", "python3-venv", "mosquitto", "podman"),
    # What Debian's podman recommends.
    *("runc", "conmon", "netavark", "aardvark-dns", "catatonit", "iptables", "nftables", "uidmap"),
)
MASKED: Final = ("systemd-binfmt.service",)
"""It would take the machine's own binfmt entries away."""


def cache_folder() -> Path:
    """Give the folder that outlives test runs: ``EDGEORCH_TEST_CACHE``, or one below /var/cache."""
    return Path(os.environ.get("EDGEORCH_TEST_CACHE", "/var/cache/edgeorch-tests"))


def debian(cache: Path) -> Path:
    """Give the root folder of a Debian with all packages; makes it when the recipe is a new one."""
    recipe = " ".join((SUITE, *PACKAGES, *MASKED))
    root = cache / f"{SUITE}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if not root.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        building = cache / f"{root.name}.{os.getpid()}"
        try:
            _build(building)
            building.rename(root)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return root


def _build(root: Path) -> None:
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(root)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"debootstrap: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    for unit in MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
