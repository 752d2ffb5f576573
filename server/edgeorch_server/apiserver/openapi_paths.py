"""Paths of an OpenAPI document, made of the resource table.

kubectl learns here that the server validates fields (the ``fieldValidation`` parameter of PATCH), which patch
types a kind takes, and which schema belongs to a resource; client generators make a method of each
``operationId``, so those are named as in Kubernetes' documents (``listCoreV1NamespacedPod``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edgeorch.api.custom.kind import is_custom
from edgeorch.api.meta import DeleteOptions, ListMeta, Object
from edgeorch.api.resources import ResourceInfo, Subresource
from edgeorch_server.apiserver import openapi_parameters as parameters
from edgeorch_server.apiserver.deletes import returns_deleted
from edgeorch_server.apiserver.negotiation import JSON_TYPE, YAML_TYPE
from edgeorch_server.apiserver.openapi_schemas import PATCH, STATUS, Schemas
from edgeorch_server.registry.base import PatchType

JsonObject = dict[str, Any]

_JSON_PATCH: JsonObject = {"type": "array", "items": {"type": "object"}}
_TEXT: JsonObject = {"type": "string"}
_NAMESPACE = parameters.in_path("namespace", "The namespace.")


def group_version_path(group: str, version: str) -> str:
    """``api/v1`` or ``apis/GROUP/VERSION``: where its resources are, and the name of its document."""
    return f"apis/{group}/{version}" if group else f"api/{version}"


def paths(info: ResourceInfo[Object], schemas: Schemas) -> Iterator[tuple[str, JsonObject]]:
    """Describe all paths of a resource."""
    return _Paths(info, schemas).all()


@dataclass(frozen=True, slots=True)
class _Paths:
    info: ResourceInfo[Object]
    schemas: Schemas

    def all(self) -> Iterator[tuple[str, JsonObject]]:
        info = self.info
        root = f"/{group_version_path(info.group, info.version)}"
        scope = [_NAMESPACE] if info.namespaced else []
        if info.namespaced and "list" in info.verbs:
            everywhere = self._list(f"{info.kind}ForAllNamespaces")
            yield f"{root}/{info.plural}", self._item({"get": everywhere}, [])
        collection = f"{root}/namespaces/{{namespace}}/{info.plural}" if scope else f"{root}/{info.plural}"
        yield collection, self._item(self._on_collection(), scope)
        item = f"{collection}/{{name}}"
        named = [parameters.in_path("name", f"Name of the {info.kind}."), *scope]
        yield item, self._item(self._on_object(), named)
        for sub in info.subresources:
            yield f"{item}/{sub.name}", self._item(self._on_subresource(sub), named)

    @property
    def _gvk(self) -> JsonObject:
        return {"group": self.info.group, "version": self.info.version, "kind": self.info.kind}

    @property
    def _scoped_kind(self) -> str:
        return f"Namespaced{self.info.kind}" if self.info.namespaced else self.info.kind

    def _item(self, operations: JsonObject, shared: list[JsonObject]) -> JsonObject:
        return {**operations, "parameters": [*shared, *parameters.referred(["pretty"])]}

    def _on_collection(self) -> JsonObject:
        verbs, kind = self.info.verbs, self.info.kind
        own = self._own()
        found: JsonObject = {}
        if "list" in verbs:
            found["get"] = self._list(self._scoped_kind)
        if "create" in verbs:
            found["post"] = self._write(
                "post", "create", self._scoped_kind, f"create a {kind}", own, (200, 201, 202)
            )
        if "deletecollection" in verbs:
            found["delete"] = self._operation(
                *(
                    "deletecollection",
                    "delete",
                    f"Collection{self._scoped_kind}",
                    f"delete a collection of {kind}",
                ),
                queries=parameters.referred(parameters.DELETE_COLLECTION),
                body=self._delete_body(),
                answers=self._answers(self._list_schema(), (200,)),
            )
        return found

    def _on_object(self) -> JsonObject:
        verbs, kind = self.info.verbs, self.info.kind
        own, found = self._own(), dict[str, Any]()
        if "get" in verbs:
            found["get"] = self._get(self._scoped_kind, f"read the specified {kind}", own)
        if "update" in verbs:
            text = f"replace the specified {kind}"
            found["put"] = self._write("put", "replace", self._scoped_kind, text, own, (200, 201))
        if "patch" in verbs:
            found["patch"] = self._patch(self._scoped_kind, f"partially update the specified {kind}", own)
        if "delete" in verbs:
            deleted = own if returns_deleted(self.info) else self.schemas.shared(STATUS)
            found["delete"] = self._operation(
                *("delete", "delete", self._scoped_kind, f"delete a {kind}"),
                queries=parameters.referred(parameters.DELETE),
                body=self._delete_body(),
                answers=self._answers(deleted, (200, 202)),
            )
        return found

    def _on_subresource(self, sub: Subresource) -> JsonObject:
        gvk = {"group": sub.group, "version": sub.version, "kind": sub.kind} if sub.version else self._gvk
        schema = self._own() if not sub.version else self._foreign(sub, gvk)
        title = f"{self._scoped_kind}{sub.name[:1].upper()}{sub.name[1:]}"
        about, found = f"{sub.name} of the specified {self.info.kind}", dict[str, Any]()
        if "get" in sub.verbs and sub.name == "log":
            found["get"] = self._operation(
                *("get", "read", title, f"read the {about}"),
                queries=parameters.referred(parameters.LOG),
                answers={"200": _content("OK", {"text/plain": _TEXT}), **self._failure()},
            )
        elif "get" in sub.verbs:
            found["get"] = self._get(title, f"read the {about}", schema)
        if "update" in sub.verbs:
            found["put"] = self._write("put", "replace", title, f"replace the {about}", schema, (200, 201))
        if "patch" in sub.verbs:
            found["patch"] = self._patch(title, f"partially update the {about}", schema)
        if "create" in sub.verbs:
            found["post"] = self._write("post", "create", title, f"create the {about}", schema, (200, 201, 202))
            # an action is answered with what came of it, which may be a Status
            found["post"]["responses"] = self._answers({"type": "object"}, (200, 201, 202))
        for operation in found.values():
            operation["x-kubernetes-group-version-kind"] = gvk
        return found

    def _own(self) -> JsonObject:
        return self.schemas.model(self.info.model, self._gvk)

    def _foreign(self, sub: Subresource, gvk: JsonObject) -> JsonObject:
        return self.schemas.model(sub.model, gvk) if sub.model else {"type": "object"}

    def _list_schema(self) -> JsonObject:
        return self.schemas.list_of(self.info.model, self._gvk, ListMeta)

    def _list(self, title: str) -> JsonObject:
        return self._operation(
            *("list", "list", title, f"list or watch objects of kind {self.info.kind}"),
            queries=parameters.referred(parameters.LIST),
            answers=self._answers(self._list_schema(), (200,)),
        )

    def _get(self, title: str, text: str, schema: JsonObject) -> JsonObject:
        return self._operation("get", "read", title, text, answers=self._answers(schema, (200,)))

    def _write(
        self, action: str, word: str, title: str, text: str, schema: JsonObject, codes: tuple[int, ...]
    ) -> JsonObject:
        return self._operation(
            *(action, word, title, text),
            queries=parameters.referred(parameters.WRITE),
            body={JSON_TYPE: schema, YAML_TYPE: schema},
            answers=self._answers(schema, codes),
        )

    def _patch(self, title: str, text: str, schema: JsonObject) -> JsonObject:
        change = self.schemas.shared(PATCH)
        return self._operation(
            *("patch", "patch", title, text),
            queries=parameters.inline(parameters.APPLY),
            body={
                str(kind): _JSON_PATCH if kind is PatchType.JSON else change
                for kind in PatchType
                if kind is not PatchType.STRATEGIC or not is_custom(self.info)
            },
            answers=self._answers(schema, (200, 201)),
        )

    def _delete_body(self) -> JsonObject:
        gvk = {"group": "", "version": "v1", "kind": "DeleteOptions"}
        return {JSON_TYPE: self.schemas.model(DeleteOptions, gvk)}

    def _answers(self, schema: JsonObject, codes: tuple[int, ...]) -> JsonObject:
        words = {200: "OK", 201: "Created", 202: "Accepted"}
        good = {str(code): _content(words[code], {JSON_TYPE: schema}) for code in codes}
        return {**good, "401": {"description": "Unauthorized"}, **self._failure()}

    def _failure(self) -> JsonObject:
        return {"default": _content("What is wrong", {JSON_TYPE: self.schemas.shared(STATUS)})}

    def _operation(
        self,
        action: str,
        word: str,
        title: str,
        text: str,
        *,
        answers: JsonObject,
        queries: list[JsonObject] | None = None,
        body: JsonObject | None = None,
    ) -> JsonObject:
        group = _camel(self.info.group)
        operation: JsonObject = {
            "description": text,
            "tags": [f"{group[:1].lower()}{group[1:]}_{self.info.version}"],
            "operationId": f"{word}{group}{self.info.version.capitalize()}{title}",
            "responses": answers,
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": self._gvk,
        }
        if queries:
            operation["parameters"] = queries
        if body:
            content = {media: {"schema": schema} for media, schema in body.items()}
            operation["requestBody"] = {"content": content, **({} if word == "delete" else {"required": True})}
        return operation


def _content(description: str, schemas: JsonObject) -> JsonObject:
    return {"description": description, "content": {media: {"schema": s} for media, s in schemas.items()}}


def _camel(group: str) -> str:
    """Write a group as Kubernetes' operation ids do: ``Core``, ``RbacAuthorization``."""
    return "".join(part.capitalize() for part in (group or "core").removesuffix(".k8s.io").split("."))
