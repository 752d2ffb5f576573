"""What field selectors see of an object."""

from typing import Any

import pytest

from edgeorch.api.core.resources import EVENTS, NAMESPACES, NODES, PODS, SECRETS
from edgeorch.api.fields import FieldReader
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.table import default_table


@pytest.mark.parametrize(
    ("resource", "body", "label", "value"),
    [
        pytest.param(PODS, {"spec": {"nodeName": "pi"}}, "spec.nodeName", "pi", id="nested"),
        pytest.param(PODS, {}, "spec.nodeName", "", id="absent string is empty"),
        pytest.param(PODS, {"spec": None}, "spec.nodeName", "", id="null parent is empty"),
        pytest.param(PODS, {}, "spec.hostNetwork", "false", id="absent bool is false"),
        pytest.param(NODES, {}, "spec.unschedulable", "false", id="schedulable node"),
        pytest.param(
            NODES, {"spec": {"unschedulable": True}}, "spec.unschedulable", "true", id="cordoned node"
        ),
        pytest.param(NAMESPACES, {"status": {"phase": "Active"}}, "status.phase", "Active", id="phase"),
        pytest.param(SECRETS, {"type": "Opaque"}, "type", "Opaque", id="top level"),
        pytest.param(
            EVENTS, {"source": {"component": "kubelet"}}, "source", "kubelet", id="label unlike its path"
        ),
    ],
)
def test_values(resource: ResourceInfo[Object], body: dict[str, Any], label: str, value: str) -> None:
    """A selectable field reads as text, and as its zero value when it was not sent."""
    assert FieldReader(resource).read(body)[label] == value


@pytest.mark.parametrize("resource", list(default_table()), ids=lambda r: r.key)
def test_labels(resource: ResourceInfo[Object]) -> None:
    """Every selectable field leads to a scalar of the model, and reads as text on an empty object."""
    assert FieldReader(resource).read({}).keys() == resource.field_labels.keys()
