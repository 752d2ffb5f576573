"""Operators as their authors write them: a directory of manifests, and a program on a framework of the field (kopf)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl
from tests.lab.manifests import namespace
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(600)]

FOLDER = Path(__file__).with_name("operators")
HERE = "greetings"
PATIENCE = 120.0


@pytest.fixture(scope="module")
def installed(cluster: Cluster) -> Iterator[Kubectl]:
    """Install what an operator consists of, definitions first."""
    cluster.kubectl().apply(namespace(HERE))
    kubectl = cluster.kubectl(HERE)
    kubectl("apply", "-f", str(FOLDER / "crds"))
    kubectl("wait", "--for=condition=Established", "crd/greetings.example.com", "--timeout=30s")
    kubectl("apply", "-f", str(FOLDER))
    yield kubectl
    kubectl("delete", "-f", str(FOLDER), "--ignore-not-found")
    kubectl("delete", "-f", str(FOLDER / "crds"), "--ignore-not-found")
    cluster.kubectl()("delete", "namespace", HERE, "--wait=false")


@pytest.fixture
def operator(installed: Kubectl, tmp_path: Path) -> Iterator[None]:
    """Run the operator beside the cluster, as its author does while writing it, with no more than its roles allow."""
    environ = {**installed.environment(), "KUBECONFIG": str(_kubeconfig_of_the_account(installed, tmp_path))}
    words = [sys.executable, "-m", "kopf", "run", "--standalone", f"--namespace={HERE}"]
    log = tmp_path / "operator.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*words, str(FOLDER / "greetings.py")], env=environ, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)
            sys.stdout.write(log.read_text())  # shown with a failure


def _kubeconfig_of_the_account(kubectl: Kubectl, folder: Path) -> Path:
    """Write a kubeconfig for the operator's ServiceAccount."""
    path = folder / "kubeconfig"
    shutil.copy(kubectl.kubeconfig, path)
    token = kubectl("create", "token", "greeter").stdout.strip()
    kubectl("config", f"--kubeconfig={path}", "set-credentials", "greeter", f"--token={token}")
    kubectl("config", f"--kubeconfig={path}", "set-context", "--current", "--user=greeter")
    return path


def greeting(name: str) -> dict[str, object]:
    """Write a Greeting for somebody."""
    return {
        "apiVersion": "example.com/v1",
        "kind": "Greeting",
        "metadata": {"name": "one"},
        "spec": {"name": name},
    }


def test_a_directory_of_manifests(installed: Kubectl) -> None:
    """Definitions, access and a Deployment, applied as they are, run; applied again, they change nothing."""
    kubectl = installed
    kubectl("rollout", "status", "deployment/greeter", f"--timeout={PATIENCE:.0f}s", timeout=PATIENCE + 10)
    again = kubectl("apply", "-f", str(FOLDER)).lines + kubectl("apply", "-f", str(FOLDER / "crds")).lines
    assert {line.rsplit(" ", 1)[1] for line in again} == {"unchanged"}
    greeter = f"--as=system:serviceaccount:{HERE}:greeter"
    assert kubectl(
        "auth", "can-i", "patch", "greetings.example.com/one", "--subresource=status", greeter
    ).lines == ["yes"]
    assert kubectl("auth", "can-i", "delete", "greetings.example.com", greeter, code=1).lines == ["no"]


@pytest.mark.usefixtures("operator")
def test_an_operator_at_work(installed: Kubectl) -> None:
    """Its handlers are called for what is created, changed and deleted; what it says and makes is there."""
    kubectl = installed
    kubectl.apply(greeting("Ada"))
    letter = ("get", "configmap", "letter-one", "--ignore-not-found", "-o", "jsonpath={.data.text}")
    wait_until(lambda: kubectl(*letter).stdout == "Hello Ada", "the letter", PATIENCE)
    kubectl("wait", "greeting/one", "--for=jsonpath={.status.text}=Hello Ada", "--timeout=50s")
    assert kubectl("get", "gr").rows[0][:4] == ["one", "Ada", "Hello", "Ada"]
    kubectl.apply(greeting("Grace"))
    wait_until(lambda: kubectl(*letter).stdout == "Hello Grace", "the letter to change", PATIENCE)
    told = ("events", "--for=greeting/one")
    wait_until(lambda: "Wrote to Grace" in kubectl(*told).stdout, "the operator's events", PATIENCE)
    kubectl("delete", "greeting", "one", f"--timeout={PATIENCE:.0f}s", timeout=PATIENCE + 10)
    assert kubectl("get", "configmap", "goodbye-one", "-o", "jsonpath={.data.text}").stdout == "Goodbye"
    wait_until(lambda: kubectl(*letter).stdout == "", "the letter to go with its owner", PATIENCE)
