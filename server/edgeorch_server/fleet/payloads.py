"""What the server publishes of an object, and the version that digest and sync count it by.

A pod goes without its status, which is the agent's own word, except for a phase that is final: an agent that
has lost all memory must not run a finished pod again. Its version is a hash of that, so that reports of its
status do not come back to the node as news. A ConfigMap's or Secret's version is its resourceVersion.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

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
    status = body.pop("status", {})
    if status.get("phase") in FINAL_PHASES:
        body["status"] = {"phase": status["phase"]}
    content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    version = hashlib.blake2b(content, digest_size=8).hexdigest()
    meta["resourceVersion"] = revision
    return Published(orjson.dumps(body), version)


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
