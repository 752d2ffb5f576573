"""Fixtures that several kinds of tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.lab.podman import PodmanHost, lab_folder, why_no_podman

# No test asserts a time: on a busy machine an example that first builds a model takes longer than the default.
settings.register_profile("edgeorch", deadline=None)
settings.load_profile("edgeorch")


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
