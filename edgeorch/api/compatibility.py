"""``docs/compatibility.md``: what is served, and what each field does, from the models themselves.

``python -m edgeorch.api.compatibility FILE`` writes it (``make docs``).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from edgeorch.api.fielddocs import FieldDocs, model_doc, plain
from edgeorch.api.meta import Model, Object
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch.api.schema import Field, Kind, Type, schema_of
from edgeorch.api.table import served_table

_INTRODUCTION = """\
# What is compatible

<!-- Made by `make docs` from the models; edit those. -->

Every field that Kubernetes has in a kind that is served here is accepted, checked, stored and given back. A
field *without effect* is kept too, and whoever sets it is told with a `Warning`. A field that stands nowhere
below is unknown: `fieldValidation=Strict` (kubectl's default) refuses it, `Warn` drops it and says so, `Ignore`
drops it.
"""
_WORDS = {
    Kind.BYTES: "base64",
    Kind.BOOL: "boolean",
    Kind.FLOAT: "number",
    Kind.INT_OR_STRING: "number or string",
    Kind.ANY: "anything",
}


def document(table: ResourceTable) -> str:
    """Write the whole page."""
    groups: dict[str, list[ResourceInfo[Object]]] = {}
    for info in table:
        groups.setdefault(info.api_version, []).append(info)
    models = _models(info.model for info in table)
    lines = [_INTRODUCTION, "## Kinds", ""]
    for api_version, infos in sorted(groups.items(), key=lambda group: ("/" in group[0], group[0])):
        lines += [f"### {api_version}", "", *_kinds(infos), ""]
    lines += ["## Fields without effect", "", *_without_effect(models), ""]
    lines += ["## Fields", ""]
    docs = FieldDocs()
    for model in models:
        lines += _fields(model, docs)
    return "\n".join(lines).rstrip() + "\n"


def _kinds(infos: Iterable[ResourceInfo[Object]]) -> Iterator[str]:
    yield "| kind | resource | short | verbs | below it |"
    yield "|---|---|---|---|---|"
    for info in sorted(infos, key=lambda info: info.kind):
        scope = "" if info.namespaced else " (no namespace)"
        below = ", ".join(f"{sub.name} ({' '.join(sub.verbs)})" for sub in info.subresources)
        yield _row(
            _link(info.model), f"{info.plural}{scope}", ", ".join(info.short_names), " ".join(info.verbs), below
        )


def _without_effect(models: Iterable[type[Model]]) -> Iterator[str]:
    yield "| field | of | why |"
    yield "|---|---|---|"
    for model in models:
        for field in schema_of(model).fields.values():
            if field.unsupported:
                yield _row(f"`{field.name}`", _link(model), plain(field.unsupported))


def _fields(model: type[Model], docs: FieldDocs) -> Iterator[str]:
    yield f"### {_title(model)}"
    yield ""
    yield plain(model_doc(model))
    yield ""
    yield "| field | type | what it is |"
    yield "|---|---|---|"
    texts = docs.fields(model)
    for field in schema_of(model).fields.values():
        yield _row(f"`{field.name}`", _type(field.type), _meaning(field, texts.get(field.name, "")))
    yield ""


def _meaning(field: Field, text: str) -> str:
    said = plain(text).replace("\n\n", " ")
    return f"{said} *Without effect: {plain(field.unsupported)}.*" if field.unsupported else said


def _type(wire: Type) -> str:
    match wire.kind:
        case Kind.OBJECT if wire.model is not None:
            return _link(wire.model)
        case Kind.LIST if wire.element is not None:
            return f"list of {_type(wire.element)}"
        case Kind.MAP if wire.element is not None:
            return f"map to {_type(wire.element)}"
        case Kind.INT:
            return f"int{wire.bits}"
        case kind:
            return _WORDS.get(kind, str(kind.value))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _link(model: type[Model]) -> str:
    title = _title(model)
    anchor = title.lower().replace(" ", "-").replace("(", "").replace(")", "").replace("/", "")
    return f"[{model.__name__}](#{anchor})"


def _title(model: type[Model]) -> str:
    """Name a model so that no two have the same heading."""
    _, _, below = model.__module__.partition("edgeorch.api.")
    package, dot, module = below.partition(".")
    version = f"{package} {module}" if module.startswith("v1") else package
    return f"{model.__name__} ({version})" if dot else model.__name__


def _models(roots: Iterable[type[Model]]) -> list[type[Model]]:
    """Find all models that something consists of, by name."""
    found: dict[type[Model], None] = {}
    queue = list(roots)
    while queue:
        model = queue.pop()
        if model not in found:
            found[model] = None
            for field in schema_of(model).fields.values():
                wire = field.type
                while wire.element is not None:
                    wire = wire.element
                if wire.model is not None:
                    queue.append(wire.model)
    return sorted(found, key=lambda model: (model.__name__, model.__module__))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(served_table()), encoding="utf-8")
