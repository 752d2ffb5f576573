"""The checkpoint: the desired state on the board's own disk, for a life without the server.

After a reboot without a network the pods start from it. It is a cache of what the server wants, so losing it
costs nothing but that: a full or failing disk is logged and lived with, and a damaged checkpoint is put aside.
Secrets are in it; the folder is for its owner only.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterable
from pathlib import Path

from edgeorch.errors import ApiError, UserError
from edgeorch.mqtt.desired_state import Change, HeldObject
from edgeorch.tinystore import DamagedStore, DiskFailed, JournalOptions, JournalStorage, Record

logger = logging.getLogger(__name__)

TABLE = "desired"
OPTIONS = JournalOptions(chunk=64 << 10, compact_at=1 << 20)
"""Small steps: a board holds tens of objects, and its card has better uses for space."""


class Checkpoint:
    """Keeps desired objects in a folder; :meth:`run` brings changes to the disk."""

    def __init__(self, folder: Path) -> None:
        self._storage = _open(folder)
        self._ids: dict[str, str] = {}
        self._wake = asyncio.Event()
        self._complained = False

    def load(self) -> list[HeldObject]:
        """Read everything; what cannot be read is left out."""
        held = []
        for doc_id, document in self._storage.documents(TABLE).items():
            try:
                one = _decode(document)
            except (ValueError, KeyError, TypeError) as exc:
                logger.warning("leaving out a checkpointed object that cannot be read: %s", exc)
                continue
            self._ids[one.key] = doc_id
            held.append(one)
        return held

    def save(self, changes: Iterable[Change]) -> None:
        """Take over changes; they reach the disk soon."""
        records = [record for change in changes if (record := self._record(change)) is not None]
        try:
            self._storage.stage(records)
        except ApiError as exc:
            self._complain(exc)
            return
        self._complained = False
        self._wake.set()

    async def run(self) -> None:
        """Write for ever, one sync for all changes that are waiting."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            commit = self._storage.take()
            if commit is None:
                continue
            try:
                await asyncio.to_thread(commit.write)
            except DiskFailed as exc:
                self._complain(exc)
                continue
            self._storage.finish(commit)
            if self._storage.compaction_due:
                self._storage.compact()

    def close(self) -> None:
        """Write what is left and let go of the folder."""
        try:
            self._storage.close()
        except DiskFailed as exc:
            self._complain(exc)

    def _record(self, change: Change) -> Record | None:
        if change.after is not None:
            key = change.after.key
            if key not in self._ids:
                self._ids[key] = str(max((int(i) for i in self._ids.values()), default=0) + 1)
            return Record(TABLE, self._ids[key], _encode(change.after))
        if change.before is not None and (doc_id := self._ids.pop(change.before.key, None)) is not None:
            return Record(TABLE, doc_id, None)
        return None

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            logger.error("the checkpoint is not written (the pods are not affected): %s", error)
        self._complained = True


def _open(folder: Path) -> JournalStorage:
    try:
        return JournalStorage(folder, options=OPTIONS, fail=_go_on)
    except DamagedStore as exc:
        aside = folder.with_name(f"{folder.name}.damaged-{int(time.time())}")
        logger.error("the checkpoint is damaged and put aside as %s: %s", aside, exc)  # noqa: TRY400 (it says all)
        try:
            folder.rename(aside)
        except OSError as failed:
            raise UserError(f"cannot put the damaged checkpoint {folder} aside: {failed.strerror}") from failed
        return JournalStorage(folder, options=OPTIONS, fail=_go_on)


def _go_on(_error: BaseException) -> None:
    """Let a disk that fails not end the agent: the pods must go on."""


def _encode(held: HeldObject) -> bytes:
    document = {
        "resource": held.resource,
        "namespace": held.namespace,
        "name": held.name,
        "uid": held.uid,
        "version": held.version,
        "revision": held.revision,
        "object": json.loads(held.payload),
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _decode(document: bytes) -> HeldObject:
    raw = json.loads(document)
    payload = json.dumps(raw.pop("object"), separators=(",", ":")).encode()
    return HeldObject(**raw, payload=payload)
