"""Tables of Jobs and CronJobs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from edgeorch.api.batch.resources import CRON_JOBS, JOBS
from edgeorch_server.apiserver.printers import KubernetesPrinter

PRINTER = KubernetesPrinter(lambda: dt.datetime(2026, 5, 1, 12, 0, 0, tzinfo=dt.UTC))
META = {"name": "sum", "creationTimestamp": "2026-04-28T08:00:00Z"}


def row(meta: dict[str, Any] | None = None, **body: Any) -> list[Any]:
    return PRINTER.cells(JOBS, {"metadata": {**META, **(meta or {})}, **body})


def test_a_job() -> None:
    """As ``kubectl get jobs`` and ``-o wide`` show it."""
    spec = {
        "completions": 3,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"spec": {"containers": [{"name": "c", "image": "i:1"}]}},
    }
    status = {
        "succeeded": 3,
        "startTime": "2026-05-01T08:00:00Z",
        "completionTime": "2026-05-01T08:01:30Z",
        "conditions": [{"type": "Complete", "status": "True"}],
    }
    columns = [f"({c['name']})" if c["priority"] else c["name"] for c in PRINTER.columns(JOBS)]
    assert dict(zip(columns, row(spec=spec, status=status), strict=True)) == {
        "Name": "sum",
        "Status": "Complete",
        "Completions": "3/3",
        "Duration": "90s",
        "Age": "3d4h",
        "(Containers)": "c",
        "(Images)": "i:1",
        "(Selector)": "a=b",
    }


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        pytest.param({"completions": 5, "parallelism": 2}, "1/5", id="so many"),
        pytest.param({"parallelism": 3}, "1/1 of 3", id="work queue"),
        pytest.param({"parallelism": 1}, "1/1", id="one"),
    ],
)
def test_completions(spec: dict[str, Any], text: str) -> None:
    """Of how many, where that is said."""
    assert row(spec=spec, status={"succeeded": 1})[2] == text


@pytest.mark.parametrize(
    ("true", "meta", "text"),
    [
        ((), {}, "Running"),
        (("Suspended",), {}, "Suspended"),
        (("FailureTarget",), {}, "FailureTarget"),
        (("FailureTarget", "Failed"), {}, "Failed"),
        (("SuccessCriteriaMet", "Complete"), {}, "Complete"),
        (("Suspended",), {"deletionTimestamp": "2026-05-01T11:00:00Z"}, "Terminating"),
    ],
)
def test_states(true: tuple[str, ...], meta: dict[str, Any], text: str) -> None:
    """The last thing its conditions say."""
    assert row(meta, status={"conditions": [{"type": kind, "status": "True"} for kind in true]})[1] == text
    off = {"conditions": [{"type": kind, "status": "False"} for kind in true]}
    assert row(status=off)[1] == "Running"


def test_a_job_that_runs() -> None:
    """Its duration goes on; one that has not started has none."""
    assert row(status={"startTime": "2026-05-01T11:58:00Z"})[3] == "2m"
    assert row()[3] == ""


def test_cron_jobs() -> None:
    """As ``kubectl get cronjobs`` and ``-o wide`` show them."""
    template = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i:1"}]}}}}
    spec = {"schedule": "0 3 * * *", "timeZone": "Asia/Tokyo", "suspend": False, "jobTemplate": template}
    status = {"active": [{}, {}], "lastScheduleTime": "2026-05-01T11:58:00Z"}
    cells = PRINTER.cells(CRON_JOBS, {"metadata": META, "spec": spec, "status": status})
    columns = [f"({c['name']})" if c["priority"] else c["name"] for c in PRINTER.columns(CRON_JOBS)]
    assert dict(zip(columns, cells, strict=True)) == {
        "Name": "sum",
        "Schedule": "0 3 * * *",
        "Timezone": "Asia/Tokyo",
        "Suspend": "False",
        "Active": 2,
        "Last Schedule": "2m",
        "Age": "3d4h",
        "(Containers)": "c",
        "(Images)": "i:1",
        "(Selector)": "<none>",
    }
    bare = PRINTER.cells(CRON_JOBS, {"metadata": META, "spec": {"schedule": "@daily"}})
    assert bare[2:6] == ["<none>", "<unset>", 0, "<none>"]
