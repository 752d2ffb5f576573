from pathlib import Path

import pytest

from edgeorch.cli.manifests import ManifestError, read_manifests


def test_streams_and_lists_are_taken_apart(tmp_path: Path) -> None:
    """A YAML stream holds several objects, and a List its items; empty documents are skipped."""
    file = tmp_path / "all.yaml"
    file.write_text("kind: A\n---\n---\nkind: PodList\nitems:\n- kind: B\n- kind: C\n")
    assert [m["kind"] for m in read_manifests([file])] == ["A", "B", "C"]


def test_a_folder_is_read_in_order_and_by_suffix(tmp_path: Path) -> None:
    """Only manifests count in a folder, and folders below it only when asked for."""
    (tmp_path / "b.yml").write_text("kind: B\n")
    (tmp_path / "a.json").write_text('{"kind": "A"}')
    (tmp_path / "notes.txt").write_text("no manifest")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "c.yaml").write_text("kind: C\n")
    assert [m["kind"] for m in read_manifests([tmp_path])] == ["A", "B"]
    assert [m["kind"] for m in read_manifests([tmp_path], recursive=True)] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("kind: A\nkind2: [", "line 2", id="broken-yaml-with-its-line"),
        pytest.param("- a\n- b\n", "must be a mapping", id="no-mapping"),
        pytest.param("", "no objects passed", id="empty"),
        pytest.param("!!python/object/apply:os.system [true]", "line 1", id="no-python-objects"),
    ],
)
def test_a_mistake_is_one_line_that_says_where(tmp_path: Path, text: str, message: str) -> None:
    """Nothing of a bad manifest is executed or guessed."""
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(ManifestError) as caught:
        list(read_manifests([file]))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named() -> None:
    """The words are kubectl's words for a path that is not there."""
    with pytest.raises(ManifestError, match=r"the path .* does not exist"):
        list(read_manifests([Path("nosuch.yaml")]))
