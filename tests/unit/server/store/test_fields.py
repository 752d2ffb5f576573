from __future__ import annotations

from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.resources import ResourceTable
from edgeorch_server.store.fields import fields_from


def test_fields_are_those_of_the_resource_table() -> None:
    """What is read back selects as what was written: absent text is empty, an absent bool is false."""
    fields_of = fields_from(ResourceTable([PODS, NODES]))
    pod = fields_of("pods", {"spec": {"nodeName": "pi-1"}, "status": None})
    assert (pod["spec.nodeName"], pod["status.phase"]) == ("pi-1", "")
    assert fields_of("nodes", {"spec": {}})["spec.unschedulable"] == "false"


def test_an_unknown_resource_has_no_fields() -> None:
    """Objects of a kind that is no longer served are kept all the same."""
    assert fields_from(ResourceTable([PODS]))("widgets.example.com", {"spec": {}}) == {}
