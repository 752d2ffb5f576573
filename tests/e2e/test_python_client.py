"""The official Python client, which minds types and required fields where kubectl shrugs: typed, dynamic, informer, async."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import kubernetes.aio
import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError
from kubernetes.informer import ADDED, DELETED, MODIFIED, SharedInformer
from kubernetes.watch import Watch

from edgeorch.api.resources import ResourceInfo
from edgeorch.api.table import served_table
from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl
from tests.lab.manifests import FOR_EVER, Manifest, config_map, pod, shell
from tests.lab.podman import BUSYBOX
from tests.lab.python_client import Typed
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(180)]

PATIENCE = 60
"""Seconds after which a watch is over."""
LABELS = {"app": "quiet"}
CONTAINERS = {"containers": [shell(FOR_EVER)]}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": CONTAINERS}
PODS = {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}
NOWHERE = {"metadata": {"labels": LABELS}, "spec": CONTAINERS | {"nodeSelector": {"no": "where"}}}
ONCE = {"template": {"spec": CONTAINERS | {"restartPolicy": "Never"}}}
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
VOLUME = {
    "accessModes": ["ReadWriteOnce"],
    "capacity": {"storage": "1Mi"},
    "hostPath": {"path": "/nowhere"},
    "storageClassName": "none",
}
RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
RBAC = "rbac.authorization.k8s.io"
VIEW = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"}
BACKEND = {"service": {"name": "none", "port": {"number": 80}}}

QUIET: dict[str, Manifest] = {
    f"clusterrolebindings.{RBAC}": {"roleRef": VIEW},
    f"clusterroles.{RBAC}": {"rules": RULES},
    "configmaps": {"data": {"k": "v"}},
    "controllerrevisions.apps": {"revision": 1, "data": {"k": "v"}},
    "cronjobs.batch": {"spec": {"suspend": True, "schedule": "0 3 * * *", "jobTemplate": {"spec": ONCE}}},
    "daemonsets.apps": {"spec": PODS | {"template": NOWHERE}},
    "deployments.apps": {"spec": PODS | {"replicas": 0}},
    "endpoints": {"subsets": [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}]},
    "endpointslices.discovery.k8s.io": {"addressType": "IPv4", "endpoints": [{"addresses": ["192.0.2.1"]}]},
    "horizontalpodautoscalers.autoscaling": {"spec": {"scaleTargetRef": TARGET, "maxReplicas": 3}},
    "ingressclasses.networking.k8s.io": {"spec": {"controller": "example.com/none"}},
    "ingresses.networking.k8s.io": {"spec": {"defaultBackend": BACKEND}},
    "jobs.batch": {"spec": ONCE | {"suspend": True}},
    "leases.coordination.k8s.io": {"spec": {"renewTime": "2026-01-02T03:04:05.678901Z"}},
    "limitranges": {"spec": {"limits": [{"type": "Container", "max": {"cpu": "8"}}]}},
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": {"webhooks": []},
    "networkpolicies.networking.k8s.io": {"spec": {"podSelector": {}}},
    "persistentvolumeclaims": {"spec": CLAIM},
    "persistentvolumes": {"spec": VOLUME},
    "poddisruptionbudgets.policy": {"spec": {"minAvailable": "50%", "selector": {"matchLabels": LABELS}}},
    "pods": {"spec": CONTAINERS | {"schedulingGates": [{"name": "example.com/wait"}]}},
    "podtemplates": {"template": TEMPLATE},
    "priorityclasses.scheduling.k8s.io": {"value": 7},
    "replicasets.apps": {"spec": PODS | {"replicas": 0}},
    "replicationcontrollers": {"spec": {"replicas": 0, "selector": LABELS, "template": TEMPLATE}},
    "resourcequotas": {"spec": {"hard": {"count/leases.coordination.k8s.io": "100"}}},
    f"rolebindings.{RBAC}": {"roleRef": VIEW},
    f"roles.{RBAC}": {"rules": RULES},
    "runtimeclasses.node.k8s.io": {"handler": "none"},
    "secrets": {"data": {"k": "dg=="}},
    "serviceaccounts": {},
    "services": {"spec": {"selector": LABELS, "ports": [{"port": 80}]}},
    "statefulsets.apps": {"spec": PODS | {"replicas": 0, "serviceName": "quiet"}},
    "storageclasses.storage.k8s.io": {"provisioner": "example.com/none"},
    "validatingwebhookconfigurations.admissionregistration.k8s.io": {"webhooks": []},
}
"""One object of each kind, by resource, that starts no container."""

PATCHES: dict[str, tuple[str, Any]] = {
    "json": (
        "application/json-patch+json",
        [{"op": "add", "path": "/metadata/labels", "value": {"json": "1"}}],
    ),
    "merge": ("application/merge-patch+json", {"metadata": {"labels": {"merge": "1"}}}),
    "strategic": ("application/strategic-merge-patch+json", {"metadata": {"labels": {"strategic": "1"}}}),
}
# Events as events.k8s.io shows those of older recorders have no eventTime, which this client does not take.
READ = [
    info
    for info in served_table()
    if info.key in {"events", "namespaces", "nodes", *QUIET} and info.group != "events.k8s.io"
]


def name_of(info: ResourceInfo[Any]) -> str:
    """Name a kind for a test's id."""
    return f"{info.version}-{info.key}"


def refused(call: Callable[[], Any]) -> tuple[int, str]:
    """Give the code and the reason of the Status that a call is refused with."""
    with pytest.raises(ApiException) as caught:
        call()
    status = json.loads(caught.value.body)
    assert status["kind"] == "Status"
    return caught.value.status, status["reason"]


@pytest.mark.parametrize("info", READ, ids=name_of)
def test_everything_there_is_can_be_read(info: ResourceInfo[Any], python_client: client.ApiClient) -> None:
    """The client refuses a field of the wrong type and one that is missing: nothing in the cluster has such."""
    found = Typed(info, python_client, "default").everywhere()
    assert found.kind == f"{info.kind}List"
    assert found.metadata.resource_version.isdigit()


@pytest.mark.parametrize("info", [info for info in READ if info.key in QUIET], ids=name_of)
def test_the_life_of_an_object(
    info: ResourceInfo[Any], kubectl: Kubectl, python_client: client.ApiClient
) -> None:
    """Of each kind: create, read, patch in each way, replace, delete; and a watch has seen it all, in order."""
    typed = Typed(info, python_client, kubectl.namespace)
    since = typed("list").metadata.resource_version
    name = f"{kubectl.namespace}-quiet"
    manifest = quiet(info, name)
    assert typed("create", manifest).metadata.name == name
    assert refused(lambda: typed("create", manifest)) == (409, "AlreadyExists")
    first = typed("read", name)
    for content_type, patch in PATCHES.values():
        typed("patch", name, patch, _content_type=content_type)
    assert refused(lambda: typed("replace", name, first)) == (409, "Conflict")
    replace(typed, name)
    [last] = [item for item in typed("list").items if item.metadata.name == name]
    assert set(last.metadata.labels) >= set(PATCHES)
    assert last.metadata.annotations["by"] == "replace"
    typed("delete", name)
    events = typed.watch(name, since, PATIENCE)
    assert refused(lambda: typed("read", name)) == (404, "NotFound")
    kinds, objects = [kind for kind, _ in events], [found for _, found in events]
    assert kinds == ["ADDED", *["MODIFIED"] * (len(events) - 2), "DELETED"]
    assert {type(found) for found in objects} == {type(first)}
    versions = [int(found.metadata.resource_version) for found in objects]
    assert versions == sorted(set(versions))


def quiet(info: ResourceInfo[Any], name: str) -> Manifest:
    """Write an object of a kind."""
    return {"apiVersion": info.api_version, "kind": info.kind, "metadata": {"name": name}, **QUIET[info.key]}


def replace(typed: Typed, name: str) -> None:
    """Read, change, write, and do it again when a controller was quicker."""

    def replaced() -> bool:
        found = typed("read", name)
        found.metadata.annotations = {**(found.metadata.annotations or {}), "by": "replace"}
        try:
            typed("replace", name, found)
        except ApiException as exc:
            if exc.status != HTTPStatus.CONFLICT:
                raise
            return False
        return True

    wait_until(replaced, "the replacement")


class TestWorkloads:
    """Typed objects, and controllers that act on them."""

    def test_a_deployment_and_its_scale(self, kubectl: Kubectl, python_client: client.ApiClient) -> None:
        """Made of the client's classes, scaled by the subresource, its status as numbers."""
        apps = client.AppsV1Api(python_client)
        apps.create_namespaced_deployment(kubectl.namespace, typed_deployment("web", 1))

        def available(count: int) -> bool:
            status = apps.read_namespaced_deployment_status("web", kubectl.namespace).status
            if status is None:  # not looked at yet
                return False
            return (status.available_replicas or 0) == count and (status.replicas or 0) == count

        wait_until(lambda: available(1), "the pod")
        scale = apps.read_namespaced_deployment_scale("web", kubectl.namespace)
        assert (scale.spec.replicas, scale.status.selector) == (1, "app=web")
        apps.patch_namespaced_deployment_scale("web", kubectl.namespace, {"spec": {"replicas": 0}})
        wait_until(lambda: available(0), "its end")
        types = [c.type for c in apps.read_namespaced_deployment("web", kubectl.namespace).status.conditions]
        assert sorted(types) == ["Available", "Progressing"]

    @pytest.mark.parametrize(
        ("policy", "stays"), [("Background", False), ("Foreground", False), ("Orphan", True)]
    )
    def test_deleting_an_owner(
        self, kubectl: Kubectl, python_client: client.ApiClient, policy: str, stays: bool
    ) -> None:
        """``propagationPolicy``: what it owns goes after it, or before it, or stays and belongs to nobody."""
        apps, here = client.AppsV1Api(python_client), kubectl.namespace
        apps.create_namespaced_deployment(here, typed_deployment("web", 0))

        def owned() -> Any:
            return apps.list_namespaced_replica_set(here, label_selector="app=web").items

        [owner] = wait_until(owned, "the ReplicaSet")[0].metadata.owner_references
        assert (owner.kind, owner.name, owner.controller, owner.block_owner_deletion) == (
            "Deployment",
            "web",
            True,
            True,
        )
        since = apps.list_namespaced_deployment(here).metadata.resource_version
        deployments = Typed(kind("deployments.apps"), python_client, here)
        apps.delete_namespaced_deployment("web", here, body=client.V1DeleteOptions(propagation_policy=policy))
        assert deployments.watch("web", since, PATIENCE)[-1][0] == "DELETED"
        if stays:
            assert owned()[0].metadata.owner_references is None
        elif policy == "Foreground":
            assert owned() == []
        else:
            wait_until(lambda: not owned(), "the ReplicaSet to go")

    def test_a_pod(self, cluster: Cluster, kubectl: Kubectl, python_client: client.ApiClient) -> None:
        """A watch sees it run, its log can be read, and it can be evicted."""
        core, here = client.CoreV1Api(python_client), kubectl.namespace
        core.create_namespaced_pod(here, pod("one", shell(f"echo started; {FOR_EVER}")))
        watch = Watch()
        for event in watch.stream(core.list_namespaced_pod, namespace=here, timeout_seconds=PATIENCE):
            if event["object"].status.phase == "Running":
                watch.stop()
        [container] = core.read_namespaced_pod("one", here).status.container_statuses
        assert cluster.containers("pi")[f"{here}/one/main"]["Id"] == container.container_id.removeprefix(
            "podman://"
        )
        assert container.image == BUSYBOX
        wait_until(lambda: core.read_namespaced_pod_log("one", here) == "started\n", "the log")
        eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name="one"))
        core.create_namespaced_pod_eviction("one", here, eviction)
        wait_until(lambda: not core.list_namespaced_pod(here).items, "the pod to go")

    def test_usage(self, python_client: client.ApiClient) -> None:
        """What nodes use is no typed kind: it comes by the methods for custom objects."""
        usage = client.CustomObjectsApi(python_client)
        [node] = usage.list_cluster_custom_object("metrics.k8s.io", "v1beta1", "nodes")["items"]
        assert node["metadata"]["name"] == "pi"
        assert set(node["usage"]) == {"cpu", "memory"}


def typed_deployment(name: str, replicas: int) -> client.V1Deployment:
    """Make a Deployment of the client's classes."""
    labels = {"app": name}
    container = client.V1Container(name="main", image=BUSYBOX, command=["sh", "-c", FOR_EVER])
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=labels),
        spec=client.V1PodSpec(containers=[container], termination_grace_period_seconds=1),
    )
    spec = client.V1DeploymentSpec(
        replicas=replicas, selector=client.V1LabelSelector(match_labels=labels), template=template
    )
    return client.V1Deployment(metadata=client.V1ObjectMeta(name=name), spec=spec)


def kind(key: str) -> ResourceInfo[Any]:
    """Find a served kind."""
    return next(info for info in served_table() if info.key == key)


def test_the_dynamic_client(kubectl: Kubectl, python_client: client.ApiClient, tmp_path: Path) -> None:
    """It learns the kinds from discovery, and works with each alike."""
    dynamic, here = DynamicClient(python_client, cache_file=str(tmp_path / "discovery.json")), kubectl.namespace
    budgets = dynamic.resources.get(api_version="policy/v1", kind="PodDisruptionBudget")
    assert (budgets.name, budgets.namespaced, "pdb" in budgets.short_names) == (
        "poddisruptionbudgets",
        True,
        True,
    )
    manifest = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "quiet"},
        **QUIET["poddisruptionbudgets.policy"],
    }
    budgets.create(body=manifest, namespace=here)
    with pytest.raises(ConflictError):
        budgets.create(body=manifest, namespace=here)
    since = budgets.get(namespace=here).metadata.resourceVersion
    patched = budgets.patch(
        name="quiet",
        namespace=here,
        body={"spec": {"minAvailable": 1}},
        content_type="application/merge-patch+json",
    )
    assert patched.spec.minAvailable == 1
    budgets.delete(name="quiet", namespace=here)
    types = [e["type"] for e in budgets.watch(namespace=here, resource_version=since, timeout=1)]
    assert (types[0], types[-1]) == ("MODIFIED", "DELETED")
    with pytest.raises(NotFoundError):
        budgets.get(name="quiet", namespace=here)
    served = {(r.group, r.api_version, r.kind) for found in dynamic.resources for r in found}
    assert {(info.group, info.version, info.kind) for info in READ} <= served


def test_custom_objects(kubectl: Kubectl, python_client: client.ApiClient) -> None:
    """A kind of one's own: defined, and a moment later created, patched, scaled, watched and deleted like any other."""
    definitions, things = client.ApiextensionsV1Api(python_client), client.CustomObjectsApi(python_client)
    here, group = kubectl.namespace, f"{kubectl.namespace}.example.com"
    name, where = f"gadgets.{group}", (group, "v1", here, "gadgets")
    definitions.create_custom_resource_definition(gadgets(name, group))

    def established() -> bool:
        status = definitions.read_custom_resource_definition(name).status
        return any(c.type == "Established" and c.status == "True" for c in status.conditions or ())

    wait_until(established, "the definition")
    gadget = {"apiVersion": f"{group}/v1", "kind": "Gadget", "metadata": {"name": "one"}, "spec": {"size": 1}}
    since = things.list_namespaced_custom_object(*where)["metadata"]["resourceVersion"]
    assert things.create_namespaced_custom_object(*where, gadget)["spec"] == {"size": 1, "color": "green"}
    too_small = gadget | {"metadata": {"name": "two"}, "spec": {"size": 0}}
    assert refused(lambda: things.create_namespaced_custom_object(*where, too_small)) == (422, "Invalid")
    things.patch_namespaced_custom_object(*where, "one", {"spec": {"color": "red"}})
    things.patch_namespaced_custom_object_scale(*where, "one", {"spec": {"replicas": 3}})
    things.patch_namespaced_custom_object_status(*where, "one", {"status": {"done": True}, "spec": {"size": 7}})
    found = things.get_namespaced_custom_object(*where, "one")
    assert (found["spec"], found["status"]) == ({"size": 3, "color": "red"}, {"done": True})
    things.delete_namespaced_custom_object(*where, "one")
    stream = Watch().stream(
        things.list_namespaced_custom_object, *where, resource_version=since, timeout_seconds=2
    )
    assert [event["type"] for event in stream] == ["ADDED", "MODIFIED", "MODIFIED", "MODIFIED", "DELETED"]
    definitions.delete_custom_resource_definition(name)
    wait_until(
        lambda: refused(lambda: things.list_namespaced_custom_object(*where)) == (404, "NotFound"), "its end"
    )


def gadgets(name: str, group: str) -> Manifest:
    """Define things with a size, which is what scales them, and a color."""
    size = {"type": "integer", "minimum": 1}
    color = {"type": "string", "default": "green"}
    properties = {
        "spec": {"type": "object", "properties": {"size": size, "color": color}},
        "status": {"type": "object", "properties": {"done": {"type": "boolean"}}},
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
        "subresources": {
            "status": {},
            "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"},
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget"},
            "versions": [version],
        },
    }


def test_an_informer(kubectl: Kubectl, python_client: client.ApiClient) -> None:
    """List and watch: its cache is what is there, and it tells what was, is and will be, each once."""
    core, here = client.CoreV1Api(python_client), kubectl.namespace
    core.create_namespaced_config_map(here, config_map("old", k="0"))
    told: list[tuple[str, str, str]] = []
    informer = SharedInformer(core.list_namespaced_config_map, namespace=here, resync_period=PATIENCE)
    for word in (ADDED, MODIFIED, DELETED):
        informer.add_event_handler(
            word, lambda found, word=word: told.append((word, found.metadata.name, found.data["k"]))
        )
    informer.start()
    try:
        wait_until(lambda: informer.cache.get_by_key(f"{here}/old"), "what was there")
        core.create_namespaced_config_map(here, config_map("new", k="1"))
        core.patch_namespaced_config_map("new", here, {"data": {"k": "2"}})
        core.delete_namespaced_config_map("new", here)
        wait_until(lambda: ("DELETED", "new", "2") in told, "all news")
        assert told == [
            ("ADDED", "old", "0"),
            ("ADDED", "new", "1"),
            ("MODIFIED", "new", "2"),
            ("DELETED", "new", "2"),
        ]
        assert informer.cache.list_keys() == [f"{here}/old"]
    finally:
        informer.stop()


async def test_the_client_for_asyncio(cluster: Cluster, kubectl: Kubectl) -> None:
    """The same client on an event loop: create, watch, patch, delete."""
    here = kubectl.namespace
    settings = str(cluster.folder.kubeconfig)
    async with await kubernetes.aio.config.new_client_from_config(config_file=settings) as api:
        core = kubernetes.aio.client.CoreV1Api(api)
        since = (await core.list_namespaced_config_map(here)).metadata.resource_version
        await core.create_namespaced_config_map(here, config_map("a", k="1"))
        await core.patch_namespaced_config_map("a", here, {"data": {"k": "2"}})
        await core.delete_namespaced_config_map("a", here)
        told = []
        async with kubernetes.aio.watch.Watch() as watch:
            async for event in watch.stream(
                core.list_namespaced_config_map,
                namespace=here,
                resource_version=since,
                timeout_seconds=PATIENCE,
            ):
                told.append((event["type"], event["object"].data["k"]))
                if event["type"] == "DELETED":
                    break
    assert told == [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")]
