"""What the scheduler asks of PersistentVolumeClaims."""

from __future__ import annotations

from dataclasses import dataclass

from edgeorch.api.core.persistent_volume_claim import PersistentVolumeClaim


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """One version of a claim."""

    phase: str
    volume: str = ""
    """The volume that is bound to it, or is to be."""
    leaving: bool = False
    """It has a deletionTimestamp."""

    @classmethod
    def of(cls, claim: PersistentVolumeClaim) -> ClaimFacts:
        """Read a claim."""
        return cls(
            claim.status.phase, claim.spec.volumeName, leaving=claim.metadata.deletionTimestamp is not None
        )
