"""ConfigMaps and Secrets (``pkg/registry/core/configmap``, ``.../secret``)."""

from __future__ import annotations

from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.defaults import default_secret, merge_string_data
from edgeorch.api.core.validation import (
    validate_config_map,
    validate_config_map_update,
    validate_secret,
    validate_secret_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy


class ConfigMapStrategy(Strategy[ConfigMap]):
    """Nothing but validation."""

    def validate(self, obj: ConfigMap) -> list[FieldError]:
        """Check a new ConfigMap."""
        return validate_config_map(obj)

    def validate_update(self, new: ConfigMap, old: ConfigMap) -> list[FieldError]:
        """Check a changed ConfigMap."""
        return validate_config_map_update(new, old)


class SecretStrategy(Strategy[Secret]):
    """``stringData`` is for writing only."""

    def default(self, obj: Secret) -> None:
        """Fill in the type and take ``stringData`` over."""
        merge_string_data(obj)
        default_secret(obj)

    def validate(self, obj: Secret) -> list[FieldError]:
        """Check a new Secret."""
        return validate_secret(obj)

    def validate_update(self, new: Secret, old: Secret) -> list[FieldError]:
        """Check a changed Secret."""
        return validate_secret_update(new, old)
