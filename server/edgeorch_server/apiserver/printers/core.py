"""The kinds whose tables are short: namespaces, configuration, service accounts, leases, and all others."""

from __future__ import annotations

import datetime as dt
from typing import Any

from edgeorch_server.apiserver.printers.columns import (
    AGE,
    NAME,
    UNKNOWN,
    Column,
    JsonObject,
    Printer,
    age_of,
    name_of,
)


def _namespace(body: JsonObject, now: dt.datetime) -> list[Any]:
    return [name_of(body), (body.get("status") or {}).get("phase") or "", age_of(body, now)]


def _config_map(body: JsonObject, now: dt.datetime) -> list[Any]:
    entries = len(body.get("data") or ()) + len(body.get("binaryData") or ())
    return [name_of(body), entries, age_of(body, now)]


def _secret(body: JsonObject, now: dt.datetime) -> list[Any]:
    return [name_of(body), body.get("type") or "", len(body.get("data") or ()), age_of(body, now)]


def _service_account(body: JsonObject, now: dt.datetime) -> list[Any]:
    return [name_of(body), len(body.get("secrets") or ()), age_of(body, now)]


def _resource_quota(body: JsonObject, now: dt.datetime) -> list[Any]:
    status = body.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    shown = {name: f"{name}: {used.get(name, 0)}/{hard[name]}" for name in sorted(hard)}
    limits = [text for name, text in shown.items() if name.startswith("limits.")]
    requests = [text for name, text in shown.items() if not name.startswith("limits.")]
    return [name_of(body), ", ".join(requests), ", ".join(limits), age_of(body, now)]


def _lease(body: JsonObject, now: dt.datetime) -> list[Any]:
    return [name_of(body), (body.get("spec") or {}).get("holderIdentity") or "", age_of(body, now)]


def _webhooks(body: JsonObject, now: dt.datetime) -> list[Any]:
    return [name_of(body), len(body.get("webhooks") or ()), age_of(body, now)]


def _runtime_class(body: JsonObject, now: dt.datetime) -> list[Any]:
    return [name_of(body), body.get("handler") or "", age_of(body, now)]


def _other(body: JsonObject, _now: dt.datetime) -> list[Any]:
    # The client turns a date into an age by itself (apiserver's defaultTableConvertor).
    return [name_of(body), (body.get("metadata") or {}).get("creationTimestamp") or UNKNOWN]


NAMESPACES = Printer((NAME, Column("Status", "Whether the namespace is in use or going."), AGE), _namespace)
CONFIG_MAPS = Printer((NAME, Column("Data", "How many entries it has."), AGE), _config_map)
SECRETS = Printer(
    (NAME, Column("Type", "What the data is for."), Column("Data", "How many entries it has."), AGE), _secret
)
SERVICE_ACCOUNTS = Printer((NAME, Column("Secrets", "How many secrets it lists."), AGE), _service_account)
LEASES = Printer((NAME, Column("Holder", "Who holds the lease."), AGE), _lease)
RESOURCE_QUOTAS = Printer(
    (
        NAME,
        Column("Request", "What is used of the limits on requests and numbers."),
        Column("Limit", "What is used of the limits on limits."),
        AGE,
    ),
    _resource_quota,
)
WEBHOOKS = Printer((NAME, Column("Webhooks", "How many webhooks it has."), AGE), _webhooks)
RUNTIME_CLASSES = Printer((NAME, Column("Handler", "What nodes call the runtime."), AGE), _runtime_class)
OTHERS = Printer((NAME, Column("Created At", "When the object was created.", type="date")), _other)
