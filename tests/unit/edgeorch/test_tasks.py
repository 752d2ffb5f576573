import asyncio

import pytest

from edgeorch.tasks import ComponentEnded, run_forever


async def _eternal(log: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        log.append("cancelled")


async def test_a_component_that_ends_ends_the_process() -> None:
    """When one component returns, the others are cancelled and the process fails."""
    log: list[str] = []
    with pytest.raises(ComponentEnded, match="short ended"):
        await run_forever({"long": lambda: _eternal(log), "short": lambda: asyncio.sleep(0)}, asyncio.Event())
    assert log == ["cancelled"]


async def test_a_component_that_fails_fails_the_process_with_its_error() -> None:
    """The first error is the one that is seen."""

    async def broken() -> None:
        raise ValueError("disk on fire")

    with pytest.raises(ValueError, match="disk on fire"):
        await run_forever({"long": lambda: _eternal([]), "broken": broken}, asyncio.Event())


async def test_stop_ends_all_in_good_order() -> None:
    """A stop cancels every component and waits for it."""
    log: list[str] = []
    stop = asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)
    await run_forever({"a": lambda: _eternal(log), "b": lambda: _eternal(log)}, stop)
    assert log == ["cancelled", "cancelled"]
