"""Tables of workload controllers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from edgeorch.api.apps.resources import (
    CONTROLLER_REVISIONS,
    DAEMON_SETS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
)
from edgeorch.api.autoscaling.resources import SCALES
from edgeorch.api.core.resources import PERSISTENT_VOLUME_CLAIMS, REPLICATION_CONTROLLERS
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch_server.apiserver.printers import KubernetesPrinter

PRINTER = KubernetesPrinter(lambda: dt.datetime(2026, 5, 1, 12, 0, 0, tzinfo=dt.UTC))
META = {"name": "web", "creationTimestamp": "2026-04-28T08:00:00Z"}
TEMPLATE = {"spec": {"containers": [{"name": "web", "image": "nginx:1"}, {"name": "log", "image": "fluent:2"}]}}
SELECTOR = {"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": [{"key": "c", "operator": "Exists"}]}


def table(resource: ResourceInfo[Object], **body: Any) -> dict[str, Any]:
    """Give the cells by their columns' names, those of ``-o wide`` in brackets."""
    columns = [f"({c['name']})" if c["priority"] else c["name"] for c in PRINTER.columns(resource)]
    return dict(zip(columns, PRINTER.cells(resource, {"metadata": META} | body), strict=True))


def test_replica_sets() -> None:
    """What is wanted, there and ready; with ``-o wide`` what it makes and finds its pods by."""
    spec = {"replicas": 3, "selector": SELECTOR, "template": TEMPLATE}
    assert table(REPLICA_SETS, spec=spec, status={"replicas": 2, "readyReplicas": 1}) == {
        "Name": "web",
        "Desired": 3,
        "Current": 2,
        "Ready": 1,
        "Age": "3d4h",
        "(Containers)": "web,log",
        "(Images)": "nginx:1,fluent:2",
        "(Selector)": "a=1,b=2,c",
    }


def test_replication_controllers() -> None:
    """The same, with a plain map as selector."""
    row = table(REPLICATION_CONTROLLERS, spec={"replicas": 3, "selector": {"b": "2", "a": "1"}})
    assert (row["Desired"], row["(Selector)"]) == (3, "a=1,b=2")
    assert table(REPLICATION_CONTROLLERS)["(Selector)"] == "<none>"


def test_daemon_sets() -> None:
    """Nodes are counted, and the node selector is shown."""
    template = {"spec": {**TEMPLATE["spec"], "nodeSelector": {"disk": "ssd"}}}
    status = {
        "desiredNumberScheduled": 5,
        "currentNumberScheduled": 4,
        "numberReady": 3,
        "updatedNumberScheduled": 2,
        "numberAvailable": 1,
    }
    assert table(DAEMON_SETS, spec={"selector": SELECTOR, "template": template}, status=status) == {
        "Name": "web",
        "Desired": 5,
        "Current": 4,
        "Ready": 3,
        "Up-to-date": 2,
        "Available": 1,
        "Node Selector": "disk=ssd",
        "Age": "3d4h",
        "(Containers)": "web,log",
        "(Images)": "nginx:1,fluent:2",
        "(Selector)": "a=1,b=2,c",
    }


def test_stateful_sets() -> None:
    """READY is how many of those wanted are ready; the selector is not shown."""
    spec = {"replicas": 3, "selector": SELECTOR, "template": TEMPLATE}
    assert table(STATEFUL_SETS, spec=spec, status={"replicas": 3, "readyReplicas": 2}) == {
        "Name": "web",
        "Ready": "2/3",
        "Age": "3d4h",
        "(Containers)": "web,log",
        "(Images)": "nginx:1,fluent:2",
    }


def test_claims() -> None:
    """What a claim has got is shown once there is a volume for it."""
    spec = {"resources": {"requests": {"storage": "1Gi"}}, "volumeMode": "Filesystem"}
    waiting = {
        "Name": "web",
        "Status": "Pending",
        "Volume": "",
        "Capacity": "",
        "Access Modes": "",
        "StorageClass": "",
        "VolumeAttributesClass": "<unset>",
        "Age": "3d4h",
        "(VolumeMode)": "Filesystem",
    }
    assert table(PERSISTENT_VOLUME_CLAIMS, spec=spec, status={"phase": "Pending"}) == waiting
    spec |= {"volumeName": "disk", "storageClassName": "fast", "volumeAttributesClassName": "gold"}
    modes = ["ReadWriteMany", "ReadWriteOnce"]
    status = {"phase": "Bound", "capacity": {"storage": "2Gi"}, "accessModes": modes}
    bound = {
        **waiting,
        "Status": "Bound",
        "Volume": "disk",
        "Capacity": "2Gi",
        "Access Modes": "RWO,RWX",
        "StorageClass": "fast",
        "VolumeAttributesClass": "gold",
    }
    assert table(PERSISTENT_VOLUME_CLAIMS, spec=spec, status=status) == bound
    leaving = {**META, "deletionTimestamp": META["creationTimestamp"]}
    assert table(PERSISTENT_VOLUME_CLAIMS, metadata=leaving, spec=spec)["Status"] == "Terminating"


def test_controller_revisions() -> None:
    """Whose they are, with the group; those of nobody say so."""
    owner = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "web", "controller": True}
    assert table(CONTROLLER_REVISIONS, metadata={**META, "ownerReferences": [owner]}, revision=3) == {
        "Name": "web",
        "Controller": "daemonset.apps/web",
        "Revision": 3,
        "Age": "3d4h",
    }
    assert table(CONTROLLER_REVISIONS)["Controller"] == "<none>"


def test_scales() -> None:
    """``kubectl get --subresource=scale``."""
    assert table(SCALES, spec={"replicas": 3}, status={"replicas": 2}) == {
        "Name": "web",
        "Desired": 3,
        "Available": 2,
        "Age": "3d4h",
    }


def test_deployments() -> None:
    """READY is how many of those wanted are ready."""
    spec = {"replicas": 3, "selector": SELECTOR, "template": TEMPLATE}
    status = {"replicas": 4, "readyReplicas": 2, "updatedReplicas": 1, "availableReplicas": 2}
    assert table(DEPLOYMENTS, spec=spec, status=status) == {
        "Name": "web",
        "Ready": "2/3",
        "Up-to-date": 1,
        "Available": 2,
        "Age": "3d4h",
        "(Containers)": "web,log",
        "(Images)": "nginx:1,fluent:2",
        "(Selector)": "a=1,b=2,c",
    }
