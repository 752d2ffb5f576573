"""The units under a real systemd: they start, restart, stay down when only a person can help, and disturb no pod."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.e2e.systemd.conftest import Installed, node_status
from tests.lab.kubectl import documents
from tests.lab.machine import Machine
from tests.lab.manifests import config_map, pod, shell
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.timeout(1500)]

SERVER, AGENT = "edgeorch-server", "edgeorch-agent"


@pytest.fixture
def box(installed: Installed) -> Machine:
    """Give the machine of the server."""
    return installed.box


@pytest.fixture
def pi(installed: Installed) -> Machine:
    """Give the board."""
    return installed.pi


def apply(box: Machine, *manifests: dict[str, Any]) -> None:
    box.write("/root/manifests.yaml", documents(*manifests))
    box("edgeorch apply -f /root/manifests.yaml")


def status(box: Machine, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(box(f"edgeorch get pod {name} -o json").stdout)["status"]
    return found


def until_phase(box: Machine, name: str, phase: str) -> dict[str, Any]:
    def reached() -> dict[str, Any]:
        found = status(box, name)
        assert found.get("phase") == phase, found
        return found

    return wait_until(reached, f"pod {name} to be {phase}", 180)


def containers(pi: Machine) -> set[str]:
    return set(pi("podman ps --quiet --no-trunc").lines)


def main_pid(machine: Machine, unit: str) -> str:
    return machine.unit(unit, "MainPID")["MainPID"]


def freeze(machine: Machine, unit: str) -> str:
    """Stop a unit's process without ending it; give its PID. In one go: a slow machine's watchdog may be ahead of us."""
    return machine(f"pid=$(systemctl show -P MainPID {unit}); kill -STOP $pid; echo $pid").stdout.strip()


def until_another(machine: Machine, unit: str, pid: str) -> None:
    """Wait until systemd has started a unit again."""

    def again() -> bool:
        now = machine.unit(unit, "MainPID", "ActiveState")
        return now["ActiveState"] == "active" and now["MainPID"] not in {pid, "0"}

    wait_until(again, f"{unit} to be started again", 180)


@pytest.mark.parametrize(
    ("unit", "most"),
    [
        pytest.param(SERVER, 2.0, id="server: no more than the store and two ports"),
        pytest.param(AGENT, 4.0, id="agent: root, for Podman's socket and for volumes of any owner"),
    ],
)
def test_the_units_are_confined(installed: Installed, unit: str, most: float) -> None:
    """``systemd-analyze verify`` has nothing to say, and ``security`` rates the exposure as low as it can be."""
    machine = installed.box if unit == SERVER else installed.pi
    assert machine(f"systemd-analyze verify {unit}.service").stderr == ""
    said = machine(f"systemd-analyze security --no-pager {unit}.service").stdout
    rated = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert rated is not None
    assert float(rated[1]) <= most


class TestPods:
    def test_a_pod_gets_what_its_manifest_says(self, box: Machine, pi: Machine) -> None:
        """The agent's confinement stands in no pod's way: volumes of all kinds, ports, limits, logs."""
        mounts = {"conf": "/conf", "made": "/made", "scratch": "/scratch", "memory": "/memory"}
        web = shell(
            "cat /conf/level; id -u; touch /scratch/x /memory/x && echo writable; echo page > /scratch/index.html; "
            "exec httpd -f -p 8000 -h /scratch",
            ports=[{"containerPort": 8000, "hostPort": 8080}],
            resources={"limits": {"cpu": "500m", "memory": "64Mi"}},
            volumeMounts=[{"name": name, "mountPath": path} for name, path in mounts.items()],
        )
        volumes = [
            {"name": "conf", "configMap": {"name": "conf"}},
            {"name": "made", "hostPath": {"path": "/srv/made/by/agent", "type": "DirectoryOrCreate"}},
            {"name": "scratch", "emptyDir": {}},
            {"name": "memory", "emptyDir": {"medium": "Memory"}},
        ]
        user = {"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000}
        manifest = pod("web", web, volumes=volumes, securityContext=user, terminationGracePeriodSeconds=1)
        apply(box, config_map("conf", level="level 3\n"), manifest)
        until_phase(box, "web", "Running")

        def said() -> bool:
            lines = box("edgeorch logs web").lines
            assert lines == ["level 3", "1000", "writable"], (lines, pi("ls -ln / /scratch /memory", code=None))
            return True

        wait_until(said, "the pod's words")
        assert pi("stat -c %a /srv/made/by/agent").stdout == "755\n"
        fetch = "exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
        assert "page" in pi(fetch).stdout
        box("edgeorch delete pod web")

    def test_a_container_that_takes_too_much_memory(self, box: Machine) -> None:
        """The agent may read the kernel's log, and so knows who was killed for want of memory."""
        eater = shell("tail /dev/zero", resources={"limits": {"memory": "16Mi"}})
        apply(box, pod("eater", eater, restartPolicy="Never"))
        ended = until_phase(box, "eater", "Failed")
        assert ended["containerStatuses"][0]["state"]["terminated"]["reason"] == "OOMKilled"
        box("edgeorch delete pod eater")


class TestAgent:
    @pytest.fixture
    def running(self, box: Machine, pi: Machine) -> set[str]:
        """Give the containers of a pod that runs."""
        apply(box, pod("steady"))
        until_phase(box, "steady", "Running")
        return containers(pi)

    @pytest.mark.parametrize(
        "how", ["systemctl restart edgeorch-agent", "systemctl kill -s KILL edgeorch-agent"]
    )
    def test_a_restart_disturbs_no_container(
        self, box: Machine, pi: Machine, running: set[str], how: str
    ) -> None:
        """Restarted, upgraded or killed: the pods run on, and the agent takes them over again."""
        before = main_pid(pi, AGENT)
        pi(how)
        until_another(pi, AGENT, before)
        wait_until(lambda: node_status(box) == "Ready", "the node to be Ready")
        assert containers(pi) == running
        assert status(box, "steady")["containerStatuses"][0]["restartCount"] == 0

    def test_a_frozen_agent_is_started_again(self, box: Machine, pi: Machine, running: set[str]) -> None:
        """The watchdog ends an agent that says nothing any more (sd_notify(3), WATCHDOG=1)."""
        pi("mkdir -p /run/systemd/system/edgeorch-agent.service.d")
        pi.write("/run/systemd/system/edgeorch-agent.service.d/quick.conf", "[Service]\nWatchdogSec=8\n")
        pi("systemctl daemon-reload && systemctl restart edgeorch-agent")
        before = freeze(pi, AGENT)
        until_another(pi, AGENT, before)
        wait_until(lambda: node_status(box) == "Ready", "the node to be Ready")
        assert containers(pi) == running

    def test_pods_start_again_after_a_reboot_without_a_server(
        self, box: Machine, pi: Machine, running: set[str]
    ) -> None:
        """A board that boots offline starts its pods from the checkpoint."""
        box(f"systemctl stop {SERVER}")
        pi.reboot()
        names = "podman ps --format '{{.Names}}'"
        wait_until(lambda: "default_steady" in pi(names).stdout, "the pod to run", 180)
        assert pi.unit(AGENT, "ActiveState")["ActiveState"] == "active"
        assert not containers(pi) & running
        box(f"systemctl start {SERVER}")
        wait_until(lambda: node_status(box) == "Ready", "the node to be Ready", 180)
        until_phase(box, "steady", "Running")


class TestServer:
    def test_a_killed_server_is_started_again(self, box: Machine) -> None:
        """A kill -9 loses nothing, and Mosquitto does not outlive its parent."""
        apply(box, config_map("kept", value="1"))
        before = main_pid(box, SERVER)
        box(f"systemctl kill -s KILL --kill-whom=main {SERVER}")
        until_another(box, SERVER, before)
        assert json.loads(box("edgeorch get configmap kept -o json").stdout)["data"] == {"value": "1"}
        assert len(box("pgrep -x mosquitto").lines) == 1
        wait_until(lambda: node_status(box) == "Ready", "the node to be Ready")

    def test_a_frozen_server_is_started_again(self, box: Machine) -> None:
        """The watchdog ends a server that says nothing any more."""
        box("mkdir -p /run/systemd/system/edgeorch-server.service.d")
        box.write("/run/systemd/system/edgeorch-server.service.d/quick.conf", "[Service]\nWatchdogSec=8\n")
        box(f"systemctl daemon-reload && systemctl restart {SERVER}")
        before = freeze(box, SERVER)
        until_another(box, SERVER, before)

    def test_wrong_settings_keep_it_down(self, box: Machine) -> None:
        """Trying again would not help: one line says what is wrong, and systemd leaves it at that."""
        box.write("/etc/edgeorch/server.toml", "api_prot = 1\n")
        try:
            box(f"systemctl restart {SERVER}", code=1)
            found = box.unit(SERVER, "ActiveState", "ExecMainStatus", "NRestarts")
            assert (found["ActiveState"], found["ExecMainStatus"]) == ("failed", "78")
            [line] = [line for line in box.journal(SERVER).splitlines() if "api_prot" in line]
            assert line.startswith("error: ")
            assert "Traceback" not in box.journal(SERVER)
        finally:
            box("rm /etc/edgeorch/server.toml")
            box(f"systemctl reset-failed {SERVER} && systemctl start {SERVER}")

    def test_a_port_that_is_taken_is_tried_again(self, box: Machine) -> None:
        """What may change by itself is waited out."""
        box(f"systemctl stop {SERVER}")
        box("systemd-run --unit=squatter --quiet python3 -m http.server 6443")
        wait_until(lambda: box("ss -Htln sport = :6443").stdout, "the port to be taken")
        box(f"systemctl start --no-block {SERVER}")
        wait_until(lambda: "cannot listen on" in box.journal(SERVER), "the server to complain")
        box("systemctl stop squatter")
        wait_until(
            lambda: box.unit(SERVER, "ActiveState")["ActiveState"] == "active", "the server to start", 60
        )
