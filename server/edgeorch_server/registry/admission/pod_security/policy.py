"""Which standard a namespace asks for, and what becomes of pods that miss it.

The labels of ``pod-security-admission/api``.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass

from edgeorch.api.validation import FieldError, Path, bad

PREFIX = "pod-security.kubernetes.io/"
LATEST = 1_000_000
"""As a minor version: newer than every other."""
_LABELS = Path("metadata.labels")
_VERSION = re.compile(r"v1\.(0|[1-9][0-9]{0,5})")


class Level(enum.IntEnum):
    """The standards, the strictest last."""

    PRIVILEGED = 0
    BASELINE = 1
    RESTRICTED = 2


@dataclass(frozen=True, slots=True)
class Standard:
    """One standard, as it was in one version of Kubernetes."""

    level: Level = Level.PRIVILEGED
    version: int = LATEST
    """Minor version."""

    def __str__(self) -> str:
        """Call it what messages do: ``restricted:v1.30``."""
        version = "latest" if self.version == LATEST else f"v1.{self.version}"
        return f"{self.level.name.lower()}:{version}"


@dataclass(frozen=True, slots=True)
class Policy:
    """What pods of a namespace are held to."""

    enforce: Standard = Standard()
    """Pods that miss it are refused."""
    audit: Standard = Standard()
    """Pods that miss it are marked in the audit log."""
    warn: Standard = Standard()
    """Clients whose pods or templates miss it are told so."""


def policy_of(labels: Mapping[str, str]) -> tuple[Policy, list[FieldError]]:
    """Read a namespace's labels, and tell which cannot be read.

    Nonsense is the strictest standard where it refuses, and none where it only tells. Without a word on
    warnings there is one for what is refused: templates are not refused themselves, their pods are.
    """
    errors: list[FieldError] = []
    enforce = _standard(labels, "enforce", Level.RESTRICTED, errors)
    audit = _standard(labels, "audit", Level.PRIVILEGED, errors)
    warn = _standard(labels, "warn", Level.PRIVILEGED, errors)
    if f"{PREFIX}warn" not in labels:
        own_version = f"{PREFIX}warn-version" in labels
        warn = Standard(enforce.level, warn.version if own_version else enforce.version)
    return Policy(enforce, audit, warn), errors


def _standard(labels: Mapping[str, str], mode: str, fallback: Level, errors: list[FieldError]) -> Standard:
    level, version = Level.PRIVILEGED, LATEST
    key = f"{PREFIX}{mode}"
    if (said := labels.get(key)) is not None:
        if said in {one.name.lower() for one in Level}:
            level = Level[said.upper()]
        else:
            level = fallback
            words = ", ".join(one.name.lower() for one in Level)
            errors.append(bad(_LABELS.key(key), said, f"must be one of {words}"))
    key = f"{PREFIX}{mode}-version"
    if (said := labels.get(key, "latest")) != "latest":
        if number := _VERSION.fullmatch(said):
            version = int(number[1])
        else:
            errors.append(bad(_LABELS.key(key), said, 'must be "latest" or "v1.x"'))
    return Standard(level, version)
