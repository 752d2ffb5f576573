"""``$(VAR)`` in commands, arguments and environment values, as kubelet expands it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$(?:(\$)|\(([^)]*)\))")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$(VAR)``; ``$$`` is an escaped ``$``, and an unknown variable stays as it was written."""

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        return variables.get(match[2], match[0])

    return _REFERENCE.sub(replace, text)
