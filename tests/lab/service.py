"""What a Service and a load balancer do for pods, for as long as the cluster has none: find them, and share requests out.

It is a client like any other: it lists and watches pods by label with the official Python client, sends requests only
to those that are ready and not ending, to each in turn, and never sends one twice.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.informer import SharedInformer

GATE: Final = "edgeorch.test/answers"
"""The readiness gate that is opened here for a pod once it answers ("Pod readiness": so do load balancers)."""

_PATIENCE = 5.0
_PAUSE = 0.005
"""Seconds between two requests of a visitor: leaves the machine to the cluster."""
_NEXT_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Backend:
    """A pod that takes requests."""

    pod: str
    address: str


class Backends:
    """The pods of a selector, as they are now. Use it as a context manager."""

    def __init__(self, api: ApiClient, namespace: str, selector: str, port: int) -> None:
        self._core = CoreV1Api(api)
        self._informer = SharedInformer(
            self._core.list_namespaced_pod, namespace=namespace, label_selector=selector
        )
        self._namespace = namespace
        self._port = port
        self._ended = threading.Event()
        self._opening = threading.Thread(target=self._open_gates, name="gates")

    def __enter__(self) -> Self:
        self._informer.start()
        self._opening.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._opening.join()
        self._informer.stop()

    def ready(self) -> list[Backend]:
        """Give the pods that a Service would send requests to, in a steady order."""
        pods = sorted(self._informer.cache.list(), key=lambda pod: str(pod.metadata.name))
        return [
            Backend(pod.metadata.name, pod.status.pod_ip)
            for pod in pods
            if pod.metadata.deletion_timestamp is None and _condition(pod, "Ready") == "True"
        ]

    def ask(self, backend: Backend) -> str:
        """Send one request on a connection of its own, and give the answer. Raises OSError, HTTPException."""
        connection = http.client.HTTPConnection(backend.address, self._port, timeout=_PATIENCE)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise OSError(f"answered {answer.status}")
        return text

    def _open_gates(self) -> None:
        while not self._ended.wait(_NEXT_LOOK):
            for pod in self._informer.cache.list():
                if _condition(pod, "ContainersReady") == "True" and _condition(pod, GATE) is None:
                    self._try(Backend(pod.metadata.name, pod.status.pod_ip))

    def _try(self, backend: Backend) -> None:
        try:
            self.ask(backend)
        except (OSError, http.client.HTTPException):
            return
        said = {"status": {"conditions": [{"type": GATE, "status": "True"}]}}
        self._core.patch_namespaced_pod_status(backend.pod, self._namespace, said)


def _condition(pod: Any, name: str) -> str | None:
    """Give a condition's status."""
    found = (c.status for c in pod.status.conditions or () if c.type == name)
    return next(found, None)


class Visitor:
    """Asks and asks, from its entry as a context manager to its exit, and remembers what came of it."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._visit, name="visitor")
        self.answers: Counter[str] = Counter()
        """Requests that succeeded, by what was answered."""
        self.failures: list[str] = []
        """What became of the others."""
        self.fewest: int | None = None
        """The smallest number of pods that took requests at a time."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _visit(self) -> None:
        turn = 0
        while not self._ended.wait(_PAUSE):
            ready = self._backends.ready()
            self.fewest = len(ready) if self.fewest is None else min(self.fewest, len(ready))
            if not ready:
                self.failures.append("nobody is ready")
                continue
            turn += 1
            backend = ready[turn % len(ready)]
            begun = time.monotonic()
            try:
                self.answers[self._backends.ask(backend)] += 1
            except (OSError, http.client.HTTPException) as exc:
                self.failures.append(f"{backend.pod}: {exc!r} after {time.monotonic() - begun:.3f} s")
