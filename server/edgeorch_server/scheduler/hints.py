"""Which parked pods an event can help (Kubernetes' queueing hints)."""

from __future__ import annotations

from collections.abc import Callable

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Helps, Profile
from edgeorch_server.scheduler.prepared import Prepared
from edgeorch_server.scheduler.shape import Shape


class Hints:
    """Asks the plugins that refused a pod, and then the node that the event is about."""

    def __init__(self, cluster: Cluster, profile: Profile) -> None:
        self._cluster = cluster
        self._profile = profile
        # An event on one node can help these plugins to let a pod go to another one.
        self._look_further = {plugin.name for plugin in profile.filters if Helps.POD_CAME in plugin.helped_by}

    def after(self, event: Helps, node: str | None = None) -> Callable[[Shape, frozenset[str]], bool]:
        """Give a function that tells whether an event (on a node) can help pods that were refused.

        Pods that no plugin refused (there was no node at all, their binding failed) are helped by everything.
        """
        concerned = {plugin.name for plugin in self._profile.filters if event & plugin.helped_by}

        def helps(shape: Shape, refused_by: frozenset[str]) -> bool:
            if not refused_by:
                return True
            could = refused_by & concerned
            if not could:
                return False
            if node is None or could & self._look_further:
                return True
            return self._goes_to(shape, node)

        return helps

    def _goes_to(self, shape: Shape, name: str) -> bool:
        node = self._cluster.nodes.get(name)
        if node is None:
            return False
        if any(pod.shape is shape for pod in node.nominated.values()):
            return True  # room was made here for this very pod, or for one like it
        return Prepared(shape, self._cluster, self._profile).refusal(node) is None
