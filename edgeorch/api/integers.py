"""Whole numbers in text, as Go reads them."""

from __future__ import annotations

import re

_INT64 = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)


def parse_int64(text: str) -> int | None:
    """Read as ``strconv.ParseInt`` does, None where it fails."""
    if not _INT64.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None
