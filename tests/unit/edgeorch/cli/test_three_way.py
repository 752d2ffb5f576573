from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch.api.schema import Field, Kind, Type
from edgeorch.cli.three_way import removals

POD = Field(name="", attribute="", type=Type(Kind.OBJECT, model=Pod))


def spec(**members: Any) -> dict[str, Any]:
    return {"spec": members}


@pytest.mark.parametrize(
    ("last", "wanted", "patch"),
    [
        pytest.param(
            {"metadata": {"labels": {"a": "1"}}}, {"metadata": {}}, {"metadata": {"labels": None}}, id="member"
        ),
        pytest.param(
            {"metadata": {"labels": {"a": "1", "b": "2"}}},
            {"metadata": {"labels": {"b": "3"}}},
            {"metadata": {"labels": {"b": "3", "a": None}}},
            id="map-entry",
        ),
        pytest.param(
            spec(containers=[{"name": "a", "image": "i"}, {"name": "b", "image": "j"}]),
            spec(containers=[{"name": "b", "image": "k"}]),
            spec(containers=[{"name": "b", "image": "k"}, {"$patch": "delete", "name": "a"}]),
            id="list-merged-by-key",
        ),
        pytest.param(
            spec(containers=[{"name": "a", "workingDir": "/x"}]),
            spec(containers=[{"name": "a"}]),
            spec(containers=[{"name": "a", "workingDir": None}]),
            id="member-of-a-list-item",
        ),
        pytest.param(
            spec(containers=[{"name": "a", "args": ["1", "2"]}]),
            spec(containers=[{"name": "a", "args": ["2"]}]),
            spec(containers=[{"name": "a", "args": ["2"]}]),
            id="list-replaced-as-a-whole",
        ),
        pytest.param({}, spec(nodeName="x"), spec(nodeName="x"), id="first-apply"),
    ],
)
def test_what_is_no_longer_applied_is_removed(last: Any, wanted: Any, patch: Any) -> None:
    """Kubernetes, "How apply calculates differences": removed members become null or $patch: delete."""
    assert removals(last, wanted, POD) == patch
