"""Read manifests: files, folders, standard input; YAML streams and JSON, and Lists in them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from edgeorch.errors import UserError

SUFFIXES = frozenset({".yaml", ".yml", ".json"})
"""What is read in a folder, as kubectl does."""


class ManifestError(UserError):
    """A manifest cannot be read; the message says which and why."""


def read_manifests(names: Iterable[Path], *, recursive: bool = False) -> Iterator[dict[str, Any]]:
    """Give every object of the named files, folders and ``-``; raises :class:`ManifestError`."""
    found = False
    for name in names:
        for source, text in _texts(name, recursive=recursive):
            for document in _documents(source, text):
                found = True
                yield from _objects(source, document)
    if not found:
        raise ManifestError("no objects passed to apply")


def _texts(name: Path, *, recursive: bool) -> Iterator[tuple[str, str]]:
    if str(name) == "-":
        yield "standard input", sys.stdin.read()
        return
    if name.is_dir():
        files = sorted(name.rglob("*") if recursive else name.glob("*"))
        for file in files:
            if file.suffix in SUFFIXES and file.is_file():
                yield str(file), _read(file)
        return
    yield str(name), _read(name)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError as exc:
        raise ManifestError(f'the path "{file}" does not exist') from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise ManifestError(f"cannot read {file}: {exc}") from exc


def _documents(source: str, text: str) -> Iterator[Any]:
    try:
        yield from (document for document in yaml.safe_load_all(text) if document is not None)
    except yaml.YAMLError as exc:
        where = getattr(exc, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise ManifestError(f"{source}{line}: {getattr(exc, 'problem', None) or exc}") from exc


def _objects(source: str, document: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(document, dict):
        raise ManifestError(f"{source}: a manifest must be a mapping with apiVersion and kind")
    if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _objects(source, item)
        return
    yield document
