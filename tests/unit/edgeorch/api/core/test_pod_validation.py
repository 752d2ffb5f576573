"""Validation of new pods: one clause per row, with Kubernetes' words."""

from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_defaults import default_pod
from edgeorch.api.core.validation import validate_pod
from edgeorch.api.names import ENV_RULE, IP_RULE, LABEL_RULE, SUBDOMAIN_RULE


def findings(spec: dict[str, Any]) -> list[str]:
    """Validate a defaulted pod of this spec; a container is added unless the spec has some."""
    containers = [{"name": "web", "image": "busybox"}]
    body = {"metadata": {"name": "x", "namespace": "default"}, "spec": {"containers": containers, **spec}}
    pod = Pod.from_dict(body)
    default_pod(pod)
    return [str(error) for error in validate_pod(pod)]


def container(**fields: Any) -> dict[str, Any]:
    """Make a spec whose only container has these fields."""
    return {"containers": [{"name": "web", "image": "busybox", **fields}]}


def mounted(mount: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Make a spec with volume ``v`` and a container that mounts it so."""
    return {**container(volumeMounts=[{"name": "v", **mount}], **fields), "volumes": [{"name": "v"}]}


def env(**source: Any) -> dict[str, Any]:
    """Make a spec with a variable that has this source."""
    return container(env=[{"name": "A", "valueFrom": source}])


C0 = "spec.containers[0]"
V0 = "spec.volumes[0]"
ONLY_SIDECARS = "Forbidden: may not be set for init containers without restartPolicy=Always"


def init(**fields: Any) -> dict[str, Any]:
    """Make a spec whose init container has these fields."""
    return {"initContainers": [{"name": "init", "image": "busybox", **fields}]}


def test_valid() -> None:
    """A pod that uses much of the API in the right way has no findings."""
    spec = {
        "hostname": "web",
        "activeDeadlineSeconds": 60,
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"operator": "Exists"}, {"key": "a", "value": "b", "effect": "NoSchedule"}],
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a.b"]}],
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["10.0.0.1"], "searches": ["a_b.c.", "."], "options": [{"name": "ndots"}]},
        "securityContext": {
            "runAsUser": 0,
            "sysctls": [{"name": "net.core.somaxconn", "value": "1"}],
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "os": {"name": "linux"},
        "volumes": [
            {"name": "a"},
            {"name": "b", "hostPath": {"path": "/dev"}},
            {"name": "c", "configMap": {"name": "x", "items": [{"key": "k", "path": "d/e", "mode": 0o600}]}},
            {"name": "d", "projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "c"}}]}},
        ],
        "initContainers": [
            {"name": "setup", "image": "a"},
            {
                "name": "side",
                "image": "a",
                "restartPolicy": "Always",
                "readinessProbe": {"exec": {"command": ["true"]}},
            },
        ],
        "containers": [
            {
                "name": "web",
                "image": "busybox",
                "ports": [{"name": "http", "containerPort": 80, "hostPort": 8080}, {"containerPort": 53}],
                "env": [
                    {"name": "A", "value": "b"},
                    {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
                    {
                        "name": "C",
                        "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}},
                    },
                    {"name": "D", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                ],
                "envFrom": [{"prefix": "X_", "configMapRef": {"name": "c"}}],
                "resources": {"limits": {"cpu": "1", "example.com/gpu": "1"}, "requests": {"cpu": "500m"}},
                "volumeMounts": [{"name": "a", "mountPath": "/a", "subPath": "b/c"}],
                "livenessProbe": {"httpGet": {"port": "http"}},
                "lifecycle": {"preStop": {"sleep": {"seconds": 5}}, "stopSignal": "SIGUSR1"},
            }
        ],
    }
    assert findings(spec) == []


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param({"containers": []}, ["spec.containers: Required value"], id="no containers"),
        pytest.param(container(name=""), [f"{C0}.name: Required value"], id="no name"),
        pytest.param(container(name="Web"), [f'{C0}.name: Invalid value: "Web": {LABEL_RULE}'], id="name"),
        pytest.param(
            {"containers": [{"name": "a", "image": "b"}] * 2},
            ['spec.containers[1].name: Duplicate value: "a"'],
            id="name twice",
        ),
        pytest.param(
            init(name="web"),
            ['spec.initContainers[0].name: Duplicate value: "web"'],
            id="name of an init container",
        ),
        pytest.param(container(image=""), [f"{C0}.image: Required value"], id="no image"),
        pytest.param(
            container(image=" a"),
            [f'{C0}.image: Invalid value: " a": must not have leading or trailing whitespace'],
            id="image with a blank",
        ),
        pytest.param(
            container(imagePullPolicy="always"),
            [
                f'{C0}.imagePullPolicy: Unsupported value: "always": supported values: "Always", "IfNotPresent", "Never"'
            ],
            id="pull policy",
        ),
        pytest.param(
            container(terminationMessagePolicy="x"),
            [
                f'{C0}.terminationMessagePolicy: Unsupported value: "x": supported values: "File", "FallbackToLogsOnError"'
            ],
            id="message policy",
        ),
        pytest.param(
            container(restartPolicy="Always"),
            [f"{C0}.restartPolicy: Forbidden: may not be set for non-init containers"],
            id="restart policy of a container",
        ),
        pytest.param(
            init(restartPolicy="Never"),
            ['spec.initContainers[0].restartPolicy: Unsupported value: "Never": supported values: "Always"'],
            id="restart policy of an init container",
        ),
        pytest.param(
            init(livenessProbe={"exec": {"command": ["a"]}}),
            [f"spec.initContainers[0].livenessProbe: {ONLY_SIDECARS}"],
            id="probe of an init container",
        ),
        pytest.param(
            init(lifecycle={}),
            [f"spec.initContainers[0].lifecycle: {ONLY_SIDECARS}"],
            id="hook of an init container",
        ),
    ],
)
def test_containers(spec: dict[str, Any], errors: list[str]) -> None:
    """Containers follow ``validateContainers`` and ``validateInitContainers``."""
    assert findings(spec) == errors


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param(container(ports=[{}]), [f"{C0}.ports[0].containerPort: Required value"], id="no port"),
        pytest.param(
            container(ports=[{"containerPort": 70000}]),
            [f"{C0}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
            id="too high",
        ),
        pytest.param(
            container(ports=[{"containerPort": 1, "hostPort": -1}]),
            [f"{C0}.ports[0].hostPort: Invalid value: -1: must be between 1 and 65535, inclusive"],
            id="negative host port",
        ),
        pytest.param(
            container(ports=[{"containerPort": 1, "protocol": "tcp"}]),
            [f'{C0}.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
            id="protocol",
        ),
        pytest.param(
            container(ports=[{"name": "a", "containerPort": 1}, {"name": "a", "containerPort": 2}]),
            [f'{C0}.ports[1].name: Duplicate value: "a"'],
            id="name twice",
        ),
        pytest.param(
            container(ports=[{"name": "1", "containerPort": 1}]),
            [f'{C0}.ports[0].name: Invalid value: "1": must contain at least one letter (a-z)'],
            id="name",
        ),
        pytest.param(
            container(ports=[{"containerPort": 1, "hostPort": 9}, {"containerPort": 2, "hostPort": 9}]),
            [f'{C0}.ports[1].hostPort: Duplicate value: "TCP//9"'],
            id="host port twice",
        ),
        pytest.param(
            container(
                ports=[
                    {"containerPort": 1, "hostPort": 9, "protocol": "TCP"},
                    {"containerPort": 1, "hostPort": 9, "protocol": "UDP"},
                    {"containerPort": 1, "hostPort": 9, "hostIP": "10.0.0.1"},
                ]
            ),
            [],
            id="host port of another protocol or address",
        ),
        pytest.param(
            {**container(ports=[{"containerPort": 1, "hostPort": 9}]), "hostNetwork": True},
            [
                f"{C0}.ports[0].hostPort: Invalid value: 9: must match `containerPort` when `hostNetwork` is true"
            ],
            id="host network",
        ),
    ],
)
def test_ports(spec: dict[str, Any], errors: list[str]) -> None:
    """Ports follow ``validateContainerPorts``; host ports of one pod do not collide."""
    assert findings(spec) == errors


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param(container(env=[{"value": "a"}]), [f"{C0}.env[0].name: Required value"], id="no name"),
        pytest.param(
            container(env=[{"name": "a=b"}]), [f'{C0}.env[0].name: Invalid value: "a=b": {ENV_RULE}'], id="name"
        ),
        pytest.param(container(env=[{"name": "A"}, {"name": "A"}]), [], id="a name may come twice"),
        pytest.param(
            env(),
            [
                f'{C0}.env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'
            ],
            id="no source",
        ),
        pytest.param(
            env(configMapKeyRef={"name": "a", "key": "b"}, secretKeyRef={"name": "a", "key": "b"}),
            [f'{C0}.env[0].valueFrom: Invalid value: "": may not have more than one field specified at a time'],
            id="two sources",
        ),
        pytest.param(
            container(
                env=[{"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]
            ),
            [f'{C0}.env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
            id="value and source",
        ),
        pytest.param(
            env(secretKeyRef={"name": "a"}),
            [f"{C0}.env[0].valueFrom.secretKeyRef.key: Required value"],
            id="no key",
        ),
        pytest.param(
            env(configMapKeyRef={"key": "a"}),
            [f'{C0}.env[0].valueFrom.configMapKeyRef.name: Invalid value: "": {SUBDOMAIN_RULE}'],
            id="no ConfigMap",
        ),
        pytest.param(
            env(fieldRef={}), [f"{C0}.env[0].valueFrom.fieldRef.fieldPath: Required value"], id="no field"
        ),
        pytest.param(
            env(fieldRef={"fieldPath": "metadata.mood"}),
            [
                f'{C0}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.mood": error converting fieldPath: field label not supported: metadata.mood'
            ],
            id="unknown field",
        ),
        pytest.param(
            env(fieldRef={"fieldPath": "status.phase"}),
            [
                f'{C0}.env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"'
            ],
            id="field that no variable can have",
        ),
        pytest.param(
            env(fieldRef={"fieldPath": "metadata.name['a']"}),
            [f'{C0}.env[0].valueFrom.fieldRef: Invalid value: "metadata.name": does not support subscript'],
            id="subscript of a string",
        ),
        pytest.param(
            env(resourceFieldRef={"resource": "limits.gpu"}),
            [
                f'{C0}.env[0].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.gpu": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"'
            ],
            id="unknown resource",
        ),
        pytest.param(
            env(resourceFieldRef={"resource": "limits.cpu", "divisor": "1Mi"}),
            [
                f'{C0}.env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor\'s values 1m and 1 are supported with the cpu resource'
            ],
            id="divisor",
        ),
        pytest.param(
            container(envFrom=[{"prefix": "A_"}]),
            [f'{C0}.envFrom[0]: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
            id="envFrom nothing",
        ),
        pytest.param(
            container(envFrom=[{"secretRef": {}}]),
            [f"{C0}.envFrom[0].secretRef.name: Required value"],
            id="envFrom no name",
        ),
    ],
)
def test_environment(spec: dict[str, Any], errors: list[str]) -> None:
    """The environment follows ``ValidateEnv`` and ``ValidateEnvFrom``."""
    assert findings(spec) == errors


@pytest.mark.parametrize(
    ("resources", "errors"),
    [
        pytest.param(
            {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}},
            [f'{C0}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
            id="request above limit",
        ),
        pytest.param(
            {"limits": {"cpu": "1"}, "requests": {"cpu": "1000m"}}, [], id="equal in another notation"
        ),
        pytest.param(
            {"requests": {"memory": "-1"}},
            [f'{C0}.resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0'],
            id="negative",
        ),
        pytest.param(
            {"requests": {"gpu": "1"}},
            [
                f'{C0}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
                f'{C0}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
            ],
            id="unknown resource",
        ),
        pytest.param(
            {"requests": {"pods": "1"}},
            [
                f'{C0}.resources.requests[pods]: Invalid value: "pods": must be a standard resource for containers'
            ],
            id="resource of nodes",
        ),
        pytest.param(
            {"requests": {"example.com/gpu": "1"}},
            [f"{C0}.resources.limits: Required value: Limit must be set for non overcommitable resources"],
            id="device without a limit",
        ),
        pytest.param(
            {"limits": {"example.com/gpu": "2"}, "requests": {"example.com/gpu": "1"}},
            [f'{C0}.resources.requests: Invalid value: "1": must be equal to example.com/gpu limit of 2'],
            id="device promised twice",
        ),
        pytest.param(
            {"limits": {"example.com/gpu": "500m"}},
            [
                f'{C0}.resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer',
                f'{C0}.resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer',
            ],
            id="half a device",
        ),
    ],
)
def test_resources(resources: dict[str, Any], errors: list[str]) -> None:
    """Requests and limits follow ``ValidateContainerResourceRequirements``."""
    assert findings(container(resources=resources)) == errors


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param(
            container(livenessProbe={}),
            [f"{C0}.livenessProbe: Required value: must specify a handler type"],
            id="no handler",
        ),
        pytest.param(
            container(livenessProbe={"exec": {"command": ["a"]}, "tcpSocket": {"port": 1}}),
            [f"{C0}.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"],
            id="two handlers",
        ),
        pytest.param(
            container(livenessProbe={"exec": {}}),
            [f"{C0}.livenessProbe.exec.command: Required value"],
            id="no command",
        ),
        pytest.param(
            container(readinessProbe={"httpGet": {"port": 0}}),
            [f"{C0}.readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive"],
            id="no port",
        ),
        pytest.param(
            container(readinessProbe={"httpGet": {"port": "80"}}),
            [f'{C0}.readinessProbe.httpGet.port: Invalid value: "80": must contain at least one letter (a-z)'],
            id="number as a name",
        ),
        pytest.param(
            container(readinessProbe={"httpGet": {"port": 80, "scheme": "http"}}),
            [
                f'{C0}.readinessProbe.httpGet.scheme: Unsupported value: "http": supported values: "HTTP", "HTTPS"'
            ],
            id="scheme",
        ),
        pytest.param(
            container(livenessProbe={"tcpSocket": {"port": 1}, "successThreshold": 2}),
            [f"{C0}.livenessProbe.successThreshold: Invalid value: 2: must be 1"],
            id="liveness needs one success",
        ),
        pytest.param(
            container(readinessProbe={"tcpSocket": {"port": 1}, "successThreshold": 2}),
            [],
            id="readiness may need two",
        ),
        pytest.param(
            container(startupProbe={"tcpSocket": {"port": 1}, "periodSeconds": -1}),
            [f"{C0}.startupProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0"],
            id="negative period",
        ),
        pytest.param(
            container(readinessProbe={"tcpSocket": {"port": 1}, "terminationGracePeriodSeconds": 1}),
            [
                f"{C0}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes"
            ],
            id="grace of a readiness probe",
        ),
        pytest.param(
            container(livenessProbe={"tcpSocket": {"port": 1}, "terminationGracePeriodSeconds": 0}),
            [f"{C0}.livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0"],
            id="no grace",
        ),
        pytest.param(
            container(lifecycle={"preStop": {"sleep": {"seconds": 31}}}),
            [
                f"{C0}.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)"
            ],
            id="sleep beyond the grace period",
        ),
        pytest.param(
            container(lifecycle={"stopSignal": "SIGTERM"}),
            [f"{C0}.lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`"],
            id="signal without an OS",
        ),
    ],
)
def test_probes(spec: dict[str, Any], errors: list[str]) -> None:
    """Probes and hooks follow ``validateProbe`` and ``validateLifecycle``."""
    assert findings(spec) == errors


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param({"volumes": [{"emptyDir": {}}]}, [f"{V0}.name: Required value"], id="no name"),
        pytest.param(
            {"volumes": [{"name": "a"}] * 2}, ['spec.volumes[1].name: Duplicate value: "a"'], id="name twice"
        ),
        pytest.param(
            {"volumes": [{"name": "a", "emptyDir": {}, "hostPath": {"path": "/"}}]},
            [f"{V0}.emptyDir: Forbidden: may not specify more than 1 volume type"],
            id="two sources",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "hostPath": {}}]}, [f"{V0}.hostPath.path: Required value"], id="no path"
        ),
        pytest.param(
            {"volumes": [{"name": "a", "hostPath": {"path": "/a/../b"}}]},
            [f"{V0}.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"],
            id="host path upwards",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "hostPath": {"path": "/a", "type": "Dir"}}]},
            [
                f'{V0}.hostPath.type: Unsupported value: "Dir": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"'
            ],
            id="host path type",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "secret": {}}]},
            [f"{V0}.secret.secretName: Required value"],
            id="no secret",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "configMap": {"name": "c", "defaultMode": 0o1000}}]},
            [
                f"{V0}.configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"
            ],
            id="mode",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "configMap": {"name": "c", "items": [{"key": "k", "path": "/x"}]}}]},
            [f'{V0}.configMap.items[0].path: Invalid value: "/x": must be a relative path'],
            id="absolute item",
        ),
        pytest.param(
            {
                "volumes": [
                    {"name": "a", "configMap": {"name": "c", "items": [{"key": "k", "path": "a/../../x"}]}}
                ]
            },
            [f"{V0}.configMap.items[0].path: Invalid value: \"a/../../x\": must not contain '..'"],
            id="item upwards",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "configMap": {"name": "c", "items": [{"key": "k", "path": "..data"}]}}]},
            [f"{V0}.configMap.items[0].path: Invalid value: \"..data\": must not start with '..'"],
            id="item of the atomic writer",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "downwardAPI": {"items": [{"path": "x"}]}}]},
            [f"{V0}.downwardAPI.items[0]: Required value: one of fieldRef and resourceFieldRef is required"],
            id="downward nothing",
        ),
        pytest.param(
            {
                "volumes": [
                    {
                        "name": "a",
                        "downwardAPI": {
                            "items": [{"path": "x", "resourceFieldRef": {"resource": "limits.cpu"}}]
                        },
                    }
                ]
            },
            [f"{V0}.downwardAPI.items[0].resourceFieldRef.containerName: Required value"],
            id="downward resource of nobody",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "projected": {"sources": [{}]}}]},
            [f"{V0}.projected.sources[0]: Required value: must specify a volume type"],
            id="projected nothing",
        ),
        pytest.param(
            {
                "volumes": [
                    {
                        "name": "a",
                        "projected": {
                            "sources": [
                                {"secret": {"name": "s", "items": [{"key": "k", "path": "x"}]}},
                                {"configMap": {"name": "s", "items": [{"key": "k", "path": "x"}]}},
                            ]
                        },
                    }
                ]
            },
            [f'{V0}.projected.sources[1]: Invalid value: "x": conflicting duplicate paths'],
            id="projected twice to one path",
        ),
        pytest.param(
            {
                "volumes": [
                    {
                        "name": "a",
                        "projected": {
                            "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 60}}]
                        },
                    }
                ]
            },
            [
                f"{V0}.projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes"
            ],
            id="token for a minute",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "nfs": {"server": "s", "path": "x"}}]},
            [f'{V0}.nfs.path: Invalid value: "x": must be an absolute path'],
            id="nfs path",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "csi": {}}]},
            [f"{V0}.csi.driver: Required value"],
            id="source without effect",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "emptyDir": {"sizeLimit": "-1"}}]},
            [f"{V0}.emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity"],
            id="negative size",
        ),
    ],
)
def test_volumes(spec: dict[str, Any], errors: list[str]) -> None:
    """Volumes follow ``ValidateVolumes``."""
    assert findings(spec) == errors


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param(
            mounted({"name": "w", "mountPath": "/a"}),
            [f'{C0}.volumeMounts[0].name: Not found: "w"'],
            id="unknown volume",
        ),
        pytest.param(mounted({}), [f"{C0}.volumeMounts[0].mountPath: Required value"], id="no path"),
        pytest.param(
            {
                **container(volumeMounts=[{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/a"}]),
                "volumes": [{"name": "v"}],
            },
            [f'{C0}.volumeMounts[1].mountPath: Invalid value: "/a": must be unique'],
            id="path twice",
        ),
        pytest.param(
            mounted({"mountPath": "/a", "subPath": "../b"}),
            [f"{C0}.volumeMounts[0].subPath: Invalid value: \"../b\": must not contain '..'"],
            id="sub path upwards",
        ),
        pytest.param(
            mounted({"mountPath": "/a", "subPath": "b", "subPathExpr": "c"}),
            [
                f'{C0}.volumeMounts[0].subPathExpr: Invalid value: "c": subPathExpr and subPath are mutually exclusive'
            ],
            id="two sub paths",
        ),
        pytest.param(
            mounted({"mountPath": "/a", "mountPropagation": "Bidirectional"}),
            [
                f"{C0}.volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers"
            ],
            id="propagation without privilege",
        ),
        pytest.param(
            mounted(
                {"mountPath": "/a", "mountPropagation": "Bidirectional"}, securityContext={"privileged": True}
            ),
            [],
            id="propagation with privilege",
        ),
    ],
)
def test_mounts(spec: dict[str, Any], errors: list[str]) -> None:
    """Mounts follow ``ValidateVolumeMounts``."""
    assert findings(spec) == errors


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param(
            {"restartPolicy": "always"},
            [
                'spec.restartPolicy: Unsupported value: "always": supported values: "Always", "OnFailure", "Never"'
            ],
            id="restart policy",
        ),
        pytest.param(
            {"dnsPolicy": "Any"},
            [
                'spec.dnsPolicy: Unsupported value: "Any": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"'
            ],
            id="DNS policy",
        ),
        pytest.param(
            {"dnsPolicy": "None"},
            ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
            id="no DNS",
        ),
        pytest.param(
            {"dnsConfig": {"nameservers": ["10.0.0.1"] * 4}},
            [
                'spec.dnsConfig.nameservers: Invalid value: ["10.0.0.1","10.0.0.1","10.0.0.1","10.0.0.1"]: must not have more than 3 nameservers'
            ],
            id="name servers",
        ),
        pytest.param(
            {"dnsConfig": {"nameservers": ["pi"]}},
            [f'spec.dnsConfig.nameservers[0]: Invalid value: "pi": {IP_RULE}'],
            id="name server",
        ),
        pytest.param(
            {"activeDeadlineSeconds": 0},
            ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
            id="deadline",
        ),
        pytest.param(
            {"nodeName": "Pi"}, [f'spec.nodeName: Invalid value: "Pi": {SUBDOMAIN_RULE}'], id="node name"
        ),
        pytest.param(
            {"hostname": "a.b"}, [f'spec.hostname: Invalid value: "a.b": {LABEL_RULE}'], id="host name"
        ),
        pytest.param(
            {"hostAliases": [{"ip": "x"}]},
            [f'spec.hostAliases[0].ip: Invalid value: "x": {IP_RULE}'],
            id="host alias",
        ),
        pytest.param(
            {"shareProcessNamespace": True, "hostPID": True},
            [
                "spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled"
            ],
            id="two process namespaces",
        ),
        pytest.param(
            {"os": {"name": "plan9"}},
            ['spec.os.name: Unsupported value: "plan9": supported values: "linux", "windows"'],
            id="OS",
        ),
        pytest.param(
            {"ephemeralContainers": [{"name": "a", "image": "b"}]},
            ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
            id="ephemeral containers",
        ),
        pytest.param(
            {"nodeName": "pi", "schedulingGates": [{"name": "a/b"}]},
            ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
            id="gated and placed",
        ),
        pytest.param(
            {"schedulingGates": [{"name": "a/b"}, {"name": "a/b"}]},
            ['spec.schedulingGates[1]: Duplicate value: "a/b"'],
            id="gate twice",
        ),
        pytest.param(
            {"securityContext": {"runAsUser": -1}},
            ["spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"],
            id="user",
        ),
        pytest.param(
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            [
                "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"
            ],
            id="profile",
        ),
        pytest.param(
            {"securityContext": {"sysctls": [{"name": "a", "value": "1"}] * 2}},
            ['spec.securityContext.sysctls[1].name: Duplicate value: "a"'],
            id="sysctl twice",
        ),
        pytest.param(
            container(securityContext={"privileged": True, "allowPrivilegeEscalation": False}),
            [
                f'{C0}.securityContext: Invalid value: {{"privileged":true,"allowPrivilegeEscalation":false}}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true'
            ],
            id="privileged without escalation",
        ),
        pytest.param(
            {"preemptionPolicy": "x"},
            [
                'spec.preemptionPolicy: Unsupported value: "x": supported values: "PreemptLowerPriority", "Never"'
            ],
            id="preemption",
        ),
    ],
)
def test_pod(spec: dict[str, Any], errors: list[str]) -> None:
    """The pod's own fields follow ``ValidatePodSpec``."""
    assert findings(spec) == errors


T0 = "spec.tolerations[0]"
NODE_TERMS = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
POD_TERM = "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]"


def node_term(**term: Any) -> dict[str, Any]:
    """Make a spec with this one required node selector term."""
    return {
        "affinity": {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
        }
    }


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param(
            {"tolerations": [{"value": "a"}]},
            [
                f'{T0}.operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"'
            ],
            id="toleration without a key",
        ),
        pytest.param(
            {"tolerations": [{"key": "a", "operator": "In"}]},
            [f'{T0}.operator: Unsupported value: "In": supported values: "Equal", "Exists"'],
            id="toleration operator",
        ),
        pytest.param(
            {"tolerations": [{"key": "a", "operator": "Exists", "effect": "NoRun"}]},
            [
                f'{T0}.effect: Unsupported value: "NoRun": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'
            ],
            id="toleration effect",
        ),
        pytest.param(
            {
                "tolerations": [
                    {"key": "a", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 1}
                ]
            },
            [
                f"{T0}.effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set"
            ],
            id="toleration seconds",
        ),
        pytest.param(
            node_term(matchExpressions=[{"key": "a", "operator": "Gt", "values": ["1"]}]), [], id="greater than"
        ),
        pytest.param(
            node_term(matchExpressions=[{"key": "a", "operator": "Gt"}]),
            [
                f"{NODE_TERMS}[0].matchExpressions[0].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'"
            ],
            id="greater than nothing",
        ),
        pytest.param(
            node_term(matchExpressions=[{"key": "a", "operator": "Equals", "values": ["1"]}]),
            [
                f'{NODE_TERMS}[0].matchExpressions[0].operator: Invalid value: "Equals": not a valid selector operator'
            ],
            id="node operator",
        ),
        pytest.param(
            node_term(matchFields=[{"key": "spec.x", "operator": "In", "values": ["1"]}]),
            [f'{NODE_TERMS}[0].matchFields[0].key: Invalid value: "spec.x": not a valid field selector key'],
            id="node field",
        ),
        pytest.param(
            {
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}
                    }
                }
            },
            [f"{NODE_TERMS}: Required value: must have at least one node selector term"],
            id="no terms",
        ),
        pytest.param(
            {
                "affinity": {
                    "podAntiAffinity": {
                        "preferredDuringSchedulingIgnoredDuringExecution": [
                            {"weight": 101, "podAffinityTerm": {}}
                        ]
                    }
                }
            },
            [
                f"{POD_TERM}.weight: Invalid value: 101: must be in the range 1-100",
                f"{POD_TERM}.podAffinityTerm.topologyKey: Required value: can not be empty",
            ],
            id="pod affinity",
        ),
        pytest.param(
            {
                "topologySpreadConstraints": [
                    {"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "Maybe"}
                ]
            },
            [
                "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
                'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Maybe": supported values: "DoNotSchedule", "ScheduleAnyway"',
            ],
            id="spread",
        ),
        pytest.param({"nodeSelector": {"-": "a"}}, ["spec.nodeSelector"], id="node selector"),
    ],
)
def test_scheduling(spec: dict[str, Any], errors: list[str]) -> None:
    """Placement follows ``ValidateTolerations``, ``validateAffinity`` and ``validateTopologySpreadConstraints``."""
    found = findings(spec)
    assert len(found) == len(errors)
    assert all(text.startswith(error) for text, error in zip(found, errors, strict=True))
