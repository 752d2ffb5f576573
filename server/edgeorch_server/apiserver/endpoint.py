"""The one endpoint of all resources: from a request on a path of the resource table to its answer.

The path of a request: find the resource, find the verb, authorise, parse the query, read the body, call the
registry, write the answer. Nothing here knows a particular kind, but for the few answers in which Kubernetes
itself makes a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from edgeorch.api.autoscaling.resources import SCALE, SCALES
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import BINDINGS, PODS
from edgeorch.api.custom.kind import is_custom, warnings_of
from edgeorch.api.meta import DeleteOptions, Object
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch.errors import BadRequest, MethodNotAllowed, NotFound
from edgeorch_server.apiserver import params
from edgeorch_server.apiserver.auth.authorization import Attributes, authorize
from edgeorch_server.apiserver.auth.middleware import SEEN_KEY, Seen
from edgeorch_server.apiserver.auth.wiring import Access
from edgeorch_server.apiserver.body import read_delete_options, read_object, read_patch
from edgeorch_server.apiserver.deletes import answers_object, deleted_status
from edgeorch_server.apiserver.lists import list_response
from edgeorch_server.apiserver.logs import log_response
from edgeorch_server.apiserver.negotiation import (
    Representation,
    accepts_gzip,
    patch_type,
    representation,
    wants_pretty,
    with_include_object,
)
from edgeorch_server.apiserver.paths import Target
from edgeorch_server.apiserver.posted import Post, Posted
from edgeorch_server.apiserver.representations import Representations
from edgeorch_server.apiserver.responses import JSON_TYPE, add_warnings, json_line, pretty
from edgeorch_server.apiserver.streaming import OpenStreams, StreamResponse
from edgeorch_server.apiserver.verbs import find, verb
from edgeorch_server.apiserver.watch import Watches
from edgeorch_server.registry.base import Computed, NodeLogs, Objects, PatchType, User, WriteOptions, Written
from edgeorch_server.store.base import Entry

_OK, _CREATED, _ACCEPTED = 200, 201, 202


@dataclass(frozen=True, slots=True)
class _Call:
    """A request with all that was found out about it before a verb is carried out."""

    request: Request
    resource: ResourceInfo[Object]
    target: Target
    how: Representation

    @property
    def user(self) -> User:
        user: User = self.request.scope["user"]
        return user

    def write_options(self, kind: str, *, apply: bool = False) -> WriteOptions:
        """Parse CreateOptions, UpdateOptions or PatchOptions."""
        user_agent = self.request.headers.get("user-agent", "")
        options = params.write_options(self.request.query_params, self.user, user_agent, kind, apply=apply)
        return replace(options, audit=self.annotations)

    @property
    def annotations(self) -> dict[str, str]:
        """Where admission notes something for the audit log."""
        seen: Seen | None = self.request.scope.get(SEEN_KEY)
        return seen.annotations if seen else {}


class ResourceEndpoint:
    """Serves every path below ``/api/VERSION`` and ``/apis/GROUP/VERSION``."""

    def __init__(
        self,
        objects: Objects,
        table: ResourceTable,
        computed: Mapping[str, Computed],
        access: Access,
        representations: Representations,
        watches: Watches,
        node_logs: NodeLogs,
        streams: OpenStreams,
    ) -> None:
        self._objects = objects
        self._table = table
        self._computed = computed
        self._authorizer = access.authorizer
        self._posted = access.posted
        self._representations = representations
        self._watches = watches
        self._node_logs = node_logs
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        response = await self.answer(Request(scope, receive))
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """Answer a request; raises :class:`edgeorch.errors.ApiError`."""
        resource, target = find(self._table, request.scope["path"])
        query = request.query_params
        name = verb(request.method, resource, target, watch=params.boolean(query, "watch"))
        self._authorize(request, resource, target, name)
        if target.subresource == "log":
            return await self._log(request, resource, target)
        how = representation(request.headers.get("accept", ""))
        how = with_include_object(how, query.get("includeObject", ""))
        call = _Call(request, resource, target, how)
        response = await self._carry_out(name, call)
        add_warnings(response, warnings_of(resource))
        return response

    async def _carry_out(self, name: str, call: _Call) -> Response:
        match name:
            case "get":
                return await self._get(call)
            case "list":
                return await self._list(call)
            case "watch":
                return self._watch(call)
            case "create" if call.target.subresource:
                return await self._post_subresource(call)
            case "create":
                return await self._create(call)
            case "update":
                return await self._update(call)
            case "patch":
                return await self._patch(call)
            case "delete":
                return await self._delete(call)
            case "deletecollection":
                return await self._delete_collection(call)
        raise MethodNotAllowed("the server does not allow this method on the requested resource")

    def _authorize(self, request: Request, resource: ResourceInfo[Object], target: Target, name: str) -> None:
        # a namespace is asked for in itself, as in Kubernetes' request info
        itself = target.name if resource.group_resource == "namespaces" else ""
        attributes = Attributes(
            user=request.scope["user"],
            verb=name,
            group=resource.group,
            resource=resource.plural,
            subresource=target.subresource,
            namespace=target.namespace or itself,
            name=target.name,
        )
        authorize(self._authorizer, attributes)

    def _authorize_creation(self, call: _Call) -> None:
        """Ask for what an Apply needs besides where there is nothing yet; until the write nothing waits."""
        target = call.target
        try:
            self._objects.get_entry(call.resource, target.namespace, target.name)
        except NotFound:
            self._authorize(call.request, call.resource, target, "create")

    async def _get(self, call: _Call) -> Response:
        target = call.target
        if version := params.resource_version(call.request.query_params):
            self._objects.check_reached(version)
        if source := self._computed.get(call.resource.key):
            entry = await source.get_entry(target.namespace, target.name)
        elif target.subresource:
            entry = self._objects.get_part(call.resource, target.namespace, target.name, target.subresource)
        else:
            entry = self._objects.get_entry(call.resource, target.namespace, target.name)
        return self._object(call, entry)

    async def _list(self, call: _Call) -> Response:
        query = params.collection(call.request.query_params, call.resource, call.target.namespace)
        if source := self._computed.get(call.resource.key):
            page = await source.list_entries(query.select)
        else:
            page = self._objects.list_entries(call.resource, query.select)
        pieces = self._representations.page(call.resource, page, call.how)
        if self._pretty(call):
            return _json(pretty(b"".join(pieces)))
        return self._pieces(call, len(page.entries), pieces)

    def _watch(self, call: _Call) -> Response:
        query = params.collection(call.request.query_params, call.resource, call.target.namespace)
        source = self._watches.open(call.resource, query, call.how)
        return StreamResponse(source, self._streams, JSON_TYPE)

    async def _log(self, request: Request, resource: ResourceInfo[Object], target: Target) -> Response:
        options = params.log_options(request.query_params, target.name)
        entry = self._objects.get_entry(resource, target.namespace, target.name)
        pod = Pod.from_json(entry.data)
        return await log_response(pod, options, self._node_logs, self._streams)

    async def _create(self, call: _Call) -> Response:
        options = call.write_options("CreateOptions")
        body = await read_object(call.request, options, call.resource.kind)
        if posted := self._posted.get(call.resource.key):
            return await self._answer(call, posted, body, options)
        if call.resource.key == BINDINGS.key:
            return await self._bind(call, body, options)
        written = await self._objects.create_entry(call.resource, call.target.namespace, body, options)
        return self._written(call, written, options)

    async def _update(self, call: _Call) -> Response:
        options = call.write_options("UpdateOptions")
        body = await read_object(call.request, options, call.resource.kind)
        target = call.target
        written = await self._objects.update_entry(
            call.resource, target.namespace, target.name, body, options, target.subresource
        )
        return self._written(call, written, options)

    async def _patch(self, call: _Call) -> Response:
        given = call.request.headers.get("content-type", "")
        kind = patch_type(given, strategic=not is_custom(call.resource))
        options = call.write_options("PatchOptions", apply=kind is PatchType.APPLY)
        patch = await read_patch(call.request, kind, options)
        target = call.target
        if kind is PatchType.APPLY and not target.subresource:
            self._authorize_creation(call)
        written = await self._objects.patch_entry(
            call.resource, target.namespace, target.name, kind, patch, options, target.subresource
        )
        return self._written(call, written, options)

    async def _delete(self, call: _Call) -> Response:
        delete, options = await _delete_options(call)
        target = call.target
        written = await self._objects.delete_entry(
            call.resource, target.namespace, target.name, delete, options
        )
        if answers_object(call.resource, written):
            # Kubernetes answers 202 only to those who asked for a cascade in the deprecated way
            pending = not written.deleted and delete.orphanDependents is False
            response = self._object(call, written.entry, _ACCEPTED if pending else _OK)
        else:
            response = self._value(call, deleted_status(call.resource, written))
        add_warnings(response, options.warnings)
        return response

    async def _delete_collection(self, call: _Call) -> Response:
        query = params.collection(call.request.query_params, call.resource, call.target.namespace)
        delete, options = await _delete_options(call)
        page = await self._objects.delete_collection(call.resource, query.select, delete, options)
        pieces = self._representations.page(call.resource, page, call.how)
        response = self._pieces(call, len(page.entries), pieces)
        add_warnings(response, options.warnings)
        return response

    def _pieces(self, call: _Call, items: int, pieces: Iterator[bytes]) -> Response:
        packed = accepts_gzip(call.request.headers.get("accept-encoding", ""))
        return list_response(items, pieces, self._streams, packed=packed)

    async def _post_subresource(self, call: _Call) -> Response:
        options = call.write_options("CreateOptions")
        target = call.target
        sub = call.resource.subresource(target.subresource)
        body = await read_object(call.request, options, sub.kind if sub else call.resource.kind)
        if posted := self._posted.get(f"{call.resource.key}/{target.subresource}"):
            return await self._answer(call, posted, body, options)
        answer = await self._objects.post_subresource(
            call.resource, target.namespace, target.name, target.subresource, body, options
        )
        response = self._value(call, answer, _CREATED)
        add_warnings(response, options.warnings)
        return response

    async def _bind(self, call: _Call, body: dict[str, Any], options: WriteOptions) -> Response:
        """Bind the pod that a Binding names: the older way, beside ``pods/binding`` (``LegacyBindingREST``)."""
        meta = body.get("metadata")
        name = meta.get("name") if isinstance(meta, dict) else None
        if not isinstance(name, str) or not name:
            raise BadRequest("name must be provided")
        answer = await self._objects.post_subresource(
            PODS, call.target.namespace, name, "binding", body, options
        )
        response = self._value(call, answer, _CREATED)
        add_warnings(response, options.warnings)
        return response

    async def _answer(
        self, call: _Call, posted: Posted, body: dict[str, Any], options: WriteOptions
    ) -> Response:
        """Answer what is stored nowhere."""
        post = Post(call.resource, call.target.namespace, call.target.name, body, options)
        answer = await posted.answer(post)
        about = {"apiVersion": call.resource.api_version, "kind": call.resource.kind}
        response = self._value(call, {**about, **answer.to_dict()}, _CREATED)
        add_warnings(response, options.warnings)
        return response

    def _written(self, call: _Call, written: Written, options: WriteOptions) -> Response:
        response = self._object(call, written.entry, _CREATED if written.created else _OK)
        add_warnings(response, options.warnings)
        return response

    def _object(self, call: _Call, entry: Entry, status: int = _OK) -> Response:
        shown = SCALES if call.target.subresource == SCALE.name else call.resource
        data = self._representations.object(shown, entry, call.how)
        return _json(pretty(data) if self._pretty(call) else data + b"\n", status)

    def _value(self, call: _Call, value: object, status: int = _OK) -> Response:
        data = json_line(value)
        return _json(pretty(data) if self._pretty(call) else data, status)

    @staticmethod
    def _pretty(call: _Call) -> bool:
        asked = call.request.query_params.get("pretty")
        return wants_pretty(asked, call.request.headers.get("user-agent", ""))


def _json(data: bytes, status: int = _OK) -> Response:
    return Response(data, status, media_type=JSON_TYPE)


async def _delete_options(call: _Call) -> tuple[DeleteOptions, WriteOptions]:
    body = await read_delete_options(call.request)
    delete = params.delete_options(call.request.query_params, body)
    options = WriteOptions(user=call.user, dry_run=bool(delete.dryRun), audit=call.annotations)
    return delete, options
