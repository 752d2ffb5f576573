"""Resource table entries of apiextensions.k8s.io/v1."""

from __future__ import annotations

from edgeorch.api.apiextensions.definition import GROUP, CustomResourceDefinition
from edgeorch.api.resources import ResourceInfo, Subresource

CUSTOM_RESOURCE_DEFINITIONS = ResourceInfo(
    group=GROUP,
    version="v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    singular="customresourcedefinition",
    model=CustomResourceDefinition,
    namespaced=False,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    subresources=(Subresource("status", ("get", "patch", "update")),),
)
