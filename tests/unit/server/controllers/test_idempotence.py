"""Whatever a controller finds: once it has done its part, doing it again changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from edgeorch.api.apiextensions.resources import CUSTOM_RESOURCE_DEFINITIONS
from edgeorch.api.apps.resources import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS
from edgeorch.api.autoscaling.resources import HORIZONTAL_POD_AUTOSCALERS
from edgeorch.api.batch.resources import CRON_JOBS, JOBS
from edgeorch.api.certificates.resources import CERTIFICATE_SIGNING_REQUESTS
from edgeorch.api.core.resources import (
    CONFIG_MAPS,
    NAMESPACES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    REPLICATION_CONTROLLERS,
    RESOURCE_QUOTAS,
    SECRETS,
)
from edgeorch.api.meta import DeleteOptions
from edgeorch.api.policy.resources import POD_DISRUPTION_BUDGETS
from edgeorch.api.rbac.resources import CLUSTER_ROLES
from edgeorch.api.scheduling.resources import PRIORITY_CLASSES
from edgeorch.errors import ApiError
from edgeorch_server.controllers.garbage.collector import NAME as GARBAGE
from edgeorch_server.controllers.garbage.collector import GarbageCollector
from edgeorch_server.controllers.node_lifecycle import NodeLifecycle
from edgeorch_server.controllers.runner import Controller, Key, Result, Source
from edgeorch_server.registry.base import ListOptions, WriteOptions
from edgeorch_server.registry.recorder import EventRecorder
from tests.fakes.custom_kinds import definition, widget
from tests.fakes.plane import GRACE, NEVER_READY, Plane
from tests.fakes.signing import signing_request
from tests.fakes.workloads import template, workload

pytestmark = pytest.mark.looptime(noop_cycles=0)

ROUNDS = 20
"""How often one controller may look at everything, all others at rest, until it has done its part."""
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


async def everything() -> Plane:
    """Make one object of each kind that a controller has to do with, and some that are in trouble."""
    plane = await Plane(("pi", "pi-2", "lost")).open()
    pods = {"selector": {"matchLabels": {"app": "web"}}}
    once = template()
    once["spec"] |= {"restartPolicy": "Never"}
    await plane.create(DEPLOYMENTS, "web", spec=workload(3))
    await plane.create(DEPLOYMENTS, "stuck", spec=workload(1, NEVER_READY))
    await plane.create(REPLICA_SETS, "set", spec=workload(2))
    await plane.create(REPLICATION_CONTROLLERS, "rc", spec=workload(2) | {"selector": {"app": "web"}})
    await plane.create(DAEMON_SETS, "everywhere", spec=workload())
    volumes = [{"metadata": {"name": "data"}, "spec": CLAIM}]
    await plane.create(STATEFUL_SETS, "db", spec=workload(2, serviceName="db", volumeClaimTemplates=volumes))
    await plane.create(JOBS, "job", spec={"template": once, "completions": 2, "ttlSecondsAfterFinished": 60})
    every_minute = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": once}}}
    await plane.create(CRON_JOBS, "minutely", spec=every_minute)
    await plane.create(POD_DISRUPTION_BUDGETS, "budget", spec={"maxUnavailable": 1, **pods})
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    await plane.create(HORIZONTAL_POD_AUTOSCALERS, "scaler", spec={"scaleTargetRef": target, "maxReplicas": 5})
    await plane.create(RESOURCE_QUOTAS, "quota", spec={"hard": {"pods": "50", "requests.storage": "1Gi"}})
    await plane.create(PERSISTENT_VOLUME_CLAIMS, "claim", spec=CLAIM)
    await plane.create(PODS, "alone", spec=template()["spec"])
    await plane.create(NAMESPACES, "going")
    await plane.registry.create_entry(
        CONFIG_MAPS, "going", {"metadata": {"name": "kept", "finalizers": ["example.com/x"]}}, WriteOptions()
    )
    await plane.registry.delete(NAMESPACES, "", "going", DeleteOptions())
    await families(plane)
    await access(plane)
    await definitions(plane)
    return plane


async def families(plane: Plane) -> None:
    """Make what the garbage collector has to do with: owners that are gone, that go, and that cannot be."""
    owners = {name: await plane.create(CONFIG_MAPS, name) for name in ("here", "waits", "orphans")}

    def of(name: str, **how: Any) -> dict[str, Any]:
        uid = owners[name].metadata.uid if name in owners else "nobody"
        return {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid, **how}

    for name, references, finalizers in (
        ("alone", [of("gone")], []),
        ("half", [of("gone"), of("here")], []),
        ("kept", [of("gone")], ["example.com/x"]),
        ("blocks", [of("waits", blockOwnerDeletion=True)], ["example.com/x"]),
        ("free", [of("orphans")], []),
    ):
        meta = {"ownerReferences": references, "finalizers": finalizers}
        await plane.create(CONFIG_MAPS, f"of-{name}", metadata=meta)
    await plane.create(PRIORITY_CLASSES, "nowhere", value=1, metadata={"ownerReferences": [of("here")]})
    for name, policy in (("waits", "Foreground"), ("orphans", "Orphan")):
        await plane.registry.delete(CONFIG_MAPS, "default", name, DeleteOptions(propagationPolicy=policy))


async def access(plane: Plane) -> None:
    """Make roles that are parts of each other, tokens with and without an account, requests in all stages."""
    read = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
    for name, of in (("a", "b"), ("b", "c"), ("c", "a")):
        selectors = [{"matchLabels": {"name": of}}, {"matchLabels": {"name": "readers"}}]
        aggregation = {"clusterRoleSelectors": selectors}
        meta = {"labels": {"name": name}}
        await plane.create(CLUSTER_ROLES, name, metadata=meta, aggregationRule=aggregation, rules=[])
    await plane.create(CLUSTER_ROLES, "readers", metadata={"labels": {"name": "readers"}}, rules=[read])
    for account in ("default", "nobody"):
        meta = {"annotations": {"kubernetes.io/service-account.name": account}}
        await plane.create(SECRETS, account, metadata=meta, type="kubernetes.io/service-account-token")
    for name, condition, usage in (
        ("pending", "", "client auth"),
        ("denied", "Denied", "client auth"),
        ("approved", "Approved", "client auth"),
        ("not-signed", "Approved", "server auth"),
    ):
        body = signing_request(name, "joe", "ops", usages=[usage])
        await plane.registry.create_entry(CERTIFICATE_SIGNING_REQUESTS, "", body, WriteOptions())
        if condition:
            conditions = [{"type": condition, "status": "True", "reason": "Because"}]
            request = plane.get(CERTIFICATE_SIGNING_REQUESTS, name).to_dict()
            await plane.registry.update_entry(
                CERTIFICATE_SIGNING_REQUESTS,
                "",
                name,
                {**request, "status": {"conditions": conditions}},
                WriteOptions(),
                "approval",
            )


async def definitions(plane: Plane) -> None:
    """Define a kind, another of the same names, and one that goes and still has an object."""
    for plural, group in (("widgets", "example.com"), ("gadgets", "example.com"), ("widgets", "example.org")):
        body = definition()
        body["metadata"]["name"] = f"{plural}.{group}"
        body["spec"] |= {"group": group}
        body["spec"]["names"] |= {"plural": plural}
        await plane.registry.create_entry(CUSTOM_RESOURCE_DEFINITIONS, "", body, WriteOptions())
    going = "widgets.example.org"
    [controller] = [one for one in plane.plain_controllers() if one.name == "custom-resource-definitions"]
    await controller.reconciler.reconcile(Key("", going))
    kind = plane.kinds.kind(going)
    assert kind is not None
    body = widget("kept") | {"apiVersion": "example.org/v1"}
    body["metadata"] |= {"finalizers": ["example.com/x"]}
    await plane.registry.create_entry(kind, "default", body, WriteOptions())
    await plane.registry.delete(CUSTOM_RESOURCE_DEFINITIONS, "", going, DeleteOptions())


@dataclass(frozen=True)
class Worker:
    """A controller: what it would look at if it started now, and how."""

    name: str
    due: Callable[[], Iterable[Any]]
    reconcile: Callable[[Any], Awaitable[Result]]


def plain(controller: Controller) -> Worker:
    """Take one that its sources wake."""

    def due() -> list[Key]:
        entries = (
            (source, entry)
            for source in controller.sources
            for entry in controller.objects.list_entries(source.resource, ListOptions()).entries
        )
        return list(dict.fromkeys(key for source, entry in entries for key in source.keys(entry)))

    return Worker(controller.name, due, controller.reconciler.reconcile)


def all_workers(plane: Plane) -> list[Worker]:
    """Make everyone that the control plane runs."""

    def recorder(component: str) -> EventRecorder:
        return EventRecorder(plane.registry, component, plane.now)

    nodes = NodeLifecycle(
        plane.registry, plane.present, recorder("node-controller"), now=plane.now, grace=GRACE
    )
    collector = GarbageCollector(plane.registry, recorder(GARBAGE))
    return [
        *(plain(controller) for controller in plane.plain_controllers()),
        plain(Controller("node-lifecycle", nodes, (Source(NODES),), plane.registry)),
        Worker(GARBAGE, lambda: list(collector.everything()), collector.reconcile),
    ]


async def come_to_rest(plane: Plane, worker: Worker) -> None:
    """Let one controller work alone until it writes nothing any more, events included."""
    for _ in range(ROUNDS):
        before = plane.store.revision
        for key in worker.due():
            with contextlib.suppress(ApiError):  # its own business, as long as it does not write
                await worker.reconcile(key)
        if plane.store.revision == before:
            return
    raise AssertionError(f"{worker.name} still writes after {ROUNDS} rounds")


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(0, id="nothing has been done yet"),
        pytest.param(5, id="all is under way"),
        pytest.param(1_000, id="all is done"),
    ],
)
async def test_reconciling_again_changes_nothing(seconds: int) -> None:
    """Every controller is level-based: with no news there is no write, whatever state it finds."""
    plane = await everything()
    if seconds:
        async with plane.running():
            await asyncio.sleep(seconds / 2)
            plane.present.lose("lost")
            await asyncio.sleep(seconds / 2)
    for worker in all_workers(plane):
        await come_to_rest(plane, worker)
