"""Documentation of models and fields, read from the models' source.

A docstring under a field costs nothing at run time, because Python drops it; whoever wants the text
(``kubectl explain``, the OpenAPI document, ``docs/compatibility.md``) finds it here, on demand.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Mapping

from edgeorch.api.meta import Model

_ClassDocs = Mapping[str, Mapping[str, str]]
"""By class and attribute."""


class FieldDocs:
    """Reads each module once, and keeps what it read for as long as it lives: for one document or one run."""

    def __init__(self) -> None:
        self._modules: dict[str, _ClassDocs] = {}

    def fields(self, model: type[Model]) -> dict[str, str]:
        """Give the docstring of every field, inherited ones included, by its name on the wire.

        Fields without one are missing; so are all where the source is not installed.
        """
        docs: dict[str, str] = {}
        for base in reversed(model.__mro__):
            if issubclass(base, Model):
                docs |= self._module(base.__module__).get(base.__name__, {})
        return {field.alias or name: docs[name] for name, field in model.model_fields.items() if name in docs}

    def _module(self, name: str) -> _ClassDocs:
        if name not in self._modules:
            self._modules[name] = _read(name)
        return self._modules[name]


def model_doc(model: type[Model]) -> str:
    """Give the docstring of a model; empty where Python dropped it (``-OO``)."""
    return inspect.cleandoc(model.__doc__ or "")


def plain(text: str) -> str:
    """Write a docstring for readers of plain text: names in single backquotes, paragraphs on one line each."""
    paragraphs = re.split(r"\n\s*\n", text.replace("``", "`"))
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _read(module: str) -> _ClassDocs:
    try:
        source = inspect.getsource(sys.modules[module])
    except OSError:
        return {}
    classes = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return {node.name: _class_docs(node) for node in classes}


def _class_docs(node: ast.ClassDef) -> dict[str, str]:
    docs: dict[str, str] = {}
    for field, after in zip(node.body, node.body[1:], strict=False):
        match field, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                docs[name] = inspect.cleandoc(text)
    return docs
