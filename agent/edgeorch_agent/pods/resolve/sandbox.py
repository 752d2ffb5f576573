"""From a pod to its sandbox: names, ports, resolver, kernel settings."""

from __future__ import annotations

from edgeorch.api.core.pod import Pod, PodDNSConfig
from edgeorch_agent.pods.facts import NodeFacts
from edgeorch_agent.runtime.base import (
    LABEL_NAME,
    LABEL_NAMESPACE,
    LABEL_NODE,
    LABEL_UID,
    PortMapping,
    SandboxSpec,
)

MAX_HOSTNAME = 63
"""Characters; kubelet cuts longer pod names off."""


def pod_labels(pod: Pod, node: NodeFacts) -> dict[str, str]:
    """Give the labels by which the agent finds again what it made."""
    return {
        LABEL_UID: pod.metadata.uid,
        LABEL_NAMESPACE: pod.metadata.namespace,
        LABEL_NAME: pod.metadata.name,
        LABEL_NODE: node.name,
    }


def sandbox_spec(pod: Pod, node: NodeFacts) -> SandboxSpec:
    """Resolve everything that the containers of a pod share."""
    spec = pod.spec
    servers, searches, options = resolver(pod, node)
    sysctls = spec.securityContext.sysctls if spec.securityContext else []
    return SandboxSpec(
        uid=pod.metadata.uid,
        namespace=pod.metadata.namespace,
        name=pod.metadata.name,
        hostname=node.name if spec.hostNetwork else hostname(pod),
        labels=pod_labels(pod, node),
        ports=() if spec.hostNetwork else ports(pod),
        host_network=spec.hostNetwork,
        host_pid=spec.hostPID,
        host_ipc=spec.hostIPC,
        share_pid=bool(spec.shareProcessNamespace),
        dns_servers=servers,
        dns_search=searches,
        dns_options=options,
        host_aliases=tuple((name, alias.ip) for alias in spec.hostAliases for name in alias.hostnames),
        sysctls={s.name.replace("/", "."): s.value for s in sysctls},
        network="" if spec.hostNetwork else node.network,
    )


def hostname(pod: Pod) -> str:
    """Give the host name: the spec's, else the pod's name, cut to what a host name may have."""
    return (pod.spec.hostname or pod.metadata.name)[:MAX_HOSTNAME].rstrip("-.")


def ports(pod: Pod) -> tuple[PortMapping, ...]:
    """Give the published ports: those with a ``hostPort``."""
    return tuple(
        PortMapping(p.containerPort, p.hostPort, (p.protocol or "TCP").lower(), p.hostIP)
        for c in [*pod.spec.initContainers, *pod.spec.containers]
        for p in c.ports
        if p.hostPort
    )


def resolver(pod: Pod, node: NodeFacts) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Give name servers, search domains and options ("DNS for Services and Pods", "Pod's DNS Policy").

    Empty ones mean the node's own configuration.
    """
    policy = pod.spec.dnsPolicy or "ClusterFirst"
    if policy == "ClusterFirst" and pod.spec.hostNetwork:
        policy = "Default"
    servers: list[str] = []
    searches: list[str] = []
    options: dict[str, str | None] = {}
    if policy in {"ClusterFirst", "ClusterFirstWithHostNet"} and node.cluster_dns:
        domain = node.cluster_domain
        servers = list(node.cluster_dns)
        searches = [f"{pod.metadata.namespace}.svc.{domain}", f"svc.{domain}", domain]
        options = {"ndots": "5"}
    extra = pod.spec.dnsConfig or PodDNSConfig()
    servers += extra.nameservers
    searches += extra.searches
    options |= {o.name: o.value for o in extra.options}
    return (
        tuple(dict.fromkeys(servers)),
        tuple(dict.fromkeys(searches)),
        tuple(f"{name}:{value}" if value else name for name, value in options.items()),
    )
