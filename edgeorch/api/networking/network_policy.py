"""NetworkPolicies: who may talk to whom."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.meta import Int32, IntOrString, LabelSelector, Model, Object, Unsupported

NOT_ENFORCED = "nodes do not enforce network policies yet: all traffic is let through"


class NetworkPolicyPort(Model):
    """A port, or a row of them."""

    protocol: str | None = None
    """``TCP`` (the default), ``UDP`` or ``SCTP``."""
    port: IntOrString | None = None
    """Its number or name; absent is every port."""
    endPort: Int32 | None = None
    """The last port of the row that ``port`` begins."""


class IPBlock(Model):
    """A network, without some parts of it."""

    cidr: str
    """The network."""
    except_: list[str] = Field(default_factory=list, alias="except")
    """The parts that do not count."""


class NetworkPolicyPeer(Model):
    """Who is at the other end."""

    podSelector: LabelSelector | None = None
    """Pods with these labels, of the policy's namespace unless another one is selected."""
    namespaceSelector: LabelSelector | None = None
    """Pods in namespaces with these labels."""
    ipBlock: IPBlock | None = None
    """A network; cannot stand beside selectors."""


class NetworkPolicyIngressRule(Model):
    """What may come in."""

    ports: list[NetworkPolicyPort] = Field(default_factory=list)
    """On these ports; on all when empty."""
    from_: list[NetworkPolicyPeer] = Field(default_factory=list, alias="from")
    """From these; from all when empty."""


class NetworkPolicyEgressRule(Model):
    """What may go out."""

    ports: list[NetworkPolicyPort] = Field(default_factory=list)
    """To these ports; to all when empty."""
    to: list[NetworkPolicyPeer] = Field(default_factory=list)
    """To these; to all when empty."""


class NetworkPolicySpec(Model):
    """Which pods it is about, and what is let through."""

    podSelector: LabelSelector = Field(default_factory=LabelSelector)
    """Labels of the pods; all of the namespace when empty."""
    ingress: list[NetworkPolicyIngressRule] = Field(default_factory=list)
    """What may come in."""
    egress: list[NetworkPolicyEgressRule] = Field(default_factory=list)
    """What may go out."""
    policyTypes: list[str] = Field(default_factory=list)
    """``Ingress``, ``Egress`` or both: which directions it is about."""


class NetworkPolicy(Object):
    """Who may talk to some pods, and to whom they may talk."""

    spec: Annotated[NetworkPolicySpec, Unsupported(NOT_ENFORCED)] = Field(default_factory=NetworkPolicySpec)
    """What is let through."""
