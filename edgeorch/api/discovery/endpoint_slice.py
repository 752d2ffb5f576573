"""EndpointSlices: a part of the addresses behind a Service."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.core.references import ObjectReference
from edgeorch.api.meta import Int32, ListKeys, Model, Object, Required

SERVICE_NAME = "kubernetes.io/service-name"
"""Label of a slice: the Service it belongs to."""
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
"""Label of a slice: who writes it."""


class EndpointConditions(Model):
    """What state an endpoint is in; None is not known, which counts as ready."""

    ready: bool | None = None
    """Whether it takes traffic."""
    serving: bool | None = None
    """Whether it would take traffic if it were not ending."""
    terminating: bool | None = None
    """Whether it is ending."""


class ForZone(Model):
    """A zone whose traffic an endpoint takes."""

    name: str
    """Name of the zone."""


class ForNode(Model):
    """A node whose traffic an endpoint takes."""

    name: str
    """Name of the node."""


class EndpointHints(Model):
    """Whose traffic an endpoint had best take."""

    forZones: list[ForZone] = Field(default_factory=list)
    """That of these zones."""
    forNodes: list[ForNode] = Field(default_factory=list)
    """That of these nodes."""


class Endpoint(Model):
    """One thing that serves."""

    addresses: Annotated[list[str], ListKeys()]
    """Its addresses; only the first one is used."""
    conditions: EndpointConditions = Field(default_factory=EndpointConditions)
    """Its state."""
    hostname: str | None = None
    """Name of it below the Service's."""
    targetRef: ObjectReference | None = None
    """What it is, a pod mostly."""
    deprecatedTopology: dict[str, str] = Field(default_factory=dict)
    """What v1beta1 said of where it is; not to be set."""
    nodeName: str | None = None
    """Node that it is on."""
    zone: str | None = None
    """Zone that it is in."""
    hints: EndpointHints | None = None
    """Whose traffic it had best take."""


class EndpointPort(Model):
    """A port that all endpoints of a slice serve."""

    atomic = True

    name: str | None = None
    """Name of the Service's port it belongs to; empty if that has no name."""
    protocol: str | None = None
    """``TCP`` (the default), ``UDP`` or ``SCTP``."""
    port: Int32 | None = None
    """Its number; absent means all ports."""
    appProtocol: str | None = None
    """What is spoken on it."""


class EndpointSlice(Object):
    """A part of the addresses behind a Service."""

    addressType: Required[str] = ""
    """``IPv4``, ``IPv6`` or ``FQDN``; cannot change."""
    endpoints: list[Endpoint]
    """At most 1000 endpoints."""
    ports: list[EndpointPort] = Field(default_factory=list)
    """Ports that each of them serves; absent means none are defined."""
