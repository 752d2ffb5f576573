"""Which verb a request is, and where it may be used."""

from __future__ import annotations

import pytest

from edgeorch.api.table import served_table
from edgeorch.errors import MethodNotAllowed, NotFound
from edgeorch_server.apiserver.verbs import find, verb

TABLE = served_table()


def verb_of(method: str, path: str, *, watch: bool = False) -> str:
    resource, target = find(TABLE, path)
    return verb(method, resource, target, watch=watch)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v1/pods", "list"),
        ("GET", "/api/v1/namespaces/a/pods", "list"),
        ("POST", "/api/v1/namespaces/a/pods", "create"),
        ("DELETE", "/api/v1/namespaces/a/pods", "deletecollection"),
        ("GET", "/api/v1/namespaces/a/pods/b", "get"),
        ("PUT", "/api/v1/namespaces/a/pods/b", "update"),
        ("PATCH", "/api/v1/namespaces/a/pods/b", "patch"),
        ("DELETE", "/api/v1/namespaces/a/pods/b", "delete"),
        ("GET", "/api/v1/namespaces/a/pods/b/status", "get"),
        ("PATCH", "/api/v1/namespaces/a/pods/b/status", "patch"),
        ("POST", "/api/v1/namespaces/a/pods/b/eviction", "create"),
        ("GET", "/api/v1/namespaces/a/pods/b/log", "get"),
        ("GET", "/api/v1/namespaces/a", "get"),
        ("PUT", "/api/v1/namespaces/a/finalize", "update"),
        ("POST", "/api/v1/nodes", "create"),
        ("GET", "/apis/coordination.k8s.io/v1/leases", "list"),
    ],
)
def test_method_and_path_make_the_verb(method: str, path: str, expected: str) -> None:
    """As Kubernetes' request info resolver has it."""
    assert verb_of(method, path) == expected


def test_a_list_with_watch_is_a_watch() -> None:
    """Of one namespace and of all; a named GET stays a get."""
    assert verb_of("GET", "/api/v1/pods", watch=True) == "watch"
    assert verb_of("GET", "/api/v1/namespaces/a/pods", watch=True) == "watch"
    assert verb_of("GET", "/api/v1/namespaces/a/pods/b", watch=True) == "get"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/pods"),
        ("DELETE", "/api/v1/pods"),
        ("DELETE", "/api/v1/namespaces"),
        ("PUT", "/api/v1/namespaces/a/pods"),
        ("POST", "/api/v1/namespaces/a/pods/b"),
        ("DELETE", "/api/v1/namespaces/a/pods/b/status"),
        ("GET", "/api/v1/namespaces/a/pods/b/eviction"),
        ("POST", "/api/v1/namespaces/a/pods/b/log"),
        ("HEAD", "/api/v1/namespaces/a/pods/b"),
        ("OPTIONS", "/api/v1/pods"),
    ],
)
def test_other_methods_are_405(method: str, path: str) -> None:
    """A path that exists refuses what its resource does not know."""
    with pytest.raises(MethodNotAllowed):
        verb_of(method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/cats",
        "/api/v2/pods",
        "/apis/apps/v1/cats",
        "/api/v1/pods/b",
        "/api/v1/namespaces/a/nodes",
        "/api/v1/namespaces/a/nodes/b",
        "/api/v1/namespaces/a/pods/b/exec2",
        "/api/v1/nodes/a/log",
        "/api/v1",
    ],
)
def test_other_paths_are_404(path: str) -> None:
    """Unknown kinds, versions and subresources, and paths of the wrong scope."""
    with pytest.raises(NotFound, match="the server could not find the requested resource"):
        find(TABLE, path)
