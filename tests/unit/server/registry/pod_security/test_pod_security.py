"""The plugin PodSecurity on the write path."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.apps.resources import DEPLOYMENTS
from edgeorch.api.core.resources import NAMESPACES, PODS
from edgeorch.errors import Forbidden, Invalid

ENFORCE = "pod-security.kubernetes.io/enforce"
HOSTS = {"hostPID": True}
VIOLATION = 'violates PodSecurity "baseline:latest": host namespaces (hostPID=true)'


async def label(world: Any, labels: dict[str, str]) -> list[str]:
    """Set the labels of the default namespace, and give the warnings."""
    warnings: list[str] = []
    body = world.body(NAMESPACES, "default")
    body["metadata"]["labels"] = labels
    await world.put(NAMESPACES, body, warnings=warnings)
    return warnings


async def enforce(world: Any, level: str) -> list[str]:
    return await label(world, {ENFORCE: level})


async def test_a_pod_that_misses_the_standard_is_refused(world: Any) -> None:
    """``enforce``: in Kubernetes' words, and others may come."""
    await enforce(world, "baseline")
    with pytest.raises(Forbidden) as caught:
        await world.pod(**HOSTS)
    assert caught.value.message == f'pods "x" is forbidden: {VIOLATION}'
    await world.pod("y")


async def test_a_template_is_only_warned_of(world: Any) -> None:
    """Its pods are refused, not the Deployment; the client is told at once."""
    await enforce(world, "baseline")
    warnings: list[str] = []
    spec = {"containers": [{"name": "a", "image": "web"}], **HOSTS}
    body = {
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": spec},
        },
    }
    await world.create(DEPLOYMENTS, body, warnings=warnings)
    assert warnings == [f"would {VIOLATION.replace('violates', 'violate')}"]


async def test_warnings_alone_refuse_nothing(world: Any) -> None:
    """``warn``: the pod is made, the client is told."""
    await label(world, {"pod-security.kubernetes.io/warn": "baseline"})
    warnings: list[str] = []
    spec = {"containers": [{"name": "a", "image": "web"}], **HOSTS}
    await world.create(PODS, {"metadata": {"name": "x"}, "spec": spec}, warnings=warnings)
    assert warnings == [f"would {VIOLATION.replace('violates', 'violate')}"]


async def test_pods_that_are_there_stay(world: Any) -> None:
    """A stricter label tells which pods miss it; their labels and status can still change."""
    for name in ("b", "a", "c"):
        await world.pod(name, **HOSTS)
    await world.pod("good")
    assert await enforce(world, "baseline") == [
        'existing pods in namespace "default" violate the new PodSecurity enforce level "baseline:latest"',
        "a (and 2 other pods): host namespaces",
    ]
    assert await enforce(world, "baseline") == []
    body = world.body(PODS, "a")
    body["metadata"]["labels"] = {"seen": "yes"}
    await world.put(PODS, body)
    body = world.body(PODS, "a")
    body["spec"]["containers"][0]["image"] = "other"
    with pytest.raises(Forbidden):
        await world.put(PODS, body)


async def test_a_laxer_label_looks_at_no_pod(world: Any) -> None:
    """What was allowed stays allowed."""
    await enforce(world, "restricted")
    assert await enforce(world, "baseline") == []


async def test_nonsense_in_labels(world: Any) -> None:
    """It is refused when it comes, and stays where an older edgeorch let it in."""
    with pytest.raises(Invalid) as caught:
        await enforce(world, "strict")
    assert caught.value.message == (
        f'Namespace "default" is invalid: metadata.labels[{ENFORCE}]: Invalid value: "strict": '
        "must be one of privileged, baseline, restricted"
    )
