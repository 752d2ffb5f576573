"""CustomResourceDefinitions (``pkg/registry/customresourcedefinition``)."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from edgeorch.api.apiextensions.conditions import TERMINATING, with_condition
from edgeorch.api.apiextensions.defaults import default_definition
from edgeorch.api.apiextensions.definition import (
    CustomResourceDefinition,
    CustomResourceDefinitionCondition,
    CustomResourceDefinitionStatus,
)
from edgeorch.api.apiextensions.validation import (
    validate_definition,
    validate_definition_status,
    validate_definition_update,
)
from edgeorch.api.meta import DeleteOptions, format_time
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.deletion import Fate
from edgeorch_server.registry.strategies.base import Strategy

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""Finalizer: all objects of the kind go before its definition."""


class DefinitionStrategy(Strategy[CustomResourceDefinition]):
    """A definition stays until its objects are gone."""

    unconditional_update: ClassVar[bool] = False
    counts_generations: ClassVar[bool] = True

    def default(self, obj: CustomResourceDefinition) -> None:
        """Fill in names, and that versions differ in their name only."""
        default_definition(obj)

    def prepare_create(self, obj: CustomResourceDefinition) -> None:
        """Start with nothing accepted; objects will be stored in the version that says so."""
        obj.status = CustomResourceDefinitionStatus()
        _note_storage(obj)

    def prepare_update(self, new: CustomResourceDefinition, old: CustomResourceDefinition) -> None:
        """Leave the status to its own subresource, but for the versions that objects may be stored in."""
        new.status = old.status.model_copy(deep=True)
        _note_storage(new)

    def prepare_status(self, new: CustomResourceDefinition, old: CustomResourceDefinition) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def desired(self, obj: CustomResourceDefinition) -> Any:
        """Count the changes of the spec."""
        return obj.spec

    def validate(self, obj: CustomResourceDefinition) -> list[FieldError]:
        """Check a new definition."""
        return validate_definition(obj)

    def validate_update(self, new: CustomResourceDefinition, old: CustomResourceDefinition) -> list[FieldError]:
        """Check a changed definition."""
        return validate_definition_update(new, old)

    def validate_status(self, new: CustomResourceDefinition, old: CustomResourceDefinition) -> list[FieldError]:
        """Check a changed status."""
        return validate_definition_status(new, old)

    def delete(self, obj: CustomResourceDefinition, options: DeleteOptions, now: dt.datetime) -> Fate:
        """Let the objects go first (``customresourcedefinition/etcd.go``)."""
        if obj.metadata.deletionTimestamp is None:
            if CLEANUP not in obj.metadata.finalizers:
                obj.metadata.finalizers = [*obj.metadata.finalizers, CLEANUP]
            obj.status.conditions = with_condition(
                obj.status.conditions,
                CustomResourceDefinitionCondition(
                    type=TERMINATING,
                    status="True",
                    lastTransitionTime=format_time(now),
                    reason="InstanceDeletionPending",
                    message=(
                        "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
                    ),
                ),
            )
        return super().delete(obj, options, now)


def _note_storage(definition: CustomResourceDefinition) -> None:
    stored = definition.status.storedVersions
    storage = (version.name for version in definition.spec.versions if version.storage)
    definition.status.storedVersions = [*stored, *(name for name in storage if name not in stored)]
