"""``certificatesigningrequests/approval``: the decision, and nothing else (``ApprovalREST``)."""

from __future__ import annotations

from typing import TypeVar

from edgeorch.api.certificates.signing_request import CertificateSigningRequest
from edgeorch.api.certificates.validation import validate_decisions
from edgeorch.api.meta import Object
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.registry.strategies.signing_requests import take_decisions
from edgeorch_server.store.base import Durability

ObjectT = TypeVar("ObjectT", bound=Object)


class Approval:
    """The conditions ``Approved`` and ``Denied``."""

    name = "approval"

    def prepare(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> None:  # noqa: ARG002 - protocol
        """Leave everything but the decision."""
        if isinstance(new, CertificateSigningRequest) and isinstance(old, CertificateSigningRequest):
            take_decisions(new, old)

    def validate(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> list[FieldError]:
        """Check the decision."""
        if isinstance(new, CertificateSigningRequest) and isinstance(old, CertificateSigningRequest):
            return validate_decisions(new, old)
        return strategy.validate_update(new, old)

    def durability(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> Durability:  # noqa: ARG002 - protocol
        """Store it as the kind says."""
        return strategy.durability
