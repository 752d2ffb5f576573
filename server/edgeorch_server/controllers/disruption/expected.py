"""How many pods the controllers of some pods are to have (``getExpectedScale``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from edgeorch.api.apps.resources import DEPLOYMENTS, REPLICA_SETS
from edgeorch.api.autoscaling.resources import SCALE
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import NotFound
from edgeorch_server.controllers.pod_facts import PodFacts
from edgeorch_server.registry.base import Objects
from edgeorch_server.store.base import Entry, Owner


class Unknown(Exception):
    """It cannot be told; says why in Kubernetes' words."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the pods' controllers want."""

    pods: int
    """Of all the controllers together."""
    unmanaged: tuple[str, ...]
    """Names of pods that no controller manages."""


class Scales:
    """Asks the controllers of pods for their scale."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def of(self, pods: Iterable[PodFacts]) -> Expected:
        """Add up what they are to have, each controller once; raises Unknown."""
        scales: dict[str, int] = {}
        unmanaged: list[str] = []
        asked: set[str] = set()
        for pod in pods:
            owner = pod.controller
            if owner is None:
                unmanaged.append(pod.name)
            elif owner.uid not in asked:
                asked.add(owner.uid)
                scaler = self._scaler(pod, owner)
                scales[scaler.uid] = _replicas(scaler)
        return Expected(sum(scales.values()), tuple(unmanaged))

    def _scaler(self, pod: PodFacts, owner: Owner) -> Entry:
        """Find who decides how many pods there are: the controller, or (of a ReplicaSet) its Deployment."""
        resource, entry = self._find(pod, owner)
        above = entry.controller
        if resource.key == REPLICA_SETS.key and above is not None and above.kind == DEPLOYMENTS.kind:
            _, entry = self._find(pod, above)
        return entry

    def _find(self, pod: PodFacts, owner: Owner) -> tuple[ResourceInfo[Object], Entry]:
        resource = self._objects.table.by_kind(owner.api_version, owner.kind)
        if resource is None:
            raise Unknown(f'found no controllers for pod "{pod.name}"')
        if resource.subresource(SCALE.name) is None:
            raise Unknown(f"{resource.group_resource} does not implement the scale subresource")
        try:
            entry = self._objects.get_entry(resource, pod.namespace, owner.name)
        except NotFound as exc:
            raise Unknown(f'found no controllers for pod "{pod.name}"') from exc
        if entry.uid != owner.uid:
            raise Unknown(f'found no controllers for pod "{pod.name}"')
        return resource, entry


def _replicas(entry: Entry) -> int:
    body: dict[str, Any] = orjson.loads(entry.data)
    return int(body.get("spec", {}).get("replicas", 0))
