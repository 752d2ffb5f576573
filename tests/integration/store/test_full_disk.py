"""A file system that is really full."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeorch.errors import ApiError, InsufficientStorage, ServiceUnavailable
from edgeorch.tinystore import JournalOptions
from edgeorch_server.store.base import Build, Draft
from edgeorch_server.store.tinydb import TinyStore
from tests.fakes.eventually import eventually

SIZE = 16 << 20


@pytest.fixture(params=["tmpfs", "ext4"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 16 MiB; needs root and, for ext4, loop devices."""
    kind: str = request.param
    folder = tmp_path / "mounted"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "edgeorch-test", str(folder)]
    if kind == "ext4":
        image = tmp_path / "image"
        with image.open("wb") as file:
            file.truncate(SIZE)
        command = ["mount", "-o", "loop", str(image), str(folder)]
    try:
        if kind == "ext4":
            subprocess.run(["mkfs.ext4", "-q", str(image)], check=True, capture_output=True)
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"cannot mount a small {kind}: {error}")
    try:
        yield folder
    finally:
        # Lazily: a test that failed may have left the store open.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def pod(name: str, size: int) -> Build:
    def build(revision: int) -> Draft:
        meta = {"namespace": "default", "name": name, "resourceVersion": str(revision)}
        return Draft(json.dumps({"metadata": meta, "pad": "x" * size}).encode(), "", {}, {})

    return build


async def open_store(folder: Path) -> TinyStore:
    def fail(error: BaseException) -> None:
        raise AssertionError("a full disk is no failed disk") from error

    journal = JournalOptions(chunk=256 << 10, compact_at=2 << 20)
    return await TinyStore.open(folder, lambda _resource, _object: {}, journal=journal, fail=fail)


def fill(path: Path) -> None:
    """Take all the room there is."""
    with path.open("wb") as file, contextlib.suppress(OSError):
        while True:
            os.write(file.fileno(), bytes(4096))


async def test_a_full_disk_refuses_writes_and_nothing_else(small_disk: Path) -> None:
    """Writes get 507 and change nothing, reads go on, acknowledged writes stay, and room makes all well."""
    ballast = small_disk / "ballast"
    store = await open_store(small_disk / "store")
    await store.committed(store.put("pods", "default", "before", pod("before", 1000)).revision)
    fill(ballast)
    refused: ApiError | None = None
    stored = 0
    while refused is None:
        try:
            entry = store.put("pods", "default", f"p{stored}", pod(f"p{stored}", 50_000))
        except InsufficientStorage as error:
            refused = error
        else:
            await store.committed(entry.revision)
            stored += 1
    assert refused.code == 507
    revision = store.revision
    with pytest.raises(InsufficientStorage):
        store.put("pods", "default", "before", pod("before", 50_000))
    assert store.revision == revision
    assert store.count("pods") == stored + 1

    ballast.unlink()
    await store.committed(store.put("pods", "default", "after", pod("after", 50_000)).revision)
    names = {entry.name for entry in store.list("pods")}
    await store.close()
    async with await open_store(small_disk / "store") as again:
        assert {entry.name for entry in again.list("pods")} == names


async def test_a_server_starts_on_a_full_disk(small_disk: Path) -> None:
    """It serves what it has, and takes writes as soon as there is room."""
    async with await open_store(small_disk / "store") as store:
        await store.committed(store.put("pods", "default", "a", pod("a", 1000)).revision)
    fill(small_disk / "ballast")
    async with await open_store(small_disk / "store") as store:
        assert [entry.name for entry in store.list("pods")] == ["a"]

        def accepted() -> bool:
            try:
                store.put("pods", "default", "b", pod("b", 300_000))
            except (InsufficientStorage, ServiceUnavailable):
                return False
            return True

        assert not accepted()
        (small_disk / "ballast").unlink()
        await eventually(accepted)
        await store.committed(store.revision)


async def test_compaction_on_a_disk_that_is_nearly_full(small_disk: Path) -> None:
    """Snapshots that find no room are given up; the store goes on until the journal finds none either."""
    ballast = small_disk / "ballast"
    store = await open_store(small_disk / "store")
    for n in range(4):
        await store.committed(store.put("pods", "default", f"p{n}", pod(f"p{n}", 1_000_000)).revision)
    fill(ballast)
    os.truncate(ballast, ballast.stat().st_size - (3 << 20))
    written = 0
    with contextlib.suppress(InsufficientStorage):
        while True:
            entry = store.put("pods", "default", "p0", pod("p0", 100_000 + written))
            await store.committed(entry.revision)
            written += 1
    assert written > 5
    await store.close()
    async with await open_store(small_disk / "store") as again:
        found = again.get("pods", "default", "p0")
        assert found is not None
        assert len(json.loads(found.data)["pad"]) == 100_000 + written - 1
