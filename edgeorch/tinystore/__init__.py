"""TinyDB made crash-safe: a journalled Storage and Table."""

from edgeorch.tinystore.disk import Disk
from edgeorch.tinystore.errors import DamagedStore, DiskFailed, StoreInUse
from edgeorch.tinystore.records import Record
from edgeorch.tinystore.storage import JournalOptions, JournalStorage, end_process
from edgeorch.tinystore.table import JournalDB, JournalTable

__all__ = [
    "DamagedStore",
    "Disk",
    "DiskFailed",
    "JournalDB",
    "JournalOptions",
    "JournalStorage",
    "JournalTable",
    "Record",
    "StoreInUse",
    "end_process",
]
