"""Which ConfigMaps and Secrets a pod reads: server and agent go by the same answer."""

from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_inputs import inputs_of

MAP, SECRET = ("configmaps", "it"), ("secrets", "it")


def container(**more: Any) -> dict[str, Any]:
    return {"name": "web", "image": "web", **more}


def value(kind: str) -> dict[str, Any]:
    return {"env": [{"name": "A", "valueFrom": {kind: {"name": "it", "key": "k", "optional": True}}}]}


def volume(**source: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "v", **source}]}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"containers": [container()]}, set(), id="none"),
        pytest.param(
            {"imagePullSecrets": [{"name": "it"}, {}]}, {SECRET}, id="image pulls, one without a name"
        ),
        pytest.param({"containers": [container(**value("configMapKeyRef"))]}, {MAP}, id="one key"),
        pytest.param({"containers": [container(**value("secretKeyRef"))]}, {SECRET}, id="one secret key"),
        pytest.param({"initContainers": [container(**value("secretKeyRef"))]}, {SECRET}, id="init container"),
        pytest.param(
            {"ephemeralContainers": [container(**value("secretKeyRef"))]}, {SECRET}, id="ephemeral container"
        ),
        pytest.param(
            {
                "containers": [
                    container(envFrom=[{"configMapRef": {"name": "it"}}, {"secretRef": {"name": "it"}}])
                ]
            },
            {MAP, SECRET},
            id="all keys",
        ),
        pytest.param(volume(configMap={"name": "it"}), {MAP}, id="volume"),
        pytest.param(volume(secret={"secretName": "it"}), {SECRET}, id="secret volume"),
        pytest.param(
            volume(projected={"sources": [{"configMap": {"name": "it"}}, {"secret": {"name": "it"}}]}),
            {MAP, SECRET},
            id="projected volume",
        ),
        pytest.param(volume(emptyDir={}), set(), id="other volume"),
    ],
)
def test_inputs(spec: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    """Wherever a pod can name one, it is found; of a pod that reads nothing, nothing is sent."""
    assert inputs_of(Pod.from_dict({"spec": {"containers": [], **spec}}).spec) == expected
