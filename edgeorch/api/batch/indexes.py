"""Sets of completion indexes, as text: ``1,3-5`` (Kubernetes, Job, "Completion mode")."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby

_NUMBER = re.compile("[0-9]+", re.ASCII)
_MOST_PARTS = 2


def format_indexes(indexes: Iterable[int]) -> str:
    """Write a set: numbers in ascending order, three or more in a row as a range."""
    parts: list[str] = []
    for _, numbered in groupby(enumerate(sorted(indexes)), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in numbered]
        if len(run) <= _MOST_PARTS:
            parts += map(str, run)
        else:
            parts.append(f"{run[0]}-{run[-1]}")
    return ",".join(parts)


def parse_indexes(text: str, limit: int) -> frozenset[int]:
    """Read a set of indexes below ``limit``; raises ValueError in the words of ``validateIndexesFormat``."""
    found: set[int] = set()
    last = -1
    for first, final in _intervals(text, limit):
        if first <= last:
            raise ValueError(f"non-increasing order, previous: {last}, current: {first}")
        found.update(range(first, final + 1))
        last = final
    return frozenset(found)


def read_indexes(text: str, limit: int) -> frozenset[int]:
    """Read a set that we wrote, leaving out what is not below ``limit`` (any more); raises ValueError."""
    return frozenset(index for index in parse_indexes(text, 2**31) if index < limit)


def _intervals(text: str, limit: int) -> Iterator[tuple[int, int]]:
    for part in text.split(",") if text else ():
        ends = part.split("-")
        if len(ends) > _MOST_PARTS:
            raise ValueError(
                f"the fragment {json.dumps(part)} violates the requirement that an index interval can have "
                "at most two parts separated by '-'"
            )
        first, final = (_number(end, limit) for end in (ends[0], ends[-1]))
        if len(ends) == _MOST_PARTS and first >= final:
            raise ValueError(f"non-increasing order, previous: {first}, current: {final}")
        yield first, final


def _number(text: str, limit: int) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"cannot convert string to integer for index: {json.dumps(text)}")
    if int(text) >= limit:
        raise ValueError(f"too large index: {json.dumps(text)}")
    return int(text)
