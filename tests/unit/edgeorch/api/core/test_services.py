"""Services and Endpoints: defaults, validation, and what may change."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.core.endpoints import Endpoints
from edgeorch.api.core.service import Service
from edgeorch.api.core.service_defaults import (
    default_endpoints,
    default_service,
    drop_foreign,
    keep_chosen,
    sync_addresses,
)
from edgeorch.api.core.validation.endpoints import validate_endpoints
from edgeorch.api.core.validation.services import (
    validate_service,
    validate_service_status_update,
    validate_service_update,
)

HTTP = {"port": 80}


def service(name: str = "web", **spec: Any) -> Service:
    """Make a defaulted Service."""
    ports = spec.pop("ports", [HTTP])
    made = Service.from_dict(
        {"metadata": {"name": name, "namespace": "default"}, "spec": {"ports": ports, **spec}}
    )
    default_service(made)
    sync_addresses(made.spec, None)
    return made


def test_defaults() -> None:
    """TCP to the same port, for everybody inside, without affinity; twice is as good as once."""
    made = service()
    assert made.spec.to_dict() == {
        "type": "ClusterIP",
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
    }
    default_service(made)
    assert made == service()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"type": "NodePort"}, {"externalTrafficPolicy": "Cluster"}, id="node port"),
        pytest.param(
            {"type": "LoadBalancer"},
            {"externalTrafficPolicy": "Cluster", "allocateLoadBalancerNodePorts": True},
            id="load balancer",
        ),
        pytest.param({"externalIPs": ["192.0.2.1"]}, {"externalTrafficPolicy": "Cluster"}, id="external IPs"),
        pytest.param(
            {"type": "ExternalName", "externalName": "a.example"},
            {"internalTrafficPolicy": None},
            id="external name",
        ),
        pytest.param(
            {"sessionAffinity": "ClientIP"},
            {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}},
            id="affinity",
        ),
        pytest.param({"sessionAffinityConfig": {}}, {"sessionAffinityConfig": None}, id="no affinity"),
    ],
)
def test_defaults_of_types(spec: dict[str, Any], expected: dict[str, Any]) -> None:
    """What is filled in depends on the type."""
    found = service(**spec).spec.to_dict()
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param({}, [], id="valid"),
        pytest.param({"clusterIP": "None", "ports": []}, [], id="headless"),
        pytest.param({"name": "1web"}, ["metadata.name: Invalid value: "], id="digit first"),
        pytest.param({"ports": []}, ["spec.ports: Required value"], id="no ports"),
        pytest.param(
            {"type": "Nodeport"},
            [
                (
                    'spec.type: Unsupported value: "Nodeport": supported values: "ClusterIP", "ExternalName", '
                    '"LoadBalancer", "NodePort"'
                )
            ],
            id="type",
        ),
        pytest.param(
            {"ports": [HTTP, {"port": 81}]},
            ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
            id="nameless ports",
        ),
        pytest.param(
            {"ports": [{"name": "a", "port": 80}, {"name": "a", "port": 80}]},
            [
                'spec.ports[1].name: Duplicate value: "a"',
                'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}',
            ],
            id="twice",
        ),
        pytest.param(
            {"ports": [{"port": 0, "protocol": "tcp", "targetPort": 70000}]},
            [
                "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                'spec.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"',
                "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            ],
            id="port",
        ),
        pytest.param(
            {"ports": [{"port": 80, "nodePort": 30080}]},
            ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
            id="node port",
        ),
        pytest.param(
            {"type": "NodePort", "clusterIP": "None"},
            ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
            id="headless node port",
        ),
        pytest.param(
            {"type": "ExternalName", "clusterIP": "10.43.0.9"},
            [
                "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
                "spec.externalName: Required value",
            ],
            id="external name",
        ),
        pytest.param({"clusterIP": "10.43.0"}, ["spec.clusterIPs[0]: Invalid value: "], id="no address"),
        pytest.param(
            {"clusterIP": "10.43.0.9", "clusterIPs": ["10.43.0.8"]},
            ['spec.clusterIPs: Invalid value: ["10.43.0.8"]: first value must match `clusterIP`'],
            id="two addresses",
        ),
        pytest.param(
            {"externalIPs": ["127.0.0.1"]},
            [
                (
                    'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range '
                    "(127.0.0.0/8, ::1/128)"
                )
            ],
            id="loopback",
        ),
        pytest.param(
            {"allocateLoadBalancerNodePorts": True, "loadBalancerClass": "x"},
            [
                "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
                "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
            ],
            id="no balancer",
        ),
        pytest.param(
            {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.1"]},
            ["spec.loadBalancerSourceRanges[0]: Invalid value: "],
            id="source range",
        ),
        pytest.param(
            {"externalTrafficPolicy": "Local"},
            [
                (
                    'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for '
                    "externally-accessible services"
                )
            ],
            id="policy",
        ),
        pytest.param(
            {
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 90000}},
            },
            [
                (
                    "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: "
                    "must be greater than 0 and less than 86400"
                )
            ],
            id="affinity",
        ),
        pytest.param(
            {"trafficDistribution": "Near"}, ["spec.trafficDistribution: Unsupported value: "], id="wish"
        ),
    ],
)
def test_validation(spec: dict[str, Any], errors: list[str]) -> None:
    """Each clause of ``ValidateService``, in Kubernetes' words."""
    found = [str(error) for error in validate_service(service(**spec))]
    assert len(found) == len(errors)
    assert all(text.startswith(error) for text, error in zip(found, errors, strict=True)), found


def test_updates() -> None:
    """An address stays, unless a Service stops to have one."""
    old = service(clusterIP="10.43.1.1")
    moved = service(clusterIP="10.43.1.2")
    assert [str(error) for error in validate_service_update(moved, old)] == [
        'spec.clusterIPs[0]: Invalid value: ["10.43.1.2"]: may not change once set'
    ]
    assert validate_service_update(service(type="ExternalName", externalName="a.b"), old) == []
    assert validate_service_update(old, service(type="ExternalName", externalName="a.b")) == []


def test_the_status_is_a_load_balancers() -> None:
    """Only a Service with a load balancer has ways in."""
    new = service()
    new.status = Service.from_dict({"status": {"loadBalancer": {"ingress": [{"ip": "1.2.3"}]}}}).status
    errors = [str(error) for error in validate_service_status_update(new, service())]
    assert errors[0].startswith("status.loadBalancer.ingress: Forbidden: may only be used when")
    assert errors[1].startswith('status.loadBalancer.ingress[0].ip: Invalid value: "1.2.3"')


def test_what_was_chosen_is_kept() -> None:
    """A PUT that does not repeat address and node ports keeps them; one that says others gets those."""
    old = service(type="NodePort", clusterIP="10.43.1.1", ports=[{"port": 80, "nodePort": 30080}])
    new = service(type="NodePort", ports=[{"name": "a", "port": 80}, {"name": "b", "port": 81}])
    keep_chosen(new.spec, old.spec)
    assert (new.spec.clusterIP, [port.nodePort for port in new.spec.ports]) == ("10.43.1.1", [30080, 0])
    other = service(
        type="NodePort", ports=[{"name": "a", "port": 80}, {"name": "b", "port": 81, "nodePort": 30080}]
    )
    keep_chosen(other.spec, old.spec)
    assert [port.nodePort for port in other.spec.ports] == [0, 30080]


def test_what_a_type_had_goes_with_it() -> None:
    """A change of type drops what only the former one had, also where the client sends it back."""
    old = service(type="LoadBalancer", clusterIP="10.43.1.1", ports=[{"port": 80, "nodePort": 30080}])
    new = old.model_copy(deep=True)
    new.spec.type = "ClusterIP"
    drop_foreign(new.spec, old.spec)
    assert validate_service(new) == []
    assert (new.spec.ports[0].nodePort, new.spec.clusterIP) == (0, "10.43.1.1")
    name = old.model_copy(deep=True)
    name.spec.type, name.spec.externalName = "ExternalName", "a.example"
    drop_foreign(name.spec, old.spec)
    assert validate_service(name) == []


def test_older_clients_change_the_old_field() -> None:
    """``clusterIP`` and ``clusterIPs`` say the same, whichever of them a client knows."""
    old = service(clusterIP="10.43.1.1").spec
    assert old.clusterIPs == ["10.43.1.1"]
    new = old.model_copy(deep=True)
    new.clusterIP = ""
    sync_addresses(new, old)
    assert new.clusterIPs == []
    newer = service(clusterIPs=["None"]).spec
    assert newer.clusterIP == "None"


def test_endpoints() -> None:
    """Addresses are checked, ports have names where there are several, and TCP is the default."""
    made = Endpoints.from_dict(
        {
            "metadata": {"name": "web", "namespace": "default"},
            "subsets": [
                {"addresses": [{"ip": "10.42.0.5"}], "ports": [{"port": 80}]},
                {"ports": [{"port": 80}, {"port": 0}]},
                {"notReadyAddresses": [{"ip": "10.42.0"}]},
            ],
        }
    )
    default_endpoints(made)
    assert made.subsets[0].ports[0].protocol == "TCP"
    errors = [str(error) for error in validate_endpoints(made)]
    assert errors[:3] == [
        "subsets[1]: Required value: must specify `addresses` or `notReadyAddresses`",
        "subsets[1].ports[0].name: Required value",
        "subsets[1].ports[1].name: Required value",
    ]
    assert errors[-1].startswith('subsets[2].notReadyAddresses[0].ip: Invalid value: "10.42.0"')
