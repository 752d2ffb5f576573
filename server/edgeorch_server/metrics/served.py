"""The objects of metrics.k8s.io: made of what nodes and pods are stored and of what they use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.durations import format_duration
from edgeorch.api.meta import Object, ObjectMeta, format_time
from edgeorch.api.metrics.resources import NODE_METRICS, POD_METRICS
from edgeorch.api.metrics.usage import ContainerMetrics, NodeMetrics, PodMetrics
from edgeorch.api.quantity import Amount, Format
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import NotFound
from edgeorch_server.metrics.node_stats import NodeStatsCache
from edgeorch_server.metrics.pod_usage import PodUsage, PodUsages
from edgeorch_server.registry.base import Computed, ContainerStats, Entries, ListOptions, NodeStats, Page
from edgeorch_server.store.base import Entry


class NodeMetricsSource:
    """Implements :class:`edgeorch_server.registry.base.Computed` for NodeMetrics."""

    def __init__(self, objects: Entries, stats: NodeStatsCache) -> None:
        self._objects = objects
        self._stats = stats

    async def get_entry(self, namespace: str, name: str) -> Entry:
        """Measure one node; raises NotFound when there is none, and when it does not answer."""
        node = self._objects.get_entry(NODES, namespace, name)
        for entry in await self._measured([node]):
            return entry
        raise _no_metrics(NODE_METRICS, "nodemetrics", name)

    async def list_entries(self, options: ListOptions) -> Page:
        """Measure the nodes that are selected; those that do not answer are missing."""
        page = self._objects.list_entries(NODES, _all_of(options))
        return Page(await self._measured(page.entries), page.revision)

    async def _measured(self, nodes: Sequence[Entry]) -> Sequence[Entry]:
        stats = await self._stats.of(node.name for node in nodes)
        return [_entry(node, _node_metrics(node, stats[node.name])) for node in nodes if node.name in stats]


class PodMetricsSource:
    """Implements :class:`edgeorch_server.registry.base.Computed` for PodMetrics."""

    def __init__(self, objects: Entries, usages: PodUsages) -> None:
        self._objects = objects
        self._usages = usages

    async def get_entry(self, namespace: str, name: str) -> Entry:
        """Measure one pod; raises NotFound when there is none, and when nothing is known of it."""
        pod = self._objects.get_entry(PODS, namespace, name)
        for usage in await self._usages.of([pod]):
            return _entry(pod, _pod_metrics(usage))
        raise _no_metrics(POD_METRICS, "podmetrics", f"{namespace}/{name}")

    async def list_entries(self, options: ListOptions) -> Page:
        """Measure the pods that are selected; those of which nothing is known are missing."""
        page = self._objects.list_entries(PODS, _all_of(options))
        usages = await self._usages.of(page.entries)
        return Page([_entry(usage.pod, _pod_metrics(usage)) for usage in usages], page.revision)


def metrics_sources(objects: Entries, stats: NodeStatsCache) -> Mapping[str, Computed]:
    """Give the sources of metrics.k8s.io, by :attr:`~edgeorch.api.resources.ResourceInfo.key`."""
    return {
        NODE_METRICS.key: NodeMetricsSource(objects, stats),
        POD_METRICS.key: PodMetricsSource(objects, PodUsages(stats)),
    }


def _all_of(options: ListOptions) -> ListOptions:
    """Select as asked, in one page and as of now: there is nothing else to be had."""
    return replace(options, limit=0, continue_="", resource_version="", resource_version_match="")


def _no_metrics(resource: ResourceInfo[Object], plural: str, name: str) -> NotFound:
    """Say it as metrics-server does."""
    return NotFound(
        f'{plural}.{resource.group} "{name}" not found', group=resource.group, kind=plural, name=name
    )


def _node_metrics(node: Entry, stats: NodeStats) -> NodeMetrics:
    return NodeMetrics(
        apiVersion=NODE_METRICS.api_version,
        kind=NODE_METRICS.kind,
        metadata=_meta(node, stats.measured),
        timestamp=format_time(stats.measured),
        window=format_duration(stats.window),
        usage=_usage(stats.total),
    )


def _pod_metrics(usage: PodUsage) -> PodMetrics:
    return PodMetrics(
        apiVersion=POD_METRICS.api_version,
        kind=POD_METRICS.kind,
        metadata=_meta(usage.pod, usage.measured),
        timestamp=format_time(usage.measured),
        window=format_duration(usage.window),
        containers=[
            ContainerMetrics(name=name, usage=_usage(stats)) for name, stats in usage.containers.items()
        ],
    )


def _usage(stats: ContainerStats) -> dict[str, str]:
    return {
        "cpu": str(Amount(stats.cpu_nanocores)),
        "memory": str(Amount.of(stats.memory_bytes, Format.BINARY_SI)),
    }


def _meta(of: Entry, measured: dt.datetime) -> ObjectMeta:
    return ObjectMeta(
        name=of.name,
        namespace=of.namespace,
        labels=dict(of.labels),
        creationTimestamp=format_time(measured),
    )


def _entry(of: Entry, metrics: Object) -> Entry:
    """Wrap an object as if it were stored: it is selected and shown like one that is."""
    return replace(of, data=metrics.to_json(), owners=())
