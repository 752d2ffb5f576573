"""Fixtures that several kinds of tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.lab.podman import PodmanHost, lab_folder, why_no_podman

# No test asserts a time: on a busy machine an example that first builds a model takes longer than the default.
settings.register_profile("edgeorch", deadline=None)
settings.load_profile("edgeorch")

_HERE = Path(__file__).parent


_LARGE_FIRST = ("e2e", "integration", "contracts", "scenarios", "unit")
_SHARED = ("installed", "cluster", "podman_host")
"""Fixtures that take long to make: the tests that use one of them run in the same process."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Share the tests out among processes (``pytest -n``): what takes longest begins first."""
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        shared = next((name for name in _SHARED if name in getattr(item, "fixturenames", ())), str(item.path))
        item.add_marker(pytest.mark.xdist_group(shared))
    items.sort(key=lambda item: _LARGE_FIRST.index(item.path.relative_to(_HERE).parts[0]))


@pytest.fixture(scope="session")
def podman_host() -> Iterator[PodmanHost]:
    """One real Podman with the lab's images for the whole run. Skips without one; in CI that is a failure."""
    if reason := why_no_podman():
        if os.environ.get("CI"):
            pytest.fail(f"no real Podman: {reason}")
        pytest.skip(f"no real Podman: {reason}")
    with lab_folder() as folder:
        host = PodmanHost(folder / "h")
        try:
            host.start()
            yield host
        finally:
            host.stop()
        assert not host.leftovers()
