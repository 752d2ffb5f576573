"""Field documentation from the models' source."""

from pathlib import Path

import pytest

from edgeorch.api.core.binding import Binding
from edgeorch.api.core.container import EphemeralContainer
from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.fielddocs import FieldDocs, model_doc, plain
from edgeorch.api.meta import DeleteOptions, ListMeta, Model
from edgeorch.api.policy.eviction import Eviction
from edgeorch.api.schema import schema_of
from edgeorch.api.table import default_table


def all_models() -> list[type[Model]]:
    """Every model that is reachable from what is served, each once."""
    found: dict[type[Model], None] = {}
    queue: list[type[Model]] = [entry.model for entry in default_table()]
    queue += [Binding, Eviction, ListMeta, DeleteOptions, PodTemplateSpec]
    while queue:
        model = queue.pop()
        if model in found:
            continue
        found[model] = None
        for field in schema_of(model).fields.values():
            kind = field.type
            while kind.element is not None:
                kind = kind.element
            if kind.model is not None:
                queue.append(kind.model)
    return sorted(found, key=lambda m: m.__name__)


@pytest.mark.parametrize("model", all_models(), ids=lambda m: m.__name__)
def test_documented(model: type[Model]) -> None:
    """Every field of every served model has a docstring, one or more whole sentences."""
    docs = FieldDocs().fields(model)
    wire = {field.alias or name for name, field in model.model_fields.items()}
    assert wire - docs.keys() == set()
    assert [name for name, text in docs.items() if not text.endswith(".")] == []
    assert model_doc(model)


def test_inherited() -> None:
    """A field is documented where it is defined, and found from the classes that inherit it."""
    docs = FieldDocs().fields(EphemeralContainer)
    assert docs["image"].startswith("Image reference")
    assert docs["targetContainerName"].startswith("Container whose namespaces")


def test_wire_name() -> None:
    """A field whose name is a Python keyword is documented under its name on the wire."""
    assert "continue" in FieldDocs().fields(ListMeta)


def test_plain_text_has_no_markup_and_no_line_breaks() -> None:
    """Readers of explain have windows of all widths, and no reStructuredText."""
    assert plain("One ``name``\nof two.\n\nMore.") == "One `name` of two.\n\nMore."


def test_without_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only byte code is installed there is no documentation, and no error."""
    (tmp_path / "sourceless_models.py").write_text(
        'from edgeorch.api.meta import Model\n\nclass Thing(Model):\n    name: str = ""\n    """Its name."""\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    import sourceless_models  # type: ignore[import-not-found]  # noqa: PLC0415 - written a moment ago

    (tmp_path / "sourceless_models.py").unlink()
    assert FieldDocs().fields(sourceless_models.Thing) == {}
