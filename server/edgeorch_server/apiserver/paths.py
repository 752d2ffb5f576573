"""What a resource path names: group, version, namespace, resource, name, subresource.

The rules are those of Kubernetes' request info resolver: ``/api/VERSION/...`` is the core group,
``/apis/GROUP/VERSION/...`` any other, and ``namespaces/NAME/...`` scopes what follows, except that
``namespaces/NAME`` and its subresources are the namespace itself.
"""

from __future__ import annotations

from dataclasses import dataclass

_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})


@dataclass(frozen=True, slots=True)
class Target:
    """A resource path, taken apart; nothing of it needs to exist."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    """Empty for a collection."""
    subresource: str = ""


def parse(path: str) -> Target | None:
    """Take a path apart; None when it cannot name a resource. A trailing slash does not matter."""
    match path.strip("/").split("/"):
        case ["api", version, *rest]:
            group = ""
        case ["apis", group, version, *rest] if group:
            pass
        case _:
            return None
    if not version or not all(rest):
        return None
    match rest:
        case ["namespaces", namespace, plural, *below] if not (plural in _NAMESPACE_SUBRESOURCES and not below):
            return _target(group, version, namespace, [plural, *below])
        case _:
            return _target(group, version, "", rest)


def _target(group: str, version: str, namespace: str, parts: list[str]) -> Target | None:
    match parts:
        case [plural]:
            return Target(group, version, plural, namespace)
        case [plural, name]:
            return Target(group, version, plural, namespace, name)
        case [plural, name, subresource]:
            return Target(group, version, plural, namespace, name, subresource)
        case _:
            return None
