"""Resource entries of autoscaling/v1."""

from __future__ import annotations

from edgeorch.api.autoscaling.scale import Scale
from edgeorch.api.resources import ResourceInfo, Subresource

SCALES = ResourceInfo(
    group="autoscaling", version="v1", kind="Scale", plural="scales", singular="scale", model=Scale
)
"""Only ever a part of something else, and so not in the table of what is served."""

SCALE = Subresource("scale", ("get", "patch", "update"), kind="Scale", group="autoscaling", version="v1")
"""What hangs below everything that has ``spec.replicas``."""
