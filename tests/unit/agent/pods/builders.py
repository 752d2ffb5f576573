"""Short ways to write down pods, containers and what the runtime has."""

from __future__ import annotations

from typing import Any

from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod
from edgeorch.api.meta import ObjectMeta
from edgeorch_agent.pods.attempts import spec_hash
from edgeorch_agent.pods.backoff import LABEL_BACKOFF
from edgeorch_agent.pods.facts import NodeFacts
from edgeorch_agent.pods.model import DesiredPod, ImageState, Memory, ObservedPod
from edgeorch_agent.pods.resolve.downward import Surroundings
from edgeorch_agent.runtime.base import (
    LABEL_HASH,
    LABEL_RESTARTS,
    ContainerInfo,
    ContainerState,
    ImageInfo,
    SandboxInfo,
)

NOW = 1_750_000_000.0
IMAGE = ImageInfo("i1", ("docker.io/library/app:1",), 1000, "amd64")
NODE = NodeFacts("pi-1", ips=("192.168.1.10",), memory=4 * 1024**3, milli_cpus=4000)
AROUND = Surroundings(NODE, ("10.42.0.5",))


def pod(**spec: Any) -> Pod:
    """Make a pod ``web`` from its spec, as a manifest has it; one container ``web`` unless told otherwise."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("containers", [{"name": "web", "image": "app:1"}])
    metadata = {"name": "web", "namespace": "default", "uid": "u1", **spec.pop("metadata", {})}
    return Pod.from_dict({"metadata": metadata, "spec": spec})


def desired(**spec: Any) -> DesiredPod:
    """Make a desired pod ``web``."""
    return DesiredPod(pod(**spec))


def container(**fields: Any) -> Container:
    """Make a container as a manifest has it."""
    return Container.from_dict({"name": "web", "image": "app:1", **fields})


def info(
    name: str = "web", state: str = "running", *, image: str = "app:1", restarts: int = 0, **fields: Any
) -> ContainerInfo:
    """Make a container as the runtime lists it; started 60 s ago, and ended 1 s ago if it has exited."""
    labels = {
        LABEL_RESTARTS: str(restarts),
        LABEL_HASH: spec_hash(container(name=name, image=image)),
        LABEL_BACKOFF: str(fields.pop("backoff", 0)),
    }
    status = ContainerState(state)
    fields.setdefault("id", f"{name}-{restarts}")
    fields.setdefault("created_at", NOW - 60)
    if status is not ContainerState.CREATED:
        fields.setdefault("started_at", NOW - 60)
    if status is ContainerState.EXITED:
        fields.setdefault("finished_at", NOW - 1)
    return ContainerInfo(name=name, state=status, labels=labels, image=image, image_id="i1", **fields)


def sandbox(*containers: ContainerInfo, ready: bool = True) -> SandboxInfo:
    """Make a sandbox of the pod ``web``."""
    return SandboxInfo("s1", "u1", "default", "web", {}, ready, NOW - 60, ("10.42.0.5",), containers)


def observed(*containers: ContainerInfo, memory: Memory | None = None, ready: bool = True) -> ObservedPod:
    """Make an observation of a pod whose volumes stand."""
    return ObservedPod(sandbox(*containers, ready=ready), memory or Memory(mounted=""))


def with_images(*names: str) -> Memory:
    """Make a memory in which these containers' images are here."""
    return Memory(mounted="", images={name: ImageState("app:1", info=IMAGE) for name in names})


def config_map(name: str, **data: str) -> ConfigMap:
    """Make a ConfigMap."""
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default", resourceVersion="1"), data=data)


def secret(name: str, type_: str = "Opaque", **data: str) -> Secret:
    """Make a Secret; values are base64 already."""
    metadata = ObjectMeta(name=name, namespace="default", resourceVersion="1")
    return Secret(metadata=metadata, data=data, type=type_)
