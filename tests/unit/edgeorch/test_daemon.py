"""How a daemon ends: by its exit code systemd knows whether to start it again."""

import asyncio

import pytest

from edgeorch.config.load import ConfigError
from edgeorch.daemon import FAILED, STAY_DOWN, Main, run_daemon
from edgeorch.errors import UserError
from edgeorch.tinystore.errors import DamagedStore

TAKEN = UserError("port 6443 is taken")


def daemon(error: Exception | None) -> tuple[Main, str, str]:
    async def main(stop: asyncio.Event, ready: asyncio.Event) -> None:
        ready.set()
        if error is not None:
            raise error

    return main, "info", "text"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(None, 0, id="its work is done"),
        pytest.param(TAKEN, FAILED, id="what may change by itself"),
        pytest.param(ConfigError("unknown setting"), STAY_DOWN, id="wrong settings"),
        pytest.param(ValueError("bug"), FAILED, id="a bug"),
    ],
)
def test_the_exit_code_says_whether_to_try_again(error: Exception | None, code: int) -> None:
    """EX_CONFIG keeps systemd from trying for ever what only a person can mend."""
    assert run_daemon(lambda: daemon(error)) == code


def test_settings_are_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake is one line for a person, without a traceback."""

    def start() -> tuple[Main, str, str]:
        raise ConfigError("api_port: not a number")

    assert run_daemon(start) == STAY_DOWN
    assert capsys.readouterr().err == "error: api_port: not a number\n"


def test_a_damaged_store_waits_for_a_person() -> None:
    """Starting again and again would not repair it."""
    assert DamagedStore.permanent
