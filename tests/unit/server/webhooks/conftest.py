"""A registry whose webhooks are functions."""

from __future__ import annotations

import base64
import copy
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from edgeorch.api.admissionregistration.resources import MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS
from edgeorch.api.core.resources import NAMESPACES
from edgeorch.api.table import default_table, served_table
from edgeorch_server.registry.admission.base import Lookup
from edgeorch_server.registry.base import WriteOptions, Written
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore
from edgeorch_server.webhooks.dispatch import AdmissionWebhooks
from edgeorch_server.webhooks.hooks import Hook
from tests.fakes.api_server import furnish, wall_clock

Say = Callable[[dict[str, Any]], dict[str, Any] | Awaitable[dict[str, Any]]]
"""Answers the request of a review with a response, without its uid."""

PODS_RULE = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
CONFIG_MAPS_RULE = {**PODS_RULE, "resources": ["configmaps"]}


def allow(_request: dict[str, Any]) -> dict[str, Any]:
    """Have nothing against it."""
    return {"allowed": True}


def patch(*operations: Mapping[str, Any]) -> dict[str, Any]:
    """Change the object."""
    encoded = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"allowed": True, "patchType": "JSONPatch", "patch": encoded}


def set_label(key: str, value: str) -> Say:
    """Give an object a label, whatever others it has."""

    def say(request: dict[str, Any]) -> dict[str, Any]:
        labels = {**request["object"]["metadata"].get("labels", {}), key: value}
        return patch({"op": "add", "path": "/metadata/labels", "value": labels})

    return say


@dataclass
class Outside:
    """All webhooks there are, by name."""

    said: dict[str, Say] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Who was asked what, in this order."""

    async def call(self, hook: Hook, review: bytes) -> bytes:
        body = orjson.loads(review)
        self.asked.append((hook.name, copy.deepcopy(body["request"])))
        answer = self.said.get(hook.name, allow)(body["request"])
        response = answer if isinstance(answer, dict) else await answer
        return orjson.dumps(
            {
                "apiVersion": body["apiVersion"],
                "kind": "AdmissionReview",
                "response": {"uid": body["request"]["uid"], **response},
            }
        )

    @property
    def names(self) -> list[str]:
        return [name.partition(".")[0] for name, _ in self.asked]


@dataclass
class Cluster:
    """The registry, and those it asks."""

    registry: Registry
    store: MemoryStore
    outside: Outside
    lookup: Lookup

    async def configure(
        self, name: str, *webhooks: dict[str, Any], mutating: bool = False, **says: Say
    ) -> Written:
        """Configure webhooks; ``says`` is what they say, by the first label of their names."""
        resource = MUTATING_WEBHOOKS if mutating else VALIDATING_WEBHOOKS
        body = {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"name": name},
            "webhooks": list(webhooks),
        }
        self.outside.said.update({f"{label}.example.com": say for label, say in says.items()})
        return await self.registry.create_entry(resource, "", body, WriteOptions())


def webhook(label: str, **settings: Any) -> dict[str, Any]:
    """Make a webhook about pods."""
    return {
        "name": f"{label}.example.com",
        "clientConfig": {"url": f"https://{label}.example.com/"},
        "rules": [PODS_RULE],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **settings,
    }


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    """Run a registry with the namespace ``default``, labelled ``team=blue``."""
    store, outside = MemoryStore(), Outside()
    uids = map(str, itertools.count(1))
    lookups: list[Lookup] = []

    def webhooks(objects: Lookup) -> AdmissionWebhooks:
        lookups.append(objects)
        return AdmissionWebhooks(objects, served_table(), outside, lambda: next(uids))

    registry = Registry(store, default_table(), now=wall_clock, webhooks=webhooks)
    await furnish(registry)
    namespace = registry.get(NAMESPACES, "", "default")
    namespace.metadata.labels["team"] = "blue"
    await registry.update(NAMESPACES, namespace)
    yield Cluster(registry, store, outside, lookups[0])
    await store.close()
