"""What makes it worth trying again what the limits of a namespace refused.

A controller whose pod is refused backs off, up to minutes, and nothing that it follows says when the pod would
be let in. In Kubernetes it waits that time out; here it also hears of limits that are lifted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgeorch.api import resource_math
from edgeorch.api.core.quota import ResourceQuota
from edgeorch.api.core.resources import LIMIT_RANGES, NAMESPACES, RESOURCE_QUOTAS
from edgeorch.api.resource_math import Amounts
from edgeorch.api.resources import ResourceInfo
from edgeorch_server.store.base import Event, EventType


@dataclass(frozen=True, slots=True)
class Relief:
    """A kind, and the namespace in which a change of it may let in what was refused; None: nowhere."""

    resource: ResourceInfo[Any]
    where: Callable[[Event], str | None]


def _quota(event: Event) -> str | None:
    """Look for room: a quota that went, or leaves more of something than before."""
    if event.type is EventType.DELETED:
        return event.entry.namespace
    if event.previous is None:
        return None
    before, after = (ResourceQuota.from_json(entry.data) for entry in (event.previous, event.entry))
    roomier = before.spec.hard.keys() - after.spec.hard.keys() or resource_math.lacking(
        _left(after), _left(before)
    )
    return event.entry.namespace if roomier else None


def _left(quota: ResourceQuota) -> Amounts:
    """Say how much may still be used. What has not been counted yet counts as used up."""
    used = resource_math.parse(quota.status.used)
    hard = resource_math.parse(quota.spec.hard)
    return {name: limit - used[name] for name, limit in hard.items() if name in used}


def _limits(event: Event) -> str | None:
    return None if event.type is EventType.ADDED else event.entry.namespace


def _namespace(event: Event) -> str | None:
    """Labels of a namespace say which pods are secure enough for it."""
    return event.entry.name if event.type is EventType.MODIFIED else None


RELIEFS = (Relief(RESOURCE_QUOTAS, _quota), Relief(LIMIT_RANGES, _limits), Relief(NAMESPACES, _namespace))
