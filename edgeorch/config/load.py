"""Merge flags, environment and a TOML file into a frozen settings model.

Precedence: flag, then ``EDGEORCH_NAME`` in the environment, then the file, then the default. Unknown keys of
the file and unknown ``EDGEORCH_*`` variables are errors: a typo must not silently mean "default".
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from edgeorch.errors import UserError

ENV_PREFIX = "EDGEORCH_"
RESERVED = frozenset({"config"})
"""``EDGEORCH_CONFIG`` names the file; it is no setting."""


class ConfigError(UserError):
    """The configuration is wrong; the message says where and what to write instead."""

    permanent = True


class Settings(BaseModel):
    """Base of the settings models."""

    model_config = ConfigDict(frozen=True, extra="forbid")


SettingsT = TypeVar("SettingsT", bound=Settings)


def load(
    model: type[SettingsT],
    *,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    file: Path | None,
    also_known: Collection[str] = (),
) -> SettingsT:
    """Give the effective settings; raises :class:`ConfigError`.

    ``flags`` whose value is None were not given. A ``file`` that does not exist is an error: pass None when
    the default location is empty. ``also_known`` are settings of the other role, whose variables may stand in
    the same environment.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for source, found in (
        (str(file), _from_file(model, file)),
        ("the environment", _from_environment(model, environ, also_known)),
        ("the command line", {k: v for k, v in flags.items() if v is not None}),
    ):
        values |= found
        sources |= dict.fromkeys(found, source)
    try:
        return model.model_validate(values)
    except ValidationError as exc:
        first = exc.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        source = sources.get(str(first["loc"][0]) if first["loc"] else "", "the settings")
        raise ConfigError(f"{name} (from {source}): {first['msg']}") from exc


def choose_file(flag: Path | None, environ: Mapping[str, str], default: Path) -> Path | None:
    """Say which file to read: ``--config``, ``EDGEORCH_CONFIG``, or the default one if it exists."""
    if flag is not None:
        return flag
    if environ.get("EDGEORCH_CONFIG"):
        return Path(environ["EDGEORCH_CONFIG"])
    return default if default.is_file() else None


def render(settings: Settings) -> str:
    """Write settings as TOML that :func:`load` reads back; unset ones stand as comments."""
    lines = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if field.description:
            lines.append(f"# {field.description}")
        lines.append(f"# {name} =" if value is None else f"{name} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def _from_file(model: type[Settings], file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        values = tomllib.loads(file.read_text())
    except OSError as exc:
        raise ConfigError(f"cannot read {file}: {exc.strerror or exc}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{file} is no valid TOML: {exc}") from exc
    for key in values:
        if key not in model.model_fields:
            known = ", ".join(sorted(model.model_fields))
            raise ConfigError(f"{file}: unknown setting {key!r}; known are {known}")
    return values


def _from_environment(
    model: type[Settings], environ: Mapping[str, str], also_known: Collection[str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(ENV_PREFIX):
            continue
        name = variable.removeprefix(ENV_PREFIX).lower()
        if name in RESERVED or name in also_known:
            continue
        field = model.model_fields.get(name)
        if field is None:
            raise ConfigError(f"{variable} is set, but there is no setting {name!r}: unset it or mend its name")
        listed = field.annotation is not None and "tuple" in str(field.annotation)
        values[name] = [part for part in text.split(",") if part] if listed else text
    return values
