"""What an autoscaler scales: any kind with a ``scale`` subresource, found in the resource table."""

from __future__ import annotations

from typing import Any

from edgeorch.api.autoscaling.metrics import CrossVersionObjectReference
from edgeorch.api.autoscaling.resources import SCALE
from edgeorch.api.autoscaling.scale import Scale
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import BadRequest, Conflict, NotFound
from edgeorch_server.registry.base import Objects, WriteOptions


class Targets:
    """Reads and writes scales."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def read(self, namespace: str, target: CrossVersionObjectReference) -> Scale:
        """Read a target's scale; raises BadRequest and NotFound in the words of Kubernetes' clients."""
        resource = self._find(target)
        if resource.subresource(SCALE.name) is None:
            raise NotFound("the server could not find the requested resource")
        try:
            entry = self._objects.get_part(resource, namespace, target.name, SCALE.name)
        except NotFound as exc:
            group = f".{resource.group}" if resource.group else ""
            raise NotFound(f'{resource.plural}/{SCALE.name}{group} "{target.name}" not found') from exc
        return Scale.from_json(entry.data)

    async def write(
        self, namespace: str, target: CrossVersionObjectReference, seen: Scale, replicas: int
    ) -> None:
        """Ask for so many pods; raises Conflict when somebody else did since ``seen`` was read.

        What else has changed of the target since then does not matter. Nothing awaits between the reading and
        the writing here.
        """
        scale = self.read(namespace, target)
        if (scale.metadata.uid, scale.spec.replicas) != (seen.metadata.uid, seen.spec.replicas):
            raise Conflict("the scale has been changed meanwhile")
        scale.spec.replicas = replicas
        await self._objects.update_entry(
            self._find(target), namespace, target.name, scale.to_dict(), WriteOptions(), SCALE.name
        )

    def _find(self, target: CrossVersionObjectReference) -> ResourceInfo[Any]:
        """Find the kind, whatever version of it is named."""
        if target.apiVersion.count("/") > 1:
            raise BadRequest(f"unexpected GroupVersion string: {target.apiVersion}")
        group = target.apiVersion.partition("/")[0] if "/" in target.apiVersion else ""
        for resource in self._objects.table:
            if (resource.group, resource.kind) == (group, target.kind):
                return resource
        raise NotFound(f'no matches for kind "{target.kind}" in group "{group}"')
