"""Discovery: which groups, versions and resources are served, in the legacy and the aggregated form.

Pure builders from the resource table, and one class that answers. The aggregated form (``/api`` and ``/apis``
with ``Accept: ...;as=APIGroupDiscoveryList``) must come back with exactly its own Content-Type, else clients
take it for the legacy form and find no resources.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edgeorch.api.custom.kind import advertised_verbs
from edgeorch.api.custom.versions import priority
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo, ResourceTable, Subresource
from edgeorch.errors import NotFound
from edgeorch_server.apiserver.documents import Document
from edgeorch_server.apiserver.negotiation import (
    DISCOVERY_GROUP,
    DISCOVERY_KIND,
    JSON_TYPE,
    choose,
    discovery_version,
)

JsonObject = dict[str, Any]

_VERSIONS = ("v2", "v2beta1")


def api_versions() -> JsonObject:
    """Answer ``/api``: the versions of the core group."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": ""}],
    }


def group_list(table: ResourceTable) -> JsonObject:
    """Answer ``/apis``: all groups but core."""
    groups = [_group(name, versions) for name, versions in _versions_by_group(table).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(table: ResourceTable, name: str) -> JsonObject | None:
    """Answer ``/apis/GROUP``; None for a group that is not served."""
    versions = _versions_by_group(table).get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if name and versions else None


def _group(name: str, versions: list[str]) -> JsonObject:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _versions_by_group(table: ResourceTable) -> dict[str, list[str]]:
    """Group -> versions, the preferred one first."""
    found: dict[str, list[str]] = {}
    for name, version in table.group_versions():
        found.setdefault(name, []).append(version)
    return {name: sorted(versions, key=priority) for name, versions in found.items()}


def resource_list(table: ResourceTable, group_name: str, version: str) -> JsonObject | None:
    """Answer ``/api/v1`` or ``/apis/GROUP/VERSION``; None when it is not served."""
    infos = _resources(table, group_name, version)
    if not infos:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": infos[0].api_version,
        "resources": [entry for info in infos for entry in _legacy_entries(info)],
    }


def _resources(table: ResourceTable, group_name: str, version: str) -> list[ResourceInfo[Object]]:
    return [info for info in table if (info.group, info.version) == (group_name, version)]


def _legacy_entries(info: ResourceInfo[Object]) -> Iterator[JsonObject]:
    yield {
        "name": info.plural,
        "singularName": info.singular,
        "namespaced": info.namespaced,
        "kind": info.kind,
        "verbs": list(advertised_verbs(info)),
        **({"shortNames": list(info.short_names)} if info.short_names else {}),
        **({"categories": list(info.categories)} if info.categories else {}),
    }
    for sub in info.subresources:
        # group and version only where they are not the list's own
        foreign = {"group": sub.group, "version": sub.version} if sub.version else {}
        yield {
            "name": f"{info.plural}/{sub.name}",
            "singularName": "",
            "namespaced": info.namespaced,
            **foreign,
            "kind": sub.kind or info.kind,
            "verbs": list(sub.verbs),
        }


def aggregated(table: ResourceTable, *, core: bool, version: str) -> JsonObject:
    """Describe ``/api`` (core) or ``/apis`` (all others) as APIGroupDiscoveryList; v2 and v2beta1 are alike."""
    items = []
    for name, versions in _versions_by_group(table).items():
        if core != (name == ""):
            continue
        items.append(
            {
                "metadata": {"name": name} if name else {},
                "versions": [
                    {
                        "version": v,
                        "resources": [_aggregated_entry(info) for info in _resources(table, name, v)],
                        "freshness": "Current",
                    }
                    for v in versions
                ],
            }
        )
    return {
        "kind": DISCOVERY_KIND,
        "apiVersion": f"{DISCOVERY_GROUP}/{version}",
        "metadata": {},
        "items": items,
    }


def _aggregated_entry(info: ResourceInfo[Object]) -> JsonObject:
    entry: JsonObject = {
        "resource": info.plural,
        "responseKind": {"group": info.group, "version": info.version, "kind": info.kind},
        "scope": "Namespaced" if info.namespaced else "Cluster",
        "singularResource": info.singular,
        "verbs": list(advertised_verbs(info)),
    }
    if info.short_names:
        entry["shortNames"] = list(info.short_names)
    if info.categories:
        entry["categories"] = list(info.categories)
    if info.subresources:
        entry["subresources"] = [_aggregated_subresource(info, sub) for sub in info.subresources]
    return entry


def _aggregated_subresource(info: ResourceInfo[Object], sub: Subresource) -> JsonObject:
    own = {"group": info.group, "version": info.version, "kind": info.kind}
    foreign = {"group": sub.group, "version": sub.version, "kind": sub.kind}
    return {
        "subresource": sub.name,
        "responseKind": foreign if sub.version else {**own, "kind": sub.kind or info.kind},
        "verbs": list(sub.verbs),
    }


class Discovery:
    """Answers the discovery paths; each document is made when it is first asked for, and when kinds changed."""

    def __init__(self, table: ResourceTable) -> None:
        self._table = table
        self._documents: dict[str, Document] = {}
        self._revision = table.revision

    async def api(self, request: Request) -> Response:
        """GET /api."""
        return self._root(request, api_versions, core=True)

    async def apis(self, request: Request) -> Response:
        """GET /apis."""
        return self._root(request, lambda: group_list(self._table), core=False)

    async def group(self, request: Request) -> Response:
        """GET /apis/GROUP."""
        name = request.path_params["group"]
        return self._plain(request, lambda: group(self._table, name))

    async def resources(self, request: Request) -> Response:
        """GET /api/VERSION and /apis/GROUP/VERSION."""
        name, version = request.path_params.get("group", ""), request.path_params["version"]
        return self._plain(request, lambda: resource_list(self._table, name, version))

    def _root(self, request: Request, legacy: Callable[[], JsonObject], *, core: bool) -> Response:
        version = discovery_version(request.headers.get("accept", ""))
        if not version:
            return self._plain(request, legacy)
        media_type = f"application/json;g={DISCOVERY_GROUP};v={version};as={DISCOVERY_KIND}"
        make = functools.partial(aggregated, self._table, core=core, version=version)
        return self._answer(request, version, make, media_type)

    def _plain(self, request: Request, make: Callable[[], JsonObject | None]) -> Response:
        choose(request.headers.get("accept", ""), (JSON_TYPE,))
        return self._answer(request, "", make, JSON_TYPE)

    def _answer(
        self, request: Request, form: str, make: Callable[[], JsonObject | None], media_type: str
    ) -> Response:
        if self._revision != self._table.revision:
            self._documents.clear()
            self._revision = self._table.revision
        key = f"{form} {request.url.path.rstrip('/')}"
        document = self._documents.get(key)
        if document is None:
            value = make()
            if value is None:
                raise NotFound("the server could not find the requested resource")
            document = self._documents[key] = Document.json(value, media_type)
        return document.response(request)
