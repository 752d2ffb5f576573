"""Encoding and decoding of stored objects."""

import json
from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.fields import FieldReader
from edgeorch.api.table import default_table
from edgeorch.errors import BadRequest
from edgeorch_server.registry.codec import Codec, restamp


def test_a_draft_carries_its_revision() -> None:
    """The bytes say the resourceVersion they are stored under."""
    draft = Codec(PODS).draft(Pod.from_dict({"metadata": {"name": "x", "labels": {"a": "b"}}}), 7)
    assert json.loads(draft.data)["metadata"]["resourceVersion"] == "7"
    assert draft.labels == {"a": "b"}


def test_labels_are_the_drafts_own() -> None:
    """Changing the object after it was stored does not change what the store selects by."""
    pod = Pod.from_dict({"metadata": {"name": "x", "labels": {"a": "b"}}})
    draft = Codec(PODS).draft(pod, 7)
    pod.metadata.labels["a"] = "c"
    assert draft.labels == {"a": "b"}


REQUIRED = {
    "scaleTargetRef": {"kind": "Deployment", "name": "web"},
    "maxReplicas": 3,
    "request": "QQ==",
    "signerName": "example.com/x",
}
"""What some kinds cannot be read without."""


@pytest.mark.parametrize("resource", list(default_table()), ids=lambda resource: resource.plural)
@pytest.mark.parametrize(
    "body",
    [
        {"endpoints": []},
        {
            "spec": {"nodeName": "n", "unschedulable": True, "hostNetwork": True, **REQUIRED},
            "status": {
                "phase": "Running",
                "podIP": "10.42.0.7",
                "replicas": 3,
                "currentNumberScheduled": 3,
                "numberMisscheduled": 3,
                "desiredNumberScheduled": 3,
                "numberReady": 3,
                "disruptionsAllowed": 3,
                "currentHealthy": 3,
                "desiredHealthy": 3,
                "expectedPods": 3,
                "desiredReplicas": 3,
            },
            "involvedObject": {"kind": "Pod", "name": "p", "namespace": "d"},
            "source": {"component": "kubelet"},
            "reason": "Started",
            "type": "Normal",
            "endpoints": [],
        },
    ],
    ids=["empty", "full"],
)
def test_a_restart_selects_by_the_same_fields(resource: Any, body: dict[str, Any]) -> None:
    """The fields written with an object are those that the store reads from its bytes after a restart."""
    obj = resource.model.from_dict({"metadata": {"name": "x"}} | body)
    written = Codec(resource).fields(obj)
    read = FieldReader(resource).read(json.loads(obj.to_json()))
    assert {label: read[label] for label in written} == dict(written)


def test_a_copy_shares_nothing() -> None:
    """What the write path does to its copy does not reach the caller's object."""
    pod = Pod.from_dict({"metadata": {"name": "x", "labels": {"a": "b"}}})
    copy = Codec(PODS).copy(pod)
    copy.metadata.labels["a"] = "c"
    assert pod.metadata.labels == {"a": "b"}


def test_a_copy_checks_types() -> None:
    """A controller that assigns a value of the wrong type is refused like any client."""
    pod = Pod.from_dict({"metadata": {"name": "x"}})
    pod.spec.nodeName = 5  # type: ignore[assignment]
    with pytest.warns(UserWarning, match="serialized value may not be as expected"), pytest.raises(BadRequest):
        Codec(PODS).copy(pod)


def test_restamping_needs_no_model() -> None:
    """Bytes of any shape get another resourceVersion, and keep the rest."""
    codec = Codec(NODES)
    entry = codec.preview(NODES.model.from_dict({"metadata": {"name": "n"}}), 3)
    assert json.loads(restamp(entry, 9).data)["metadata"] == {"name": "n", "resourceVersion": "9"}
