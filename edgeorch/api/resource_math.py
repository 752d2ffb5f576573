"""Arithmetic on resource lists (``cpu: 100m, memory: 1Gi``), as the scheduler, quota and cgroup limits need it.

A resource list in a model is a dict of canonical strings; here it is a dict of exact amounts. A resource
that is not named counts as zero. Nothing here changes its arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edgeorch.api.quantity import Amount

Amounts = Mapping[str, Amount]
"""Resource name to amount."""

ZERO = Amount()


def parse(resources: Mapping[str, str]) -> dict[str, Amount]:
    """Read a model's resource list; raises ValueError for what is no quantity."""
    return {name: Amount.parse(text) for name, text in resources.items()}


def render(amounts: Amounts) -> dict[str, str]:
    """Write a resource list back as the model holds it."""
    return {name: str(amount) for name, amount in amounts.items()}


def add(left: Amounts, right: Amounts) -> dict[str, Amount]:
    """Sum per resource."""
    return {**left, **{name: left.get(name, ZERO) + amount for name, amount in right.items()}}


def subtract(left: Amounts, right: Amounts) -> dict[str, Amount]:
    """Difference per resource; may become negative."""
    return {**left, **{name: left.get(name, ZERO) - amount for name, amount in right.items()}}


def total(lists: Iterable[Amounts]) -> dict[str, Amount]:
    """Sum of many lists per resource."""
    result: dict[str, Amount] = {}
    for amounts in lists:
        result = add(result, amounts)
    return result


def maximum(left: Amounts, right: Amounts) -> dict[str, Amount]:
    """Larger one per resource (what init containers and containers need together)."""
    return {**left, **{name: max(left.get(name, amount), amount) for name, amount in right.items()}}


def lacking(request: Amounts, available: Amounts) -> dict[str, Amount]:
    """Say how much of which resource is missing; a request of zero is always met (kube-scheduler's fit)."""
    return {
        name: amount - available.get(name, ZERO)
        for name, amount in request.items()
        if amount.nanos > 0 and amount > available.get(name, ZERO)
    }


def fits(request: Amounts, available: Amounts) -> bool:
    """Whether nothing is :func:`lacking`."""
    return not lacking(request, available)
