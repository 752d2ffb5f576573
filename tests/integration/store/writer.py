"""A process that writes to a store as fast as it can, until it is killed.

    writer.py FOLDER WRITERS

Each writer counts up in an object of its own and prints ``name value revision`` once the write is
acknowledged. Every other write of a writer is soft and prints ``seen name value revision`` at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from edgeorch.tinystore import JournalOptions
from edgeorch_server.store.base import Draft, Durability
from edgeorch_server.store.tinydb import TinyStore


async def count(store: TinyStore, name: str, first: int) -> None:
    value = first
    while True:

        def build(revision: int, value: int = value) -> Draft:
            meta = {"namespace": "default", "name": name, "resourceVersion": str(revision)}
            return Draft(json.dumps({"metadata": meta, "value": value, "pad": "x" * 2000}).encode(), "", {}, {})

        soft = value % 2 == 0
        durability = Durability.SOFT if soft else Durability.DURABLE
        entry = store.put("pods", "default", name, build, durability=durability)
        if not soft:
            await store.committed(entry.revision)
        # One write(2) per line: what the parent reads was said before the kill.
        os.write(1, f"{'seen' if soft else 'safe'} {name} {value} {entry.revision}\n".encode())
        value += 1


async def main(folder: Path, writers: int) -> None:
    journal = JournalOptions(chunk=64 << 10, compact_at=256 << 10)
    store = await TinyStore.open(folder, lambda _resource, _object: {}, journal=journal)
    values = {e.name: json.loads(e.data)["value"] for e in store.list("pods")}
    os.write(1, b"open %d\n" % store.revision)
    await asyncio.gather(*(count(store, f"w{n}", values.get(f"w{n}", 0) + 1) for n in range(writers)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
