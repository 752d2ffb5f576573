"""Probes and lifecycle hooks: what is run or asked to learn how a container is."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.meta import Int32, Int64, IntOrString, Model, Required, Unsupported

ONLY_SLEEP = Unsupported("hooks can only sleep yet")


class ExecAction(Model):
    """Runs a command in the container."""

    command: list[str] = Field(default_factory=list)
    """Command line, not run in a shell; exit code 0 is success."""


class HTTPHeader(Model):
    """A header of an HTTP request."""

    name: Required[str] = ""
    """Name of the header."""
    value: str
    """Its value."""


class HTTPGetAction(Model):
    """Sends an HTTP GET; 200 to 399 is success."""

    path: str = ""
    """Path to ask for; ``/`` when empty."""
    port: Required[IntOrString] = 0
    """Number or name of a container port."""
    host: str = ""
    """Host to connect to; the pod's address when empty. To set the virtual host use a ``Host`` header."""
    scheme: str = ""
    """``HTTP`` (the default) or ``HTTPS``; certificates are not verified."""
    httpHeaders: list[HTTPHeader] = Field(default_factory=list)
    """Headers to send."""


class TCPSocketAction(Model):
    """Opens a TCP connection."""

    port: Required[IntOrString] = 0
    """Number or name of a container port."""
    host: str = ""
    """Host to connect to; the pod's address when empty."""


class GRPCAction(Model):
    """Asks a gRPC health service."""

    port: Required[Int32] = 0
    """Port of the service."""
    service: str | None = None
    """Name of the service to ask about; the server as a whole when empty."""


class SleepAction(Model):
    """Waits."""

    seconds: Int64
    """Seconds to wait."""


class Probe(Model):
    """A check that is repeated; exactly one of ``exec``, ``httpGet``, ``tcpSocket`` and ``grpc`` is set."""

    exec: ExecAction | None = None
    """Check with a command."""
    httpGet: HTTPGetAction | None = None
    """Check with an HTTP request."""
    tcpSocket: TCPSocketAction | None = None
    """Check with a TCP connection."""
    grpc: GRPCAction | None = None
    """Check with a gRPC health request."""
    initialDelaySeconds: Int32 = 0
    """Seconds after the start of the container before the first check."""
    timeoutSeconds: Int32 = 0
    """Seconds after which a check has failed; 1 by default."""
    periodSeconds: Int32 = 0
    """Seconds between checks; 10 by default."""
    successThreshold: Int32 = 0
    """Successes in a row that end a failure; 1 by default, and always 1 for liveness and startup."""
    failureThreshold: Int32 = 0
    """Failures in a row that end a success; 3 by default."""
    terminationGracePeriodSeconds: Int64 | None = None
    """Seconds to stop in good order when this probe fails; the pod's own when absent."""


class LifecycleHandler(Model):
    """What a hook does; exactly one is set."""

    exec: Annotated[ExecAction | None, ONLY_SLEEP] = None
    """Run a command."""
    httpGet: Annotated[HTTPGetAction | None, ONLY_SLEEP] = None
    """Send an HTTP request."""
    tcpSocket: Annotated[TCPSocketAction | None, Unsupported("deprecated, and never run")] = None
    """Deprecated; kept for old objects and never run."""
    sleep: SleepAction | None = None
    """Wait."""


class Lifecycle(Model):
    """Hooks at the ends of a container's life."""

    postStart: LifecycleHandler | None = None
    """Runs right after the container was created; a failure restarts it."""
    preStop: LifecycleHandler | None = None
    """Runs before the container is stopped, within the grace period."""
    stopSignal: str | None = None
    """Signal that stops the container; the image's, else ``SIGTERM``, when absent. Needs ``spec.os.name``."""
