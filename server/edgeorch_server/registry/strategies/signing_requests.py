"""Certificate signing requests (``pkg/registry/certificates/certificates``)."""

from __future__ import annotations

from edgeorch.api.certificates.signing_request import (
    APPROVED,
    DENIED,
    CertificateSigningRequest,
    CertificateSigningRequestCondition,
    CertificateSigningRequestStatus,
)
from edgeorch.api.certificates.validation import (
    validate_decisions,
    validate_signing_request,
    validate_signing_request_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy

_DECISIONS = frozenset({APPROVED, DENIED})


class SigningRequestStrategy(Strategy[CertificateSigningRequest]):
    """What is asked for never changes; approving and signing are different people's rights."""

    def prepare_create(self, obj: CertificateSigningRequest) -> None:
        """Start with nothing decided."""
        obj.status = CertificateSigningRequestStatus()

    def prepare_update(self, new: CertificateSigningRequest, old: CertificateSigningRequest) -> None:
        """Leave everything but the metadata."""
        new.spec, new.status = old.spec, old.status

    def prepare_status(self, new: CertificateSigningRequest, old: CertificateSigningRequest) -> None:
        """Let a signer write all but what others decide."""
        new.spec = old.spec
        new.status.conditions = [
            *(one for one in old.status.conditions if one.type in _DECISIONS),
            *(one for one in new.status.conditions if one.type not in _DECISIONS),
        ]

    def validate(self, obj: CertificateSigningRequest) -> list[FieldError]:
        """Check a new request."""
        return validate_signing_request(obj)

    def validate_update(
        self, new: CertificateSigningRequest, old: CertificateSigningRequest
    ) -> list[FieldError]:
        """Check a changed request."""
        return validate_signing_request_update(new, old)

    def validate_status(
        self, new: CertificateSigningRequest, old: CertificateSigningRequest
    ) -> list[FieldError]:
        """Check what a signer wrote."""
        return validate_decisions(new, old)


def take_decisions(new: CertificateSigningRequest, old: CertificateSigningRequest) -> None:
    """Let an approver write the decision and nothing else."""
    decisions: list[CertificateSigningRequestCondition] = [
        one for one in new.status.conditions if one.type in _DECISIONS
    ]
    others = [one for one in old.status.conditions if one.type not in _DECISIONS]
    new.spec = old.spec
    new.status = old.status.model_copy(update={"conditions": [*others, *decisions]})
