"""ServiceAccounts (``pkg/registry/core/serviceaccount``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.core.validation import validate_service_account, validate_service_account_update
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy


class ServiceAccountStrategy(Strategy[ServiceAccount]):
    """Never overwritten unseen: several controllers write them."""

    unconditional_update: ClassVar[bool] = False

    def validate(self, obj: ServiceAccount) -> list[FieldError]:
        """Check a new service account."""
        return validate_service_account(obj)

    def validate_update(self, new: ServiceAccount, old: ServiceAccount) -> list[FieldError]:
        """Check a changed service account."""
        return validate_service_account_update(new, old)
