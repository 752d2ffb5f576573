"""Fixtures that several kinds of tests share."""

from __future__ import annotations

import inspect
import os
from collections.abc import Generator, Iterator
from contextlib import nullcontext

import pytest
from hypothesis import settings

from tests.lab.podman import PodmanHost, lab_folder, why_no_podman

# No test asserts a time: on a busy machine an example that first builds a model takes longer than the default.
settings.register_profile("edgeorch", deadline=None)
settings.load_profile("edgeorch")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Share the tests out as we like it."""
    from tests.lab.sharing import Sharing  # noqa: PLC0415 - xdist is there if it asks

    return Sharing(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several processes, begin with what takes longest."""
    if hasattr(config, "workerinput"):
        from tests.lab.sharing import turn  # noqa: PLC0415 - as above

        items.sort(key=lambda item: turn(item.nodeid))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """With several processes, let nothing expensive stand about when its tests are over."""
    yield
    if hasattr(item.config, "workerinput"):
        from tests.lab.sharing import give_up  # noqa: PLC0415 - as above

        give_up(item, nextitem)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Begin virtual time (looptime) with the fixtures of a test, not with its body.

    What a fixture has set to happen at a time of the real clock, which counts from the start of the machine, would
    else lie among the times of the test, or never come.
    """
    virtual = fixturedef.scope == "function" and request.node.get_closest_marker("looptime")
    if not virtual or not (
        inspect.iscoroutinefunction(fixturedef.func) or inspect.isasyncgenfunction(fixturedef.func)
    ):
        return (yield)
    loop = request.getfixturevalue("_function_scoped_runner").get_loop()
    with nullcontext() if loop.looptime_on else loop.looptime_enabled():
        return (yield)


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
