"""Endpoints: the addresses behind a Service, in the form that EndpointSlices took the place of."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.core.references import ObjectReference
from edgeorch.api.meta import Int32, Model, Object


class EndpointAddress(Model):
    """One address that serves."""

    atomic = True

    ip: str
    """The address."""
    hostname: str = ""
    """Name of it below the Service's."""
    nodeName: str | None = None
    """Node that it is on."""
    targetRef: ObjectReference | None = None
    """What has this address, a pod mostly."""


class EndpointPort(Model):
    """One port that is served on."""

    atomic = True

    name: str = ""
    """Name of the Service's port it belongs to."""
    port: Int32
    """Its number."""
    protocol: str = ""
    """``TCP`` (the default), ``UDP`` or ``SCTP``."""
    appProtocol: str | None = None
    """What is spoken on it."""


class EndpointSubset(Model):
    """Addresses that serve the same ports."""

    addresses: list[EndpointAddress] = Field(default_factory=list)
    """Those that are ready."""
    notReadyAddresses: list[EndpointAddress] = Field(default_factory=list)
    """Those that are not, or not any more."""
    ports: list[EndpointPort] = Field(default_factory=list)
    """The ports."""


class Endpoints(Object):
    """The addresses behind the Service of the same name."""

    subsets: list[EndpointSubset] = Field(default_factory=list)
    """All of them, by the ports they serve."""
