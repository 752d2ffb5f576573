"""Resource quotas and limit ranges (``pkg/registry/core/resourcequota``, ``.../limitrange``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.core.defaults import default_limit_range
from edgeorch.api.core.limit_range import LimitRange
from edgeorch.api.core.quota import ResourceQuota, ResourceQuotaStatus
from edgeorch.api.core.validation import (
    validate_limit_range,
    validate_limit_range_update,
    validate_quota,
    validate_quota_status_update,
    validate_quota_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability


class ResourceQuotaStrategy(Strategy[ResourceQuota]):
    """What is used is counted, and can be counted again."""

    status_durability: ClassVar[Durability] = Durability.SOFT

    def prepare_create(self, obj: ResourceQuota) -> None:
        """Start with nothing counted."""
        obj.status = ResourceQuotaStatus()

    def prepare_update(self, new: ResourceQuota, old: ResourceQuota) -> None:
        """Leave the status to its own subresource."""
        new.status = old.status

    def prepare_status(self, new: ResourceQuota, old: ResourceQuota) -> None:
        """Leave everything but the status."""
        new.spec = old.spec

    def validate(self, obj: ResourceQuota) -> list[FieldError]:
        """Check a new quota."""
        return validate_quota(obj)

    def validate_update(self, new: ResourceQuota, old: ResourceQuota) -> list[FieldError]:
        """Check a changed quota."""
        return validate_quota_update(new, old)

    def validate_status(self, new: ResourceQuota, old: ResourceQuota) -> list[FieldError]:
        """Check a changed status."""
        return validate_quota_status_update(new, old)


class LimitRangeStrategy(Strategy[LimitRange]):
    """Bounds imply defaults."""

    def default(self, obj: LimitRange) -> None:
        """Fill in what containers get that state nothing."""
        default_limit_range(obj)

    def validate(self, obj: LimitRange) -> list[FieldError]:
        """Check a new limit range."""
        return validate_limit_range(obj)

    def validate_update(self, new: LimitRange, old: LimitRange) -> list[FieldError]:
        """Check a changed limit range."""
        return validate_limit_range_update(new, old)
