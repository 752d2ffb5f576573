"""``scale``: how many pods a workload is to have, as an autoscaling/v1 Scale whatever the workload's kind."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from edgeorch.api.autoscaling.resources import SCALE, SCALES
from edgeorch.api.autoscaling.scale import Scale, ScaleSpec, ScaleStatus, validate_scale
from edgeorch.api.custom.kind import CustomObject
from edgeorch.api.meta import Object, ObjectMeta
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.selectors import Selector
from edgeorch_server.registry import messages
from edgeorch_server.registry.applying import checked
from edgeorch_server.registry.subresources import custom_scale
from edgeorch_server.registry.subresources.main import Main

ObjectT = TypeVar("ObjectT", bound=Object)

_NAMED = ("name", "namespace", "uid", "resourceVersion")


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
        if isinstance(obj, CustomObject):
            spec, status = custom_scale.read(obj)
        else:
            spec = ScaleSpec(replicas=workload.spec.replicas or 0)
            selector = str(Selector.of(workload.spec.selector))
            status = ScaleStatus(replicas=workload.status.replicas, selector=selector)
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
            spec=spec,
            status=status,
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
        if isinstance(obj, CustomObject):
            wanted = custom_scale.written(obj, given.spec.replicas)
        else:
            wanted = {"spec": workload.spec.model_copy(update={"replicas": given.spec.replicas})}
        return obj.model_copy(update={"metadata": obj.metadata.model_copy(update=identity), **wanted})

    def configuration(self, resource: ResourceInfo[Object], given: Any, name: str) -> dict[str, Any]:
        """Give the configuration of the workload that applying a Scale amounts to (``ScaleHandler``)."""
        scale = checked(SCALES, given)
        spec, meta = scale.get("spec"), scale.get("metadata")
        replicas = spec.get("replicas") if isinstance(spec, dict) else None
        known = {key: meta[key] for key in _NAMED if key in meta} if isinstance(meta, dict) else {}
        return {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"name": name, **known},
            **({} if replicas is None else _wanted(resource, replicas)),
        }


def _wanted(resource: ResourceInfo[Object], replicas: Any) -> dict[str, Any]:
    """Say how many pods a workload is to have, as its kind does."""
    if issubclass(resource.model, CustomObject):
        return custom_scale.configuration(resource.model.version, replicas)
    return {"spec": {"replicas": replicas}}
