"""``/version``: which Kubernetes we present ourselves as."""

from __future__ import annotations

import platform
from collections.abc import Mapping

import edgeorch

KUBERNETES_MAJOR = "1"
KUBERNETES_MINOR = "33"


def version_info() -> Mapping[str, str]:
    """Give apimachinery's ``version.Info``; ``gitVersion`` must be a semantic version for kubectl."""
    machine = platform.machine()
    architecture = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm"}.get(
        machine, machine
    )
    return {
        "major": KUBERNETES_MAJOR,
        "minor": KUBERNETES_MINOR,
        "gitVersion": f"v{KUBERNETES_MAJOR}.{KUBERNETES_MINOR}.0+edgeorch.{edgeorch.__version__}",
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "",
        "goVersion": "",
        "compiler": platform.python_implementation(),
        "platform": f"linux/{architecture}",
    }
