"""Jobs and CronJobs: ``printJob``, ``printCronJob``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from edgeorch.api.durations import human_duration
from edgeorch.api.meta import parse_time
from edgeorch_server.apiserver.printers.columns import (
    AGE,
    NAME,
    NONE,
    Column,
    JsonObject,
    Printer,
    age_of,
    name_of,
    since,
)
from edgeorch_server.apiserver.printers.workloads import TEMPLATE, label_selector, template_cells

_STATES = ("Suspended", "FailureTarget", "SuccessCriteriaMet")


def _job(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec, status = body.get("spec") or {}, body.get("status") or {}
    return [
        name_of(body),
        _state(body, status),
        _completions(spec, status),
        _duration(status, now),
        age_of(body, now),
        *template_cells(spec),
        label_selector(spec),
    ]


def _state(body: JsonObject, status: JsonObject) -> str:
    true = {c.get("type") for c in status.get("conditions") or () if c.get("status") == "True"}
    for ended in ("Complete", "Failed"):
        if ended in true:
            return ended
    if (body.get("metadata") or {}).get("deletionTimestamp"):
        return "Terminating"
    return next((state for state in _STATES if state in true), "Running")


def _completions(spec: JsonObject, status: JsonObject) -> str:
    succeeded, wanted = status.get("succeeded") or 0, spec.get("completions")
    if wanted is not None:
        return f"{succeeded}/{wanted}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _duration(status: JsonObject, now: dt.datetime) -> str:
    start, end = status.get("startTime"), status.get("completionTime")
    if not start:
        return ""
    return human_duration((parse_time(end) if end else now) - parse_time(start))


def _cron_job(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec, status = body.get("spec") or {}, body.get("status") or {}
    template = (spec.get("jobTemplate") or {}).get("spec") or {}
    last, suspended = status.get("lastScheduleTime"), spec.get("suspend")
    return [
        name_of(body),
        spec.get("schedule") or "",
        spec.get("timeZone") or NONE,
        "<unset>" if suspended is None else str(suspended),
        len(status.get("active") or ()),
        since(last, now) if last else NONE,
        age_of(body, now),
        *template_cells(template),
        label_selector(template),
    ]


CRON_JOBS = Printer(
    (
        NAME,
        Column("Schedule", "When Jobs are made, as in cron."),
        Column("Timezone", "The time zone that the schedule is in."),
        Column("Suspend", "Whether no Jobs are made."),
        Column("Active", "How many Jobs run now.", type="integer"),
        Column("Last Schedule", "Time since the last time that a Job was made for."),
        AGE,
        *TEMPLATE,
    ),
    _cron_job,
)
JOBS = Printer(
    (
        NAME,
        Column("Status", "What the Job as a whole is doing."),
        Column("Completions", "How many pods have succeeded of how many that are to."),
        Column("Duration", "How long it ran, or has run so far."),
        AGE,
        *TEMPLATE,
    ),
    _job,
)
