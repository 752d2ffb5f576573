"""A custom kind: what follows from a CustomResourceDefinition for whoever serves it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from pydantic import ConfigDict

from edgeorch.api.apiextensions.definition import (
    CustomResourceColumnDefinition,
    CustomResourceDefinition,
    CustomResourceDefinitionVersion,
    CustomResourceSubresourceScale,
)
from edgeorch.api.apiextensions.json_schema import JSONSchemaProps
from edgeorch.api.autoscaling.resources import SCALE
from edgeorch.api.custom import defaulting
from edgeorch.api.custom.json_path import JsonPath
from edgeorch.api.custom.pruning import OBJECT_FIELDS, pruned
from edgeorch.api.custom.versions import priority
from edgeorch.api.custom.wire import object_schema
from edgeorch.api.meta import Object
from edgeorch.api.resources import Conversion, ResourceInfo, Subresource
from edgeorch.api.resources import api_version as group_version

WEBHOOK = "Webhook"
_STATUS = Subresource("status", ("get", "patch", "update"))
_LAST_VERBS = frozenset({"delete", "deletecollection", "get", "list", "watch"})


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Where in an object its scale stands, as the names on the way."""

    wanted: tuple[str, ...]
    actual: tuple[str, ...]
    selector: tuple[str, ...]
    """Empty where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class CustomVersion:
    """One version of a custom kind, ready for use."""

    definition: str
    """Uid of the definition: another one of its name makes another kind."""
    ending: bool
    """The definition is being deleted."""
    group: str
    name: str
    kind: str
    schema: JSONSchemaProps
    """Of all but apiVersion, kind and metadata."""
    columns: tuple[CustomResourceColumnDefinition, ...]
    has_status: bool
    """The status is written through its subresource only."""
    scale: ScalePaths | None
    warning: str
    """What those who use a deprecated version are told."""

    @property
    def api_version(self) -> str:
        """``group/version``."""
        return group_version(self.group, self.name)

    def complete(self, content: dict[str, Any]) -> None:
        """Fill defaults into all but the metadata, in place."""
        defaulting.fill(self.schema, content)

    def shown(self, stored: bytes) -> bytes:
        """Give a stored object as this version shows it: without what its schema lacks, and with defaults."""
        body, _ = pruned(self.schema, json.loads(stored), is_object=True)
        self.complete(body)
        body |= {"apiVersion": self.api_version, "kind": self.kind}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


class CustomObject(Object):
    """An object of a custom kind; the models of custom kinds are made of this, one for each version.

    All but the metadata is kept as the JSON that it is.
    """

    model_config = ConfigDict(extra="allow")

    version: ClassVar[CustomVersion]

    @property
    def content(self) -> dict[str, Any]:
        """All but apiVersion, kind and metadata; may be changed."""
        content = self.__pydantic_extra__
        assert content is not None, "other members are allowed"
        return content


def is_custom(info: ResourceInfo[Any]) -> bool:
    """Whether a kind comes from a definition."""
    return issubclass(info.model, CustomObject)


def custom_version(info: ResourceInfo[Any]) -> CustomVersion | None:
    """Give what a definition says of a kind, if it comes from one."""
    return info.model.version if issubclass(info.model, CustomObject) else None


def warnings_of(info: ResourceInfo[Any]) -> tuple[str, ...]:
    """Give what everybody is told who uses a version of a kind: that it is deprecated."""
    version = custom_version(info)
    return (version.warning,) if version is not None and version.warning else ()


def advertised_verbs(info: ResourceInfo[Any]) -> tuple[str, ...]:
    """Give what discovery says can be done: at the end of a kind only what helps to empty it.

    The others are served all the same, and creating is refused as admission refuses
    (``customresource_discovery_controller.go``).
    """
    version = custom_version(info)
    ending = version is not None and version.ending
    return tuple(verb for verb in info.verbs if verb in _LAST_VERBS) if ending else info.verbs


@dataclass(frozen=True, slots=True)
class CustomKind:
    """The entries of the resource table that a definition makes."""

    stored: ResourceInfo[CustomObject]
    """The version in which objects are stored."""
    served: tuple[ResourceInfo[CustomObject], ...]
    """The versions that are served, the preferred one first."""


def custom_kind(definition: CustomResourceDefinition) -> CustomKind:
    """Make the entries of a definition that is valid.

    Where a webhook would have to convert between versions, the stored one is the only one that is served.
    """
    spec = definition.spec
    versions = sorted(spec.versions, key=lambda version: priority(version.name))
    storage = next(version for version in versions if version.storage)
    served = [version.name for version in versions if version.served]
    if spec.conversion is not None and spec.conversion.strategy == WEBHOOK:
        served = [storage.name] if storage.served else []
    stored = replace(
        _info(definition, storage),
        other_versions=tuple(name for name in served if name != storage.name),
    )
    infos = [
        stored if version is storage else _beside(stored, _info(definition, version))
        for version in versions
        if version.name in served
    ]
    return CustomKind(stored, tuple(infos))


def _beside(stored: ResourceInfo[CustomObject], info: ResourceInfo[CustomObject]) -> ResourceInfo[CustomObject]:
    """Serve a version of what is stored in another: they differ in their name only (strategy ``None``)."""
    conversion = Conversion(stored, _into(stored.model), _into(info.model))
    return replace(info, conversion=conversion)


def _into(model: type[CustomObject]) -> Callable[[Any], CustomObject]:
    def convert(obj: CustomObject) -> CustomObject:
        made = model.from_json(obj.to_json())
        made.apiVersion = model.version.api_version
        return made

    return convert


def _info(
    definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion
) -> ResourceInfo[CustomObject]:
    spec, names = definition.spec, definition.spec.names
    facts = _version(definition, version)
    subresources = ((_STATUS,) if facts.has_status else ()) + ((SCALE,) if facts.scale else ())
    return ResourceInfo(
        group=spec.group,
        version=version.name,
        kind=names.kind,
        plural=names.plural,
        singular=names.singular,
        model=_model(facts),
        namespaced=spec.scope == "Namespaced",
        short_names=tuple(names.shortNames),
        categories=tuple(names.categories),
        subresources=subresources,
        field_labels={_label(one.jsonPath): _label(one.jsonPath) for one in version.selectableFields},
        read=facts.shown,
    )


def _model(version: CustomVersion) -> type[CustomObject]:
    described = object_schema(version.kind, version.schema)
    members = {
        "__module__": __name__,
        "__doc__": version.schema.description,
        "version": version,
        "described": described,
    }
    return type(version.kind, (CustomObject,), members)


def _version(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion) -> CustomVersion:
    given = (version.schema_.openAPIV3Schema if version.schema_ else None) or JSONSchemaProps(type="object")
    properties = {name: known for name, known in given.properties.items() if name not in OBJECT_FIELDS}
    required = [name for name in given.required if name not in OBJECT_FIELDS]
    parts = version.subresources
    facts = CustomVersion(
        definition=definition.metadata.uid,
        ending=definition.metadata.deletionTimestamp is not None,
        group=definition.spec.group,
        name=version.name,
        kind=definition.spec.names.kind,
        schema=given.model_copy(update={"properties": properties, "required": required}),
        columns=tuple(version.additionalPrinterColumns),
        has_status=bool(parts and parts.status),
        scale=_scale(parts.scale) if parts and parts.scale else None,
        warning="",
    )
    if not version.deprecated:
        return facts
    return replace(
        facts, warning=version.deprecationWarning or f"{facts.api_version} {facts.kind} is deprecated"
    )


def _scale(scale: CustomResourceSubresourceScale) -> ScalePaths:
    return ScalePaths(
        _names(scale.specReplicasPath), _names(scale.statusReplicasPath), _names(scale.labelSelectorPath or "")
    )


def _names(path: str) -> tuple[str, ...]:
    return JsonPath.parse(path).members or ()


def _label(path: str) -> str:
    """Name a selectable field as selectors do: ``spec.color``."""
    return path.removeprefix(".")
