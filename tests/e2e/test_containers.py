"""What a manifest asks of its containers, seen from inside and outside of real ones."""

from __future__ import annotations

import json
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.mosquitto import free_port
from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl
from tests.lab.manifests import FOR_EVER, config_map, pod, secret, shell
from tests.lab.podman import BUSYBOX
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(180)]

NOWHERE = "127.0.0.1:1/none:1"
"""An image in a registry that refuses every connection."""


def until_phase(kubectl: Kubectl, name: str, phase: str) -> dict[str, Any]:
    """Wait until a pod has a phase, and give it."""

    def reached() -> dict[str, Any]:
        found: dict[str, Any] = kubectl.json("get", "pod", name)
        assert found["status"]["phase"] == phase, found["status"]
        return found

    return wait_until(reached, f"pod {name} to be {phase}", 90)


def until_shown(kubectl: Kubectl, name: str, status: str) -> list[str]:
    """Wait until ``get pods`` shows a pod with this status, and give its row."""

    def shown() -> list[str]:
        row = kubectl("get", "pod", name).rows[0]
        assert row[2] == status, row
        return row

    return wait_until(shown, f"pod {name} to show {status}", 90)


def container_state(kubectl: Kubectl, name: str, container: str = "main") -> dict[str, Any]:
    """Give a container's status."""
    statuses = kubectl.json("get", "pod", name)["status"]["containerStatuses"]
    [found] = [status for status in statuses if status["name"] == container]
    assert isinstance(found, dict)
    return found


def events(kubectl: Kubectl, name: str) -> dict[str, str]:
    """Give the newest message of each event reason of a pod."""
    listed = kubectl.json("get", "events", "--field-selector", f"involvedObject.name={name}")["items"]
    return {event["reason"]: event["message"] for event in listed}


class TestWhatAContainerGets:
    def test_environment_command_and_arguments(self, kubectl: Kubectl) -> None:
        """Values, references to earlier ones, fields of the pod, and whole ConfigMaps and Secrets; args follow command."""
        kubectl.apply(config_map("settings", COLOUR="blue", SIZE="12"), secret("keys", TOKEN="s3cret"))
        container = {
            "name": "main",
            "image": BUSYBOX,
            "command": ["sh", "-c", "env; echo got $0 $1", "$(GREETING)"],
            "args": ["$(NOT_SET)"],
            "env": [
                {"name": "WHO", "value": "world"},
                {"name": "GREETING", "value": "hello $(WHO)"},
                {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                {"name": "ONE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "SIZE"}}},
                {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "TOKEN"}}},
            ],
            "envFrom": [
                {"configMapRef": {"name": "settings"}},
                {"prefix": "P_", "secretRef": {"name": "keys"}},
            ],
        }
        kubectl.apply(pod("env", container, restartPolicy="Never"))
        until_phase(kubectl, "env", "Succeeded")
        printed = kubectl("logs", "env").lines
        assert printed[-1] == "got hello world $(NOT_SET)"
        assert {
            "GREETING=hello world",
            "POD=env",
            "NODE=pi",
            "ONE=12",
            "KEY=s3cret",
            "COLOUR=blue",
            "P_TOKEN=s3cret",
        } <= set(printed)

    def test_volumes(self, kubectl: Kubectl) -> None:
        """ConfigMaps and Secrets as files, an emptyDir that two containers share, and read-only where asked."""
        kubectl.apply(config_map("settings", **{"app.conf": "level=3\n"}), secret("keys", token="s3cret"))
        volumes = [
            {"name": "conf", "configMap": {"name": "settings"}},
            {"name": "keys", "secret": {"secretName": "keys", "defaultMode": 0o400}},
            {"name": "shared", "emptyDir": {}},
        ]
        mounts = [
            {"name": "conf", "mountPath": "/conf"},
            {"name": "keys", "mountPath": "/keys", "readOnly": True},
            {"name": "shared", "mountPath": "/shared"},
        ]
        reads = "cat /conf/app.conf /keys/token; stat -L -c %a /keys/token; touch /keys/x 2>/dev/null || echo read-only; "
        script = reads + "while ! cat /shared/word 2>/dev/null; do sleep 0.2; done"
        writer = shell("echo from the other > /shared/word", "writer", volumeMounts=mounts)
        manifest = pod(
            "vol", shell(script, volumeMounts=mounts), writer, restartPolicy="Never", volumes=volumes
        )
        kubectl.apply(manifest)
        until_phase(kubectl, "vol", "Succeeded")
        printed = kubectl("logs", "vol", "-c", "main").stdout
        assert "level=3\n" in printed
        assert "s3cret400\nread-only\n" in printed.replace("s3cret\n400", "s3cret400")
        assert printed.endswith("from the other\n")

    def test_a_changed_config_map_reaches_the_files(self, kubectl: Kubectl) -> None:
        """A ConfigMap that changes shows in the running pod's files, without a restart."""
        kubectl.apply(config_map("settings", level="1"))
        mount = [{"name": "conf", "mountPath": "/conf"}]
        script = "trap 'exit 0' TERM; while :; do cat /conf/level; echo; sleep 0.5; done"
        volumes = [{"name": "conf", "configMap": {"name": "settings"}}]
        kubectl.apply(pod("live", shell(script, volumeMounts=mount), volumes=volumes))
        kubectl("wait", "--for=condition=Ready", "pod/live", "--timeout=60s")
        kubectl.apply(config_map("settings", level="2"))
        wait_until(lambda: kubectl("logs", "live", "--tail=1").stdout.strip() == "2", "the new value")
        assert container_state(kubectl, "live")["restartCount"] == 0

    def test_a_missing_config_map_holds_the_pod(self, kubectl: Kubectl) -> None:
        """A pod whose ConfigMap is missing waits, says so, and starts when it appears."""
        reference = {"name": "V", "valueFrom": {"configMapKeyRef": {"name": "later", "key": "v"}}}
        kubectl.apply(pod("early", shell("echo $V", env=[reference]), restartPolicy="Never"))
        until_shown(kubectl, "early", "CreateContainerConfigError")
        assert events(kubectl, "early")["Failed"] == 'Error: configmap "later" not found'
        kubectl.apply(config_map("later", v="here"))
        until_phase(kubectl, "early", "Succeeded")
        assert kubectl("logs", "early").stdout == "here\n"

    def test_limits_are_those_of_the_control_group(self, kubectl: Kubectl, cluster: Cluster) -> None:
        """A CPU and memory limit is what the kernel enforces."""
        limits = {"limits": {"cpu": "250m", "memory": "48Mi"}}
        kubectl.apply(pod("limited", shell(FOR_EVER, resources=limits)))
        kubectl("wait", "--for=condition=Ready", "pod/limited", "--timeout=60s")
        pid = cluster.containers("pi")[f"{kubectl.namespace}/limited/main"]["Pid"]
        cpu, memory = _limits(pid)
        assert cpu == pytest.approx(0.25)
        assert memory == 48 * 1024 * 1024

    def test_security_context(self, kubectl: Kubectl) -> None:
        """The user, the group for volumes and a read-only root are as asked."""
        context = {"runAsUser": 1000, "runAsGroup": 3000, "readOnlyRootFilesystem": True}
        script = "id -u; id -g; touch /x 2>/dev/null || echo read-only; stat -c %g /data"
        mounts = [{"name": "data", "mountPath": "/data"}]
        manifest = pod(
            "secure",
            shell(script, securityContext=context, volumeMounts=mounts),
            restartPolicy="Never",
            securityContext={"fsGroup": 2000},
            volumes=[{"name": "data", "emptyDir": {}}],
        )
        kubectl.apply(manifest)
        until_phase(kubectl, "secure", "Succeeded")
        assert kubectl("logs", "secure").lines == ["1000", "3000", "read-only", "2000"]


def _limits(pid: int) -> tuple[float, int]:
    """Give the CPUs and the bytes that a process may use, from its control groups of either version."""
    groups = {
        tuple(names.split(",")): path
        for _, names, path in (
            line.split(":", 2) for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines()
        )
    }
    root = Path("/sys/fs/cgroup")
    for names, path in groups.items():
        if "memory" in names:
            memory = int((root / "memory" / path.lstrip("/") / "memory.limit_in_bytes").read_text())
            cpu_path = next(p for n, p in groups.items() if "cpu" in n)
            folder = root / "cpu" / cpu_path.lstrip("/")
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
            return int(quota) / int(period), memory
    folder = root / groups["",].lstrip("/")
    quota, period = (folder / "cpu.max").read_text().split()
    return int(quota) / int(period), int((folder / "memory.max").read_text())


class TestNetwork:
    def test_a_pod_answers_on_its_address_and_host_port(self, kubectl: Kubectl) -> None:
        """A server in a pod is reached at the pod's address, and through its hostPort at the box's."""
        port = free_port()
        page = shell(
            "mkdir -p /www && echo $POD > /www/index.html && exec httpd -f -p 8000 -h /www",
            env=[{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            ports=[{"containerPort": 8000, "hostPort": port}],
        )
        kubectl.apply(pod("server", page, terminationGracePeriodSeconds=1))
        kubectl("wait", "--for=condition=Ready", "pod/server", "--timeout=60s")
        address = kubectl("get", "pod", "server", "-o", "jsonpath={.status.podIP}").stdout
        for url in (f"http://{address}:8000/", f"http://127.0.0.1:{port}/"):
            assert wait_until(lambda url=url: _get(url), url) == "server\n"  # type: ignore[misc]
        kubectl("delete", "pod", "server")
        with pytest.raises(OSError, match=r"refused|timed out"):
            socket.create_connection(("127.0.0.1", port), timeout=2)

    def test_a_host_port_is_given_out_once(self, kubectl: Kubectl) -> None:
        """Two pods that want the same port of one node: the second stays Pending and says why."""
        port = free_port()
        ports = [{"containerPort": 80, "hostPort": port}]
        kubectl.apply(pod("one", shell(FOR_EVER, ports=ports)))
        kubectl("wait", "--for=condition=Ready", "pod/one", "--timeout=60s")
        kubectl.apply(pod("two", shell(FOR_EVER, ports=ports)))
        said = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
        wait_until(lambda: said in events(kubectl, "two").get("FailedScheduling", ""), "the scheduler's reason")

    def test_containers_of_a_pod_share_their_network(self, kubectl: Kubectl) -> None:
        """One container reaches the other on localhost."""
        server = shell("echo shared > /tmp/index.html && exec httpd -f -p 8000 -h /tmp", "server")
        client = shell("while ! wget -q -O - http://127.0.0.1:8000/; do sleep 0.2; done; sleep 600", "client")
        kubectl.apply(pod("pair", server, client, terminationGracePeriodSeconds=1))
        wait_until(
            lambda: kubectl("logs", "pair", "-c", "client", code=None).stdout.endswith("shared\n"), "the page"
        )

    def test_host_network(self, kubectl: Kubectl) -> None:
        """A pod on the host's network has the host's address, and its port is the host's."""
        port = free_port()
        server = shell(f"echo host > /tmp/index.html && exec httpd -f -p 127.0.0.1:{port} -h /tmp")
        kubectl.apply(pod("host", server, hostNetwork=True, terminationGracePeriodSeconds=1))
        kubectl("wait", "--for=condition=Ready", "pod/host", "--timeout=60s")
        status = kubectl.json("get", "pod", "host")["status"]
        assert status["podIP"] == status["hostIP"]
        assert wait_until(lambda: _get(f"http://127.0.0.1:{port}/"), "the page") == "host\n"


def _get(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as page:
            text: str = page.read().decode()
            return text
    except (urllib.error.URLError, OSError):
        return ""


class TestLife:
    @pytest.mark.parametrize(
        ("policy", "script", "phase", "code", "reason"),
        [
            ("Never", "exit 0", "Succeeded", 0, "Completed"),
            ("Never", "exit 7", "Failed", 7, "Error"),
            ("OnFailure", "exit 0", "Succeeded", 0, "Completed"),
        ],
    )
    def test_a_pod_that_ends(
        self, kubectl: Kubectl, policy: str, script: str, phase: str, code: int, reason: str
    ) -> None:
        """The phase of a pod whose containers have ended for good tells how (Pod Lifecycle, "Pod phase")."""
        kubectl.apply(pod("ends", shell(script), restartPolicy=policy))
        ended = until_phase(kubectl, "ends", phase)
        terminated = ended["status"]["containerStatuses"][0]["state"]["terminated"]
        assert (terminated["exitCode"], terminated["reason"]) == (code, reason)
        assert kubectl("get", "pod", "ends").rows[0][1:3] == ["0/1", "Completed" if code == 0 else "Error"]

    def test_on_failure_tries_again(self, kubectl: Kubectl) -> None:
        """OnFailure restarts what failed, and the pod succeeds once it does not."""
        mounts = [{"name": "memory", "mountPath": "/memory"}]
        script = "[ -e /memory/been ] && exit 0; touch /memory/been; exit 3"
        kubectl.apply(
            pod(
                "again",
                shell(script, volumeMounts=mounts),
                restartPolicy="OnFailure",
                volumes=[{"name": "memory", "emptyDir": {}}],
            )
        )
        ended = until_phase(kubectl, "again", "Succeeded")
        [status] = ended["status"]["containerStatuses"]
        assert status["restartCount"] == 1
        assert status["lastState"]["terminated"]["exitCode"] == 3

    def test_crash_loop(self, kubectl: Kubectl) -> None:
        """A container that ends again and again is restarted with growing pauses, and shows CrashLoopBackOff."""
        kubectl.apply(pod("crash", shell("echo oh no; exit 42")))

        def crashed_twice() -> dict[str, Any]:
            state = container_state(kubectl, "crash")
            return state if state["restartCount"] >= 2 and "waiting" in state["state"] else {}

        state = wait_until(crashed_twice, "two restarts", 90)
        assert state["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        assert state["state"]["waiting"]["message"].startswith(
            "back-off 20s restarting failed container=main pod=crash_"
        )
        assert state["lastState"]["terminated"]["exitCode"] == 42
        row = kubectl("get", "pod", "crash").rows[0]
        assert row[1:3] == ["0/1", "CrashLoopBackOff"]
        assert events(kubectl, "crash")["BackOff"].startswith(
            "Back-off restarting failed container main in pod crash_"
        )

    def test_out_of_memory(self, kubectl: Kubectl) -> None:
        """A container that takes more memory than its limit is OOMKilled, exit code 137."""
        eater = shell("tail /dev/zero", resources={"limits": {"memory": "16Mi"}})
        kubectl.apply(pod("eater", eater, restartPolicy="Never"))
        ended = until_phase(kubectl, "eater", "Failed")
        terminated = ended["status"]["containerStatuses"][0]["state"]["terminated"]
        assert (terminated["reason"], terminated["exitCode"]) == ("OOMKilled", 137)
        assert kubectl("get", "pod", "eater").rows[0][2] == "OOMKilled"

    def test_init_containers_run_in_order(self, kubectl: Kubectl) -> None:
        """Each init container ends before the next begins, and all of them before the others start."""
        mounts = [{"name": "data", "mountPath": "/data"}]
        first = shell("sleep 1; echo first >> /data/log", "first", volumeMounts=mounts)
        second = shell("echo second >> /data/log", "second", volumeMounts=mounts)
        kubectl.apply(
            pod(
                "init",
                shell("cat /data/log", volumeMounts=mounts),
                initContainers=[first, second],
                restartPolicy="Never",
                volumes=[{"name": "data", "emptyDir": {}}],
            )
        )
        until_phase(kubectl, "init", "Succeeded")
        assert kubectl("logs", "init", "-c", "main").lines == ["first", "second"]

    def test_a_failing_init_container_holds_the_pod(self, kubectl: Kubectl) -> None:
        """With restartPolicy Never the pod has failed; the others were never started."""
        kubectl.apply(
            pod("stuck", shell("echo main"), initContainers=[shell("exit 9", "setup")], restartPolicy="Never")
        )
        failed = until_phase(kubectl, "stuck", "Failed")
        assert kubectl("get", "pod", "stuck").rows[0][2] == "Init:Error"
        assert failed["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing"

    def test_graceful_termination(self, kubectl: Kubectl) -> None:
        """On delete a container gets SIGTERM and its grace period to say goodbye; kubectl's log stream hears it."""
        script = "trap 'echo goodbye; exit 0' TERM; echo ready; while :; do sleep 3600 & wait $!; done"
        kubectl.apply(pod("polite", shell(script), terminationGracePeriodSeconds=20))
        kubectl("wait", "--for=condition=Ready", "pod/polite", "--timeout=60s")
        following = kubectl.start("logs", "-f", "polite")
        wait_until(lambda: kubectl("logs", "polite").stdout == "ready\n", "the first word")
        kubectl("delete", "pod", "polite", timeout=40)
        heard, _ = following.communicate(timeout=20)
        assert heard == "ready\ngoodbye\n"
        assert events(kubectl, "polite")["Killing"] == "Stopping container main"

    def test_a_new_image_restarts_the_container(self, kubectl: Kubectl, cluster: Cluster) -> None:
        """The image of a running pod can be changed; only that container is replaced."""
        cluster.podman("pi", "tag", BUSYBOX, "localhost/busybox:other")
        kubectl.apply(pod("upgrade", shell(FOR_EVER), shell(FOR_EVER, "side")))
        kubectl("wait", "--for=condition=Ready", "pod/upgrade", "--timeout=60s")
        side = container_state(kubectl, "upgrade", "side")["containerID"]
        kubectl("set", "image", "pod/upgrade", "main=localhost/busybox:other")

        def replaced() -> bool:
            state = container_state(kubectl, "upgrade")
            return bool(state["image"] == "localhost/busybox:other" and state["ready"])

        wait_until(replaced, "the new image")
        assert container_state(kubectl, "upgrade")["restartCount"] == 1
        assert container_state(kubectl, "upgrade", "side")["containerID"] == side

    def test_an_active_deadline(self, kubectl: Kubectl) -> None:
        """A pod that runs longer than it may is ended: DeadlineExceeded."""
        kubectl.apply(pod("late", activeDeadlineSeconds=2))
        failed = until_phase(kubectl, "late", "Failed")
        assert failed["status"]["reason"] == "DeadlineExceeded"

    def test_a_container_killed_from_outside_is_restarted(self, kubectl: Kubectl, cluster: Cluster) -> None:
        """What Podman's owner kills by hand comes back (restartPolicy Always)."""
        kubectl.apply(pod("victim"))
        kubectl("wait", "--for=condition=Ready", "pod/victim", "--timeout=60s")
        killed = cluster.containers("pi")[f"{kubectl.namespace}/victim/main"]["Id"]
        cluster.podman("pi", "kill", "--signal=KILL", killed)
        wait_until(lambda: container_state(kubectl, "victim")["restartCount"] == 1, "the restart")
        wait_until(lambda: container_state(kubectl, "victim")["ready"], "the new container")
        assert container_state(kubectl, "victim")["lastState"]["terminated"]["exitCode"] == 137

    def test_a_pod_removed_from_outside_comes_back(self, kubectl: Kubectl, cluster: Cluster) -> None:
        """A pod whose Podman pod is removed by hand is made again."""
        kubectl.apply(pod("victim"))
        kubectl("wait", "--for=condition=Ready", "pod/victim", "--timeout=60s")
        path = f"{kubectl.namespace}/victim/main"
        before = cluster.containers("pi")[path]
        cluster.podman("pi", "pod", "rm", "--force", "--time=0", before["Pod"])
        wait_until(lambda: cluster.containers("pi").get(path, before)["Id"] != before["Id"], "a new container")
        kubectl("wait", "--for=condition=Ready", "pod/victim", "--timeout=60s")


class TestImages:
    def test_a_registry_that_cannot_be_reached(self, kubectl: Kubectl) -> None:
        """A pull that fails shows ErrImagePull, then ImagePullBackOff, and why."""
        kubectl.apply(pod("pull", {"name": "main", "image": NOWHERE}))
        until_shown(kubectl, "pull", "ImagePullBackOff")
        said = events(kubectl, "pull")
        assert said["Pulling"] == f'Pulling image "{NOWHERE}"'
        assert said["BackOff"] == f'Back-off pulling image "{NOWHERE}"'
        waiting = container_state(kubectl, "pull")["state"]["waiting"]
        assert waiting["message"].startswith(f'Back-off pulling image "{NOWHERE}"')
        failed = [
            event["message"]
            for event in kubectl.json("get", "events", "--field-selector", "reason=Failed")["items"]
        ]
        assert any(text.startswith(f'Failed to pull image "{NOWHERE}":') for text in failed)
        assert "Error: ErrImagePull" in failed

    def test_never_pull(self, kubectl: Kubectl) -> None:
        """An image that is not there and may not be pulled: ErrImageNeverPull."""
        kubectl.apply(pod("never", {"name": "main", "image": "localhost/none:1", "imagePullPolicy": "Never"}))
        until_shown(kubectl, "never", "ErrImageNeverPull")
        message = 'Container image "localhost/none:1" is not present with pull policy of Never'
        assert message in events(kubectl, "never")["ErrImageNeverPull"]

    def test_an_image_that_cannot_be_named(self, kubectl: Kubectl) -> None:
        """A reference that is none: InvalidImageName."""
        kubectl.apply(pod("bad", {"name": "main", "image": "Not A Name"}))
        until_shown(kubectl, "bad", "InvalidImageName")

    def test_a_command_that_is_not_there(self, kubectl: Kubectl) -> None:
        """A container whose command does not exist cannot start, and says why."""
        kubectl.apply(
            pod("nocmd", {"name": "main", "image": BUSYBOX, "command": ["/no/such"]}, restartPolicy="Never")
        )
        failed = until_phase(kubectl, "nocmd", "Failed")
        terminated = failed["status"]["containerStatuses"][0]["state"]["terminated"]
        assert terminated["reason"] in {"StartError", "ContainerCannotRun"}
        assert terminated["exitCode"] == 128
        assert "/no/such" in json.dumps(events(kubectl, "nocmd"))

    def test_an_image_that_arrives_later_is_used(self, kubectl: Kubectl, cluster: Cluster) -> None:
        """A pod that waits for its image starts when somebody has loaded it."""
        image = "localhost/later:1"
        kubectl.apply(pod("later", shell(FOR_EVER, image=image, imagePullPolicy="Never")))
        until_shown(kubectl, "later", "ErrImageNeverPull")
        cluster.podman("pi", "tag", BUSYBOX, image)
        kubectl("wait", "--for=condition=Ready", "pod/later", "--timeout=90s", timeout=100)


def test_every_event_has_its_source(kubectl: Kubectl) -> None:
    """Events say who saw what and how often; repeated ones are counted, not listed again."""
    kubectl.apply(pod("crash", shell("exit 1")))
    wait_until(lambda: container_state(kubectl, "crash")["restartCount"] >= 2, "two restarts", 90)
    listed = kubectl.json("get", "events")["items"]
    created = [event for event in listed if event["reason"] == "Created"]
    assert len(created) == 1
    assert created[0]["count"] >= 2
    assert {event["source"]["component"] for event in listed} == {"default-scheduler", "kubelet"}
    assert all(event["source"].get("host") == "pi" for event in listed if event["reason"] == "Created")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created[0]["lastTimestamp"])
