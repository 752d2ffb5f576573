"""``scale``: how many pods a workload is to have, as an autoscaling/v1 Scale whatever the workload's kind."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from edgeorch.api.autoscaling.resources import SCALE, SCALES
from edgeorch.api.autoscaling.scale import Scale, ScaleSpec, ScaleStatus, validate_scale
from edgeorch.api.meta import Object, ObjectMeta
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.selectors import Selector
from edgeorch_server.registry import messages
from edgeorch_server.registry.subresources.main import Main

ObjectT = TypeVar("ObjectT", bound=Object)


class ScalePart(Main):
    """Writes ``spec.replicas``, by the rules of the object itself."""

    name = SCALE.name


class ScaleForm:
    """Shows kinds with ``spec.replicas``, ``spec.selector`` and ``status.replicas`` as a Scale."""

    @property
    def resource(self) -> ResourceInfo[Object]:
        """Name the kind that goes over the wire."""
        return SCALES

    def show(self, obj: Object) -> Scale:
        """Give an object's Scale (``scaleFromDeployment`` and its like)."""
        workload, meta = cast("Any", obj), obj.metadata
        return Scale(
            apiVersion=SCALES.api_version,
            kind=SCALES.kind,
            metadata=ObjectMeta(
                name=meta.name,
                namespace=meta.namespace,
                uid=meta.uid,
                resourceVersion=meta.resourceVersion,
                creationTimestamp=meta.creationTimestamp,
            ),
            spec=ScaleSpec(replicas=workload.spec.replicas or 0),
            status=ScaleStatus(
                replicas=workload.status.replicas, selector=str(Selector.of(workload.spec.selector))
            ),
        )

    def merge(self, given: Object, obj: ObjectT) -> ObjectT:
        """Take over the number, and what the Scale says of which version it is meant for."""
        if not isinstance(given, Scale):
            raise TypeError(f"{type(given)} is no Scale")
        workload, meta = cast("Any", obj), given.metadata
        meta.namespace = meta.namespace or obj.metadata.namespace
        if errors := validate_scale(given):
            raise messages.invalid(SCALES, meta.name, errors)
        identity = {
            "name": meta.name,
            "namespace": meta.namespace,
            "uid": meta.uid,
            # Without a version it is meant for whatever there is, also where a kind has no such updates.
            "resourceVersion": meta.resourceVersion or obj.metadata.resourceVersion,
        }
        return obj.model_copy(
            update={
                "metadata": obj.metadata.model_copy(update=identity),
                "spec": workload.spec.model_copy(update={"replicas": given.spec.replicas}),
            }
        )
