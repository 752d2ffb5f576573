"""``kubectl logs`` with all its flags, on real containers."""

from __future__ import annotations

import re
import signal
import time

import pytest

from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl
from tests.lab.manifests import namespace, pod, shell
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(180)]

STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z) (.*)")


@pytest.fixture(scope="module")
def talker(cluster: Cluster) -> Kubectl:
    """Give kubectl in a namespace with pod ``talk``, which has said ``line 1`` to ``line 10`` and lives."""
    cluster.kubectl().apply(namespace("logs"))
    kubectl = cluster.kubectl("logs")
    count = "for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; done; "
    kubectl.apply(
        pod(
            "talk",
            shell(count + "trap 'exit 0' TERM; sleep 3600 & wait"),
            shell("echo aside; sleep 3600", "side"),
        )
    )
    kubectl("wait", "--for=condition=Ready", "pod/talk", "--timeout=90s", timeout=100)
    wait_until(lambda: len(kubectl("logs", "talk").lines) == 10, "ten lines")
    return kubectl


def test_all_lines(talker: Kubectl) -> None:
    """Without flags the whole log, of the first container if there are several."""
    output = talker("logs", "talk")
    assert output.lines == [f"line {number}" for number in range(1, 11)]
    assert 'Defaulted container "main" out of: main, side' in output.stderr


def test_a_container_by_name(talker: Kubectl) -> None:
    """``-c`` chooses the container, ``--all-containers --prefix`` shows all."""
    assert talker("logs", "talk", "-c", "side").stdout == "aside\n"
    everything = talker("logs", "talk", "--all-containers", "--prefix").lines
    assert "[pod/talk/main] line 10" in everything
    assert "[pod/talk/side] aside" in everything


@pytest.mark.parametrize(
    ("count", "expected"), [(0, []), (1, ["line 10"]), (3, ["line 8", "line 9", "line 10"]), (99, 10)]
)
def test_tail(talker: Kubectl, count: int, expected: list[str] | int) -> None:
    """``--tail`` gives the last lines."""
    lines = talker("logs", "talk", f"--tail={count}").lines
    assert (len(lines) if isinstance(expected, int) else lines) == expected


def test_limit_bytes(talker: Kubectl) -> None:
    """``--limit-bytes`` cuts after that many bytes."""
    assert talker("logs", "talk", "--limit-bytes=10").stdout == "line 1\nlin"


def test_timestamps(talker: Kubectl) -> None:
    """``--timestamps`` puts an RFC 3339 time before each line, in order."""
    matches = [STAMP.fullmatch(line) for line in talker("logs", "talk", "--timestamps").lines]
    assert [match and match[2] for match in matches] == [f"line {number}" for number in range(1, 11)]
    stamps = [match[1] for match in matches if match]
    assert stamps == sorted(stamps)


def test_since(talker: Kubectl) -> None:
    """``--since`` leaves out what is older; ``--since-time`` takes a point in time."""
    stamps = [line.split()[0] for line in talker("logs", "talk", "--timestamps").lines]
    time.sleep(max(0.0, 2.0 - 0.1))  # the log must be older than the shortest --since that kubectl can send
    assert talker("logs", "talk", "--since=1s").stdout == ""
    assert len(talker("logs", "talk", "--since=1h").lines) == 10
    assert len(talker("logs", "talk", f"--since-time={stamps[0]}").lines) == 10


def test_follow(kubectl: Kubectl) -> None:
    """``-f`` goes on as the log grows, and ends with the container."""
    kubectl.apply(pod("grow", shell("for i in 1 2 3 4; do echo $i; sleep 0.5; done"), restartPolicy="Never"))
    kubectl("wait", "--for=jsonpath={.status.phase}=Running", "pod/grow", "--timeout=60s", timeout=70)
    following = kubectl.start("logs", "-f", "grow")
    heard, _ = following.communicate(timeout=60)
    assert heard == "1\n2\n3\n4\n"
    assert following.returncode == 0


def test_two_followers_and_one_that_leaves(kubectl: Kubectl) -> None:
    """Streams do not disturb each other; one that is broken off ends on the node as well."""
    script = "trap 'exit 0' TERM; i=0; while :; do echo $i; i=$((i+1)); sleep 0.2; done"
    kubectl.apply(pod("long", shell(script)))
    kubectl("wait", "--for=condition=Ready", "pod/long", "--timeout=60s")
    first, second = kubectl.start("logs", "-f", "long"), kubectl.start("logs", "-f", "--tail=1", "long")
    assert first.stdout is not None
    assert second.stdout is not None
    assert first.stdout.readline() == "0\n"
    second.stdout.readline()
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=10)
    number = int(second.stdout.readline())
    assert [int(second.stdout.readline()) for _ in range(5)] == list(range(number + 1, number + 6))
    kubectl("delete", "pod", "long")
    second.communicate(timeout=20)
    assert second.returncode == 0


def test_previous(kubectl: Kubectl) -> None:
    """``--previous`` shows the run before the restart; before the first restart there is none."""
    kubectl.apply(pod("steady"))
    kubectl("wait", "--for=condition=Ready", "pod/steady", "--timeout=60s")
    output = kubectl("logs", "steady", "--previous", code=1)
    assert 'previous terminated container "main" in pod "steady" not found' in output.stderr

    mounts = [{"name": "memory", "mountPath": "/memory"}]
    script = "if [ -e /memory/been ]; then echo second; sleep 3600; fi; touch /memory/been; echo first; exit 1"
    volumes = [{"name": "memory", "emptyDir": {}}]
    kubectl.apply(pod("twice", shell(script, volumeMounts=mounts), volumes=volumes))
    wait_until(lambda: kubectl("logs", "twice", code=None).stdout == "second\n", "the second run", 60)
    assert kubectl("logs", "twice", "--previous").stdout == "first\n"


def test_the_log_of_a_pod_that_has_ended(kubectl: Kubectl) -> None:
    """A pod that has ended keeps its log until it is deleted."""
    kubectl.apply(pod("done", shell("echo result; echo oops >&2"), restartPolicy="Never"))
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/done", "--timeout=60s", timeout=70)
    assert sorted(kubectl("logs", "done").lines) == ["oops", "result"]


def test_a_long_line_and_odd_bytes(kubectl: Kubectl) -> None:
    """A line longer than any buffer comes in one piece, and bytes that are no text come through."""
    script = "printf 'x%.0s' $(seq 1 100000); echo; printf 'caf\\303\\251 \\377\\n'"
    kubectl.apply(pod("odd", shell(script), restartPolicy="Never"))
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/odd", "--timeout=60s", timeout=70)
    assert kubectl("logs", "odd").lines == ["x" * 100000, "café \N{REPLACEMENT CHARACTER}"]


def test_a_large_log(kubectl: Kubectl) -> None:
    """Megabytes arrive complete and in order."""
    kubectl.apply(pod("large", shell("seq 1 150000"), restartPolicy="Never"))
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/large", "--timeout=90s", timeout=100)
    assert kubectl("logs", "large").lines == [str(number) for number in range(1, 150001)]


class TestErrors:
    def test_no_such_pod(self, talker: Kubectl) -> None:
        """A pod that is not there is NotFound."""
        assert 'pods "nobody" not found' in talker("logs", "nobody", code=1).stderr

    def test_no_such_container(self, talker: Kubectl) -> None:
        """A container that the pod does not have is named."""
        assert (
            "container nobody is not valid for pod talk"
            in talker("logs", "talk", "-c", "nobody", code=1).stderr
        )

    def test_a_container_that_waits(self, kubectl: Kubectl) -> None:
        """A container that has not started has no log, and the server says what it waits for."""
        kubectl.apply(pod("waits", shell("true", image="localhost/none:1", imagePullPolicy="Never")))
        wait_until(
            lambda: "ErrImageNeverPull" in kubectl("get", "pod", "waits").stdout, "the image to be missing"
        )
        message = 'container "main" in pod "waits" is waiting to start: ErrImageNeverPull'
        assert message in kubectl("logs", "waits", code=1).stderr

    def test_a_pod_without_a_node(self, kubectl: Kubectl) -> None:
        """A pod that is not scheduled has no log yet."""
        kubectl.apply(pod("nowhere", nodeSelector={"no": "node"}))
        output = kubectl("logs", "nowhere", code=None)
        assert output.stdout == ""
