"""The store on TinyDB: one table per resource, one document per object."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from edgeorch.tinystore import DamagedStore, Disk, JournalOptions, JournalStorage, end_process
from edgeorch.tinystore.snapshot import SNAPSHOT
from edgeorch_server.store.base import Entry
from edgeorch_server.store.collection import Stored
from edgeorch_server.store.fields import FieldsOf
from edgeorch_server.store.journal_backend import META_ID, META_TABLE, BackendOptions, Fail, JournalBackend
from edgeorch_server.store.mvcc import MvccStore
from edgeorch_server.store.owners import read_owners
from edgeorch_server.store.ring import RingLimits

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Loaded:
    storage: JournalStorage
    revision: int
    contents: dict[str, list[Stored]]


class TinyStore(MvccStore):
    """A :class:`~edgeorch_server.store.base.Store` that survives: see :meth:`open`."""

    @classmethod
    async def open(
        cls,
        folder: Path,
        fields_of: FieldsOf,
        *,
        ring: RingLimits | None = None,
        backend: BackendOptions | None = None,
        journal: JournalOptions | None = None,
        disk: Disk | None = None,
        fail: Fail = end_process,
    ) -> Self:
        """Open the store in ``folder``, or make one; use it with ``async with`` or close it.

        ``fields_of`` gives the selectable fields of an object that is read back. ``fail`` is told when the disk
        fails, and is expected to end the process; no write is acknowledged after that. Raises
        :class:`~edgeorch.tinystore.StoreInUse` and :class:`~edgeorch.tinystore.DamagedStore`.
        """
        loaded = await asyncio.to_thread(_load, folder, fields_of, journal, disk, fail)
        core = JournalBackend(loaded.storage, loaded.revision, fail, backend or BackendOptions())
        store = cls(core, revision=loaded.revision, contents=loaded.contents, ring=ring)
        try:
            await core.start()
        except BaseException:
            loaded.storage.close()
            raise
        log.info("store %s: open at revision %s", folder, loaded.revision)
        return store


def _load(
    folder: Path,
    fields_of: FieldsOf,
    journal: JournalOptions | None,
    disk: Disk | None,
    fail: Fail,
) -> _Loaded:
    storage = JournalStorage(folder, options=journal, disk=disk, fail=fail)
    try:
        contents = {
            name: [_stored(folder, name, key, data, fields_of) for key, data in storage.documents(name).items()]
            for name in storage.names()
            if name != META_TABLE
        }
        meta = orjson.loads(storage.documents(META_TABLE).get(META_ID, b"{}"))
    except BaseException:
        storage.close()
        raise
    # A folder that was restored from somebody's TinyDB file may lack the reservation.
    newest = max((o.entry.revision for objects in contents.values() for o in objects), default=0)
    return _Loaded(storage, max(newest, int(meta.get("reservedRevision", 0))), contents)


def _stored(folder: Path, resource: str, doc_id: str, data: bytes, fields_of: FieldsOf) -> Stored:
    """Read back what the core has to know of an object."""
    try:
        obj: Mapping[str, Any] = orjson.loads(data)
        meta: Mapping[str, Any] = obj["metadata"]
        entry = Entry(
            namespace=meta.get("namespace", ""),
            name=meta["name"],
            revision=int(meta["resourceVersion"]),
            data=data,
            uid=meta.get("uid", ""),
            labels=meta.get("labels", {}),
            fields=fields_of(resource, obj),
            owners=read_owners(meta),
        )
        return Stored(entry, created=int(doc_id))
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        what = f"document {doc_id} of table {resource} is no Kubernetes object"
        raise DamagedStore(folder / SNAPSHOT, 0, what) from exc
