"""The downward API: fields of the pod, and resources of a container, as text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.references import ObjectFieldSelector
from edgeorch.api.core.requirements import ResourceFieldSelector
from edgeorch.api.quantity import Amount
from edgeorch_agent.pods.facts import NodeFacts
from edgeorch_agent.pods.resolve.errors import ConfigError
from edgeorch_agent.pods.resolve.resources import amount

_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']*)'\]")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a pod is, for the fields that only the node knows."""

    node: NodeFacts
    pod_ips: tuple[str, ...] = ()


def field_text(pod: Pod, selector: ObjectFieldSelector, around: Surroundings) -> str:
    """Give a ``fieldRef``; raises ConfigError for a path Kubernetes does not support ("Downward API")."""
    path = selector.fieldPath
    if match := _SUBSCRIPT.fullmatch(path):
        holder = pod.metadata.labels if match[1] == "labels" else pod.metadata.annotations
        return holder.get(match[2], "")
    meta, ips, hosts = pod.metadata, around.pod_ips, around.node.ips
    if pod.spec.hostNetwork:
        ips = ips or hosts
    known = {
        "metadata.name": meta.name,
        "metadata.namespace": meta.namespace,
        "metadata.uid": meta.uid,
        "metadata.labels": _map_text(meta.labels),
        "metadata.annotations": _map_text(meta.annotations),
        "spec.nodeName": pod.spec.nodeName,
        "spec.serviceAccountName": pod.spec.serviceAccountName,
        "status.hostIP": hosts[0] if hosts else "",
        "status.hostIPs": ",".join(hosts),
        "status.podIP": ips[0] if ips else "",
        "status.podIPs": ",".join(ips),
    }
    if path not in known:
        raise ConfigError(f"unsupported fieldPath: {path}")
    return known[path]


def _map_text(entries: dict[str, str]) -> str:
    """Write labels as downward API files show them: sorted ``key="value"`` lines, quoted as Go does."""
    return "\n".join(f"{key}={_quoted(entries[key])}" for key in sorted(entries))


def _quoted(text: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(c, c) for c in text) + '"'


def resource_text(
    pod: Pod, container: Container | None, selector: ResourceFieldSelector, node: NodeFacts
) -> str:
    """Give a ``resourceFieldRef``; limits that are not set are what the node can allocate."""
    if selector.containerName:
        everyone = [*pod.spec.initContainers, *pod.spec.containers]
        container = next((c for c in everyone if c.name == selector.containerName), None)
    if container is None:
        raise ConfigError(f"container {selector.containerName} not found")
    kind, _, name = selector.resource.partition(".")
    if kind not in {"limits", "requests"} or not name:
        raise ConfigError(f"unsupported container resource: {selector.resource}")
    held = container.resources.limits if kind == "limits" else container.resources.requests
    value = amount(held, name)
    if kind == "limits" and not value:
        value = _allocatable(name, node)
    divisor = Amount.parse(selector.divisor) if selector.divisor else Amount()
    divisor = divisor or Amount.of(1)
    return str(-(-value.nanos // divisor.nanos))


def _allocatable(name: str, node: NodeFacts) -> Amount:
    match name:
        case "cpu":
            return Amount.of_milli(node.milli_cpus)
        case "memory":
            return Amount.of(node.memory)
        case _:
            return Amount()
