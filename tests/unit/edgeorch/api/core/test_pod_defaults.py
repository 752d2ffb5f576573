"""Defaults of pods and templates."""

from typing import Any

import pytest

from edgeorch.api.core.images import default_pull_policy, image_tag
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_defaults import default_pod, default_pod_template
from edgeorch.api.core.pod_template import PodTemplateSpec

CONTAINER = {
    "name": "web",
    "image": "busybox:1",
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "imagePullPolicy": "IfNotPresent",
}


def defaulted(container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """Default a pod with one container and give its spec."""
    body = {"spec": {"containers": [{"name": "web", "image": "busybox:1", **(container or {})}], **spec}}
    pod = Pod.from_dict(body)
    default_pod(pod)
    result: dict[str, Any] = pod.to_dict()["spec"]
    return result


def test_pod() -> None:
    """A pod that says nothing gets Kubernetes' defaults, and only those."""
    assert defaulted() == {
        "containers": [CONTAINER],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "enableServiceLinks": True,
    }


def test_own_values() -> None:
    """What a pod says stays, zero and false too."""
    own = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "dnsPolicy": "Default",
        "securityContext": {"runAsUser": 0},
        "schedulerName": "mine",
        "enableServiceLinks": False,
    }
    container = {"imagePullPolicy": "Never", "terminationMessagePath": "/x"}
    spec = defaulted(container, **own)
    assert spec == {"containers": [{**CONTAINER, **container}], **own}


@pytest.mark.parametrize(
    ("image", "tag", "policy"),
    [
        pytest.param("busybox", "latest", "Always", id="no tag"),
        pytest.param("busybox:latest", "latest", "Always", id="latest"),
        pytest.param("busybox:1.36", "1.36", "IfNotPresent", id="tag"),
        pytest.param("localhost:5000/busybox", "latest", "Always", id="port is no tag"),
        pytest.param("localhost:5000/busybox:1", "1", "IfNotPresent", id="port and tag"),
        pytest.param("busybox@sha256:00", "", "IfNotPresent", id="digest"),
        pytest.param("busybox:latest@sha256:00", "latest", "Always", id="latest with digest"),
        pytest.param("", "", "IfNotPresent", id="no image"),
    ],
)
def test_pull_policy(image: str, tag: str, policy: str) -> None:
    """An image that may have moved is pulled again: ``:latest`` and no tag at all."""
    assert image_tag(image) == tag
    assert default_pull_policy(image) == policy


@pytest.mark.parametrize(
    ("given", "result"),
    [
        pytest.param(
            {"limits": {"cpu": "1"}},
            {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}},
            id="requests from limits",
        ),
        pytest.param(
            {"limits": {"cpu": "1"}, "requests": {"memory": "1Gi"}},
            {"limits": {"cpu": "1"}, "requests": {"cpu": "1", "memory": "1Gi"}},
            id="per resource",
        ),
        pytest.param(
            {"limits": {"cpu": "1"}, "requests": {"cpu": "0"}},
            {"limits": {"cpu": "1"}, "requests": {"cpu": "0"}},
            id="a request of zero is one",
        ),
        pytest.param({"requests": {"cpu": "1"}}, {"requests": {"cpu": "1"}}, id="never limits from requests"),
        pytest.param({"requests": {"cpu": "100u"}}, {"requests": {"cpu": "1m"}}, id="rounded up to milli"),
    ],
)
def test_resources(given: dict[str, Any], result: dict[str, Any]) -> None:
    """Requests default to limits, and nothing is finer than milli."""
    assert defaulted({"resources": given})["containers"][0]["resources"] == result


def test_init_container_resources() -> None:
    """Init containers get requests from their limits as well."""
    spec = defaulted(initContainers=[{"name": "i", "image": "a:1", "resources": {"limits": {"cpu": "1"}}}])
    assert spec["initContainers"][0]["resources"]["requests"] == {"cpu": "1"}


@pytest.mark.parametrize("name", ["livenessProbe", "readinessProbe", "startupProbe"])
def test_probes(name: str) -> None:
    """A probe asks every 10 s, waits 1 s, and counts 1 success or 3 failures."""
    spec = defaulted({name: {"httpGet": {"port": 80}}})
    assert spec["containers"][0][name] == {
        "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def test_grpc_probe() -> None:
    """A gRPC probe asks for the server as a whole."""
    spec = defaulted({"livenessProbe": {"grpc": {"port": 1}}})
    assert spec["containers"][0]["livenessProbe"]["grpc"] == {"port": 1, "service": ""}


def test_hooks() -> None:
    """HTTP hooks default as HTTP probes do."""
    spec = defaulted({"lifecycle": {"preStop": {"httpGet": {"port": 80}}}})
    assert spec["containers"][0]["lifecycle"]["preStop"]["httpGet"] == {
        "path": "/",
        "port": 80,
        "scheme": "HTTP",
    }


def test_ports() -> None:
    """Ports are TCP, and host ports stay open in the pod's own network."""
    spec = defaulted({"ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]})
    assert spec["containers"][0]["ports"] == [
        {"containerPort": 80, "protocol": "TCP"},
        {"containerPort": 53, "protocol": "UDP"},
    ]


def test_host_network() -> None:
    """In the node's network a container's port is the node's port."""
    spec = defaulted({"ports": [{"containerPort": 80}]}, hostNetwork=True)
    assert spec["containers"][0]["ports"] == [{"hostPort": 80, "containerPort": 80, "protocol": "TCP"}]


def test_field_reference() -> None:
    """A downward reference is to v1 unless it says otherwise."""
    spec = defaulted({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]})
    assert spec["containers"][0]["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"


@pytest.mark.parametrize(
    ("given", "result"),
    [
        pytest.param({}, {"emptyDir": {}}, id="nothing is an empty directory"),
        pytest.param({"hostPath": {"path": "/a"}}, {"hostPath": {"path": "/a", "type": ""}}, id="hostPath"),
        pytest.param({"secret": {}}, {"secret": {"defaultMode": 0o644}}, id="secret"),
        pytest.param(
            {"configMap": {"defaultMode": 0}}, {"configMap": {"defaultMode": 0}}, id="mode of zero stays"
        ),
        pytest.param(
            {"downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
            {
                "downwardAPI": {
                    "items": [{"path": "a", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels"}}],
                    "defaultMode": 0o644,
                }
            },
            id="downwardAPI",
        ),
        pytest.param(
            {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "projected": {
                    "sources": [{"serviceAccountToken": {"expirationSeconds": 3600, "path": "t"}}],
                    "defaultMode": 0o644,
                }
            },
            id="projected token",
        ),
        pytest.param(
            {"image": {"reference": "a:1"}},
            {"image": {"reference": "a:1", "pullPolicy": "IfNotPresent"}},
            id="image",
        ),
        pytest.param(
            {"rbd": {"monitors": ["m"], "image": "i"}},
            {
                "rbd": {
                    "monitors": ["m"],
                    "image": "i",
                    "pool": "rbd",
                    "user": "admin",
                    "keyring": "/etc/ceph/keyring",
                }
            },
            id="rbd",
        ),
    ],
)
def test_volumes(given: dict[str, Any], result: dict[str, Any]) -> None:
    """Volumes get the defaults of their source."""
    assert defaulted(volumes=[{"name": "v", **given}])["volumes"] == [{"name": "v", **result}]


@pytest.mark.parametrize("name", ["serviceAccount", "serviceAccountName"])
def test_service_account(name: str) -> None:
    """The old and the new name of the service account are kept equal."""
    spec = defaulted(None, **{name: "robot"})
    assert spec["serviceAccount"] == spec["serviceAccountName"] == "robot"


def test_template() -> None:
    """A template is defaulted but for what is decided by the pods made of it."""
    container = {"name": "web", "image": "busybox:1", "resources": {"limits": {"cpu": "1"}}}
    body = {"spec": {"hostNetwork": True, "containers": [{**container, "ports": [{"containerPort": 80}]}]}}
    template = PodTemplateSpec.from_dict(body)
    default_pod_template(template)
    assert template.spec.restartPolicy == "Always"
    assert template.spec.enableServiceLinks is None
    assert template.spec.containers[0].resources.requests == {}
    assert template.spec.containers[0].ports[0].hostPort == 0


def test_twice() -> None:
    """Defaulting what has been defaulted changes nothing."""
    body = {
        "spec": {
            "hostNetwork": True,
            "containers": [
                {
                    "name": "web",
                    "image": "busybox",
                    "ports": [{"containerPort": 80}],
                    "livenessProbe": {"exec": {"command": ["true"]}},
                    "resources": {"limits": {"cpu": "1"}},
                }
            ],
            "volumes": [{"name": "v"}],
        }
    }
    pod = Pod.from_dict(body)
    default_pod(pod)
    once = pod.to_json()
    default_pod(pod)
    assert pod.to_json() == once
