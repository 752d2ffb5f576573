"""How rules compare: what one allows, and whether some rules together allow all that others do.

Follows ``pkg/apis/rbac/v1/evaluation_helpers.go`` and ``component-helpers/auth/rbac/validation``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import product

from edgeorch.api.rbac.roles import ANY, PolicyRule
from edgeorch_server.access.attributes import Attributes


def allows(rule: PolicyRule, asked: Attributes) -> bool:
    """Whether a rule allows what is asked (``RuleAllows``)."""
    if not _has(rule.verbs, asked.verb):
        return False
    if asked.path:
        return any(_url_covers(url, asked.path) for url in rule.nonResourceURLs)
    return (
        _has(rule.apiGroups, asked.group)
        and _resource_in(rule.resources, asked.full_resource)
        and (not rule.resourceNames or asked.name in rule.resourceNames)
    )


def _has(words: Collection[str], word: str) -> bool:
    return ANY in words or word in words


def _resource_in(resources: Collection[str], resource: str) -> bool:
    if ANY in resources or resource in resources:
        return True
    _, slash, subresource = resource.partition("/")
    return bool(slash) and f"{ANY}/{subresource}" in resources


def _url_covers(url: str, path: str) -> bool:
    return url == path or (url.endswith(ANY) and path.startswith(url.rstrip(ANY)))


def missing(held: Sequence[PolicyRule], wanted: Iterable[PolicyRule]) -> list[PolicyRule]:
    """Give what of ``wanted`` is not in ``held``, in the smallest pieces (``Covers``).

    A piece must be in one of the rules as a whole: pieces are so small that no two rules could share one.
    """
    return [piece for rule in wanted for piece in _pieces(rule) if not any(_covers(one, piece) for one in held)]


def _pieces(rule: PolicyRule) -> Iterable[PolicyRule]:
    """Break a rule down to one group, resource, verb and name each (``BreakdownRule``)."""
    names: list[list[str]] = [[name] for name in rule.resourceNames] or [[]]
    for group, resource, verb, name in product(rule.apiGroups, rule.resources, rule.verbs, names):
        yield PolicyRule(verbs=[verb], apiGroups=[group], resources=[resource], resourceNames=name)
    for url, verb in product(rule.nonResourceURLs, rule.verbs):
        yield PolicyRule(verbs=[verb], nonResourceURLs=[url])


def _covers(rule: PolicyRule, piece: PolicyRule) -> bool:
    return (
        all(_has(rule.verbs, verb) for verb in piece.verbs)
        and all(_has(rule.apiGroups, group) for group in piece.apiGroups)
        and all(_resource_in(rule.resources, resource) for resource in piece.resources)
        and all(any(_url_covers(url, path) for url in rule.nonResourceURLs) for path in piece.nonResourceURLs)
        and (
            not rule.resourceNames
            or (bool(piece.resourceNames) and set(piece.resourceNames) <= set(rule.resourceNames))
        )
    )


def compact(rules: Iterable[PolicyRule]) -> list[PolicyRule]:
    """Put together the verbs of rules about the same single resource (``CompactRules``)."""
    others: list[PolicyRule] = []
    simple: dict[tuple[str, str, tuple[str, ...]], PolicyRule] = {}
    for rule in rules:
        if (
            rule.nonResourceURLs
            or len(rule.resourceNames) > 1
            or (len(rule.apiGroups), len(rule.resources)) != (1, 1)
        ):
            others.append(rule)
            continue
        about = (rule.apiGroups[0], rule.resources[0], tuple(rule.resourceNames))
        there = simple.setdefault(about, rule.model_copy(update={"verbs": []}))
        there.verbs.extend(verb for verb in rule.verbs if verb not in there.verbs)
    return [*others, *simple.values()]


def describe(rules: Iterable[PolicyRule]) -> str:
    """Write rules one a line, as refusals list them (``CompactString``)."""
    return "\n".join(sorted({_described(rule) for rule in compact(rules)}))


def _described(rule: PolicyRule) -> str:
    parts = {
        "APIGroups": rule.apiGroups,
        "Resources": rule.resources,
        "NonResourceURLs": rule.nonResourceURLs,
        "ResourceNames": rule.resourceNames,
        "Verbs": rule.verbs,
    }
    return "{" + ", ".join(f"{name}:{quoted_list(words)}" for name, words in parts.items() if words) + "}"


def quoted_list(words: Iterable[str]) -> str:
    """Write words as Go's ``%q`` writes a slice: ``["a" "b"]``."""
    return "[" + " ".join(json.dumps(word, ensure_ascii=False) for word in words) + "]"
