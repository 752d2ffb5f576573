"""How the tests are shared out among processes (``pytest -n``, pytest-xdist).

Tests that use the same expensive thing (a cluster, a Podman with images, machines with systemd) stay together, all
others stay with those of their file; what takes longest begins first.
"""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

_LARGE_FIRST = ("e2e", "integration", "contracts", "scenarios", "unit")
_TOGETHER = {
    "tests/e2e/systemd/test_join.py": "systemd",
    "tests/e2e/systemd/test_units.py": "systemd",
    "tests/e2e/test_containers.py": "cluster",
    "tests/e2e/test_docs.py": "cluster",
    "tests/e2e/test_every_command.py": "cluster",
    "tests/e2e/test_fleet.py": "fleet",
    "tests/e2e/test_kubectl_objects.py": "cluster",
    "tests/e2e/test_logs.py": "cluster",
    "tests/e2e/test_operators.py": "cluster",
    "tests/e2e/test_python_client.py": "cluster",
    "tests/e2e/test_workloads.py": "cluster",
    "tests/e2e/test_workloads_by_command.py": "cluster",
    "tests/e2e/test_workloads_on_nodes.py": "fleet",
    "tests/e2e/test_zero_downtime.py": "cluster",
    "tests/contracts/test_runtime.py": "podman",
    "tests/integration/test_podman_pull.py": "podman",
    "tests/integration/test_podman_runtime.py": "podman",
    "tests/integration/test_pods_on_podman.py": "podman",
}
_EXPENSIVE = ("first_up", "fleet", "machines", "podman_host")
"""Fixtures of the whole session whose processes cost time while they stand about."""


def company(nodeid: str) -> str:
    """Name the tests that a test must share a process with."""
    path = nodeid.partition("::")[0]
    return _TOGETHER.get(path, path)


def turn(nodeid: str) -> tuple[int, bool]:
    """Give what to sort tests by."""
    path = nodeid.partition("::")[0]
    kind = PurePosixPath(path).parts[1]
    return (_LARGE_FIRST.index(kind) if kind in _LARGE_FIRST else len(_LARGE_FIRST), path not in _TOGETHER)


def give_up(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End what only the company of ``item`` needed, once its last test is over.

    A fixture that is asked for again later is made again.
    """
    if nextitem is None or company(item.nodeid) == company(nextitem.nodeid):
        return
    # pytest has no public way to end a fixture before its scope is over.
    manager = item.session._fixturemanager
    for name in _EXPENSIVE:
        for fixture in manager.getfixturedefs(name, item) or ():
            fixture.finish(item._request)  # type: ignore[attr-defined]


class Sharing(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """xdist's scheduler, with companies of ours."""

    def _split_scope(self, nodeid: str) -> str:
        return company(nodeid)
