"""Scale: the one number of a workload, whatever its kind (autoscaling/v1)."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.meta import Int32, Model, Object
from edgeorch.api.meta_validation import NEGATIVE, validate_meta
from edgeorch.api.validation import FieldError, Path, bad


class ScaleSpec(Model):
    """How many there are to be."""

    replicas: Int32 = 0
    """The number of pods wanted."""


class ScaleStatus(Model):
    """How many there are."""

    replicas: Int32
    """The number of pods there are."""
    selector: str = ""
    """Which pods are counted, as a selector is written in a query."""


class Scale(Object):
    """The part of a workload that scaling is about."""

    spec: ScaleSpec = Field(default_factory=ScaleSpec)
    """How many there are to be."""
    status: ScaleStatus = Field(default_factory=lambda: ScaleStatus(replicas=0))
    """How many there are."""


def validate_scale(scale: Scale) -> list[FieldError]:
    """Check what a client wants (``ValidateScale``)."""
    errors = validate_meta(scale.metadata, namespaced=True)
    if scale.spec.replicas < 0:
        errors.append(bad(Path("spec.replicas"), scale.spec.replicas, NEGATIVE))
    return errors
