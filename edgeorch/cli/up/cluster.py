"""Brings a cluster up on this box, step by step, and takes it down again."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from edgeorch.cli.access import load_access
from edgeorch.cli.apply import apply_object
from edgeorch.cli.kinds import Kinds
from edgeorch.cli.manifests import read_manifests
from edgeorch.cli.rest import RestClient
from edgeorch.cli.up import hello
from edgeorch.cli.up.layout import ClusterFolder, Shape
from edgeorch.cli.up.namespaces import Board, Bridge, cluster_tag
from edgeorch.cli.up.nodes import LocalNode
from edgeorch.cli.up.server import SERVER, LocalServer, stop_server
from edgeorch.cli.up.steps import Steps
from edgeorch.cli.up.waiting import wait
from edgeorch.errors import NotFound, UserError
from edgeorch.join_token import NAMESPACE, SECRET_PREFIX, JoinToken
from edgeorch.pki import fingerprint

_TOKEN_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for; None keeps what the last ``up`` had, or the default."""

    api_port: int | None = None
    mqtt_port: int | None = None
    node_name: str | None = None
    nodes: int | None = None

    def shape(self, before: Shape | None, default_name: str) -> Shape:
        """Give the cluster's shape; a change of a running cluster's ports shows when it is started again."""
        base = before or Shape(6443, 8883, (default_name,))
        nodes = base.nodes
        if self.nodes is not None and self.nodes > 1:
            stem = self.node_name or "node"
            nodes = tuple(f"{stem}-{number}" for number in range(1, self.nodes + 1))
        elif self.node_name:
            nodes = (self.node_name,)
        return Shape(self.api_port or base.api_port, self.mqtt_port or base.mqtt_port, nodes)


class LocalCluster:
    """One cluster in one folder."""

    def __init__(self, folder: ClusterFolder, steps: Steps) -> None:
        self._folder = folder
        self._steps = steps
        self._tag = cluster_tag(folder.root)

    def up(self, wishes: Wishes, default_name: str) -> None:
        """Bring everything up and show the hello example; what runs already is left alone."""
        _check_tools()
        self._folder.create()
        shape = wishes.shape(self._folder.load_shape(), default_name)
        self._folder.save_shape(shape)
        with self._steps.step("Start the control plane"):
            self._start_server(shape)
        nodes = list(self._nodes(shape))
        with RestClient(load_access(self._folder.kubeconfig)) as client:
            with self._steps.step(f"Join and start {_many(len(nodes), 'agent')}"):
                self._start_nodes(client, nodes, shape)
            with self._steps.step(f"Wait until {_many(len(nodes), 'node')} can take pods"):
                for node in nodes:
                    ready = partial(_node_ready, client, node.name)
                    wait(self._folder, [node.agent], f"node {node.name}", ready)
            with self._steps.step(f"Make the image {hello.IMAGE}"):
                for node in nodes:
                    hello.build_image(node.podman)
            with self._steps.step("Apply the hello example and wait until it runs"):
                pod = self._run_hello(client)
            with self._steps.step("Fetch its page"):
                page = self._fetch(pod, {node.name: node for node in nodes})
        self._steps.note(f"\n  {page.strip()}\n")

    def down(self) -> None:
        """Stop every process that ``up`` started, and remove every container."""
        shape = self._folder.load_shape()
        if shape is None:
            self._steps.note(f"there is no cluster in {self._folder.root}")
            return
        with self._steps.step("Stop the agents and remove their containers"):
            for node in self._nodes(shape):
                node.stop()
        with self._steps.step("Stop the control plane"):
            stop_server(self._folder)
        Bridge(self._tag).remove()
        for file in self._folder.pid_files():
            file.unlink(missing_ok=True)

    def _nodes(self, shape: Shape) -> Iterator[LocalNode]:
        """Give the nodes: a single one shares the box's network, several get a namespace each."""
        bridge = Bridge(self._tag)
        for index, name in enumerate(shape.nodes, 1):
            board = Board(bridge, index, self._folder.node(name)) if len(shape.nodes) > 1 else None
            yield LocalNode(self._folder, name, self._tag, board)

    def _mqtt_host(self, shape: Shape) -> str:
        return Bridge(self._tag).address if len(shape.nodes) > 1 else "127.0.0.1"

    def _start_server(self, shape: Shape) -> None:
        if len(shape.nodes) > 1:
            Bridge(self._tag).create()
        LocalServer(self._folder, shape.api_port, shape.mqtt_port, self._mqtt_host(shape)).start()

    def _start_nodes(self, client: RestClient, nodes: list[LocalNode], shape: Shape) -> None:
        mqtt_url = f"mqtts://{self._mqtt_host(shape)}:{shape.mqtt_port}"
        access = load_access(self._folder.kubeconfig)
        strangers = [node for node in nodes if not node.joined()]
        if strangers:
            token = JoinToken.create(fingerprint(access.ca))
            secrets = f"/api/v1/namespaces/{NAMESPACE}/secrets"
            client.request("POST", secrets, body=token.manifest(_soon(), "made by edgeorch up"))
            for node in strangers:
                node.join(access.server, token, mqtt_url)
            client.request("DELETE", f"{secrets}/{SECRET_PREFIX}{token.id}")
        for node in nodes:
            node.start()

    def _run_hello(self, client: RestClient) -> dict[str, Any]:
        kinds = Kinds(client)
        for manifest in read_manifests([hello.MANIFEST]):
            apply_object(client, kinds.of_object(manifest), "default", manifest)
        path = "/api/v1/namespaces/default/pods/hello"
        wait(self._folder, [SERVER], "pod hello", lambda: _phase(client, path) == "Running")
        pod: dict[str, Any] = client.request("GET", path)
        return pod

    def _fetch(self, pod: dict[str, Any], nodes: dict[str, LocalNode]) -> str:
        """Ask the pod for its page from the node it runs on: pod addresses are the node's business."""
        url = f"http://{pod['status']['podIP']}:{hello.PORT}/"
        script = f"import urllib.request as r; print(r.urlopen({url!r}, timeout=10).read().decode(), end='')"
        command = nodes[pod["spec"]["nodeName"]].inside([sys.executable, "-c", script])
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"{url} does not answer: {done.stderr.strip().splitlines()[-1]}")
        return done.stdout


def _check_tools() -> None:
    """Say at once what is missing, instead of failing in the middle."""
    if os.geteuid() != 0:
        raise UserError("edgeorch up runs containers and needs root: sudo edgeorch up")
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [tool for tool in ("podman", "mosquitto", "busybox") if shutil.which(tool, path=path) is None]
    if missing:
        raise UserError(f"{' and '.join(missing)} not installed: run scripts/install-deps")


def _node_ready(client: RestClient, name: str) -> bool:
    try:
        node = client.request("GET", f"/api/v1/nodes/{name}")
    except NotFound:
        return False
    conditions = node.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _phase(client: RestClient, path: str) -> str:
    phase: str = client.request("GET", path).get("status", {}).get("phase", "")
    return phase


def _soon() -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=_TOKEN_SECONDS)


def _many(count: int, noun: str) -> str:
    return f"the {noun}" if count == 1 else f"{count} {noun}s"
