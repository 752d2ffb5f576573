"""Discovery: which groups, versions and resources are served, in the legacy and the aggregated form.

Pure builders from the resource table, and one class that answers. The aggregated form (``/api`` and ``/apis``
with ``Accept: ...;as=APIGroupDiscoveryList``) must come back with exactly its own Content-Type, else clients
take it for the legacy form and find no resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo, ResourceTable, Subresource
from edgeorch.errors import NotFound
from edgeorch_server.apiserver.documents import Document
from edgeorch_server.apiserver.negotiation import DISCOVERY_GROUP, DISCOVERY_KIND, discovery_version

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
    """Group -> versions, the preferred one first, which is the one that stands first in the table."""
    found: dict[str, list[str]] = {}
    for name, version in table.group_versions():
        found.setdefault(name, []).append(version)
    return found


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
        "verbs": list(info.verbs),
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
        "verbs": list(info.verbs),
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
    """Answers the discovery paths; everything is encoded once."""

    def __init__(self, table: ResourceTable) -> None:
        self._api = Document(api_versions())
        self._apis = Document(group_list(table))
        self._groups = {name: Document(group(table, name)) for name, _ in table.group_versions() if name}
        self._lists = {gv: Document(resource_list(table, *gv)) for gv in table.group_versions()}
        self._aggregated = {
            (core, version): Document(
                aggregated(table, core=core, version=version),
                f"application/json;g={DISCOVERY_GROUP};v={version};as={DISCOVERY_KIND}",
            )
            for core in (True, False)
            for version in _VERSIONS
        }

    async def api(self, request: Request) -> Response:
        """GET /api."""
        return self._root(request, self._api, core=True)

    async def apis(self, request: Request) -> Response:
        """GET /apis."""
        return self._root(request, self._apis, core=False)

    def _root(self, request: Request, legacy: Document, *, core: bool) -> Response:
        version = discovery_version(request.headers.get("accept", ""))
        document = self._aggregated[core, version] if version else legacy
        return document.response(request)

    async def group(self, request: Request) -> Response:
        """GET /apis/GROUP."""
        return _found(self._groups.get(request.path_params["group"])).response(request)

    async def resources(self, request: Request) -> Response:
        """GET /api/VERSION and /apis/GROUP/VERSION."""
        key = (request.path_params.get("group", ""), request.path_params["version"])
        return _found(self._lists.get(key)).response(request)


def _found(document: Document | None) -> Document:
    if document is None:
        raise NotFound("the server could not find the requested resource")
    return document
