"""Which parked pods an event can help (Kubernetes' queueing hints)."""

from __future__ import annotations

from collections.abc import Callable

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Filter, Helps, PreFilter, Profile
from edgeorch_server.scheduler.prepared import Prepared
from edgeorch_server.scheduler.shape import Shape


class Hints:
    """Asks the plugins that refused a pod, and then the node that the event is about."""

    def __init__(self, cluster: Cluster, profile: Profile) -> None:
        self._cluster = cluster
        self._profile = profile
        plugins: tuple[PreFilter | Filter, ...] = (*profile.prefilters, *profile.filters)
        # Looked up for each pod that is bound: what profiles say does not change.
        self._concerned = {
            event: frozenset(plugin.name for plugin in plugins if event & plugin.helped_by) for event in Helps
        }
        # An event on one node can help these plugins to let a pod go to another one.
        self._look_further = self._concerned[Helps.POD_CAME]

    def after(self, event: Helps, node: str | None = None) -> Callable[[Shape, frozenset[str]], bool]:
        """Give a function that tells whether an event (on a node) can help pods that were refused.

        Pods that no plugin refused (there was no node at all, their binding failed) are helped by everything.
        """
        concerned = self._concerned[event]

        def helps(shape: Shape, refused_by: frozenset[str]) -> bool:
            if not refused_by:
                return True
            could = refused_by & concerned
            if not could:
                return False
            if node is None or could & self._look_further:
                return True
            return self._is_news(shape, refused_by, node)

        return helps

    def _is_news(self, shape: Shape, refused_by: frozenset[str], name: str) -> bool:
        """Tell whether a pod goes to a node now, or is refused there by a plugin that it does not know of yet.

        In the second case the pod must be decided about anew, or it would sleep through what helps that plugin.
        """
        node = self._cluster.nodes.get(name)
        if node is None:
            return False
        if any(pod.shape is shape for pod in node.nominated.values()):
            return True  # room was made here for this very pod, or for one like it
        refusal = Prepared(shape, self._cluster, self._profile).refusal(node)
        return refusal is None or refusal.plugin not in refused_by
