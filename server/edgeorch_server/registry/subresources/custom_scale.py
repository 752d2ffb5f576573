"""``scale`` of custom resources: the paths that their definition names (``scaleFromCustomResource``)."""

from __future__ import annotations

from typing import Any

from edgeorch.api.autoscaling.scale import ScaleSpec, ScaleStatus
from edgeorch.api.custom.json_path import JsonPath, with_value
from edgeorch.api.custom.kind import CustomObject, CustomVersion, ScalePaths
from edgeorch.errors import InternalError
from edgeorch_server.registry import messages


def read(obj: CustomObject) -> tuple[ScaleSpec, ScaleStatus]:
    """Read the wanted and the actual number of pods; what is not set is 0. Raises InternalError."""
    paths = _paths(obj.version)
    wanted, actual = _number(obj, paths.wanted), _number(obj, paths.actual)
    selector = JsonPath(paths.selector).first(obj.content) if paths.selector else None
    return ScaleSpec(replicas=wanted), ScaleStatus(
        replicas=actual, selector=selector if isinstance(selector, str) else ""
    )


def written(obj: CustomObject, replicas: int) -> dict[str, Any]:
    """Give the member of an object in which the wanted number stands, with another one."""
    path = _paths(obj.version).wanted
    return {path[0]: with_value(obj.content, path, replicas)[path[0]]}


def configuration(version: CustomVersion, replicas: Any) -> dict[str, Any]:
    """Give an object in which nothing but the wanted number stands."""
    return with_value({}, _paths(version).wanted, replicas)


def _paths(version: CustomVersion) -> ScalePaths:
    if version.scale is None:
        raise messages.not_served()
    return version.scale


def _number(obj: CustomObject, path: tuple[str, ...]) -> int:
    value = JsonPath(path).first(obj.content)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise InternalError(f"the value at .{'.'.join(path)} of {obj.metadata.name} is no number of pods")
    return value
