"""Priority classes and disruption budgets: ``printPriorityClass``, ``printPodDisruptionBudget``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from edgeorch_server.apiserver.printers.columns import AGE, NAME, Column, JsonObject, Printer, age_of, name_of


def _priority_class(body: JsonObject, now: dt.datetime) -> list[Any]:
    return [
        name_of(body),
        body.get("value") or 0,
        bool(body.get("globalDefault")),
        age_of(body, now),
        body.get("preemptionPolicy") or "",
    ]


def _budget(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec, status = body.get("spec") or {}, body.get("status") or {}
    limits = [spec.get(name) for name in ("minAvailable", "maxUnavailable")]
    return [
        name_of(body),
        *("N/A" if limit is None else str(limit) for limit in limits),
        status.get("disruptionsAllowed") or 0,
        age_of(body, now),
    ]


PRIORITY_CLASSES = Printer(
    (
        NAME,
        Column("Value", "How important its pods are.", type="integer"),
        Column("Global-Default", "Whether pods get it that name no class.", type="boolean"),
        AGE,
        Column("PreemptionPolicy", "Whether its pods preempt less important ones."),
    ),
    _priority_class,
)
POD_DISRUPTION_BUDGETS = Printer(
    (
        NAME,
        Column("Min Available", "How many pods must be left."),
        Column("Max Unavailable", "How many pods may be away."),
        Column("Allowed Disruptions", "How many pods may be evicted now.", type="integer"),
        AGE,
    ),
    _budget,
)
