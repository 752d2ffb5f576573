"""Tables of priority classes and disruption budgets."""

from __future__ import annotations

import datetime as dt
from typing import Any

from edgeorch.api.meta import Object
from edgeorch.api.policy.resources import POD_DISRUPTION_BUDGETS
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.scheduling.resources import PRIORITY_CLASSES
from edgeorch_server.apiserver.printers import KubernetesPrinter

PRINTER = KubernetesPrinter(lambda: dt.datetime(2026, 5, 1, 12, 0, 0, tzinfo=dt.UTC))
META = {"name": "x", "creationTimestamp": "2026-04-28T08:00:00Z"}


def row(resource: ResourceInfo[Object], **body: Any) -> dict[str, Any]:
    names = [column["name"] for column in PRINTER.columns(resource)]
    return dict(zip(names, PRINTER.cells(resource, {"metadata": META, **body}), strict=True))


def test_priority_classes() -> None:
    """As ``kubectl get pc`` shows them."""
    assert row(PRIORITY_CLASSES, value=7, preemptionPolicy="Never") == {
        "Name": "x",
        "Value": 7,
        "Global-Default": False,
        "Age": "3d4h",
        "PreemptionPolicy": "Never",
    }


def test_disruption_budgets() -> None:
    """As ``kubectl get pdb`` shows them: numbers and percentages, ``N/A`` for the limit that is not set."""
    shown = row(POD_DISRUPTION_BUDGETS, spec={"minAvailable": "50%"}, status={"disruptionsAllowed": 2})
    assert shown == {
        "Name": "x",
        "Min Available": "50%",
        "Max Unavailable": "N/A",
        "Allowed Disruptions": 2,
        "Age": "3d4h",
    }
    assert row(POD_DISRUPTION_BUDGETS, spec={"maxUnavailable": 0})["Max Unavailable"] == "0"
