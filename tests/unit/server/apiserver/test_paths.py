"""What resource paths name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch_server.apiserver.paths import Target, parse

CASES = {
    "/api/v1/pods": Target("", "v1", "pods"),
    "/api/v1/pods/": Target("", "v1", "pods"),
    "/api/v1/nodes/pi": Target("", "v1", "nodes", "", "pi"),
    "/api/v1/nodes/pi/status": Target("", "v1", "nodes", "", "pi", "status"),
    "/api/v1/namespaces": Target("", "v1", "namespaces"),
    "/api/v1/namespaces/a": Target("", "v1", "namespaces", "", "a"),
    "/api/v1/namespaces/a/status": Target("", "v1", "namespaces", "", "a", "status"),
    "/api/v1/namespaces/a/finalize": Target("", "v1", "namespaces", "", "a", "finalize"),
    "/api/v1/namespaces/a/pods": Target("", "v1", "pods", "a"),
    "/api/v1/namespaces/a/pods/b": Target("", "v1", "pods", "a", "b"),
    "/api/v1/namespaces/a/pods/b/log": Target("", "v1", "pods", "a", "b", "log"),
    "/api/v1/namespaces/a/status/b": Target("", "v1", "status", "a", "b"),
    "/apis/apps/v1/namespaces/a/deployments": Target("apps", "v1", "deployments", "a"),
    "/apis/apps/v1/deployments": Target("apps", "v1", "deployments"),
}


@pytest.mark.parametrize("path", CASES)
def test_paths_are_taken_apart_as_kubernetes_does(path: str) -> None:
    """Group, version, namespace, resource, name and subresource come from their places."""
    assert parse(path) == CASES[path]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/api",
        "/api/v1",
        "/apis",
        "/apis/apps",
        "/apis/apps/v1",
        "/apis//v1/pods",
        "/api//pods",
        "/api/v1//pods",
        "/api/v1/namespaces//pods",
        "/api/v1/namespaces/a/pods/b/log/extra",
        "/metrics",
    ],
)
def test_other_paths_name_no_resource(path: str) -> None:
    """Discovery paths, empty parts and parts too many are none of ours."""
    assert parse(path) is None


@given(
    st.text() | st.lists(st.sampled_from(["api", "apis", "v1", "namespaces", "pods", "", "a"])).map("/".join)
)
def test_any_path_is_answered(path: str) -> None:
    """No text makes the parser fail, and what it finds has a version and a resource."""
    target = parse(path)
    assert target is None or (target.version and target.plural)
