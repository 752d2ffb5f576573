"""What names, keys, ports and addresses may look like (``apimachinery/pkg/util/validation``).

Each function returns Kubernetes' own sentences about what is wrong, none when nothing is. Label keys and
values are in :mod:`edgeorch.api.label_rules`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

NameRule = Callable[[str], list[str]]
"""Checks a name; gives the sentences about what is wrong with it."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_SEARCH_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SEARCH = rf"{_SEARCH_LABEL}(\.{_SEARCH_LABEL})*"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_HEADER = "[-A-Za-z0-9]+"

LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
    "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    f"'{_LABEL}')"
)
SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_SUBDOMAIN}')"
)
CONFIG_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
    f"'KEY_NAME',  or 'key-name', regex used for validation is '{_CONFIG_KEY}')"
)
HEADER_RULE = (
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
    f"validation is '{_HEADER}')"
)
ENV_RULE = "a valid environment variable name must consist only of printable ASCII characters other than '='"
SEARCH_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and "
    "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_SEARCH}')"
)
DNS_1035_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
    f"validation is '{_DNS_1035}')"
)
IP_RULE = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"

MAX_LABEL = 63
MAX_SUBDOMAIN = 253
_MAX_PORT = 65535
_MAX_PORT_NAME = 15

_IS_LABEL = re.compile(_LABEL)
_IS_DNS_1035 = re.compile(_DNS_1035)
_IS_SUBDOMAIN = re.compile(_SUBDOMAIN)
_IS_SEARCH = re.compile(_SEARCH)
_IS_CONFIG_KEY = re.compile(_CONFIG_KEY)
_IS_HEADER = re.compile(_HEADER)
_IS_PORT_NAME = re.compile("[-a-z0-9]+")


def range_rule(low: int, high: int) -> str:
    """Give ``InclusiveRangeError``."""
    return f"must be between {low} and {high}, inclusive"


def dns_label_problems(text: str) -> list[str]:
    """Check an RFC 1123 label (``IsDNS1123Label``): pods' containers and volumes, namespaces."""
    return _too_long(text, MAX_LABEL) + ([] if _IS_LABEL.fullmatch(text) else [LABEL_RULE])


def dns_1035_problems(text: str) -> list[str]:
    """Check an RFC 1035 label (``IsDNS1035Label``): the name of a Service."""
    return _too_long(text, MAX_LABEL) + ([] if _IS_DNS_1035.fullmatch(text) else [DNS_1035_RULE])


def dns_subdomain_problems(text: str) -> list[str]:
    """Check an RFC 1123 subdomain (``IsDNS1123Subdomain``): the name of nearly every kind."""
    return _too_long(text, MAX_SUBDOMAIN) + ([] if _IS_SUBDOMAIN.fullmatch(text) else [SUBDOMAIN_RULE])


def dns_search_problems(text: str) -> list[str]:
    """Check a DNS search domain, which may have underscores (``IsDNS1123SubdomainWithUnderscore``)."""
    return _too_long(text, MAX_SUBDOMAIN) + ([] if _IS_SEARCH.fullmatch(text) else [SEARCH_RULE])


def path_segment_problems(text: str) -> list[str]:
    """Check that a name can be a part of a URL path (``IsValidPathSegmentName``); all names are."""
    if text in {".", ".."}:
        return [f"may not be '{text}'"]
    return [f"may not contain '{character}'" for character in "/%" if character in text]


def config_key_problems(text: str) -> list[str]:
    """Check a key of a ConfigMap or Secret (``IsConfigMapKey``)."""
    problems = _too_long(text, MAX_SUBDOMAIN)
    if not _IS_CONFIG_KEY.fullmatch(text):
        problems.append(CONFIG_KEY_RULE)
    if text in {".", ".."}:
        problems.append(f"must not be '{text}'")
    elif text.startswith(".."):
        problems.append("must not start with '..'")
    return problems


def env_name_problems(text: str) -> list[str]:
    """Check the name of an environment variable (``IsRelaxedEnvVarName``)."""
    if not text:
        return ["environment variable name must be non-empty"]
    return [] if all(" " <= c <= "~" and c != "=" for c in text) else [ENV_RULE]


def header_name_problems(text: str) -> list[str]:
    """Check the name of an HTTP header (``IsHTTPHeaderName``)."""
    return [] if _IS_HEADER.fullmatch(text) else [HEADER_RULE]


def port_problems(number: int) -> list[str]:
    """Check a port number (``IsValidPortNum``)."""
    return [] if 1 <= number <= _MAX_PORT else [range_rule(1, _MAX_PORT)]


def port_name_problems(text: str) -> list[str]:
    """Check the name of a port (``IsValidPortName``), an IANA service name."""
    problems = _too_long(text, _MAX_PORT_NAME)
    if not _IS_PORT_NAME.fullmatch(text):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not any("a" <= character <= "z" for character in text):
        problems.append("must contain at least one letter (a-z)")
    if "--" in text:
        problems.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        problems.append("must not begin or end with a hyphen")
    return problems


def ip_problems(text: str) -> list[str]:
    """Check an IP address of either family, without zone (``IsValidIP``)."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return [IP_RULE]
    return [IP_RULE] if isinstance(address, ipaddress.IPv6Address) and address.scope_id else []


def as_prefix(rule: NameRule) -> NameRule:
    """Make the rule for a ``generateName``: what is appended makes a trailing dash harmless."""

    def check(text: str) -> list[str]:
        return rule(f"{text[:-1]}a" if len(text) > 1 and text.endswith("-") else text)

    return check


def _too_long(text: str, most: int) -> list[str]:
    return [f"must be no more than {most} bytes"] if len(text.encode()) > most else []
