"""Times as Go programs write them: RFC 3339 with up to nine decimals, in any zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone


def epoch(stamp: bytes) -> float:
    """Give seconds since the epoch; 0 for Go's zero time and for what is no time.

    ``datetime`` reads no more than six decimals, Go and conmon write nine.
    """
    text = stamp.decode(errors="replace")
    try:
        whole = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - the offset follows
        rest = text[19:].removesuffix("Z")
        cut = max(rest.find("+"), rest.find("-"))
        fraction, offset = (rest, "+00:00") if cut < 0 else (rest[:cut], rest[cut:])
        minutes = int(offset[1:3]) * 60 + int(offset[4:6])
        zone = timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
        return max(0.0, whole.replace(tzinfo=zone).timestamp() + float(f"0{fraction or '.0'}"))
    except ValueError:
        return 0.0


def zulu(stamp: bytes) -> bytes:
    """Write a time as Kubernetes does: UTC, nine decimals, ``Z``."""
    if stamp.endswith(b"Z"):
        return stamp
    if stamp.endswith(b"+00:00"):
        return stamp[:-6] + b"Z"
    fraction = stamp[19:].partition(b"+")[0].partition(b"-")[0]
    seconds = datetime.fromtimestamp(int(epoch(stamp)), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return seconds.encode() + fraction + b"Z"
