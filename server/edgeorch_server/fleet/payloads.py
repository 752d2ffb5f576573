"""What the server publishes of an object, and the version that digest and sync count it by.

A pod goes without its status, which is the agent's own word, except for what others may say in it: a phase
that is final (an agent that has lost all memory must not run a finished pod again), and the conditions that the
pod's readiness gates wait for. Its version is a hash of that, so that reports of its status do not come back to
the node as news. A ConfigMap's or Secret's version is its resourceVersion.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import PODS
from edgeorch_server.fleet.desired import BoundPod, Ref, needs_of

FINAL_PHASES = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Published:
    """A message of the desired state."""

    payload: bytes
    version: str


def pod_payload(pod: Pod) -> Published:
    """Encode a pod for its node."""
    body = pod.to_dict()
    meta = body["metadata"]
    meta.pop("managedFields", None)
    revision = meta.pop("resourceVersion", "")
    body.pop("status", None)
    if status := _said_by_others(pod):
        body["status"] = status
    content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    version = hashlib.blake2b(content, digest_size=8).hexdigest()
    meta["resourceVersion"] = revision
    return Published(orjson.dumps(body), version)


def _said_by_others(pod: Pod) -> dict[str, Any]:
    status: dict[str, Any] = {}
    if pod.status.phase in FINAL_PHASES:
        status["phase"] = pod.status.phase
    gates = {gate.conditionType for gate in pod.spec.readinessGates}
    if found := [c for c in pod.status.conditions if c.type in gates]:
        status["conditions"] = [{"type": c.type, "status": c.status} for c in found]
    return status


def config_payload(config: ConfigMap | Secret) -> Published:
    """Encode a ConfigMap or Secret."""
    lean = config.metadata.model_copy(update={"managedFields": []})
    return Published(config.model_copy(update={"metadata": lean}).to_json(), config.metadata.resourceVersion)


def bound_pod(pod: Pod) -> BoundPod | None:
    """Describe a pod for the index; None while it is not bound."""
    if not pod.spec.nodeName:
        return None
    meta = pod.metadata
    return BoundPod(
        uid=meta.uid,
        ref=Ref(PODS.key, meta.namespace, meta.name),
        node=pod.spec.nodeName,
        revision=int(meta.resourceVersion),
        version=pod_payload(pod).version,
        needs=needs_of(pod),
    )
