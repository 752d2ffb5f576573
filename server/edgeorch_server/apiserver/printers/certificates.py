"""Certificate signing requests: ``printCertificateSigningRequest``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from edgeorch.api.certificates.signing_request import APPROVED, DENIED, FAILED
from edgeorch.api.durations import human_duration
from edgeorch_server.apiserver.printers.columns import (
    AGE,
    NAME,
    NONE,
    Column,
    JsonObject,
    Printer,
    age_of,
    name_of,
)


def _request(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec, seconds = body.get("spec") or {}, (body.get("spec") or {}).get("expirationSeconds")
    return [
        name_of(body),
        age_of(body, now),
        spec.get("signerName") or NONE,
        spec.get("username") or "",
        NONE if seconds is None else human_duration(dt.timedelta(seconds=seconds)),
        _condition(body.get("status") or {}),
    ]


def _condition(status: JsonObject) -> str:
    """Say what has been decided and what came of it (``extractCSRStatus``)."""
    there = {condition.get("type") for condition in status.get("conditions") or ()}
    decision = DENIED if DENIED in there else APPROVED if APPROVED in there else "Pending"
    parts = [decision, FAILED if FAILED in there else "", "Issued" if status.get("certificate") else ""]
    return ",".join(part for part in parts if part)


CERTIFICATE_SIGNING_REQUESTS = Printer(
    (
        NAME,
        AGE,
        Column("SignerName", "Who is to sign it."),
        Column("Requestor", "Who asks."),
        Column("RequestedDuration", "For how long it should be good."),
        Column("Condition", "What has been decided, and what came of it."),
    ),
    _request,
)
