"""TinyDB's table seam: TinyDB's whole API, at the price of what is changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from tinydb import TinyDB
from tinydb.queries import QueryLike
from tinydb.table import Document, Table

from edgeorch.tinystore.documents import Edit
from edgeorch.tinystore.storage import JournalStorage


class JournalTable(Table):
    """A TinyDB table on a :class:`JournalStorage`.

    Document ids are integers, as TinyDB's are, so that any TinyDB can open the snapshot. Each change is
    on the disk when the call returns.
    """

    _seen = 0
    """Version of the storage that the query cache belongs to."""

    def search(self, cond: QueryLike) -> list[Document]:
        """Search as TinyDB does; its query cache must not outlive a change that went past this table."""
        version = self._journal().version
        if self._seen != version:
            self._seen = version
            self.clear_cache()
        return super().search(cond)

    def _update_table(self, updater: Callable[[Any], None]) -> None:
        """Commit what ``updater`` changes, instead of writing all tables as TinyDB does."""
        storage = self._journal()
        edit = Edit(self.name, storage.documents(self.name), self.document_id_class)
        updater(edit)
        storage.stage(edit.records())
        storage.commit()
        self.clear_cache()

    def _journal(self) -> JournalStorage:
        assert isinstance(self.storage, JournalStorage), "a JournalTable needs a JournalStorage"
        return self.storage


class JournalDB(TinyDB):
    """A TinyDB whose tables are :class:`JournalTable`: ``JournalDB(folder).table("pods").search(...)``."""

    table_class = JournalTable

    def __init__(self, path: str | os.PathLike[str], **options: Any) -> None:
        super().__init__(path, storage=JournalStorage, **options)
