"""A real API server for tests: HTTPS on a free port, in front of the registry and a store in memory."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import NAMESPACES, SERVICE_ACCOUNTS
from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.meta import ObjectMeta
from edgeorch.api.resources import LiveTable, ResourceTable
from edgeorch.api.table import default_table, served_table
from edgeorch.errors import ApiError, ServiceUnavailable
from edgeorch.pki import ADMIN, MASTERS, PkiFolder
from edgeorch_server.access.jwt import SigningKey
from edgeorch_server.apiserver.app import create_app
from edgeorch_server.apiserver.auth.authentication import (
    CertificateAuthenticator,
    StaticToken,
    TokenAuthenticator,
)
from edgeorch_server.apiserver.auth.wiring import Access, rbac_access
from edgeorch_server.apiserver.printers import KubernetesPrinter
from edgeorch_server.apiserver.protocol import ConnectionLimits
from edgeorch_server.apiserver.server import HttpServer, tls_context
from edgeorch_server.apiserver.streaming import OpenStreams
from edgeorch_server.controllers.default_roles import ensure_default_roles
from edgeorch_server.controllers.definitions.controller import definition_controller
from edgeorch_server.controllers.definitions.serving import CustomKinds
from edgeorch_server.metrics.node_stats import NodeStatsCache
from edgeorch_server.metrics.served import metrics_sources
from edgeorch_server.registry.admission.base import Lookup
from edgeorch_server.registry.base import LogOptions, NodeStats, User
from edgeorch_server.registry.gate import Nobody, Webhooks
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore
from tests.fakes.eventually import LIMIT

ADMIN_TOKEN = "the-admins-token"
EXPIRED_TOKEN = "yesterdays-token"


def wall_clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass
class FakeNodes:
    """Answers log calls with what a test has put in."""

    chunks: list[bytes] = field(default_factory=list)
    error: ApiError | None = None
    endless: bool = False
    asked: list[tuple[str, LogOptions]] = field(default_factory=list)
    closed: int = 0
    usage: dict[str, NodeStats] = field(default_factory=dict)
    """What nodes say they use; one that is not in here does not answer."""

    async def stats(self, node: str) -> NodeStats:
        if node in self.usage:
            return self.usage[node]
        raise ServiceUnavailable(f"node {node} is not connected")

    async def logs(self, pod: Pod, options: LogOptions) -> AsyncGenerator[bytes, None]:
        self.asked.append((pod.metadata.name, options))
        try:
            if self.error:
                raise self.error
            for chunk in self.chunks:
                yield chunk
            if self.endless:
                await asyncio.Event().wait()
        finally:
            self.closed += 1


@dataclass
class Cluster:
    """The running server and the ways in."""

    registry: Registry
    store: MemoryStore
    server: HttpServer
    streams: OpenStreams
    pki: PkiFolder
    nodes: FakeNodes
    requests: list[str]
    """``METHOD path`` of each request that came over the network."""

    @property
    def url(self) -> str:
        return f"https://localhost:{self.server.port}"

    def tls(self, client: str | None) -> ssl.SSLContext:
        """Trust the cluster's CA, and be one of its clients."""
        context = ssl.create_default_context(cafile=str(self.pki.ca_certificate))
        if client:
            context.load_cert_chain(self.pki.certificate(client), self.pki.key(client))
        return context

    def stored(self, resource: str, name: str, namespace: str = "default") -> bytes:
        """Look at what is stored; empty when there is no such object."""
        entry = self.store.get(resource, namespace, name)
        return entry.data if entry else b""

    def client(self, who: str | None = "admin") -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, verify=self.tls(who), timeout=LIMIT)


def app_for(
    registry: Registry,
    access: Access,
    nodes: FakeNodes,
    streams: OpenStreams,
    table: ResourceTable | None = None,
) -> Starlette:
    """Put the API in front of a registry, with all kinds that a real server has, or those of a table."""
    return create_app(
        registry,
        access=access,
        node_logs=nodes,
        printer=KubernetesPrinter(wall_clock),
        table=table or served_table(),
        computed=metrics_sources(registry, NodeStatsCache(nodes)),
        streams=streams,
    )


async def furnish(registry: Registry) -> None:
    """Create what every cluster has: the namespace ``default`` and its ServiceAccount."""
    await registry.create(NAMESPACES, Namespace(metadata=ObjectMeta(name="default")))
    await registry.create(
        SERVICE_ACCOUNTS, ServiceAccount(metadata=ObjectMeta(name="default", namespace="default"))
    )


@asynccontextmanager
async def running_cluster(
    pki: PkiFolder,
    limits: ConnectionLimits | None = None,
    clock: Callable[[], dt.datetime] = wall_clock,
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    webhooks: Callable[[Lookup], Webhooks] = lambda _objects: Nobody(),
) -> AsyncIterator[Cluster]:
    """Serve; there is a namespace ``default`` with its ServiceAccount.

    ``pki`` must hold the server certificate ``server``; the client certificates in it are the tests' own.
    """
    store = MemoryStore()
    kinds = CustomKinds(store, LiveTable(default_table()), LiveTable(served_table()))
    registry = Registry(store, kinds.stored, now=wall_clock, webhooks=webhooks)
    await furnish(registry)
    await ensure_default_roles(registry)
    nodes, streams = FakeNodes(), OpenStreams()
    admin = User(ADMIN, (MASTERS,))
    tokens = [StaticToken.of(ADMIN_TOKEN, admin), StaticToken.of(EXPIRED_TOKEN, admin, expires=1.0)]
    pki.ensure_user_ca()
    key = SigningKey.from_pem(pki.ensure_signing_key("sa"))
    access, follower = rbac_access(
        registry,
        key,
        clock,
        CertificateAuthenticator(),
        TokenAuthenticator(tokens, lambda: clock().timestamp()),
    )
    requests: list[str] = []
    outermost = around(app_for(registry, access, nodes, streams, kinds.served))

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            requests.append(f"{scope['method']} {scope['path']}")
        await outermost(scope, receive, send)

    tls = tls_context(pki.certificate("server"), pki.key("server"), pki.ca_certificate, pki.user_ca_certificate)
    definitions = definition_controller(registry, kinds, wall_clock)
    following = [asyncio.create_task(run()) for run in (follower.run, definitions.run)]
    async with HttpServer(noting, host="127.0.0.1", port=0, tls=tls, streams=streams, limits=limits) as server:
        yield Cluster(registry, store, server, streams, pki, nodes, requests)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    await store.close()
