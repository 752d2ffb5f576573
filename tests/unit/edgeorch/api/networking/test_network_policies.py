"""NetworkPolicies: defaults and validation."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.networking.defaults import default_network_policy
from edgeorch.api.networking.network_policy import NetworkPolicy
from edgeorch.api.networking.policy_validation import validate_network_policy


def policy(**spec: Any) -> NetworkPolicy:
    made = NetworkPolicy.from_dict({"metadata": {"name": "p", "namespace": "default"}, "spec": spec})
    default_network_policy(made)
    return made


@pytest.mark.parametrize(
    ("spec", "types"),
    [
        pytest.param({}, ["Ingress"], id="nothing"),
        pytest.param({"egress": [{}]}, ["Ingress", "Egress"], id="out"),
        pytest.param({"egress": [{}], "policyTypes": ["Egress"]}, ["Egress"], id="said"),
    ],
)
def test_directions(spec: dict[str, Any], types: list[str]) -> None:
    """A policy is about what comes in, and about what goes out if it says something of that."""
    assert policy(**spec).spec.policyTypes == types


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param({"ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}]}, [], id="valid"),
        pytest.param(
            {"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]}]},
            [],
            id="block",
        ),
        pytest.param(
            {"ingress": [{"from": [{}]}]},
            ["spec.ingress[0].from[0]: Required value: must specify a peer"],
            id="peer",
        ),
        pytest.param(
            {"ingress": [{"from": [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}]}]},
            ["spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"],
            id="two peers",
        ),
        pytest.param(
            {"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}}]}]},
            [
                (
                    'spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": '
                    "must be a strict subset of `cidr`"
                )
            ],
            id="outside",
        ),
        pytest.param(
            {"ingress": [{"ports": [{"port": 80, "endPort": 70}]}]},
            ["spec.ingress[0].ports[0].endPort: Invalid value: 70: must be greater than or equal to `port`"],
            id="row",
        ),
        pytest.param(
            {"ingress": [{"ports": [{"port": "http", "endPort": 90}]}]},
            [
                (
                    "spec.ingress[0].ports[0].endPort: Invalid value: 90: "
                    "may not be specified when `port` is non-numeric"
                )
            ],
            id="row of names",
        ),
        pytest.param(
            {"policyTypes": ["In"]},
            ['spec.policyTypes[0]: Unsupported value: "In": supported values: "Egress", "Ingress"'],
            id="direction",
        ),
        pytest.param(
            {"ingress": [{"ports": [{"protocol": "ICMP"}]}]},
            [
                (
                    'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": '
                    'supported values: "SCTP", "TCP", "UDP"'
                )
            ],
            id="protocol",
        ),
    ],
)
def test_validation(spec: dict[str, Any], errors: list[str]) -> None:
    """Each clause of ``ValidateNetworkPolicy``, in Kubernetes' words."""
    assert [str(error) for error in validate_network_policy(policy(**spec))] == errors
