"""From an HTTP method and a path to a verb, and from a verb to what may be done here."""

from __future__ import annotations

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch.errors import MethodNotAllowed, NotFound
from edgeorch_server.apiserver.paths import Target, parse

_ON_OBJECT = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}
_ON_COLLECTION = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}


def find(table: ResourceTable, path: str) -> tuple[ResourceInfo[Object], Target]:
    """Find what a path names; raises NotFound when nothing is served there."""
    target = parse(path)
    resource = table.find(target.group, target.version, target.plural) if target else None
    if target is None or resource is None or not _in_scope(resource, target):
        raise NotFound("the server could not find the requested resource")
    if target.subresource and resource.subresource(target.subresource) is None:
        raise NotFound("the server could not find the requested resource")
    return resource, target


def _in_scope(resource: ResourceInfo[Object], target: Target) -> bool:
    """Whether the path has a namespace where the kind has; a collection may span all namespaces."""
    if not resource.namespaced:
        return not target.namespace
    return bool(target.namespace) or not target.name


def verb(method: str, resource: ResourceInfo[Object], target: Target, *, watch: bool) -> str:
    """Find the verb of a request; raises MethodNotAllowed."""
    if target.name:
        found = _ON_OBJECT.get(method)
        sub = resource.subresource(target.subresource)
        allowed = sub.verbs if sub else resource.verbs if found != "create" else ()
    else:
        found = "watch" if watch and method == "GET" else _ON_COLLECTION.get(method)
        spans_namespaces = resource.namespaced and not target.namespace
        allowed = ("list", "watch") if spans_namespaces else resource.verbs
    if found is None or found not in allowed or (not target.name and found not in resource.verbs):
        raise MethodNotAllowed("the server does not allow this method on the requested resource")
    return found
