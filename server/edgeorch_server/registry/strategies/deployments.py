"""Deployments (``pkg/registry/apps/deployment/strategy.go``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.apps.defaults import default_deployment
from edgeorch.api.apps.deployment import Deployment, DeploymentStatus
from edgeorch.api.apps.validation import (
    validate_deployment,
    validate_deployment_status_update,
    validate_deployment_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability


class DeploymentStrategy(Strategy[Deployment]):
    """The status follows from the ReplicaSets, so a crash may lose the newest."""

    counts_generations: ClassVar[bool] = True
    status_durability: ClassVar[Durability] = Durability.SOFT

    def default(self, obj: Deployment) -> None:
        """Want one pod, roll changes out a quarter at a time, and fill in the template."""
        default_deployment(obj)

    def prepare_create(self, obj: Deployment) -> None:
        """Start without pods."""
        obj.status = DeploymentStatus()

    def prepare_update(self, new: Deployment, old: Deployment) -> None:
        """Leave the status to its own subresource.

        Annotations are copied to the ReplicaSet, and so are something to observe like the spec: a change of
        them alone counts as a generation too.
        """
        new.status = old.status
        if new.spec == old.spec and new.metadata.annotations != old.metadata.annotations:
            new.metadata.generation += 1

    def prepare_status(self, new: Deployment, old: Deployment) -> None:
        """Leave spec and labels alone; the controller notes the revision in an annotation."""
        new.spec = old.spec
        new.metadata.labels = old.metadata.labels

    def validate(self, obj: Deployment) -> list[FieldError]:
        """Check a new Deployment."""
        return validate_deployment(obj)

    def validate_update(self, new: Deployment, old: Deployment) -> list[FieldError]:
        """Check a changed Deployment."""
        return validate_deployment_update(new, old)

    def validate_status(self, new: Deployment, old: Deployment) -> list[FieldError]:
        """Check a changed status."""
        return validate_deployment_status_update(new, old)
