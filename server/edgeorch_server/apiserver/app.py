"""The application: routes, handlers and nothing else; everything it works with is handed to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from edgeorch.api.resources import ResourceTable
from edgeorch_server.apiserver.auth.middleware import Authentication, PathAuthorization
from edgeorch_server.apiserver.auth.wiring import Access
from edgeorch_server.apiserver.discovery import Discovery
from edgeorch_server.apiserver.endpoint import ResourceEndpoint
from edgeorch_server.apiserver.health import HealthChecks, HealthEndpoint
from edgeorch_server.apiserver.openapi import OpenApi
from edgeorch_server.apiserver.representations import Representations, TablePrinter
from edgeorch_server.apiserver.responses import StatusErrors, StripTrailingSlash, json_response
from edgeorch_server.apiserver.streaming import OpenStreams
from edgeorch_server.apiserver.version import version_info
from edgeorch_server.apiserver.watch import EventEncoder, Watches
from edgeorch_server.registry.base import Computed, NodeLogs, Objects


def create_app(
    objects: Objects,
    *,
    access: Access,
    node_logs: NodeLogs,
    printer: TablePrinter,
    table: ResourceTable | None = None,
    computed: Mapping[str, Computed] | None = None,
    health: HealthChecks | None = None,
    streams: OpenStreams | None = None,
    version: Mapping[str, str] | None = None,
    extra_routes: Sequence[BaseRoute] = (),
) -> Starlette:
    """Build the API server's ASGI application.

    ``table`` is what is served, by default what ``objects`` store; the kinds beyond that are other versions of
    those, or ``computed`` (by :attr:`~edgeorch.api.resources.ResourceInfo.key`).
    ``streams`` is how the HTTP server ends watches when it stops. ``extra_routes`` are served without
    authentication, which is theirs to do (joining nodes bring a token instead of a certificate); their errors
    become a Status too.
    """
    streams = OpenStreams() if streams is None else streams
    health = health or HealthChecks()
    representations = Representations(printer)
    watches = Watches(objects, EventEncoder(representations))
    table = table or objects.table
    resources = ResourceEndpoint(
        objects, table, computed or {}, access, representations, watches, node_logs, streams
    )
    known_users = Middleware(Authentication, access.authenticator, access.authorizer)
    anyone = Middleware(Authentication, access.authenticator, access.authorizer, strangers=True)
    allowed_paths = Middleware(PathAuthorization, authorizer=access.authorizer)
    return Starlette(
        routes=[
            # the busiest first: every route before the right one costs a regular expression
            Route("/api/{version}/{path:path}", resources, middleware=[known_users]),
            Route("/apis/{group}/{version}/{path:path}", resources, middleware=[known_users]),
            *_public_routes(health, version or version_info(), [anyone, allowed_paths]),
            *extra_routes,
            Mount(
                "",
                routes=[*access.routes, *_discovery_routes(table)],
                middleware=[known_users, allowed_paths],
            ),
        ],
        middleware=[Middleware(StatusErrors), Middleware(StripTrailingSlash)],
        # Starlette would answer its own errors as plain text; StatusErrors answers all of them
        exception_handlers={HTTPException: _pass_on},
    )


async def _pass_on(_request: Request, exc: Exception) -> NoReturn:
    raise exc


def _public_routes(
    health: HealthChecks, version: Mapping[str, str], middleware: Sequence[Middleware]
) -> list[BaseRoute]:
    """Give what Kubernetes lets anonymous clients see (role ``system:public-info-viewer``)."""

    async def get_version(_request: Request) -> Response:
        return json_response(version)

    routes: list[BaseRoute] = [Route("/version", get_version, middleware=middleware)]
    checks = {"healthz": health.live, "livez": health.live, "readyz": {**health.live, **health.ready}}
    for name, named_checks in checks.items():
        endpoint = HealthEndpoint(name, named_checks)
        routes += [
            Route(path, endpoint.get, middleware=middleware) for path in (f"/{name}", f"/{name}/{{check:path}}")
        ]
    return routes


def _discovery_routes(table: ResourceTable) -> list[BaseRoute]:
    """Give what all known users see, whatever else they may do (role ``system:discovery``)."""
    discovery = Discovery(table)
    openapi = OpenApi(table)
    return [
        Route("/api", discovery.api),
        Route("/api/{version}", discovery.resources),
        Route("/apis", discovery.apis),
        Route("/apis/{group}", discovery.group),
        Route("/apis/{group}/{version}", discovery.resources),
        Route("/openapi/v2", openapi.v2),
        Route("/openapi/v3", openapi.index),
        Route("/openapi/v3/{path:path}", openapi.group_version),
    ]
