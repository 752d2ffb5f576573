"""Claims on storage: ``printPersistentVolumeClaim``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from edgeorch_server.apiserver.printers.columns import (
    AGE,
    NAME,
    Column,
    JsonObject,
    Printer,
    age_of,
    name_of,
)

_UNSET = "<unset>"
_SHORT_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
"""In the order they are shown."""
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def _claim(body: JsonObject, now: dt.datetime) -> list[Any]:
    meta, spec, status = (body.get(part) or {} for part in ("metadata", "spec", "status"))
    volume = spec.get("volumeName") or ""
    modes = status.get("accessModes") or ()
    return [
        name_of(body),
        "Terminating" if meta.get("deletionTimestamp") else status.get("phase") or "",
        volume,
        (status.get("capacity") or {}).get("storage", "0") if volume else "",
        short_modes(modes) if volume else "",
        (meta.get("annotations") or {}).get(_CLASS_ANNOTATION) or spec.get("storageClassName") or "",
        or_unset(spec.get("volumeAttributesClassName")),
        age_of(body, now),
        or_unset(spec.get("volumeMode")),
    ]


def short_modes(modes: Collection[str]) -> str:
    """Write access modes short, in Kubernetes' order."""
    return ",".join(short for mode, short in _SHORT_MODES.items() if mode in modes)


def or_unset(word: str | None) -> str:
    """Show that a field is absent."""
    return _UNSET if word is None else word


PERSISTENT_VOLUME_CLAIMS = Printer(
    (
        NAME,
        Column("Status", "Whether a volume is bound to it."),
        Column("Volume", "The volume that is bound to it."),
        Column("Capacity", "How large the volume is."),
        Column("Access Modes", "How the volume can be mounted."),
        Column("StorageClass", "What kind of storage it asks for."),
        Column("VolumeAttributesClass", "What attributes it asks for."),
        AGE,
        Column("VolumeMode", "Whether it asks for a file system or a device.", priority=1),
    ),
    _claim,
)
