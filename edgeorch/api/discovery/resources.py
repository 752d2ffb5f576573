"""Resource table entries of discovery.k8s.io/v1."""

from __future__ import annotations

from edgeorch.api.discovery.endpoint_slice import EndpointSlice
from edgeorch.api.resources import ResourceInfo

ENDPOINT_SLICES = ResourceInfo(
    group="discovery.k8s.io",
    version="v1",
    kind="EndpointSlice",
    plural="endpointslices",
    singular="endpointslice",
    model=EndpointSlice,
)
