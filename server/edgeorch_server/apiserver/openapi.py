"""OpenAPI: what kubectl reads before it writes.

``/openapi/v3`` is an index of one document per group and version, each under a URL with its content hash, so
that clients keep them for good. From a document kubectl learns that the server validates fields (the
``fieldValidation`` parameter of PATCH) and which patch types a kind takes. Schemas are not served yet: a
half-filled one would make ``kubectl apply`` warn about every field it misses, while none at all makes it
use its built-in types.

``/openapi/v2`` is only asked for by kubectl up to 1.28, which gives up without it; an empty document in
protobuf satisfies it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch.errors import NotFound
from edgeorch_server.apiserver.documents import Document
from edgeorch_server.apiserver.negotiation import JSON_TYPE, YAML_TYPE
from edgeorch_server.registry.base import PatchType

JsonObject = dict[str, Any]

# gnostic's openapi.v2.Document: swagger=1 "2.0", info=2 {title=1, version=2}, paths=8 {}, definitions=9 {}
EMPTY_V2 = b"\n\x032.0\x12\x15\n\nKubernetes\x12\x07v1.33.0B\x00J\x00"
V2_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

_IMMUTABLE = {"cache-control": "public, immutable", "expires": "Thu, 31 Dec 2099 23:59:59 GMT"}

_METHODS = {
    "get": ("get", "get"),
    "update": ("put", "put"),
    "patch": ("patch", "patch"),
    "delete": ("delete", "delete"),
}
_COLLECTION_METHODS = {
    "list": ("get", "list"),
    "create": ("post", "post"),
    "deletecollection": ("delete", "deletecollection"),
}
_BODY_TYPES = {
    "post": (JSON_TYPE, YAML_TYPE),
    "put": (JSON_TYPE, YAML_TYPE),
    "patch": tuple(str(kind) for kind in PatchType),
}


def document(table: ResourceTable, group: str, version: str) -> JsonObject:
    """Describe the paths of one group and version."""
    paths: JsonObject = {}
    for info in table:
        if (info.group, info.version) == (group, version):
            paths.update(_paths(info))
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.33.0"},
        "paths": paths,
        "components": {"schemas": {}},
    }


def group_version_path(group: str, version: str) -> str:
    """``api/v1`` or ``apis/GROUP/VERSION``: the name of a document in the index."""
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _paths(info: ResourceInfo[Object]) -> Iterator[tuple[str, JsonObject]]:
    root = f"/{group_version_path(info.group, info.version)}"
    collection = (
        f"{root}/namespaces/{{namespace}}/{info.plural}" if info.namespaced else f"{root}/{info.plural}"
    )
    scope = [_path_parameter("namespace")] if info.namespaced else []
    own = {"group": info.group, "version": info.version, "kind": info.kind}
    yield collection, _path_item(info.verbs, _COLLECTION_METHODS, own, scope)
    item, named = f"{collection}/{{name}}", [_path_parameter("name"), *scope]
    yield item, _path_item(info.verbs, _METHODS, own, named)
    for sub in info.subresources:
        foreign = {"group": sub.group, "version": sub.version, "kind": sub.kind}
        methods = {**_METHODS, "create": ("post", "post")}
        yield f"{item}/{sub.name}", _path_item(sub.verbs, methods, foreign if sub.version else own, named)


def _path_parameter(name: str) -> JsonObject:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _path_item(
    verbs: tuple[str, ...],
    methods: dict[str, tuple[str, str]],
    gvk: JsonObject,
    parameters: list[JsonObject],
) -> JsonObject:
    operations = {
        method: _operation(method, action, gvk) for verb, (method, action) in methods.items() if verb in verbs
    }
    return {**operations, "parameters": parameters}


def _operation(method: str, action: str, gvk: JsonObject) -> JsonObject:
    operation: JsonObject = {
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk,
    }
    if method in _BODY_TYPES:
        operation["parameters"] = [
            {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
            for name in ("dryRun", "fieldManager", "fieldValidation")
        ]
        operation["requestBody"] = {
            "content": {kind: {"schema": {"type": "object"}} for kind in _BODY_TYPES[method]}
        }
    return operation


class OpenApi:
    """Answers ``/openapi/v2`` and ``/openapi/v3``; the documents are encoded once, on first use."""

    def __init__(self, table: ResourceTable) -> None:
        self._table = table
        self._built: tuple[Document, dict[str, Document]] | None = None

    def _documents(self) -> tuple[Document, dict[str, Document]]:
        if self._built is None:
            documents = {
                group_version_path(*gv): Document(document(self._table, *gv))
                for gv in self._table.group_versions()
            }
            index = {
                path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={d.hash}"}
                for path, d in documents.items()
            }
            self._built = Document({"paths": index}), documents
        return self._built

    async def v2(self, _request: Request) -> Response:
        """GET /openapi/v2."""
        return Response(EMPTY_V2, media_type=V2_TYPE)

    async def index(self, request: Request) -> Response:
        """GET /openapi/v3: always revalidated, because it names the current hashes."""
        index, _ = self._documents()
        return index.response(request, {"cache-control": "no-cache, private"})

    async def group_version(self, request: Request) -> Response:
        """GET /openapi/v3/PATH?hash=...: for good under the right hash, redirected from a wrong one."""
        path = request.path_params["path"]
        found = self._documents()[1].get(path)
        if found is None:
            raise NotFound("the server could not find the requested resource")
        asked = request.query_params.get("hash", "")
        if not asked:
            return found.response(request, {"cache-control": "no-cache, private"})
        if asked != found.hash:
            return RedirectResponse(f"/openapi/v3/{path}?hash={found.hash}", 301)
        return found.response(request, _IMMUTABLE)
