"""A whole cluster as ``edgeorch up`` makes it, for e2e tests: started, looked into, maltreated, and taken away.

Everything of a cluster carries the path of its folder or its tag (processes, mounts, links), which is how what
a killed test run left behind is found and removed by the next one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from edgeorch.cli.up import processes
from edgeorch.cli.up.layout import ClusterFolder
from edgeorch.cli.up.namespaces import Board, Bridge, cluster_tag
from edgeorch.cli.up.nodes import LocalNode
from edgeorch.cli.up.server import SERVER
from edgeorch_agent.runtime.base import LABEL_CONTAINER, LABEL_NAME, LABEL_NAMESPACE
from tests.fakes.mosquitto import free_port
from tests.lab import leftovers, proc
from tests.lab.folders import run_folder
from tests.lab.kubectl import Kubectl, Output, kubectls, run
from tests.lab.podman import BUSYBOX, busybox_root, why_no_podman

ROOT = Path("/tmp/edgeorch-e2e")
EDGEORCH = Path(sys.executable).with_name("edgeorch")
UP_TIMEOUT = 240.0
_LOG_LINES = 40


def why_no_cluster() -> str:
    """Say why a cluster cannot run here; empty when it can."""
    if reason := why_no_podman():
        return reason
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    for tool in ("mosquitto", "kubectl", "nsenter", "unshare"):
        if shutil.which(tool, path=path) is None:
            return f"{tool} is not installed (scripts/install-deps --lab)"
    return ""


class Cluster:
    """One cluster in one folder."""

    def __init__(self, root: Path, *, environ: Mapping[str, str] | None = None) -> None:
        """Choose free ports. ``environ`` (``EDGEORCH_*``) reaches server and agents through ``edgeorch up``."""
        root.mkdir(parents=True, exist_ok=True)
        self.folder = ClusterFolder(root / "c")
        self.home = root / "home"
        self.home.mkdir(exist_ok=True)
        self.tag = cluster_tag(self.folder.root)
        self.api_port, self.mqtt_port = free_port(), free_port()
        self._environ = {**os.environ, **(environ or {})}
        self._nodes: dict[str, LocalNode] = {}
        self._containers: set[str] = set()

    # The command

    def edgeorch(
        self, *words: str, code: int | None = 0, timeout: float = 60.0, stdin: str | None = None
    ) -> Output:
        """Run ``edgeorch WORDS`` as a user does; fails unless it ends with ``code``."""
        return run([str(EDGEORCH), *words], stdin=stdin, env=self._users, timeout=timeout, code=code)

    def up(self, *flags: str, code: int = 0) -> Output:
        """Run ``edgeorch up`` with this cluster's folder and ports."""
        done = self.edgeorch(*self._up(*flags), code=code, timeout=UP_TIMEOUT)
        self._nodes.clear()
        return done

    def start_up(self, *flags: str) -> subprocess.Popen[bytes]:
        """Start ``edgeorch up`` and leave it running."""
        return subprocess.Popen(
            [str(EDGEORCH), *self._up(*flags)],
            env=self._users,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def down(self) -> Output:
        """Run ``edgeorch down``."""
        self._containers |= leftovers.containers(self.folder)
        return self.edgeorch("down", f"--data-dir={self.folder.root}", timeout=UP_TIMEOUT)

    def kubectl(self, namespace: str = "", binary: Path | None = None) -> Kubectl:
        """Give a kubectl for this cluster."""
        binary = binary or kubectls()[-1]
        home = self.home / binary.name
        home.mkdir(exist_ok=True)
        return Kubectl(binary, self.folder.kubeconfig, home, namespace)

    # The parts

    @property
    def server(self) -> processes.Process:
        """Give the control plane's process."""
        return self._running(SERVER)

    def agent(self, node: str) -> processes.Process:
        """Give the process of a node's agent."""
        return self._running(self.node(node).agent)

    def restart(self, process: str, environ: Mapping[str, str]) -> None:
        """Kill a process (``server``, ``agent-NODE``) and start it again as it was, with more in its environment."""
        running = self._running(process)
        command = [os.fsdecode(word) for word in proc.command_line(running.pid).split(b"\0")[:-1]]
        own = proc.environment(running.pid)
        running.signal(signal.SIGKILL)
        assert running.wait(60), f"{process} does not die"
        processes.start(
            command,
            pid_file=self.folder.pid_file(process),
            log_file=self.folder.log_file(process),
            environ={**own, **environ},
        )

    def broker_pid(self) -> int:
        """Find Mosquitto, the server's child."""
        return next(pid for pid in proc.children(self.server.pid) if proc.name(pid) == "mosquitto")

    def podman_service_pid(self, node: str) -> int:
        """Find the service of a node's Podman, its agent's child."""
        return next(
            pid for pid in proc.children(self.agent(node).pid) if b"\0service\0" in proc.command_line(pid)
        )

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the nodes."""
        shape = self.folder.load_shape()
        return shape.nodes if shape else ()

    def node(self, name: str) -> LocalNode:
        """Give a node."""
        if not self._nodes:
            bridge = Bridge(self.tag)
            for index, each in enumerate(self.nodes, 1):
                board = Board(bridge, index, self.folder.node(each)) if len(self.nodes) > 1 else None
                self._nodes[each] = LocalNode(self.folder, each, self.tag, board, self._environ)
        return self._nodes[name]

    def board(self, name: str) -> Board:
        """Give what a node of several consists of."""
        board = self.node(name).board
        assert board is not None, "a single node has no board"
        return board

    def podman(self, node: str, *words: str, stdin: bytes = b"") -> str:
        """Run a command of a node's own Podman, and give what it prints."""
        done = self.node(node).podman(*words, stdin=stdin)
        assert not done.returncode, f"podman {' '.join(words)} on {node}: {done.stderr.decode()}"
        return done.stdout.decode()

    def containers(self, node: str) -> dict[str, dict[str, Any]]:
        """Give the running containers of pods on a node, by ``NAMESPACE/POD/CONTAINER``, infra containers left out."""
        listed = json.loads(self.podman(node, "ps", "--format=json"))
        return {_path(item["Labels"]): item for item in listed if not item.get("IsInfra")}

    def load_images(self) -> None:
        """Put the lab's busybox into each node's Podman."""
        layer = busybox_root({})
        for node in self.nodes:
            self.podman(node, "import", '--change=CMD ["sh"]', "-", BUSYBOX, stdin=layer)

    # Its end

    def stop(self) -> None:
        """Take everything away, whatever state it is in; what is left all the same is removed by force."""
        if self.leftovers():
            with suppress(AssertionError):
                self.down()
        leftovers.remove(self.folder, self.tag, self._containers)

    def leftovers(self) -> list[str]:
        """Name what is on the machine of this cluster besides its folder."""
        return leftovers.find(self.folder, self.tag, self._containers)

    def diagnose(self) -> str:
        """Tell what a person would look at first when a test has failed."""
        parts = [f"=== cluster {self.folder.root}, tag {self.tag}"]
        if self.folder.kubeconfig.exists():
            kubectl = self.kubectl()
            for words in (
                ("get", "nodes", "-o", "wide"),
                ("get", "pods", "-A", "-o", "wide"),
                ("get", "events", "-A"),
            ):
                with suppress(AssertionError, OSError):
                    parts.append(str(kubectl(*words, "--request-timeout=5s", code=None, timeout=10)))
        for node in self.nodes:
            with suppress(AssertionError, OSError, Exception):
                parts.append(f"--- podman ps -a on {node}\n{self.podman(node, 'ps', '--all', '--pod')}")
        for log in sorted((self.folder.root / "log").glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
            parts.append("\n".join([f"--- {log.name}", *lines]))
        return "\n".join(parts)

    @property
    def _users(self) -> dict[str, str]:
        return {**self._environ, "KUBECONFIG": str(self.folder.kubeconfig), "HOME": str(self.home)}

    def _up(self, *flags: str) -> list[str]:
        ports = (f"--api-port={self.api_port}", f"--mqtt-port={self.mqtt_port}")
        return ["up", f"--data-dir={self.folder.root}", *ports, *flags]

    def _running(self, process: str) -> processes.Process:
        found = processes.find(self.folder.pid_file(process))
        assert found is not None, f"{process} does not run"
        return found


def _path(labels: Mapping[str, str]) -> str:
    return "/".join(labels[label] for label in (LABEL_NAMESPACE, LABEL_NAME, LABEL_CONTAINER))


@contextmanager
def cluster_folder() -> Iterator[Path]:
    """Give this test run a folder for its clusters, and remove the clusters that dead runs left."""
    with run_folder(ROOT, lambda left: Cluster(left).stop()) as folder:
        yield folder
