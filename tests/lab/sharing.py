"""How the tests are shared out among processes (``pytest -n``, pytest-xdist).

Tests that use the same expensive thing (a cluster, a Podman with images, machines with systemd) stay together, all
others stay with those of their file; what takes longest begins first.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler.loadscope import LoadScopeScheduling

_LARGE_FIRST = ("e2e", "integration", "contracts", "scenarios", "unit")
_TOGETHER = {
    "tests/e2e/systemd/test_join.py": "systemd",
    "tests/e2e/systemd/test_units.py": "systemd",
    "tests/e2e/test_containers.py": "cluster",
    "tests/e2e/test_docs.py": "cluster",
    "tests/e2e/test_kubectl_objects.py": "cluster",
    "tests/e2e/test_logs.py": "cluster",
    "tests/e2e/test_workloads.py": "cluster",
    "tests/contracts/test_runtime.py": "podman",
    "tests/integration/test_podman_pull.py": "podman",
    "tests/integration/test_podman_runtime.py": "podman",
    "tests/integration/test_pods_on_podman.py": "podman",
}


def company(nodeid: str) -> str:
    """Name the tests that a test must share a process with."""
    path = nodeid.partition("::")[0]
    return _TOGETHER.get(path, path)


def turn(nodeid: str) -> tuple[int, bool]:
    """Give what to sort tests by."""
    path = nodeid.partition("::")[0]
    kind = PurePosixPath(path).parts[1]
    return (_LARGE_FIRST.index(kind) if kind in _LARGE_FIRST else len(_LARGE_FIRST), path not in _TOGETHER)


class Sharing(LoadScopeScheduling):
    """xdist's scheduler, with companies of ours."""

    def _split_scope(self, nodeid: str) -> str:
        return company(nodeid)
