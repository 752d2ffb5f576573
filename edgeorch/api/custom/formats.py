"""The formats of text that a schema can ask for; others are without meaning, as in Kubernetes.

Follows ``supportedVersionedFormats`` of apiextensions-apiserver and the ``strfmt`` of kube-openapi.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import ipaddress
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from edgeorch.api.durations import parse_duration
from edgeorch.api.names import dns_subdomain_problems


def fits(name: str, text: str) -> bool:
    """Whether a text has a format; any text has one that is not known."""
    check = _FORMATS.get(name.replace("-", ""))
    if check is None:
        return True
    try:
        return check(text)
    except ValueError:
        return False


def is_known(name: str) -> bool:
    """Whether a format of texts or numbers means anything."""
    return name.replace("-", "") in _FORMATS or name in {"int32", "int64", "float", "double", "password"}


def _date_time(text: str) -> bool:
    return bool(_DATE_TIME.fullmatch(text) and dt.datetime.fromisoformat(text.upper()))


def _date(text: str) -> bool:
    return bool(_DATE.fullmatch(text) and dt.date.fromisoformat(text))


def _uri(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme) or text.startswith("/")


def _byte(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return True


def _duration(text: str) -> bool:
    parse_duration(text)
    return True


def _ipv4(text: str) -> bool:
    return bool(ipaddress.IPv4Address(text))


def _ipv6(text: str) -> bool:
    return bool(ipaddress.IPv6Address(text))


def _cidr(text: str) -> bool:
    return "/" in text and bool(ipaddress.ip_network(text, strict=False))


def _hostname(text: str) -> bool:
    return not dns_subdomain_problems(text.lower())


_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6}\d*)?([Zz]|[+-]\d\d:\d\d)")

_FORMATS: Mapping[str, Callable[[str], bool]] = {
    "datetime": _date_time,
    "date": _date,
    "duration": _duration,
    "uri": _uri,
    "byte": _byte,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "cidr": _cidr,
    "hostname": _hostname,
    "email": lambda text: bool(re.fullmatch(r"[^@\s]+@[^@\s]+", text)),
    "mac": lambda text: bool(re.fullmatch(r"([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}", text)),
    "uuid": lambda text: bool(
        re.fullmatch(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", text)
    ),
    "hexcolor": lambda text: bool(re.fullmatch(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", text)),
}
