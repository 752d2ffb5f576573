from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgeorch_server.store.base import Entry
from edgeorch_server.store.collection import Collection, Stored

names = st.text("ab-.0\0\U0010ffff", max_size=3)
keys = st.tuples(names, names)


def stored(key: tuple[str, str], revision: int) -> Stored:
    return Stored(Entry(*key, revision, b"", "", {}, {}), revision)


@given(st.lists(st.tuples(keys, st.booleans())), names)
def test_it_is_a_sorted_dict(steps: list[tuple[tuple[str, str], bool]], namespace: str) -> None:
    """After any puts and removals, look-ups and lists are those of a dict with sorted keys."""
    collection, model = Collection(), dict[tuple[str, str], int]()
    for revision, (key, put) in enumerate(steps):
        if put:
            collection.put(stored(key, revision))
            model[key] = revision
        elif key in model:
            collection.remove(*key)
            del model[key]
    assert len(collection) == len(model)
    assert [e.revision for e in collection.entries()] == [model[key] for key in sorted(model)]
    assert [e.revision for e in collection.entries(namespace)] == [
        model[key] for key in sorted(model) if key[0] == namespace
    ]
    for key in model:
        found = collection.get(*key)
        assert found is not None
        assert found.entry.revision == model[key]


def test_objects_read_from_a_disk_are_sorted() -> None:
    """A collection may start with objects in any order."""
    loaded = [stored(("b", "x"), 1), stored(("a", "y"), 2), stored(("a", "x"), 3)]
    assert [e.revision for e in Collection(loaded).entries()] == [3, 2, 1]
