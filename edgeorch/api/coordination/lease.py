"""Leases: who holds something, and since when."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.meta import Int32, MicroTime, Model, Object, Unsupported

NO_COORDINATION = Unsupported("coordinated leader election is not served")


class LeaseSpec(Model):
    """Who holds the lease."""

    holderIdentity: str | None = None
    """Who holds it; empty or absent is nobody."""
    leaseDurationSeconds: Int32 | None = None
    """Seconds others must wait after ``renewTime`` before they take it."""
    acquireTime: MicroTime | None = None
    """When the holder got it."""
    renewTime: MicroTime | None = None
    """When the holder last said that it lives."""
    leaseTransitions: Int32 | None = None
    """How often it changed hands."""
    strategy: Annotated[str | None, NO_COORDINATION] = None
    """How a leader is picked in coordinated leader election."""
    preferredHolder: Annotated[str | None, NO_COORDINATION] = None
    """Who should take it over."""


class Lease(Object):
    """Something that one holder at a time has."""

    spec: LeaseSpec = Field(default_factory=LeaseSpec)
    """Who holds it."""
