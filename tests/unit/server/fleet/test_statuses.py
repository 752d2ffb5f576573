"""Which status report is newer, and what it may change."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.core.pod_status import PodStatus
from edgeorch.mqtt.messages import PodStatusReport
from edgeorch_server.fleet.statuses import ReportOrder, merge_status


def report(session: str, sequence: int) -> PodStatusReport:
    return PodStatusReport(session, sequence, "default", "web", {})


@pytest.mark.parametrize(
    ("present", "reports"),
    [
        pytest.param("s1", [("s1", 1, True), ("s1", 2, True), ("s1", 9, True)], id="in-order"),
        pytest.param("s1", [("s1", 2, True), ("s1", 1, False), ("s1", 2, False)], id="late-and-repeated"),
        pytest.param("s2", [("s1", 7, True), ("s2", 1, True), ("s1", 8, False)], id="agent-restarted"),
        pytest.param("s2", [("s2", 1, True), ("s1", 99, False)], id="old-session-after-the-new-one"),
        pytest.param(
            "s2", [("s1", 5, True), ("s1", 4, False), ("s1", 6, True)], id="first-word-of-an-old-session"
        ),
        pytest.param(None, [("s1", 5, True), ("s2", 1, True), ("s2", 1, False)], id="presence-unknown"),
    ],
)
def test_order(present: str | None, reports: list[tuple[str, int, bool]]) -> None:
    """Within a session the sequence decides, between sessions the presence."""
    order = ReportOrder()
    for session, sequence, newer in reports:
        assert order.is_newer("u1", report(session, sequence), present) is newer


def test_pods_do_not_disturb_each_other() -> None:
    """The order is kept per pod: sequences count over all pods of a session."""
    order = ReportOrder()
    assert order.is_newer("u1", report("s1", 5), "s1")
    assert order.is_newer("u2", report("s1", 4), "s1")
    order.forget("u1")
    assert order.is_newer("u1", report("s1", 1), "s1")


def status(**fields: Any) -> PodStatus:
    return PodStatus.from_dict(fields)


def condition(kind: str, value: str, **more: str) -> dict[str, str]:
    return {"type": kind, "status": value, **more}


class TestMerge:
    def test_the_report_counts(self) -> None:
        """Phase, addresses and containers are the agent's word."""
        merged = merge_status(status(phase="Pending"), status(phase="Running", podIP="10.42.0.7"))
        assert merged == status(phase="Running", podIP="10.42.0.7")

    def test_nothing_new(self) -> None:
        """An equal status writes nothing, whatever the order of its conditions."""
        ready, scheduled = condition("Ready", "True"), condition("PodScheduled", "True")
        stored = status(phase="Running", conditions=[scheduled, ready], qosClass="BestEffort")
        assert merge_status(stored, status(phase="Running", conditions=[ready])) is None

    def test_conditions_of_others_stay(self) -> None:
        """PodScheduled and readiness gates are not the agent's: stored ones stay, reported ones are ignored."""
        stored = status(conditions=[condition("PodScheduled", "True"), condition("gate", "True")])
        reported = status(conditions=[condition("PodScheduled", "False"), condition("Ready", "False")])
        merged = merge_status(stored, reported)
        assert merged is not None
        assert [(c.type, c.status) for c in merged.conditions] == [
            ("PodScheduled", "True"),
            ("gate", "True"),
            ("Ready", "False"),
        ]

    def test_what_the_server_set_stays(self) -> None:
        """QoS class, nominated node and start time do not go away because an agent does not say them."""
        stored = status(qosClass="Burstable", nominatedNodeName="n2", startTime="2026-05-01T12:00:00Z")
        merged = merge_status(stored, status(phase="Running"))
        assert merged == status(
            phase="Running", qosClass="Burstable", nominatedNodeName="n2", startTime="2026-05-01T12:00:00Z"
        )

    @pytest.mark.parametrize("final", ["Succeeded", "Failed"])
    def test_an_ended_pod_stays_ended(self, final: str) -> None:
        """A late report cannot bring a finished pod back to life."""
        assert merge_status(status(phase=final), status(phase="Running")) is None
        assert merge_status(status(phase=final), status(phase=final, message="more")) is not None
