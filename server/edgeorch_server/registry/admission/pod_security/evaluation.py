"""How a pod fares under a standard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edgeorch_server.registry.admission.pod_security import baseline, restricted
from edgeorch_server.registry.admission.pod_security.check import Check, Finding, Subject
from edgeorch_server.registry.admission.pod_security.policy import Level, Standard

_CHECKS: dict[Level, tuple[Check, ...]] = {
    Level.PRIVILEGED: (),
    Level.BASELINE: baseline.CHECKS + baseline.LOOSE_CHECKS,
    Level.RESTRICTED: baseline.CHECKS + restricted.CHECKS,
}


def evaluate(subject: Subject, standard: Standard) -> Sequence[Finding]:
    """Tell everything by which a pod misses a standard; nothing when it meets it."""
    checks = (check for check in _CHECKS[standard.level] if check.applies(standard.version))
    return [found for check in checks if (found := check.look(subject))]


def details(findings: Iterable[Finding]) -> str:
    """Tell in one sentence what was found, and where."""
    return ", ".join(map(str, findings))


def reasons(findings: Iterable[Finding]) -> str:
    """Tell in short what was found."""
    return ", ".join(found.reason for found in findings)
