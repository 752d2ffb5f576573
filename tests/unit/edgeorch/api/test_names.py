"""What names may look like."""

import pytest

from edgeorch.api import names

LABEL = [names.LABEL_RULE]
SUBDOMAIN = [names.SUBDOMAIN_RULE]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("web", [], id="word"),
        pytest.param("0-9", [], id="digits and a dash"),
        pytest.param("a" * 63, [], id="longest"),
        pytest.param("a" * 64, ["must be no more than 63 bytes"], id="too long"),
        pytest.param("", LABEL, id="empty"),
        pytest.param("Web", LABEL, id="capital"),
        pytest.param("a.b", LABEL, id="dot"),
        pytest.param("-a", LABEL, id="dash in front"),
        pytest.param("a-", LABEL, id="dash at the end"),
        pytest.param("a\n", LABEL, id="line end"),
        pytest.param("٣", LABEL, id="digit of another script"),
    ],
)
def test_label(text: str, problems: list[str]) -> None:
    """RFC 1123 label: lower case, digits and inner dashes, at most 63 bytes."""
    assert names.dns_label_problems(text) == problems


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("a.b-c.9", [], id="labels with dots"),
        pytest.param("a" * 253, [], id="longest"),
        pytest.param("a" * 254, ["must be no more than 253 bytes"], id="too long"),
        pytest.param("a..b", SUBDOMAIN, id="empty label"),
        pytest.param(".a", SUBDOMAIN, id="dot in front"),
        pytest.param("a_b", SUBDOMAIN, id="underscore"),
        pytest.param("a/b", SUBDOMAIN, id="slash"),
    ],
)
def test_subdomain(text: str, problems: list[str]) -> None:
    """RFC 1123 subdomain: labels with dots between, at most 253 bytes."""
    assert names.dns_subdomain_problems(text) == problems


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("_tcp.example.com", [], id="underscore in front"),
        pytest.param("a_b", [], id="underscore inside"),
        pytest.param("A", [names.SEARCH_RULE], id="capital"),
    ],
)
def test_search(text: str, problems: list[str]) -> None:
    """Search domains may have underscores, which DNS knows and host names do not."""
    assert names.dns_search_problems(text) == problems


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("app.conf", [], id="file name"),
        pytest.param("KEY_1", [], id="variable name"),
        pytest.param("...", ["must not start with '..'"], id="dots"),
        pytest.param(".", ["must not be '.'"], id="dot"),
        pytest.param("..", ["must not be '..'"], id="dot dot"),
        pytest.param("..data", ["must not start with '..'"], id="the atomic writer's"),
        pytest.param("a/b", [names.CONFIG_KEY_RULE], id="slash"),
        pytest.param("", [names.CONFIG_KEY_RULE], id="empty"),
    ],
)
def test_config_key(text: str, problems: list[str]) -> None:
    """Keys of ConfigMaps become file names and must be harmless as such."""
    assert names.config_key_problems(text) == problems


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("PATH", [], id="plain"),
        pytest.param("my.var-1", [], id="dots and dashes"),
        pytest.param("1st", [], id="digit first"),
        pytest.param("a=b", [names.ENV_RULE], id="equals sign"),
        pytest.param("ä", [names.ENV_RULE], id="not ASCII"),
        pytest.param("a\tb", [names.ENV_RULE], id="tab"),
        pytest.param("", ["environment variable name must be non-empty"], id="empty"),
    ],
)
def test_env_name(text: str, problems: list[str]) -> None:
    """A variable's name is printable ASCII without an equals sign."""
    assert names.env_name_problems(text) == problems


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("http", [], id="word"),
        pytest.param("8080", ["must contain at least one letter (a-z)"], id="number"),
        pytest.param("a--b", ["must not contain consecutive hyphens"], id="two hyphens"),
        pytest.param("-a", ["must not begin or end with a hyphen"], id="hyphen in front"),
        pytest.param("a" * 16, ["must be no more than 15 bytes"], id="too long"),
        pytest.param(
            "HTTP",
            [
                "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
                "must contain at least one letter (a-z)",
            ],
            id="capitals",
        ),
    ],
)
def test_port_name(text: str, problems: list[str]) -> None:
    """A port is named as an IANA service, in lower case."""
    assert names.port_name_problems(text) == problems


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        pytest.param(0, False, id="zero"),
        pytest.param(1, True, id="first"),
        pytest.param(65535, True, id="last"),
        pytest.param(65536, False, id="one more"),
        pytest.param(-1, False, id="negative"),
    ],
)
def test_port(number: int, valid: bool) -> None:
    """Ports are 1 to 65535."""
    assert names.port_problems(number) == ([] if valid else ["must be between 1 and 65535, inclusive"])


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        pytest.param("10.0.0.1", True, id="IPv4"),
        pytest.param("fd00::1", True, id="IPv6"),
        pytest.param("10.0.0.256", False, id="octet"),
        pytest.param("10.0.0.0/8", False, id="range"),
        pytest.param("fe80::1%eth0", False, id="zone"),
        pytest.param("pi.local", False, id="name"),
        pytest.param("", False, id="empty"),
    ],
)
def test_ip(text: str, valid: bool) -> None:
    """An address is one of either family, without a zone."""
    assert names.ip_problems(text) == ([] if valid else [names.IP_RULE])


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("a b", [], id="anything else"),
        pytest.param("..", ["may not be '..'"], id="dot dot"),
        pytest.param("a/b", ["may not contain '/'"], id="slash"),
        pytest.param("a%b", ["may not contain '%'"], id="percent"),
    ],
)
def test_path_segment(text: str, problems: list[str]) -> None:
    """Every name can be a part of a URL."""
    assert names.path_segment_problems(text) == problems


def test_prefix() -> None:
    """A generateName may end in a dash, because something follows; nothing else is relaxed."""
    rule = names.as_prefix(names.dns_label_problems)
    assert rule("web-") == []
    assert rule("Web-") == LABEL
    assert rule("-") == LABEL


def test_header() -> None:
    """A header's name is letters, digits and dashes."""
    assert names.header_name_problems("X-Real-IP") == []
    assert names.header_name_problems("X Real") == [names.HEADER_RULE]
