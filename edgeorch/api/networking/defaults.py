"""Defaults of networking.k8s.io/v1 (``pkg/apis/networking/v1/defaults.go``); twice does no more than once."""

from __future__ import annotations

import itertools

from edgeorch.api.networking.ingress import IngressClass
from edgeorch.api.networking.network_policy import NetworkPolicy


def default_network_policy(policy: NetworkPolicy) -> None:
    """Speak TCP, and be about what comes in, and about what goes out where there are rules for that."""
    spec = policy.spec
    ports = [rule.ports for rule in spec.ingress] + [rule.ports for rule in spec.egress]
    for port in itertools.chain.from_iterable(ports):
        port.protocol = port.protocol or "TCP"
    if not spec.policyTypes:
        spec.policyTypes = ["Ingress", "Egress"] if spec.egress else ["Ingress"]


def default_ingress_class(one: IngressClass) -> None:
    """Let the settings be those of the whole cluster."""
    if one.spec.parameters is not None and one.spec.parameters.scope is None:
        one.spec.parameters.scope = "Cluster"
