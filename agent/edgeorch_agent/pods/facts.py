"""What pods need to know about the node they run on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """The node as its pods see it. Give the manager a new one when an address changes."""

    name: str
    ips: tuple[str, ...] = ()
    """Addresses of the node, the primary one first."""
    memory: int = 0
    """Bytes of allocatable memory: what ``resourceFieldRef`` gives where there is no limit."""
    milli_cpus: int = 0
    """Thousandths of a CPU, allocatable."""
    cluster_domain: str = "cluster.local"
    cluster_dns: tuple[str, ...] = ()
    """Name servers for ``dnsPolicy: ClusterFirst``; empty while the cluster has no DNS: the node's are used."""
    resolv_conf: str = "/etc/resolv.conf"
    """The node's resolver configuration, for ``dnsPolicy: Default``."""
    network: str = ""
    """Podman network of pods; empty for Podman's default."""
