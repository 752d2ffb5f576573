"""Environment variables, expansion and the downward API."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch_agent.pods.resolve.downward import field_text, resource_text
from edgeorch_agent.pods.resolve.environment import environment
from edgeorch_agent.pods.resolve.errors import ConfigError
from edgeorch_agent.pods.resolve.expansion import expand
from edgeorch_agent.pods.resolve.inputs import Inputs
from tests.unit.agent.pods.builders import AROUND, NODE, config_map, container, pod, secret

INPUTS = Inputs(
    {"settings": config_map("settings", mode="fast", level="3")}, {"keys": secret("keys", token="aGVsbG8=")}
)


def env(*variables: dict[str, Any], **fields: Any) -> dict[str, str]:
    """Resolve the environment of a container with these variables."""
    made = container(env=list(variables), **fields)
    return environment(pod(containers=[made.to_dict()]), made, INPUTS, AROUND)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("x$(A)y$(B)", "x1y2"),
        ("$(NOPE)", "$(NOPE)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$A", "$A"),
        ("$(A", "$(A"),
        ("$", "$"),
        ("$$", "$"),
        ("$()", "$()"),
    ],
)
def test_expansion(text: str, expanded: str) -> None:
    """Define Environment Variables, "dependent environment variables": unknown references stay."""
    assert expand(text, {"A": "1", "B": "2"}) == expanded


def test_later_variables_see_earlier_ones() -> None:
    """A variable may refer to those before it, not to those after."""
    given = env({"name": "A", "value": "1"}, {"name": "B", "value": "$(A)$(C)"}, {"name": "C", "value": "3"})
    assert given == {"A": "1", "B": "1$(C)", "C": "3"}


def test_value_from() -> None:
    """Values come from ConfigMaps, Secrets, the pod and the container."""
    assert env(
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "CPUS", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        {"name": "URL", "value": "http://$(IP)/$(MODE)"},
    ) == {"MODE": "fast", "TOKEN": "hello", "IP": "10.42.0.5", "CPUS": "4", "URL": "http://10.42.0.5/fast"}


def test_env_from() -> None:
    """Whole ConfigMaps and Secrets, with prefixes; ``env`` wins over them."""
    sources = [{"configMapRef": {"name": "settings"}, "prefix": "APP_"}, {"secretRef": {"name": "keys"}}]
    assert env({"name": "APP_level", "value": "4"}, envFrom=sources) == {
        "APP_mode": "fast",
        "APP_level": "4",
        "token": "hello",
    }


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        ({"configMapKeyRef": {"name": "gone", "key": "k"}}, 'configmap "gone" not found'),
        ({"secretKeyRef": {"name": "gone", "key": "k"}}, 'secret "gone" not found'),
        (
            {"configMapKeyRef": {"name": "settings", "key": "k"}},
            "couldn't find key k in ConfigMap default/settings",
        ),
        ({"secretKeyRef": {"name": "keys", "key": "k"}}, "couldn't find key k in Secret default/keys"),
        ({"fieldRef": {"fieldPath": "spec.nope"}}, "unsupported fieldPath: spec.nope"),
    ],
)
def test_missing(origin: dict[str, Any], message: str) -> None:
    """What is missing is said in kubelet's words; where it is optional, the variable is left out."""
    with pytest.raises(ConfigError, match="^" + message.replace("'", ".").replace('"', ".") + "$"):
        env({"name": "X", "valueFrom": origin})
    for reference in origin.values():
        reference["optional"] = True
    if "fieldRef" not in origin:
        assert env({"name": "X", "valueFrom": origin}) == {}


def test_optional_env_from() -> None:
    """A missing optional ConfigMap adds nothing; a needed one is an error."""
    assert env(envFrom=[{"configMapRef": {"name": "gone", "optional": True}}]) == {}
    with pytest.raises(ConfigError, match='configmap "gone" not found'):
        env(envFrom=[{"configMapRef": {"name": "gone"}}])


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("metadata.name", "web"),
        ("metadata.namespace", "default"),
        ("metadata.uid", "u1"),
        ("metadata.labels['app']", "x"),
        ("metadata.labels['none']", ""),
        ("metadata.labels", 'app="x"\ntier="a\\"b"'),
        ("spec.nodeName", "pi-1"),
        ("status.hostIP", "192.168.1.10"),
        ("status.podIPs", "10.42.0.5"),
    ],
)
def test_fields(path: str, text: str) -> None:
    """Downward API, "Information available via fieldRef"."""
    found = pod(nodeName="pi-1", metadata={"labels": {"tier": 'a"b', "app": "x"}})
    selector = container(env=[{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": path}}}]).env[0].valueFrom
    assert selector is not None
    assert selector.fieldRef is not None
    assert field_text(found, selector.fieldRef, AROUND) == text


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ({"resource": "limits.cpu"}, "1"),
        ({"resource": "limits.cpu", "divisor": "1m"}, "500"),
        ({"resource": "requests.memory", "divisor": "1Mi"}, "64"),
        ({"resource": "limits.memory", "divisor": "1Gi"}, "4"),
        ({"resource": "requests.cpu"}, "0"),
    ],
    ids=["rounded up", "millicores", "mebibytes", "no limit: the node's", "no request"],
)
def test_resources(reference: dict[str, str], text: str) -> None:
    """Downward API, "Information available via resourceFieldRef"."""
    resources = {"limits": {"cpu": "500m"}, "requests": {"memory": "64Mi"}}
    made = container(resources=resources, env=[{"name": "X", "valueFrom": {"resourceFieldRef": reference}}])
    origin = made.env[0].valueFrom
    assert origin is not None
    assert origin.resourceFieldRef is not None
    assert resource_text(pod(), made, origin.resourceFieldRef, NODE) == text
