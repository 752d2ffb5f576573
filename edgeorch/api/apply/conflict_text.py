"""The words for conflicts, which kubectl prints and clients parse (``managedfields/internal/conflict.go``)."""

from __future__ import annotations

import json

from edgeorch.api.apply.field_set import format_path, members
from edgeorch.api.apply.managers import UPDATE, Manager
from edgeorch.api.apply.ownership import Conflicts
from edgeorch.errors import Cause, Conflict

_REASON = "FieldManagerConflict"


def conflict(conflicts: Conflicts) -> Conflict:
    """Word the refusal of an Apply: ``conflict with "kubectl" using apps/v1: .spec.replicas``."""
    paths = [
        (_named(manager), format_path(path))
        for manager in sorted(conflicts)
        for path in members(conflicts[manager])
    ]
    causes = tuple(Cause(_REASON, f"conflict with {who}", where) for who, where in paths)
    if len(paths) == 1:
        (who, where) = paths[0]
        return Conflict(f"Apply failed with 1 conflict: conflict with {who}: {where}", causes=causes)
    lines = []
    for who in dict.fromkeys(who for who, _ in paths):
        lines.append(f"conflicts with {who}:")
        lines += [f"- {where}" for owner, where in paths if owner == who]
    return Conflict(f"Apply failed with {len(paths)} conflicts: " + "\n".join(lines), causes=causes)


def _named(manager: Manager) -> str:
    text = json.dumps(manager.name, ensure_ascii=False)
    if manager.subresource:
        text += f' with subresource "{manager.subresource}"'
    return f"{text} using {manager.api_version}" if manager.operation == UPDATE else text
