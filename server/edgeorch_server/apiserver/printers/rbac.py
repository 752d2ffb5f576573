"""Roles and bindings: ``printRole``, ``printRoleBinding`` and the same for the cluster."""

from __future__ import annotations

import datetime as dt
from typing import Any

from edgeorch.api.rbac.roles import GROUP_KIND, SERVICE_ACCOUNT, USER
from edgeorch_server.apiserver.printers.columns import AGE, NAME, Column, JsonObject, Printer, age_of, name_of


def _role(body: JsonObject, _now: dt.datetime) -> list[Any]:
    return [name_of(body), (body.get("metadata") or {}).get("creationTimestamp") or ""]


def _binding(body: JsonObject, now: dt.datetime) -> list[Any]:
    role = body.get("roleRef") or {}
    return [
        name_of(body),
        f"{role.get('kind') or ''}/{role.get('name') or ''}",
        age_of(body, now),
        *(_subjects(body, kind) for kind in (USER, GROUP_KIND, SERVICE_ACCOUNT)),
    ]


def _subjects(body: JsonObject, kind: str) -> str:
    found = [one for one in body.get("subjects") or () if one.get("kind") == kind]
    if kind == SERVICE_ACCOUNT:
        return ", ".join(f"{one.get('namespace') or ''}/{one.get('name') or ''}" for one in found)
    return ", ".join(one.get("name") or "" for one in found)


ROLES = Printer((NAME, Column("Created At", "When the role was created.")), _role)
BINDINGS = Printer(
    (
        NAME,
        Column("Role", "The role it gives."),
        AGE,
        Column("Users", "Users who get it.", priority=1),
        Column("Groups", "Groups that get it.", priority=1),
        Column("ServiceAccounts", "ServiceAccounts that get it.", priority=1),
    ),
    _binding,
)
