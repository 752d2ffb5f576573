"""Component schemas of an OpenAPI document, made of the one schema table.

Names, extensions and references are those of Kubernetes' own documents (``io.k8s.api.core.v1.Pod``,
``x-kubernetes-patch-merge-key``), so that tools written for those find what they look for; the texts are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from edgeorch.api.custom.kind import CustomObject, CustomVersion, is_custom
from edgeorch.api.fielddocs import FieldDocs, model_doc, plain
from edgeorch.api.meta import Model, Object
from edgeorch.api.resources import ResourceTable
from edgeorch.api.schema import Field, Kind, Type, schema_of

JsonObject = dict[str, Any]

META = "io.k8s.apimachinery.pkg.apis.meta.v1"
STATUS = f"{META}.Status"
PATCH = f"{META}.Patch"
_TIME = f"{META}.Time"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"

_PACKAGES = {
    "metrics": "io.k8s.metrics.pkg.apis.metrics",
    "apiextensions": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
}
"""API groups that do not live in ``k8s.io/api``."""

_SCALARS: Mapping[Kind, JsonObject] = {
    Kind.STRING: {"type": "string"},
    Kind.BYTES: {"type": "string", "format": "byte"},
    Kind.BOOL: {"type": "boolean"},
    Kind.FLOAT: {"type": "number", "format": "double"},
    Kind.ANY: {},
}
_WITH_ZERO = frozenset({Kind.STRING, Kind.BOOL, Kind.INT, Kind.FLOAT})
_SHARED: Mapping[Kind, str] = {
    Kind.TIME: _TIME,
    Kind.QUANTITY: _QUANTITY,
    Kind.INT_OR_STRING: _INT_OR_STRING,
}

_FIXED: Mapping[str, JsonObject] = {
    _TIME: {"description": "A moment, as RFC 3339 writes it.", "type": "string", "format": "date-time"},
    _QUANTITY: {
        "description": "An amount: a number, or text with a suffix such as `m`, `k`, `Mi` or `Gi`.",
        "oneOf": [{"type": "string"}, {"type": "number"}],
    },
    _INT_OR_STRING: {
        "description": "A number, or text such as a port's name or a percentage.",
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    },
    PATCH: {"description": "A change to an object, in the form that its Content-Type names.", "type": "object"},
    STATUS: {
        "description": "The outcome of a request that has no object to answer with, above all of a failed one.",
        "type": "object",
        "properties": {
            "apiVersion": {"description": "Always `v1`.", "type": "string"},
            "kind": {"description": "Always `Status`.", "type": "string"},
            "metadata": {"description": "Empty.", "type": "object"},
            "status": {"description": "`Success` or `Failure`.", "type": "string"},
            "message": {"description": "What happened, for people.", "type": "string"},
            "reason": {"description": "What happened, in one CamelCase word.", "type": "string"},
            "details": {
                "description": "What it happened to, and the causes one by one.",
                "type": "object",
                "properties": {
                    "name": {"description": "Name of the object.", "type": "string"},
                    "group": {"description": "API group of the object.", "type": "string"},
                    "kind": {"description": "Kind or resource of the object.", "type": "string"},
                    "uid": {"description": "UID of the object.", "type": "string"},
                    "retryAfterSeconds": {
                        "description": "Seconds after which to try again.",
                        "type": "integer",
                        "format": "int32",
                    },
                    "causes": {
                        "description": "Each thing that is wrong.",
                        "type": "array",
                        "x-kubernetes-list-type": "atomic",
                        "items": {
                            "type": "object",
                            "properties": {
                                "reason": {"description": "In one CamelCase word.", "type": "string"},
                                "message": {"description": "For people.", "type": "string"},
                                "field": {"description": "Path of the field.", "type": "string"},
                            },
                        },
                    },
                },
            },
            "code": {"description": "The HTTP status code.", "type": "integer", "format": "int32"},
        },
        "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Status"}],
    },
}


def reference(name: str) -> JsonObject:
    """Point at a component."""
    return {"$ref": f"#/components/schemas/{name}"}


class Names:
    """What models are called in OpenAPI: by API group and version, whatever module they stand in."""

    def __init__(self, table: ResourceTable) -> None:
        # A model without a kind of its own has the version of the first kind of its group that contains it.
        self._versions: dict[type[Model], str] = {}
        for info in table:
            if is_custom(info):
                continue
            for model in _reachable(info.model):
                if _package(model) == _package(info.model):
                    self._versions.setdefault(model, info.version)

    def __getitem__(self, model: type[Model]) -> str:
        if issubclass(model, CustomObject):
            version = model.version  # Kubernetes names them like packages of Java
            return ".".join([*reversed(version.group.split(".")), version.name, version.kind])
        package = _package(model)
        if not package:
            return f"{META}.{model.__name__}"
        prefix = _PACKAGES.get(package, f"io.k8s.api.{package}")
        return f"{prefix}.{self._versions.get(model, 'v1')}.{model.__name__}"


class Schemas:
    """Collects the components of one document: what is referred to, and what that refers to."""

    def __init__(self, names: Names, docs: FieldDocs) -> None:
        self._names = names
        self._docs = docs
        self._components: dict[str, JsonObject] = {}
        self._models: dict[str, type[Model]] = {}
        self._gvks: dict[str, list[JsonObject]] = {}

    def shared(self, name: str) -> JsonObject:
        """Refer to one of the components that are no models."""
        self._components.setdefault(name, _FIXED[name])
        return reference(name)

    def model(self, model: type[Model], gvk: JsonObject | None = None) -> JsonObject:
        """Refer to a model; ``gvk`` is set where it is a kind."""
        name = self._names[model]
        if self._models.setdefault(name, model) is not model:
            raise ValueError(f"two models are called {name}")
        if gvk and gvk not in self._gvks.setdefault(name, []):
            self._gvks[name].append(gvk)
        if name not in self._components:
            self._components[name] = {}  # models contain themselves, over some corners
            self._components[name] = self._object(model)
        return reference(name)

    def list_of(self, model: type[Model], gvk: JsonObject, list_meta: type[Model]) -> JsonObject:
        """Refer to the list of a kind."""
        name = f"{self._names[model]}List"
        items = {"type": "array", "items": self.model(model, gvk), "description": f"The {gvk['kind']} objects."}
        self._components[name] = {
            "type": "object",
            "description": f"A list of {gvk['kind']} objects.",
            "required": ["items"],
            "properties": {
                "apiVersion": {"type": "string", "description": "Group and version of this representation."},
                "kind": {"type": "string", "description": f"Always `{gvk['kind']}List`."},
                "metadata": {
                    "allOf": [self.model(list_meta)],
                    "description": "Where a watch or the next page begins.",
                },
                "items": items,
            },
        }
        self._gvks[name] = [{**gvk, "kind": f"{gvk['kind']}List"}]
        return reference(name)

    def components(self) -> JsonObject:
        """Give everything that was referred to, by name."""
        extension = "x-kubernetes-group-version-kind"
        return {
            name: {**self._components[name], extension: self._gvks[name]} if name in self._gvks else found
            for name, found in sorted(self._components.items())
        }

    def _object(self, model: type[Model]) -> JsonObject:
        if issubclass(model, CustomObject):
            return self._custom(model.version)
        schema = schema_of(model)
        docs = self._docs.fields(model)
        required = [field.name for field in schema.fields.values() if field.mandatory]
        return {
            "type": "object",
            "description": plain(model_doc(model)),
            **({"required": required} if required else {}),
            **({"x-kubernetes-map-type": "atomic"} if model.atomic else {}),
            "properties": {
                name: self._field(field, docs.get(name, "")) for name, field in schema.fields.items()
            },
        }

    def _custom(self, version: CustomVersion) -> JsonObject:
        """Describe a custom kind by its own schema, and by ours what all objects have."""
        own = version.schema.to_dict()
        common = {
            name: self._field(field, self._docs.fields(Object).get(name, ""))
            for name, field in schema_of(Object).fields.items()
        }
        return {**own, "type": "object", "properties": {**own.get("properties", {}), **common}}

    def _field(self, field: Field, doc: str) -> JsonObject:
        base = self._type(field.type)
        # what stands beside a reference does not count (OpenAPI 3.0.0), so it is wrapped, as Kubernetes does
        found: JsonObject = {"allOf": [base]} if "$ref" in base else dict(base)
        text = plain(doc)
        if field.unsupported:
            text = f"{text}\n\nKept, but without effect here: {plain(field.unsupported)}.".strip()
        found["description"] = text
        if field.required and not field.type.pointer and field.type.kind in _WITH_ZERO:
            found["default"] = field.type.zero()
        if field.key_defaults and field.type.element and field.type.element.model:
            items = self._components[self._names[field.type.element.model]]
            for key, value in field.key_defaults:
                items["properties"][key]["default"] = value
        return found | dict(_extensions(field))

    def _type(self, wire: Type) -> JsonObject:
        match wire.kind:
            case Kind.OBJECT if wire.model is not None:
                return self.model(wire.model)
            case Kind.LIST if wire.element is not None:
                return {"type": "array", "items": self._type(wire.element)}
            case Kind.MAP if wire.element is not None:
                free = wire.element.kind is Kind.ANY
                return {"type": "object"} | ({} if free else {"additionalProperties": self._type(wire.element)})
            case Kind.INT:
                return {"type": "integer", "format": f"int{wire.bits}"}
            case kind if kind in _SHARED:
                return self.shared(_SHARED[kind])
            case kind:
                return _SCALARS[kind]


def _extensions(field: Field) -> Iterator[tuple[str, Any]]:
    """Say how patches and server-side apply treat a field."""
    if field.type.atomic and not (field.type.model and field.type.model.atomic):
        yield "x-kubernetes-map-type", "atomic"
    if field.type.kind is Kind.LIST:
        match field.list_keys:
            case None:
                yield "x-kubernetes-list-type", "atomic"
            case ():
                yield "x-kubernetes-list-type", "set"
            case keys:
                yield "x-kubernetes-list-type", "map"
                yield "x-kubernetes-list-map-keys", list(keys)
    merged = field.type.kind is Kind.LIST and field.merge_key is not None
    strategies = ["merge"] * merged + ["retainKeys"] * field.retain_keys + ["replace"] * field.replaced
    if strategies:
        yield "x-kubernetes-patch-strategy", ",".join(strategies)
    if field.merge_key:
        yield "x-kubernetes-patch-merge-key", field.merge_key


def _reachable(model: type[Model]) -> Iterable[type[Model]]:
    found: dict[type[Model], None] = {}
    queue = [model]
    while queue:
        model = queue.pop()
        if model not in found:
            found[model] = None
            queue += [inner for field in schema_of(model).fields.values() if (inner := _model_in(field.type))]
    return found


def _model_in(wire: Type) -> type[Model] | None:
    while wire.element is not None:
        wire = wire.element
    return wire.model


def _package(model: type[Model]) -> str:
    """Name the package of a model's API group; empty for what all groups share."""
    _, _, below = model.__module__.partition("edgeorch.api.")
    package, dot, _ = below.partition(".")
    return package if dot else ""
