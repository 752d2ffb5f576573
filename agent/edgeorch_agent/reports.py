"""Turns what the pods say into messages: statuses as retained state, events as they come."""

from __future__ import annotations

import itertools

from edgeorch.api.core.event import Event
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_status import PodStatus
from edgeorch.mqtt.messages import PodStatusReport
from edgeorch.mqtt.topics import NodeTopic, PodStatusTopic, Topics
from edgeorch_agent.outbox import Outbox


class Reports:
    """The pods' StatusSink and EventSink on an outbox."""

    def __init__(self, outbox: Outbox, topics: Topics, node: str, session: str) -> None:
        self._outbox = outbox
        self._topics = topics
        self._node = node
        self._session = session
        self._sequence = itertools.count(1)

    def report(self, pod: Pod, status: PodStatus, *, terminated: bool) -> None:
        """Publish a status that has changed."""
        meta = pod.metadata
        report = PodStatusReport(
            session=self._session,
            sequence=next(self._sequence),
            namespace=meta.namespace,
            name=meta.name,
            status=status.to_dict(),
            terminated=terminated,
        )
        self._outbox.set(self._topic(meta.uid), report.encode())

    def forget(self, uid: str) -> None:
        """Clear the status of a pod that the server no longer knows."""
        self._outbox.clear(self._topic(uid))

    def emit(self, event: Event) -> None:
        """Publish an event."""
        self._outbox.event(self._topics.name(NodeTopic(self._node, "events")), event.to_json())

    def _topic(self, uid: str) -> str:
        return self._topics.name(PodStatusTopic(self._node, uid))
