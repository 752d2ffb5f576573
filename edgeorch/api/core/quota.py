"""ResourceQuota: how much a namespace may hold and use in all."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.core.requirements import ResourceList
from edgeorch.api.meta import Model, Object


class ScopedResourceSelectorRequirement(Model):
    """One condition on the pods that a quota counts."""

    scopeName: str
    """``BestEffort``, ``NotBestEffort``, ``Terminating``, ``NotTerminating``, ``PriorityClass`` or
    ``CrossNamespacePodAffinity``."""
    operator: str
    """``In``, ``NotIn``, ``Exists`` or ``DoesNotExist``."""
    values: list[str] = Field(default_factory=list)
    """For ``In`` and ``NotIn``: names of priority classes."""


class ScopeSelector(Model):
    """Conditions that must all hold."""

    atomic = True

    matchExpressions: list[ScopedResourceSelectorRequirement] = Field(default_factory=list)
    """The conditions."""


class ResourceQuotaSpec(Model):
    """What the namespace may have."""

    hard: ResourceList = Field(default_factory=dict)
    """The most of each: ``requests.cpu``, ``limits.memory``, ``pods``, ``configmaps``,
    ``count/deployments.apps`` and so on."""
    scopes: list[str] = Field(default_factory=list)
    """Counts only pods that all these scopes fit; empty counts everything. Cannot change."""
    scopeSelector: ScopeSelector | None = None
    """The same with conditions; scopes and selector must both fit."""


class ResourceQuotaStatus(Model):
    """What the namespace has."""

    hard: ResourceList = Field(default_factory=dict)
    """The limits that ``used`` was counted for."""
    used: ResourceList = Field(default_factory=dict)
    """How much of each there is."""


class ResourceQuota(Object):
    """Limits what all objects of a namespace may use together."""

    spec: ResourceQuotaSpec = Field(default_factory=ResourceQuotaSpec)
    """What the namespace may have."""
    status: ResourceQuotaStatus = Field(default_factory=ResourceQuotaStatus)
    """What it has."""
