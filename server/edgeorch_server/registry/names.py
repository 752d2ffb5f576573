"""Names for objects that come with a ``generateName`` (``k8s.io/apiserver/pkg/storage/names``)."""

from __future__ import annotations

import random
from collections.abc import Callable

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes' ``rand.SafeEncodeString`` alphabet: no vowels, so no words, and nothing easily confused."""

SUFFIX = 5
"""Random characters at the end of a generated name."""

ATTEMPTS = 8
"""How many names are tried before a create gives up (``maxNameGenerationCreateAttempts``)."""

_LONGEST_BASE = 63 - SUFFIX

NameGenerator = Callable[[str], str]
"""Makes a name out of a ``generateName``."""


def random_name(base: str) -> str:
    """Append five random characters; a base too long for a 63 character name is cut."""
    suffix = "".join(random.choices(ALPHABET, k=SUFFIX))  # noqa: S311 - a name, not a secret
    return base[:_LONGEST_BASE] + suffix
