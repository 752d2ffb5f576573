"""PodTemplates: a template that lies there until somebody uses it."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.meta import Object


class PodTemplate(Object):
    """A template that lies there until somebody uses it."""

    template: PodTemplateSpec = Field(default_factory=PodTemplateSpec)
    """The pod that it describes."""
