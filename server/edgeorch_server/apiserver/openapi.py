"""OpenAPI: what kubectl reads before it writes, and what ``kubectl explain`` shows.

``/openapi/v3`` is an index of one document per group and version, each under a URL with its content hash, so
that clients keep them for good and fetch only the index again. ``/openapi/v2`` is one document of all, for
clients that know no other: kubectl fetches it in protobuf, up to 1.28 before every write, and gives up without.

Nothing is made before somebody asks, and only compressed bytes are kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from edgeorch.api.fielddocs import FieldDocs
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch.errors import NotFound
from edgeorch_server.apiserver import gnostic, openapi_parameters, openapi_paths, openapi_v2
from edgeorch_server.apiserver.documents import Document
from edgeorch_server.apiserver.negotiation import JSON_TYPE, choose
from edgeorch_server.apiserver.openapi_paths import group_version_path
from edgeorch_server.apiserver.openapi_schemas import Names, Schemas
from edgeorch_server.apiserver.version import version_info

JsonObject = dict[str, Any]
T = TypeVar("T")

_REVALIDATED = {"cache-control": "no-cache, private"}
_IMMUTABLE = {"cache-control": "public, immutable", "expires": "Thu, 31 Dec 2099 23:59:59 GMT"}


Kinds = tuple[ResourceInfo[Object], ...]
"""The kinds of one group and version."""


def documents(table: ResourceTable) -> dict[str, JsonObject]:
    """Describe each group and version, by its path in the index."""
    names, docs = Names(table), FieldDocs()
    return {path: _document(kinds, names, docs) for path, kinds in _kinds(table).items()}


def _kinds(table: ResourceTable) -> dict[str, Kinds]:
    """Give the kinds of each group and version, by its path in the index."""
    return {
        group_version_path(*pair): tuple(info for info in table if (info.group, info.version) == pair)
        for pair in table.group_versions()
    }


def _document(kinds: Kinds, names: Names, docs: FieldDocs) -> JsonObject:
    schemas = Schemas(names, docs)
    paths: JsonObject = {}
    for info in kinds:
        paths.update(openapi_paths.paths(info, schemas))
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": version_info()["gitVersion"]},
        "paths": paths,
        "components": {"parameters": openapi_parameters.components(), "schemas": schemas.components()},
    }


class OpenApi:
    """Answers ``/openapi/v2`` and ``/openapi/v3``.

    When kinds come or go, only the documents of their groups are made anew.
    """

    def __init__(self, table: ResourceTable) -> None:
        self._table = table
        self._made: dict[str, tuple[Kinds, Document]] = {}
        self._v3: asyncio.Future[_Index] | None = None
        self._v2: dict[_MakeV2, asyncio.Future[Document]] = {}
        self._revision = table.revision

    async def v2(self, request: Request) -> Response:
        """GET /openapi/v2."""
        media = choose(request.headers.get("accept", ""), (JSON_TYPE, *openapi_v2.PROTOBUF_TYPES))
        index = await self._documents()
        make = _make_v2 if media == JSON_TYPE else _make_v2_protobuf
        if make not in self._v2:
            self._v2[make] = _in_thread(lambda: make(index))
        return (await asyncio.shield(self._v2[make])).response(request, _REVALIDATED)

    async def index(self, request: Request) -> Response:
        """GET /openapi/v3: always revalidated, because it names the current hashes."""
        choose(request.headers.get("accept", ""), (JSON_TYPE,))
        index = await self._documents()
        return index.document.response(request, _REVALIDATED)

    async def group_version(self, request: Request) -> Response:
        """GET /openapi/v3/PATH?hash=...: for good under the right hash, redirected from a wrong one."""
        choose(request.headers.get("accept", ""), (JSON_TYPE,))
        path = request.path_params["path"]
        found = (await self._documents()).by_path.get(path)
        if found is None:
            raise NotFound("the server could not find the requested resource")
        asked = request.query_params.get("hash", "")
        if not asked:
            return found.response(request, _REVALIDATED)
        if asked != found.hash:
            return RedirectResponse(f"/openapi/v3/{path}?hash={found.hash}", 301)
        return found.response(request, _IMMUTABLE)

    async def _documents(self) -> _Index:
        if self._revision != self._table.revision:
            self._v3, self._v2 = None, {}
            self._revision = self._table.revision
        if self._v3 is None:
            kinds, names = _kinds(self._table), Names(self._table)
            self._v3 = _in_thread(lambda: self._make_v3(kinds, names))
        return await asyncio.shield(self._v3)

    def _make_v3(self, kinds: dict[str, Kinds], names: Names) -> _Index:
        docs, made = FieldDocs(), self._made
        self._made = {
            path: known
            if (known := made.get(path)) is not None and known[0] == infos
            else (infos, Document.json(_document(infos, names, docs)))
            for path, infos in kinds.items()
        }
        return _Index({path: document for path, (_, document) in self._made.items()})


class _Index:
    """The documents of all groups and versions, and the one that says where they are."""

    def __init__(self, by_path: dict[str, Document]) -> None:
        urls = {path: f"/openapi/v3/{path}?hash={document.hash}" for path, document in by_path.items()}
        self.by_path = by_path
        self.document = Document.json(
            {"paths": {path: {"serverRelativeURL": url} for path, url in urls.items()}}
        )

    def decoded(self) -> Iterator[JsonObject]:
        """Give what the documents say, one after the other."""
        return (orjson.loads(document.data) for document in self.by_path.values())


_MakeV2 = Callable[[_Index], Document]


def _make_v2(index: _Index) -> Document:
    return Document.json(openapi_v2.document(index.decoded()))


def _make_v2_protobuf(index: _Index) -> Document:
    return Document(gnostic.encode(openapi_v2.brief(index.decoded())), openapi_v2.ANSWERED_TYPE)


def _in_thread(make: Callable[[], T]) -> asyncio.Future[T]:
    """Make something once, for all who wait, without holding up the others."""
    return asyncio.ensure_future(asyncio.to_thread(make))
