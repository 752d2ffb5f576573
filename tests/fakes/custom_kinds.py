"""The API server in process, with the controller that serves custom kinds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from edgeorch.api.resources import LiveTable
from edgeorch.api.table import default_table, served_table
from edgeorch_server.controllers.definitions.controller import definition_controller
from edgeorch_server.controllers.definitions.serving import CustomKinds
from edgeorch_server.registry.admission.base import Lookup
from edgeorch_server.registry.gate import Nobody, Webhooks
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore
from edgeorch_server.store.mvcc import MvccStore
from edgeorch_server.webhooks.caller import Caller
from edgeorch_server.webhooks.dispatch import AdmissionWebhooks
from tests.fakes.api_server import furnish, wall_clock
from tests.fakes.in_process import bare_app

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "description": "What is wanted.",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1},
                "color": {"type": "string", "default": "red"},
                "replicas": {"type": "integer"},
                "parts": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}, "weight": {"type": "integer"}},
                    },
                },
            },
        },
        "status": {
            "type": "object",
            "properties": {"phase": {"type": "string"}, "replicas": {"type": "integer"}},
        },
    },
}


def definition(**version: Any) -> dict[str, Any]:
    """Define Widgets, in one version that differs from the usual one as it is said."""
    usual = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": SCHEMA},
        "subresources": {
            "status": {},
            "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"},
        },
        "additionalPrinterColumns": [
            {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
            {"name": "Phase", "type": "string", "jsonPath": ".status.phase", "priority": 1},
        ],
        "selectableFields": [{"jsonPath": ".spec.color"}],
    }
    names = {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"], "categories": ["all"]}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [{**usual, **version}]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": spec,
    }


def widget(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": name},
        "spec": {"size": 1, **spec},
    }


class Served:
    """A cluster of which the test is a client; controllers beyond the one for definitions are the test's."""

    def __init__(self, store: MvccStore | None = None, outside: Caller | None = None) -> None:
        self.store = store or MemoryStore()
        self.kinds = kinds = CustomKinds(self.store, LiveTable(default_table()), LiveTable(served_table()))

        def webhooks(objects: Lookup) -> Webhooks:
            return AdmissionWebhooks(objects, kinds.served, outside) if outside else Nobody()

        self.registry = Registry(self.store, kinds.stored, now=wall_clock, webhooks=webhooks)
        self.kinds.load(self.registry)
        app = bare_app(self.registry, self.kinds.served)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://test")

    async def furnish(self) -> None:
        """Create what every cluster has."""
        await furnish(self.registry)

    async def define(self, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Create a definition, and wait until it is established or refused its names."""
        body = body or definition()
        answer = await self.http.post(DEFINITIONS, json=body)
        assert answer.status_code == 201, answer.text
        return await self.settled(body["metadata"]["name"])

    async def settled(self, name: str) -> dict[str, Any]:
        """Wait until the controller has said something of a definition; give its conditions by type."""
        for _ in range(1000):
            await asyncio.sleep(0)
            found: dict[str, Any] = (await self.http.get(f"{DEFINITIONS}/{name}")).json()
            if conditions := found.get("status", {}).get("conditions"):
                return {one["type"]: one for one in conditions}
        raise AssertionError(f"nothing is said of {name}")

    async def gone(self, path: str) -> None:
        """Wait until nothing is found at a path."""
        for _ in range(1000):
            await asyncio.sleep(0)
            if (await self.http.get(path)).status_code == 404:
                return
        raise AssertionError(f"{path} stays")


@asynccontextmanager
async def served(store: MvccStore | None = None, outside: Caller | None = None) -> AsyncIterator[Served]:
    """Serve; ``outside`` is where webhooks are called, if there are any."""
    cluster = Served(store, outside)
    if store is None:
        await cluster.furnish()
    controller = definition_controller(cluster.registry, cluster.kinds, wall_clock)
    task = asyncio.create_task(controller.run())
    try:
        yield cluster
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await cluster.http.aclose()
