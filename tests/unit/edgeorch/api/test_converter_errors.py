"""What is said of a strategic merge patch of wrong types."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.apps.deployment import Deployment
from edgeorch.api.converter_errors import type_problem
from edgeorch.api.go_values import go_value


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"replicas": 3}, ""),
        ({"replicas": "three"}, "unrecognized type: int32"),
        ({"replicas": True}, "unrecognized type: int32"),
        ({"replicas": 1.5}, "cannot convert float64 to int32"),
        ({"paused": "no"}, "unrecognized type: bool"),
        ({"strategy": {"type": 1}}, "cannot convert int64 to string"),
        ({"strategy": {"type": []}}, "unrecognized type: string"),
        ({"strategy": "Recreate"}, "cannot restore struct from: string"),
        ({"template": {"metadata": {"labels": ["a"]}}}, "cannot restore map from slice"),
        ({"template": {"spec": {"containers": {"name": "c"}}}}, "cannot restore slice from map"),
        ({"template": {"spec": {"containers": ["c"]}}}, "cannot restore struct from: string"),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": True}}},
            "json: cannot unmarshal bool into Go value of type int32",
        ),
    ],
    ids=str,
)
def test_the_converters_words(spec: dict[str, Any], problem: str) -> None:
    """Kinds of values and no fields; types that read their own JSON say what they always say."""
    assert type_problem(Deployment, {"spec": spec}) == problem


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": {"x": [True, None, "t", 1.5]}}, "map[a:map[x:[true <nil> t 1.5]] b:1]"),
        ({}, "map[]"),
        ([], "[]"),
    ],
    ids=str,
)
def test_values_as_go_prints_them(value: Any, text: str) -> None:
    """Maps by their sorted keys, nothing quoted."""
    assert go_value(value) == text
