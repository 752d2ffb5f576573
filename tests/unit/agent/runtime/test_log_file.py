"""Reading conmon's log files: times, tails, followers and replaced files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch_agent.runtime.log_file import LineFilter, RawLog, read_log, tail_offset
from edgeorch_agent.runtime.rfc3339 import epoch, zulu

T1 = b"2024-03-01T12:00:00.000000001+00:00"
T2 = b"2024-03-01T12:00:01.500000000+00:00"
T3 = b"2024-03-01T12:00:02.000000000+00:00"


def entry(text: bytes, when: bytes = T1, stream: bytes = b"stdout", tag: bytes = b"F") -> bytes:
    return b" ".join((when, stream, tag, text)) + b"\n"


THREE = entry(b"one", T1) + entry(b"two", T2, b"stderr") + entry(b"three", T3)


async def collect(path: Path, **options: object) -> bytes:
    ended = asyncio.Event()
    ended.set()
    return b"".join([chunk async for chunk in read_log(path, ended=ended, **options)])  # type: ignore[arg-type]


def test_streams_are_merged_in_the_order_written() -> None:
    """Kubernetes' logs are stdout and stderr together."""
    assert LineFilter().feed(THREE) == b"one\ntwo\nthree\n"


def test_since_includes_its_own_instant() -> None:
    """``since`` drops what is older and keeps what is exactly as old."""
    assert LineFilter(since=epoch(T2)).feed(THREE) == b"two\nthree\n"


def test_a_line_in_pieces_is_put_together_and_has_one_timestamp() -> None:
    """A long line is cut by conmon into pieces, also with the other stream's lines between them."""
    raw = entry(b"lo", tag=b"P") + entry(b"oops", T2, b"stderr") + entry(b"ng", tag=b"F")
    assert LineFilter().feed(raw) == b"looops\nng\n"
    assert LineFilter(timestamps=True).feed(entry(b"lo", tag=b"P") + entry(b"ng")) == zulu(T1) + b" long\n"


def test_text_is_passed_through_as_it_is() -> None:
    """Carriage returns, blanks and bytes that are no text are the program's business."""
    text = b" a\rb \xff\x00 F x"
    assert LineFilter().feed(entry(text)) == text + b"\n"


def test_damage_is_skipped() -> None:
    """A record cut short by a power failure does not hide the others."""
    assert LineFilter().feed(b"2024-03\n\n" + THREE) == b"one\ntwo\nthree\n"


@given(
    pieces=st.lists(st.tuples(st.sampled_from([b"F", b"P"]), st.binary(max_size=9)), max_size=40),
    lines=st.integers(0, 45),
    block=st.integers(1, 200),
)
def test_a_tail_is_the_end_of_the_whole(
    pieces: list[tuple[bytes, bytes]], lines: int, block: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Reading the last N lines gives the last N lines of reading all, whatever the block size."""
    raw = b"".join(entry(text.replace(b"\n", b" "), tag=tag) for tag, text in pieces)
    path = tmp_path_factory.getbasetemp() / "tail.log"
    path.write_bytes(raw)
    all_lines = LineFilter().feed(raw).split(b"\n")
    complete = all_lines[:-1] + all_lines[-1:] * bool(pieces and pieces[-1][0] == b"P")
    with pytest.MonkeyPatch.context() as patch, path.open("rb") as file:
        patch.setattr("edgeorch_agent.runtime.log_file._BLOCK", block)
        offset = tail_offset(file, lines)
    expected = complete[len(complete) - min(lines, len(complete)) :]
    shown = LineFilter().feed(raw[offset:])
    assert shown.rstrip(b"\n") == b"\n".join(expected).rstrip(b"\n")


async def test_a_reader_without_follow_ends_at_the_end(tmp_path: Path) -> None:
    """Without follow the log as it is now is all there is."""
    path = tmp_path / "ctr.log"
    path.write_bytes(THREE)
    assert await collect(path) == b"one\ntwo\nthree\n"
    assert await collect(path, tail=2) == b"two\nthree\n"
    assert await collect(path, tail=0) == b""
    assert await collect(path, tail=3, since=epoch(T3)) == b"three\n"
    assert await collect(tmp_path / "none.log") == b""


async def test_a_follower_reads_all_that_was_written_before_the_end(tmp_path: Path) -> None:
    """Lines written between the last look and the end are not lost, and then the stream ends."""
    path, ended = tmp_path / "ctr.log", asyncio.Event()
    path.write_bytes(entry(b"one"))
    stream = read_log(path, ended=ended)
    assert await anext(stream) == b"one\n"
    following = asyncio.ensure_future(anext(stream))
    with path.open("ab") as file:
        file.write(entry(b"two"))
    assert await following == b"two\n"
    with path.open("ab") as file:
        file.write(entry(b"three"))
    ended.set()
    assert [chunk async for chunk in stream] == [b"three\n"]


async def test_a_follower_may_come_before_the_file(tmp_path: Path) -> None:
    """A container that was not started yet has no log file yet."""
    path, ended = tmp_path / "ctr.log", asyncio.Event()
    following = asyncio.ensure_future(anext(read_log(path, ended=ended)))
    await asyncio.sleep(0)
    path.write_bytes(entry(b"first"))
    assert await following == b"first\n"


@pytest.mark.parametrize("way", ["renamed", "truncated"])
def test_a_replaced_file_is_followed(tmp_path: Path, way: str) -> None:
    """When conmon begins the file anew at its size limit, reading goes on with the new one."""
    path = tmp_path / "ctr.log"
    path.write_bytes(THREE)
    raw = RawLog(path)
    assert raw.read() == THREE
    if way == "renamed":
        (tmp_path / "new").write_bytes(entry(b"four"))
        (tmp_path / "new").rename(path)
    else:
        path.write_bytes(entry(b"four"))
    assert raw.read() == entry(b"four")
    assert raw.read() == b""
    raw.close()


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    """A reader that comes amid a write gets the line once it is whole."""
    path = tmp_path / "ctr.log"
    path.write_bytes(THREE + b"2024-03-01T12:00:03")
    raw = RawLog(path)
    assert raw.read() == THREE
    with path.open("ab") as file:
        file.write(b".0Z stdout F four\n")
    assert raw.read() == b"2024-03-01T12:00:03.0Z stdout F four\n"
    raw.close()
