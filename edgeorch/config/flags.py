"""Command line flags of the daemons, made from their settings models: ``api_port`` becomes ``--api-port``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgeorch.config.load import Settings


def parse_flags(
    model: type[Settings], arguments: Sequence[str], *, prog: str, about: str
) -> tuple[dict[str, Any], Path | None]:
    """Read flags; gives the settings that were given, and the ``--config`` file.

    Help and mistakes end the process as argparse does: one line, exit code 2.
    """
    parser = argparse.ArgumentParser(prog=prog, description=about, allow_abbrev=False)
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration file (TOML)")
    for name, field in model.model_fields.items():
        repeated = "tuple" in str(field.annotation)
        mapping = "dict" in str(field.annotation)
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            dest=name,
            action="append" if repeated or mapping else "store",
            metavar="KEY=VALUE" if mapping else "VALUE",
            help=(field.description or "").replace("%", "%%"),
        )
    given = vars(parser.parse_args(arguments))
    file = given.pop("config")
    for name, value in given.items():
        if value is not None and "dict" in str(model.model_fields[name].annotation):
            given[name] = dict(_pair(parser, name, item) for item in value)
    return given, file


def _pair(parser: argparse.ArgumentParser, name: str, item: str) -> tuple[str, str]:
    key, equals, value = item.partition("=")
    if not equals:
        parser.error(f"--{name.replace('_', '-')} takes KEY=VALUE, not {item!r}")
    return key, value
