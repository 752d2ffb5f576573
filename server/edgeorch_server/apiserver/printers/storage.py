"""Volumes and storage classes: ``printPersistentVolume``, ``printStorageClass``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from edgeorch.api.storage.storage_class import BETA_DEFAULT_CLASS, DEFAULT_CLASS
from edgeorch_server.apiserver.printers.claims import or_unset, short_modes
from edgeorch_server.apiserver.printers.columns import (
    AGE,
    NAME,
    Column,
    JsonObject,
    Printer,
    age_of,
    name_of,
)


def _volume(body: JsonObject, now: dt.datetime) -> list[Any]:
    meta, spec, status = (body.get(part) or {} for part in ("metadata", "spec", "status"))
    claim = spec.get("claimRef")
    return [
        name_of(body),
        (spec.get("capacity") or {}).get("storage", "0"),
        short_modes(spec.get("accessModes") or ()),
        spec.get("persistentVolumeReclaimPolicy") or "",
        "Terminating" if meta.get("deletionTimestamp") else status.get("phase") or "",
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        spec.get("storageClassName") or "",
        or_unset(spec.get("volumeAttributesClassName")),
        status.get("reason") or "",
        age_of(body, now),
        or_unset(spec.get("volumeMode")),
    ]


def _class(body: JsonObject, now: dt.datetime) -> list[Any]:
    notes = (body.get("metadata") or {}).get("annotations") or {}
    default = "true" in {notes.get(DEFAULT_CLASS), notes.get(BETA_DEFAULT_CLASS)}
    return [
        f"{name_of(body)} (default)" if default else name_of(body),
        body.get("provisioner") or "",
        body.get("reclaimPolicy") or "Delete",
        body.get("volumeBindingMode") or "Immediate",
        bool(body.get("allowVolumeExpansion")),
        age_of(body, now),
    ]


PERSISTENT_VOLUMES = Printer(
    (
        NAME,
        Column("Capacity", "How large it is."),
        Column("Access Modes", "How it can be mounted."),
        Column("Reclaim Policy", "What becomes of it when its claim is gone."),
        Column("Status", "Whether it is bound."),
        Column("Claim", "The claim it is bound to."),
        Column("StorageClass", "What kind of storage it is."),
        Column("VolumeAttributesClass", "What attributes it has."),
        Column("Reason", "Why it is in this state."),
        AGE,
        Column("VolumeMode", "Whether it is a file system or a device.", priority=1),
    ),
    _volume,
)
STORAGE_CLASSES = Printer(
    (
        NAME,
        Column("Provisioner", "Who makes the volumes."),
        Column("ReclaimPolicy", "What becomes of volumes whose claims are gone."),
        Column("VolumeBindingMode", "When volumes are made and bound."),
        Column("AllowVolumeExpansion", "Whether claims may ask for more later."),
        AGE,
    ),
    _class,
)
