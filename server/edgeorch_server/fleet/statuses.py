"""The pure rules of pod statuses: which report is newer, and what it may change."""

from __future__ import annotations

from dataclasses import dataclass

from edgeorch.api.core.pod_status import PodStatus
from edgeorch.mqtt.messages import PodStatusReport
from edgeorch_server.fleet.payloads import FINAL_PHASES

AGENT_CONDITIONS = frozenset(
    {
        "PodReadyToStartContainers",
        "Initialized",
        "ContainersReady",
        "Ready",
        "PodResizePending",
        "PodResizeInProgress",
    }
)
"""The conditions that are the agent's to set (kubelet's ``PodConditionByKubelet``)."""


@dataclass(frozen=True, slots=True)
class _Newest:
    session: str
    sequence: int


class ReportOrder:
    """Tells newer reports from older ones, by (session, sequence).

    Within a session the sequence decides. Between sessions, the one that presence names counts; the other one
    is accepted only as the first word on a pod, so that a server that has just started learns at least what
    was true before the agent was restarted.
    """

    def __init__(self) -> None:
        self._newest: dict[str, _Newest] = {}

    def is_newer(self, uid: str, report: PodStatusReport, session: str | None) -> bool:
        """Judge a report of a pod and remember it if it is newer; ``session`` is the node's present one."""
        known = self._newest.get(uid)
        if known is not None:
            if report.session == known.session:
                if report.sequence <= known.sequence:
                    return False
            elif session is not None and report.session != session:
                return False
        self._newest[uid] = _Newest(report.session, report.sequence)
        return True

    def forget(self, uid: str) -> None:
        """Drop a pod that is gone."""
        self._newest.pop(uid, None)


def merge_status(stored: PodStatus, reported: PodStatus) -> PodStatus | None:
    """Give the status to store; None when the report may change nothing.

    As the kubelet's status manager: conditions that are not the agent's stay as they are stored, and so does
    what the scheduler and the API server set. A pod that has ended stays ended.
    """
    if stored.phase in FINAL_PHASES and reported.phase not in FINAL_PHASES:
        return None
    conditions = [c for c in stored.conditions if c.type not in AGENT_CONDITIONS]
    conditions += [c for c in reported.conditions if c.type in AGENT_CONDITIONS]
    kept = {
        "conditions": sorted(conditions, key=lambda c: _place(stored, c.type)),
        "nominatedNodeName": stored.nominatedNodeName,
        "qosClass": stored.qosClass or reported.qosClass,
        "resourceClaimStatuses": stored.resourceClaimStatuses,
        "extendedResourceClaimStatus": stored.extendedResourceClaimStatus,
        "startTime": reported.startTime or stored.startTime,
    }
    merged = reported.model_copy(update=kept)
    return None if merged == stored else merged


def _place(stored: PodStatus, condition: str) -> int:
    """Keep the stored order of conditions, so that equal statuses are equal; new ones come last."""
    types = [c.type for c in stored.conditions]
    return types.index(condition) if condition in types else len(types)
