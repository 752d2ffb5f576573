from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from edgeorch.cli.app import COMMANDS, build, run


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["get", "--no-such-option"], "No such option: --no-such-option", id="unknown option"),
        pytest.param(["no-such-command"], "No such command 'no-such-command'", id="unknown command"),
        pytest.param(["config"], "Missing argument", id="missing argument"),
        pytest.param(["config", "neither"], "'neither'", id="unknown choice"),
        pytest.param(["up", "--nodes", "0"], "--nodes", id="out of range"),
    ],
)
def test_wrong_usage_is_told_in_words(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake in the command line is told in a few lines, with exit code 2, and never as a traceback."""
    assert run(words) == 2
    told = capsys.readouterr().err
    assert says in told
    assert "Traceback" not in told


@pytest.mark.parametrize("words", [[], ["token"], ["agent"]], ids=" ".join)
def test_a_group_alone_shows_its_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A command that needs another word lists the words it knows."""
    run(words)
    printed = capsys.readouterr()
    assert "Commands" in printed.out + printed.err


def test_a_users_mistake_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What the user can mend is said in one line, with exit code 1."""
    assert run(["get", "pods", "--kubeconfig", f"{tmp_path}/none"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1


def test_the_value_of_a_command_is_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that went well ends with 0."""
    assert run(["version"]) == 0
    assert capsys.readouterr().out.startswith("edgeorch ")


def test_every_command_is_known_by_its_module() -> None:
    """A command that the table of modules forgets would not be found by its name."""
    everything = typer.main.get_group(build())
    assert set(everything.commands) == {word for words in COMMANDS.values() for word in words}


@pytest.mark.parametrize("word", [word for words in COMMANDS.values() for word in words])
def test_a_command_is_there_when_only_its_module_is_loaded(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command can be run by its name."""
    assert run([word, "--help"]) == 0
    assert f"edgeorch {word}" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["version", "get"])
def test_a_command_does_not_load_what_it_does_not_need(word: str) -> None:
    """Loading the models and the cryptography takes seconds on a small board."""
    script = (
        f"import sys; from edgeorch.cli.app import run; run([{word!r}, '--help'])\n"
        "print(sorted({'edgeorch.api.meta', 'cryptography'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "[]"
