"""Documentation of fields, read from the models' source.

A docstring under a field costs nothing at run time, because Python drops it; whoever wants the text
(``kubectl explain``, the OpenAPI document, ``docs/compatibility.md``) finds it here, on demand.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections.abc import Mapping

from edgeorch.api.meta import Model


def field_docs(model: type[Model]) -> dict[str, str]:
    """Give the docstring of every field, inherited ones included, by its name on the wire.

    Fields without one are missing; so are all where the source is not installed.
    """
    docs: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, Model):
            docs |= _module_docs(base.__module__).get(base.__name__, {})
    return {field.alias or name: docs[name] for name, field in model.model_fields.items() if name in docs}


@functools.cache
def _module_docs(module: str) -> Mapping[str, Mapping[str, str]]:
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
