"""The order of versions: which one clients are told to prefer (``CompareKubeAwareVersionStrings``)."""

from __future__ import annotations

import re

_VERSION = re.compile(r"v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?")
_STABILITY = {None: 2, "beta": 1, "alpha": 0}


def priority(version: str) -> tuple[int, int, int, int, str]:
    """Give a key to sort versions by, best first: v2, v1, v1beta2, v1alpha1, and others by their name."""
    found = _VERSION.fullmatch(version)
    if found is None:
        return (1, 0, 0, 0, version)
    return (0, -_STABILITY[found[2]], -int(found[1]), -int(found[3] or 0), version)
