"""Roles put together from others (``pkg/controller/clusterroleaggregation``)."""

from __future__ import annotations

from collections.abc import Iterable

from edgeorch.api.rbac.roles import AggregationRule, ClusterRole, PolicyRule
from edgeorch.api.selectors import Selector


def aggregated_rules(name: str, rule: AggregationRule, roles: Iterable[ClusterRole]) -> list[PolicyRule]:
    """Give the rules of all selected roles but the role itself, each once, by the order of their names."""
    selectors = [Selector.from_label_selector(selector) for selector in rule.clusterRoleSelectors]
    found: list[PolicyRule] = []
    for role in sorted(roles, key=lambda role: role.metadata.name):
        selected = any(selector.matches(role.metadata.labels) for selector in selectors)
        if selected and role.metadata.name != name:
            found += [rule for rule in role.rules if rule not in found]
    return found
