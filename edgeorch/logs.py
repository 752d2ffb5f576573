"""Logging: constant messages with data beside them, to stderr; the service manager keeps it."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import sys
from typing import Literal

_PLAIN = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line; ``extra`` fields become members."""

    def format(self, record: logging.LogRecord) -> str:
        """Encode a record."""
        entry = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {k: str(v) for k, v in record.__dict__.items() if k not in _PLAIN}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry)


class TextFormatter(logging.Formatter):
    """``level logger: message``, with a time unless journald adds its own."""

    def __init__(self, *, with_time: bool) -> None:
        super().__init__("%(asctime)s " * with_time + "%(levelname)-7s %(name)s: %(message)s")


def configure(level: str = "info", form: Literal["text", "json"] = "text") -> None:
    """Set up the root logger of a process."""
    handler = logging.StreamHandler(sys.stderr)
    under_journald = "JOURNAL_STREAM" in os.environ
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter(with_time=not under_journald))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("urllib3", "httpx", "httpcore", "asyncio", "paho"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))
