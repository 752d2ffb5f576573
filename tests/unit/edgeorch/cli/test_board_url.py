import pytest

from edgeorch.cli.board_url import board_url
from edgeorch.errors import UserError


@pytest.mark.parametrize("server", ["https://box.local:6443", "https://192.168.1.2:6443"])
def test_a_url_that_boards_know_stays(server: str) -> None:
    """What is no loopback address means the same everywhere."""
    assert board_url(server, lambda: "10.0.0.7", lambda _host, _port: False) == server


@pytest.mark.parametrize("server", ["https://127.0.0.1:6443", "https://localhost:6443", "https://[::1]:6443"])
def test_loopback_becomes_the_address_of_the_box(server: str) -> None:
    """On a board, loopback would be the board itself."""
    assert board_url(server, lambda: "10.0.0.7", lambda _host, _port: True) == "https://10.0.0.7:6443"


def test_an_ipv6_address_stands_in_brackets() -> None:
    """RFC 3986, 3.2.2."""
    assert board_url("https://[::1]:6443", lambda: "fd00::7", lambda *_: True) == "https://[fd00::7]:6443"


@pytest.mark.parametrize("address", ["", "10.0.0.7"])
def test_a_server_that_no_board_can_reach(address: str) -> None:
    """Better no line to paste than one that cannot work."""
    with pytest.raises(UserError, match=r"on this box only .* set api_host"):
        board_url("https://127.0.0.1:6443", lambda: address, lambda _host, _port: False)
