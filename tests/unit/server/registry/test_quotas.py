"""ResourceQuota and LimitRanger: what a namespace lets in."""

import asyncio
from typing import Any

import pytest

from edgeorch.api.core.resources import (
    CONFIG_MAPS,
    LIMIT_RANGES,
    NAMESPACES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    RESOURCE_QUOTAS,
    SERVICES,
)
from edgeorch.api.meta import DeleteOptions
from edgeorch.api.storage.resources import STORAGE_CLASSES
from edgeorch.errors import Forbidden
from edgeorch_server.controllers.bootstrap import create_initial_objects

GROWS = {"provisioner": "example.com/disks", "allowVolumeExpansion": True}


async def limit(world: Any, hard: dict[str, str], name: str = "q", **spec: Any) -> None:
    await world.create(RESOURCE_QUOTAS, {"metadata": {"name": name}, "spec": {"hard": hard, **spec}})


async def bound(world: Any, *items: dict[str, Any], name: str = "l") -> None:
    await world.create(LIMIT_RANGES, {"metadata": {"name": name}, "spec": {"limits": list(items)}})


def container(name: str = "main", *, limits: Any = None, **requests: str) -> dict[str, Any]:
    return {"name": name, "image": "i", "resources": {"requests": requests, "limits": limits or {}}}


def claim(name: str, storage: str, storage_class: str | None = None) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}}
    named = {"storageClassName": storage_class} if storage_class else {}
    return {"metadata": {"name": name}, "spec": {**spec, **named}}


async def refusal(world: Any, name: str = "x", **pod: Any) -> str:
    with pytest.raises(Forbidden) as refused:
        await world.pod(name, **pod)
    return str(refused.value.message)


class TestQuota:
    async def test_numbers(self, world: Any) -> None:
        """Objects are counted by their name and by count/; one too many is refused, in Kubernetes' words."""
        await limit(world, {"configmaps": "1", "count/configmaps": "2", "count/resourcequotas": "1"})
        await world.create(CONFIG_MAPS, {"metadata": {"name": "a"}})
        with pytest.raises(Forbidden) as refused:
            await world.create(CONFIG_MAPS, {"metadata": {"name": "b"}})
        assert refused.value.message == (
            'configmaps "b" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, '
            "limited: configmaps=1"
        )
        assert refused.value.code == 403
        with pytest.raises(Forbidden):
            await limit(world, {}, "another")
        await world.delete(CONFIG_MAPS, "a")
        await world.create(CONFIG_MAPS, {"metadata": {"name": "b"}})

    async def test_sums(self, world: Any) -> None:
        """Requests and limits of all pods count together; all that is exceeded is told, in order."""
        await limit(world, {"requests.cpu": "1", "cpu": "2", "limits.memory": "1Gi", "pods": "5"})
        first = container(cpu="800m", memory="1Mi", limits={"cpu": "1", "memory": "512Mi"})
        await world.pod("a", containers=[first])
        second = container(cpu="300m", memory="1Mi", limits={"cpu": "1", "memory": "600Mi"})
        assert await refusal(world, containers=[second]) == (
            'pods "x" is forbidden: exceeded quota: q, requested: limits.memory=600Mi,requests.cpu=300m, '
            "used: limits.memory=512Mi,requests.cpu=800m, limited: limits.memory=1Gi,requests.cpu=1"
        )
        third = container(cpu="200m", memory="1Mi", limits={"cpu": "200m", "memory": "512Mi"})
        await world.pod("b", containers=[third])

    async def test_what_is_limited_must_be_stated(self, world: Any) -> None:
        """If quota is enabled for cpu or memory, every container must say what it asks for."""
        await limit(world, {"requests.cpu": "1", "limits.memory": "1Gi"})
        stated = container("ok", cpu="1m", limits={"memory": "1Mi"})
        assert await refusal(world, containers=[stated, container("b"), container("a", cpu="1m")]) == (
            'pods "x" is forbidden: failed quota: q: must specify limits.memory for: a,b; requests.cpu for: b'
        )

    @pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
    async def test_ended_pods_do_not_count(self, world: Any, phase: str) -> None:
        """Only pods in a non-terminal state use compute and pods; count/pods counts all that exist."""
        await limit(world, {"pods": "1", "count/pods": "2"})
        await world.pod("a")
        assert "requested: pods=1, used: pods=1, limited: pods=1" in await refusal(world)
        await world.patch(PODS, "a", {"status": {"phase": phase}}, subresource="status")
        await world.pod("b")
        assert "requested: count/pods=1,pods=1, used: count/pods=2,pods=1" in await refusal(world)

    async def test_a_pod_that_should_be_gone_does_not_count(self, world: Any) -> None:
        """A pod that nobody can end, its grace long over, keeps no other one out."""
        await limit(world, {"pods": "1"})
        await world.pod("a", nodeName="lost", terminationGracePeriodSeconds=30)
        await world.delete(PODS, "a", DeleteOptions())
        world.clock.advance(59)
        await refusal(world)
        world.clock.advance(1)
        await world.pod("b")

    async def test_devices(self, world: Any) -> None:
        """Extended resources are limited by what is requested of them."""
        await limit(world, {"requests.example.com/gpu": "1"})
        gpu = {"example.com/gpu": "1"}
        await world.pod("a", containers=[container(limits=gpu, **gpu)])
        assert "requests.example.com/gpu=1" in await refusal(world, containers=[container(limits=gpu, **gpu)])

    async def test_init_containers_count_as_they_run(self, world: Any) -> None:
        """Of init containers the largest counts, where it is more than the containers together."""
        await limit(world, {"requests.cpu": "1"})
        init = [container("i", cpu="900m"), container("j", cpu="800m")]
        body = {
            "metadata": {"name": "a"},
            "spec": {"containers": [container(cpu="100m")], "initContainers": init},
        }
        await world.create(PODS, body)
        assert "requested: requests.cpu=200m, used: requests.cpu=900m" in await refusal(
            world, containers=[container(cpu="200m")]
        )

    @pytest.mark.parametrize(
        ("spec", "hit", "miss"),
        [
            pytest.param(
                {"scopes": ["BestEffort"]}, {}, {"containers": [container(cpu="1m")]}, id="best effort"
            ),
            pytest.param({"scopes": ["NotBestEffort"]}, {"containers": [container(cpu="1m")]}, {}, id="not so"),
            pytest.param({"scopes": ["Terminating"]}, {"activeDeadlineSeconds": 5}, {}, id="terminating"),
            pytest.param(
                {"scopes": ["NotTerminating"]}, {}, {"activeDeadlineSeconds": 5}, id="not terminating"
            ),
            pytest.param(
                {"scopes": ["PriorityClass"]}, {"priorityClassName": "system-node-critical"}, {}, id="any class"
            ),
            *(
                pytest.param(
                    {
                        "scopeSelector": {
                            "matchExpressions": [
                                {"scopeName": "PriorityClass", "operator": operator, "values": values}
                            ]
                        }
                    },
                    hit,
                    miss,
                    id=operator,
                )
                for operator, values, hit, miss in (
                    ("In", ["system-node-critical"], {"priorityClassName": "system-node-critical"}, {}),
                    ("NotIn", ["system-node-critical"], {}, {"priorityClassName": "system-node-critical"}),
                    ("Exists", [], {"priorityClassName": "system-node-critical"}, {}),
                    ("DoesNotExist", [], {}, {"priorityClassName": "system-node-critical"}),
                )
            ),
            pytest.param(
                {"scopes": ["CrossNamespacePodAffinity"]},
                {
                    "affinity": {
                        "podAffinity": {
                            "requiredDuringSchedulingIgnoredDuringExecution": [
                                {"topologyKey": "k", "namespaces": ["other"]}
                            ]
                        }
                    }
                },
                {},
                id="abroad",
            ),
        ],
    )
    async def test_scopes(
        self, world: Any, spec: dict[str, Any], hit: dict[str, Any], miss: dict[str, Any]
    ) -> None:
        """A quota counts, and limits, only the pods its scopes fit."""

        async def pod(name: str, changes: dict[str, Any]) -> None:
            whole = {"containers": [container()], **changes}
            await world.create(PODS, {"metadata": {"name": name}, "spec": whole})

        await create_initial_objects(world.registry)
        await limit(world, {"pods": "1"}, **spec)
        await pod("a", miss)
        await pod("b", hit)
        await pod("c", miss)
        with pytest.raises(Forbidden, match="exceeded quota: q, requested: pods=1, used: pods=1"):
            await pod("d", hit)

    async def test_storage(self, world: Any) -> None:
        """What claims ask for counts in all, and per storage class; one that grows must find room as well."""
        gold = "gold.storageclass.storage.k8s.io"
        await limit(world, {"requests.storage": "10Gi", f"{gold}/requests.storage": "3Gi"})
        await world.create(STORAGE_CLASSES, {"metadata": {"name": "gold"}, **GROWS})
        await world.create(PERSISTENT_VOLUME_CLAIMS, claim("a", "2Gi", "gold"))
        with pytest.raises(Forbidden) as refused:
            await world.create(PERSISTENT_VOLUME_CLAIMS, claim("b", "2Gi", "gold"))
        assert refused.value.message == (
            'persistentvolumeclaims "b" is forbidden: exceeded quota: q, requested: '
            f"{gold}/requests.storage=2Gi, used: {gold}/requests.storage=2Gi, limited: "
            f"{gold}/requests.storage=3Gi"
        )
        await world.create(PERSISTENT_VOLUME_CLAIMS, claim("b", "7Gi"))
        more = {"spec": {"resources": {"requests": {"storage": "4Gi"}}}}
        with pytest.raises(Forbidden, match=r"requested: .*requests.storage=2Gi,requests.storage=2Gi, used: "):
            await world.patch(PERSISTENT_VOLUME_CLAIMS, "a", more)

    async def test_claims_of_a_class(self, world: Any) -> None:
        """Claims are counted per storage class, too; the annotation of old names one."""
        await limit(world, {"gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1"})
        old = claim("a", "1Gi")
        old["metadata"]["annotations"] = {"volume.beta.kubernetes.io/storage-class": "gold"}
        await world.create(PERSISTENT_VOLUME_CLAIMS, old)
        await world.create(PERSISTENT_VOLUME_CLAIMS, claim("b", "1Gi", "tin"))
        with pytest.raises(Forbidden, match="exceeded quota: q, requested: gold"):
            await world.create(PERSISTENT_VOLUME_CLAIMS, claim("c", "1Gi", "gold"))

    @pytest.mark.parametrize(
        ("spec", "balancers", "ports"),
        [
            pytest.param({}, 0, 0, id="ClusterIP"),
            pytest.param({"type": "NodePort"}, 0, 2, id="NodePort"),
            pytest.param({"type": "LoadBalancer"}, 1, 2, id="LoadBalancer"),
            pytest.param(
                {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, 1, 0, id="without node ports"
            ),
        ],
    )
    async def test_services(self, world: Any, spec: dict[str, Any], balancers: int, ports: int) -> None:
        """Each port on the nodes counts, also one that is still to be chosen, and each load balancer."""
        two = [{"name": name, "port": port} for name, port in (("a", 80), ("b", 81))]
        body = {"metadata": {"name": "web"}, "spec": {**spec, "ports": two}}
        for name, cost in (("services.loadbalancers", balancers), ("services.nodeports", ports)):
            await limit(world, {name: str(max(cost - 1, 0))})
            if cost:
                with pytest.raises(Forbidden, match=f"exceeded quota: q, requested: {name}={cost}, used: "):
                    await world.create(SERVICES, body)
            else:
                await world.create(SERVICES, body)
                await world.delete(SERVICES, "web")
            await world.delete(RESOURCE_QUOTAS, "q")

    async def test_a_service_that_changes(self, world: Any) -> None:
        """Only what comes on top is asked for; giving something back is always allowed."""
        await limit(world, {"services.nodeports": "2"})
        spec = {"type": "NodePort", "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}
        await world.create(SERVICES, {"metadata": {"name": "web"}, "spec": spec})
        ports = world.body(SERVICES, "web")["spec"]["ports"]
        with pytest.raises(Forbidden, match=r"requested: services\.nodeports=1, used: services\.nodeports=2"):
            await world.patch(SERVICES, "web", {"spec": {"ports": [*ports, {"name": "c", "port": 82}]}})
        await world.patch(SERVICES, "web", {"spec": {"ports": ports[:1]}})

    async def test_every_quota_must_have_room(self, world: Any) -> None:
        """With several quotas the first that has no room is told."""
        await limit(world, {"pods": "2"}, "a")
        await limit(world, {"pods": "1"}, "b")
        await world.pod("a")
        assert "exceeded quota: b, requested" in await refusal(world)

    async def test_other_namespaces_do_not_mind(self, world: Any) -> None:
        """A quota is its namespace's own."""
        await limit(world, {"pods": "0"})
        await world.create(NAMESPACES, {"metadata": {"name": "free"}})
        await world.create(
            PODS, {"metadata": {"name": "x"}, "spec": {"containers": [container()]}}, namespace="free"
        )

    async def test_creates_that_come_together_do_not_get_past(self, world: Any) -> None:
        """However many ask at once, exactly as many get in as there is room for."""
        await limit(world, {"pods": "3"})
        done = await asyncio.gather(*(world.pod(f"p{n}") for n in range(20)), return_exceptions=True)
        assert sum(isinstance(one, Forbidden) for one in done) == 17
        assert len(world.registry.list(PODS)) == 3

    async def test_a_dry_run_uses_nothing(self, world: Any) -> None:
        """What is only tried is checked, and not counted."""
        await limit(world, {"pods": "1"})
        for _ in range(2):
            await world.create(
                PODS, {"metadata": {"name": "x"}, "spec": {"containers": [container()]}}, dry_run=True
            )
        await world.pod("a")
        with pytest.raises(Forbidden):
            await world.create(
                PODS, {"metadata": {"name": "x"}, "spec": {"containers": [container()]}}, dry_run=True
            )

    async def test_what_is_over_the_limit_stays(self, world: Any) -> None:
        """A limit below what is used already disturbs nobody, and what uses nothing of it is still let in."""
        await world.pod("a", containers=[container(cpu="2")])
        await limit(world, {"requests.cpu": "1"})
        await world.pod("b", containers=[container(cpu="0")])
        await world.patch(PODS, "a", {"metadata": {"labels": {"a": "b"}}})


class TestLimits:
    async def test_defaults(self, world: Any) -> None:
        """Containers that state nothing get the namespace's requests and limits; an annotation says so."""
        await bound(
            world,
            {"type": "Container", "default": {"cpu": "1", "memory": "1Gi"}, "defaultRequest": {"cpu": "1m"}},
        )
        body = {
            "metadata": {"name": "x"},
            "spec": {
                "containers": [container("a"), container("b", cpu="2m", limits={"memory": "2Mi"})],
                "initContainers": [container("i", cpu="1m", memory="1Mi")],
            },
        }
        await world.create(PODS, body)
        pod = world.get(PODS, "x")
        a, b = (one.resources for one in pod.spec.containers)
        assert (a.requests, a.limits) == ({"cpu": "1m", "memory": "1Gi"}, {"cpu": "1", "memory": "1Gi"})
        assert (b.requests, b.limits) == ({"cpu": "2m", "memory": "2Mi"}, {"cpu": "1", "memory": "2Mi"})
        assert pod.metadata.annotations["kubernetes.io/limit-ranger"] == (
            "LimitRanger plugin set: cpu, memory request for container a; cpu, memory limit for container a; "
            "cpu limit for container b; cpu, memory limit for init container i"
        )

    async def test_a_pod_that_states_all_is_left_alone(self, world: Any) -> None:
        """Nothing is set, nothing is told."""
        await bound(world, {"type": "Container", "default": {"cpu": "1"}})
        await world.pod(containers=[container(cpu="1m", limits={"cpu": "2m"})])
        assert world.get(PODS, "x").metadata.annotations == {}

    @pytest.mark.parametrize(
        ("item", "one", "why"),
        [
            pytest.param(
                {"min": {"cpu": "1"}},
                container(cpu="500m"),
                "minimum cpu usage per Container is 1, but request is 500m",
                id="too little",
            ),
            pytest.param(
                {"type": "Pod", "min": {"cpu": "1"}},
                container(),
                "minimum cpu usage per Pod is 1.  No request is specified",
                id="nothing",
            ),
            pytest.param(
                {"max": {"memory": "1Gi"}},
                container(limits={"memory": "2Gi"}),
                "maximum memory usage per Container is 1Gi, but limit is 2Gi",
                id="too much",
            ),
            pytest.param(
                {"type": "Pod", "max": {"memory": "1Gi"}},
                container(memory="1Gi"),
                "maximum memory usage per Pod is 1Gi.  No limit is specified",
                id="no limit",
            ),
            pytest.param(
                {"maxLimitRequestRatio": {"cpu": "2"}},
                container(cpu="1", limits={"cpu": "3"}),
                "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
                id="ratio",
            ),
            pytest.param(
                {"maxLimitRequestRatio": {"cpu": "2"}},
                container(),
                "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
                id="ratio to nothing",
            ),
            pytest.param(
                {"maxLimitRequestRatio": {"cpu": "2"}},
                container(cpu="1"),
                "cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0",
                id="ratio of nothing",
            ),
            pytest.param(
                {"max": {"cpu": "1", "memory": "1Gi"}},
                container(limits={"cpu": "2", "memory": "2Gi"}),
                "[maximum cpu usage per Container is 1, but limit is 2, "
                "maximum memory usage per Container is 1Gi, but limit is 2Gi]",
                id="several",
            ),
        ],
    )
    async def test_bounds(self, world: Any, item: dict[str, Any], one: dict[str, Any], why: str) -> None:
        """A pod beyond the bounds is forbidden, and told which."""
        await bound(world, {"type": "Container", **item})
        assert await refusal(world, containers=[one]) == f'pods "x" is forbidden: {why}'

    @pytest.mark.parametrize("ratio", ["2", "2500m"])
    async def test_a_ratio_that_is_kept(self, world: Any, ratio: str) -> None:
        """Just the ratio is allowed."""
        await bound(world, {"type": "Container", "maxLimitRequestRatio": {"cpu": ratio}})
        await world.pod(containers=[container(cpu="1", limits={"cpu": ratio})])

    async def test_limits_make_quotas_bearable(self, world: Any) -> None:
        """Defaults are set before quotas ask what is stated."""
        await bound(world, {"type": "Container", "default": {"cpu": "1"}})
        await limit(world, {"requests.cpu": "1"})
        await world.pod("a")
        assert "requested: requests.cpu=1, used: requests.cpu=1" in await refusal(world)

    async def test_pods_that_exist_are_not_judged(self, world: Any) -> None:
        """New bounds are for new pods; the old ones may still be labelled."""
        await world.pod()
        await bound(world, {"type": "Pod", "min": {"cpu": "1"}})
        await world.patch(PODS, "x", {"metadata": {"labels": {"a": "b"}}})


@pytest.mark.parametrize(
    ("size", "why"),
    [
        pytest.param(
            "1Gi", "minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi", id="too small"
        ),
        pytest.param(
            "5Gi", "maximum storage usage per PersistentVolumeClaim is 4Gi, but request is 5Gi", id="too large"
        ),
    ],
)
async def test_claims_have_bounds(world: Any, size: str, why: str) -> None:
    """LimitRange, "Limiting storage resources": minimum and maximum are of what a claim requests."""
    await bound(world, {"type": "PersistentVolumeClaim", "min": {"storage": "2Gi"}, "max": {"storage": "4Gi"}})
    with pytest.raises(Forbidden) as refused:
        await world.create(PERSISTENT_VOLUME_CLAIMS, claim("x", size))
    assert refused.value.message == f'persistentvolumeclaims "x" is forbidden: {why}'
    await world.create(PERSISTENT_VOLUME_CLAIMS, claim("x", "3Gi"))
