"""Resource entries of autoscaling/v2 and autoscaling/v1."""

from __future__ import annotations

from edgeorch.api.autoscaling import v1
from edgeorch.api.autoscaling.horizontal_pod_autoscaler import HorizontalPodAutoscaler
from edgeorch.api.autoscaling.scale import Scale
from edgeorch.api.resources import Conversion, ResourceInfo, Subresource

SCALES = ResourceInfo(
    group="autoscaling", version="v1", kind="Scale", plural="scales", singular="scale", model=Scale
)
"""Only ever a part of something else, and so not in the table of what is served."""

SCALE = Subresource(
    "scale", ("get", "patch", "update"), kind="Scale", group="autoscaling", version="v1", model=Scale
)
"""What hangs below everything that has ``spec.replicas``."""

_STATUS = Subresource("status", ("get", "patch", "update"))

HORIZONTAL_POD_AUTOSCALERS = ResourceInfo(
    group="autoscaling",
    version="v2",
    kind="HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    singular="horizontalpodautoscaler",
    model=HorizontalPodAutoscaler,
    short_names=("hpa",),
    categories=("all",),
    subresources=(_STATUS,),
)

HORIZONTAL_POD_AUTOSCALERS_V1 = ResourceInfo(
    group="autoscaling",
    version="v1",
    kind="HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    singular="horizontalpodautoscaler",
    model=v1.HorizontalPodAutoscaler,
    short_names=("hpa",),
    categories=("all",),
    subresources=(_STATUS,),
    conversion=Conversion(HORIZONTAL_POD_AUTOSCALERS, v1.to_v2, v1.from_v2),
)
"""The same objects, as kubectl up to 1.32 sends them."""
