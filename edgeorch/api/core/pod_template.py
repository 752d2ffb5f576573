"""The template that workload controllers make their pods from.

Its defaults are in :func:`edgeorch.api.core.defaults.default_pod_template`, its validation, under whatever path
a kind has it, in :func:`edgeorch.api.core.validation.validate_pod_template`.
"""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.core.pod import PodSpec
from edgeorch.api.meta import Model, ObjectMeta


class PodTemplateSpec(Model):
    """The pod that a controller makes."""

    metadata: ObjectMeta = Field(default_factory=ObjectMeta)
    """Labels and annotations of the pod."""
    spec: PodSpec = Field(default_factory=PodSpec)
    """What the pod is to be."""
