"""Joining a board: one pasted line, and every way in which it may be the wrong one."""

from __future__ import annotations

import re

import pytest

from tests.e2e.systemd.conftest import Installed, node_status
from tests.lab.kubectl import Output
from tests.lab.machine import Machine

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.timeout(1500)]

LINE = re.compile(
    r"sudo edgeorch agent join (https://\S+:6443) --token (([a-z0-9]{6})\.[a-z0-9]{16}\.[0-9a-f]{64})\n"
)


def token(box: Machine, *options: str) -> tuple[str, str, str]:
    """Make a token; gives the URL, the token and its id."""
    found = LINE.fullmatch(box(f"edgeorch token create {' '.join(options)}").stdout)
    assert found is not None
    return found[1], found[2], found[3]


def join(pi: Machine, url: str, token: str, name: str = "other", *, code: int = 1) -> Output:
    """Join as another node, beside the one that has joined, and without starting anything."""
    pi("rm -rf /tmp/join")
    words = f"--node-name {name} --data-dir /tmp/join/data --config /tmp/join/agent.toml --no-start"
    return pi(f"edgeorch agent join {url} --token {token} {words}", code=code)


def refused(pi: Machine, output: Output, message: str) -> None:
    """Check that a refusal is one line which says what to do, and that nothing is left half written."""
    [line] = output.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert pi("ls /tmp/join/agent.toml", code=None).code != 0
    assert pi("ls /tmp/join/data/*.crt", code=None).code != 0


def test_the_board_that_joined_is_ready(installed: Installed) -> None:
    """The line that the server prints is all a board needs: settings, certificate, unit."""
    assert node_status(installed.box) == "Ready"
    assert "mqtts://" in installed.pi("cat /etc/edgeorch/agent.toml").stdout
    assert installed.pi("systemctl is-enabled edgeorch-agent").stdout == "enabled\n"
    assert installed.pi("stat -c %a /var/lib/edgeorch/agent").stdout == "700\n"


def test_another_name_on_the_same_board(installed: Installed) -> None:
    """A token is good for any number of boards until it expires."""
    url, secret, _ = token(installed.box)
    for name in ("second", "third"):
        assert f"joined as node {name}" in join(installed.pi, url, secret, name, code=0).stdout


def test_joining_again(installed: Installed) -> None:
    """The same board may join again under its name: its key says that it is the same."""
    box, pi = installed.box, installed.pi
    url, secret, _ = token(box)
    pi(f"edgeorch agent join {url} --token {secret}")
    assert node_status(box) == "Ready"


class TestRefusals:
    def test_a_wrong_token(self, installed: Installed) -> None:
        """A secret that the server does not know."""
        url, secret, number = token(installed.box)
        wrong = f"{number}.{'0' * 16}.{secret.rsplit('.', 1)[1]}"
        refused(installed.pi, join(installed.pi, url, wrong), "token")

    def test_words_that_are_no_token(self, installed: Installed) -> None:
        """What was not pasted whole is found out before anybody is asked."""
        url, _, _ = token(installed.box)
        refused(installed.pi, join(installed.pi, url, "abc"), "token")

    def test_an_expired_token(self, installed: Installed) -> None:
        """A token lives as long as was said."""
        url, secret, _ = token(installed.box, "--ttl 1s")
        installed.pi("sleep 2")
        refused(installed.pi, join(installed.pi, url, secret), "token")

    def test_a_revoked_token(self, installed: Installed) -> None:
        """A token that was revoked is no longer listed, and opens nothing."""
        box = installed.box
        url, secret, number = token(box, "--description 'for the shed'")
        [row] = [line for line in box("edgeorch token list").lines if line.startswith(number)]
        assert "for the shed" in row
        assert secret.split(".")[1] not in row
        box(f"edgeorch token revoke {number}")
        assert number not in box("edgeorch token list").stdout
        refused(installed.pi, join(installed.pi, url, secret), "token")

    def test_another_server(self, installed: Installed) -> None:
        """The token pins the cluster's CA: a server that shows another one is not spoken to."""
        url, secret, _ = token(installed.box)
        forged = f"{secret.rsplit('.', 1)[0]}.{'0' * 64}"
        refused(installed.pi, join(installed.pi, url, forged), "CA")

    def test_a_name_that_is_taken(self, installed: Installed) -> None:
        """A node's name belongs to the key that joined with it; the node is not disturbed."""
        url, secret, _ = token(installed.box)
        refused(installed.pi, join(installed.pi, url, secret, "pi"), "pi")
        assert node_status(installed.box) == "Ready"

    def test_a_server_that_cannot_be_reached(self, installed: Installed) -> None:
        """A wrong address is said so."""
        _, secret, _ = token(installed.box)
        refused(installed.pi, join(installed.pi, "https://127.0.0.1:1", secret), "127.0.0.1:1")
