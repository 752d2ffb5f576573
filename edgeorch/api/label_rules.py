"""What a label key and a label value may look like (``apimachinery/pkg/util/validation``).

Each function returns Kubernetes' own sentences about what is wrong, none when nothing is.
"""

from __future__ import annotations

import re

from edgeorch.api.names import dns_subdomain_problems

_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_NAME_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_NAME}')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    f"for validation is '({_NAME})?')"
)
_MAX_NAME = 63

_IS_NAME = re.compile(_NAME)


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
        problems += [f"prefix part {problem}" for problem in dns_subdomain_problems(prefix)]
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
