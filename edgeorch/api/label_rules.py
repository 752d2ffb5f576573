"""What a label key and a label value may look like (``apimachinery/pkg/util/validation``).

Each function returns Kubernetes' own sentences about what is wrong, none when nothing is.
"""

from __future__ import annotations

import re

_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_NAME}')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    f"for validation is '({_NAME})?')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_SUBDOMAIN}')"
)
_MAX_NAME = 63
_MAX_SUBDOMAIN = 253

_IS_NAME = re.compile(_NAME)
_IS_SUBDOMAIN = re.compile(_SUBDOMAIN)


def qualified_name_problems(text: str) -> list[str]:
    """Check a label key (``IsQualifiedName``): a name, optionally after a DNS subdomain and a slash."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        rule = f"a qualified name {_NAME_RULE} with an optional DNS subdomain prefix and '/'"
        return [f"{rule} (e.g. 'example.com/MyName')"]
    problems: list[str] = []
    if slash and not prefix:
        problems.append("prefix part must be non-empty")
    elif slash:
        if len(prefix) > _MAX_SUBDOMAIN:
            problems.append(f"prefix part must be no more than {_MAX_SUBDOMAIN} bytes")
        if not _IS_SUBDOMAIN.fullmatch(prefix):
            problems.append(f"prefix part {_SUBDOMAIN_RULE}")
    if not name:
        problems.append("name part must be non-empty")
    elif len(name) > _MAX_NAME:
        problems.append(f"name part must be no more than {_MAX_NAME} bytes")
    if not _IS_NAME.fullmatch(name):
        problems.append(f"name part {_NAME_RULE}")
    return problems


def label_value_problems(text: str) -> list[str]:
    """Check a label value (``IsValidLabelValue``): empty, or a name of at most 63 bytes."""
    problems: list[str] = []
    if len(text) > _MAX_NAME:
        problems.append(f"must be no more than {_MAX_NAME} bytes")
    if text and not _IS_NAME.fullmatch(text):
        problems.append(_VALUE_RULE)
    return problems
