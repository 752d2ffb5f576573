"""Values as Go prints them: messages of Kubernetes show maps and lists that way."""

from __future__ import annotations

from typing import Any


def go_value(value: Any) -> str:
    """Write decoded JSON as Go's ``%v`` and ``%+v`` do."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case dict():
            return f"map[{' '.join(f'{key}:{go_value(value[key])}' for key in sorted(value))}]"
        case list():
            return f"[{' '.join(map(go_value, value))}]"
    return str(value)
