"""What somebody may do somewhere, compiled so that a question takes a few look-ups in a dictionary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from edgeorch.api.rbac.roles import ANY, PolicyRule
from edgeorch_server.access.attributes import Attributes

_EVERY_NAME: Final = frozenset[str]()
"""No limit on names: a rule's own list of names is never empty."""


class Rights:
    """Rules put together. Says the same as asking each of them."""

    def __init__(self, rules: Iterable[PolicyRule]) -> None:
        self._resources: dict[tuple[str, str, str], frozenset[str]] = {}
        self._paths: dict[str, set[str]] = {}
        self._prefixes: dict[str, tuple[str, ...]] = {}
        for rule in rules:
            self._add(rule)

    def _add(self, rule: PolicyRule) -> None:
        names = frozenset(rule.resourceNames)
        for verb in rule.verbs:
            for group in rule.apiGroups:
                for resource in rule.resources:
                    key = (verb, group, resource)
                    there = self._resources.get(key, names)
                    self._resources[key] = there | names if there and names else _EVERY_NAME
            for url in rule.nonResourceURLs:
                if url.endswith(ANY):
                    self._prefixes[verb] = (*self._prefixes.get(verb, ()), url.rstrip(ANY))
                else:
                    self._paths.setdefault(verb, set()).add(url)

    def allow(self, asked: Attributes) -> bool:
        """Say whether any of the rules allows it."""
        verbs = (asked.verb, ANY)
        if asked.path:
            return any(self._allow_path(verb, asked.path) for verb in verbs)
        resource = asked.full_resource
        resources = (resource, ANY, f"{ANY}/{asked.subresource}") if asked.subresource else (resource, ANY)
        table = self._resources
        for verb in verbs:
            for group in (asked.group, ANY):
                for one in resources:
                    names = table.get((verb, group, one))
                    if names is not None and (not names or asked.name in names):
                        return True
        return False

    def _allow_path(self, verb: str, path: str) -> bool:
        return path in self._paths.get(verb, ()) or path.startswith(self._prefixes.get(verb, ()))
