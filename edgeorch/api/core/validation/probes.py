"""Validation of probes and lifecycle hooks."""

from __future__ import annotations

import signal
from typing import Any

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import PodOS
from edgeorch.api.core.probes import (
    ExecAction,
    GRPCAction,
    HTTPGetAction,
    Lifecycle,
    LifecycleHandler,
    Probe,
    SleepAction,
    TCPSocketAction,
)
from edgeorch.api.meta_validation import NEGATIVE
from edgeorch.api.names import header_name_problems, port_name_problems, port_problems
from edgeorch.api.validation import FieldError, Path, bad, forbidden, not_supported, required

_SCHEMES = ("HTTP", "HTTPS")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def validate_probes(container: Container, os: PodOS | None, grace: int, path: Path) -> list[FieldError]:
    """Check a container's probes and hooks; ``grace`` is the pod's grace period in seconds."""
    return [
        *_validate_lifecycle(container.lifecycle, os, grace, path.child("lifecycle")),
        *_validate_liveness(container.livenessProbe, path.child("livenessProbe")),
        *_validate_readiness(container.readinessProbe, path.child("readinessProbe")),
        *_validate_liveness(container.startupProbe, path.child("startupProbe")),
    ]


def _validate_lifecycle(
    lifecycle: Lifecycle | None, os: PodOS | None, grace: int, path: Path
) -> list[FieldError]:
    if lifecycle is None:
        return []
    errors: list[FieldError] = []
    for name in ("postStart", "preStop"):
        hook = getattr(lifecycle, name)
        if hook is not None:
            errors += _validate_handler(hook, grace, path.child(name))
    if lifecycle.stopSignal is not None:
        where = path.child("stopSignal")
        if os is None:
            errors.append(forbidden(where, "may not be set for containers with empty `spec.os.name`"))
        elif lifecycle.stopSignal not in _signals():
            errors.append(not_supported(where, lifecycle.stopSignal, _signals()))
    return errors


def _signals() -> tuple[str, ...]:
    extra = {"SIGCLD", "SIGIOT", "SIGPOLL", "SIGSTKFLT"}
    real_time = {f"SIGRTMIN+{n}" for n in range(1, 16)} | {f"SIGRTMAX-{n}" for n in range(1, 15)}
    known = {s.name for s in signal.Signals} | extra | real_time
    return tuple(sorted(known))


def _validate_liveness(probe: Probe | None, path: Path) -> list[FieldError]:
    if probe is None:
        return []
    errors = _validate_probe(probe, path)
    if probe.successThreshold != 1:
        errors.append(bad(path.child("successThreshold"), probe.successThreshold, "must be 1"))
    return errors


def _validate_readiness(probe: Probe | None, path: Path) -> list[FieldError]:
    if probe is None:
        return []
    errors = _validate_probe(probe, path)
    grace = probe.terminationGracePeriodSeconds
    if grace is not None:
        where = path.child("terminationGracePeriodSeconds")
        errors.append(bad(where, grace, "must not be set for readinessProbes"))
    return errors


def _validate_probe(probe: Probe, path: Path) -> list[FieldError]:
    errors = _validate_handler(probe, 0, path)
    for name in _COUNTS:
        if (count := getattr(probe, name)) < 0:
            errors.append(bad(path.child(name), count, NEGATIVE))
    grace = probe.terminationGracePeriodSeconds
    if grace is not None and grace <= 0:
        errors.append(bad(path.child("terminationGracePeriodSeconds"), grace, "must be greater than 0"))
    return errors


def _validate_handler(handler: Probe | LifecycleHandler, grace: int, path: Path) -> list[FieldError]:
    found = [name for name in _HANDLERS if getattr(handler, name, None) is not None]
    if not found:
        return [required(path, "must specify a handler type")]
    first, *others = found
    errors = _validate_action(getattr(handler, first), grace, path.child(first))
    errors += [forbidden(path.child(o), "may not specify more than 1 handler type") for o in others]
    return errors


def _validate_action(action: Any, grace: int, path: Path) -> list[FieldError]:
    match action:
        case ExecAction():
            return [] if action.command else [required(path.child("command"))]
        case HTTPGetAction():
            return _validate_http_get(action, path)
        case TCPSocketAction():
            return _validate_port(action.port, path.child("port"))
        case GRPCAction():
            return _validate_port(action.port, path.child("port"))
        case SleepAction() if not 0 <= action.seconds <= grace:
            why = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
            return [bad(path, action.seconds, why)]
        case _:
            return []


def _validate_http_get(action: HTTPGetAction, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if not action.path:
        errors.append(required(path.child("path")))
    errors += _validate_port(action.port, path.child("port"))
    if action.scheme not in _SCHEMES:
        errors.append(not_supported(path.child("scheme"), action.scheme, _SCHEMES))
    for header in action.httpHeaders:
        errors += [bad(path.child("httpHeaders"), header.name, p) for p in header_name_problems(header.name)]
    return errors


def _validate_port(port: int | str, path: Path) -> list[FieldError]:
    problems = port_problems(port) if isinstance(port, int) else port_name_problems(port)
    return [bad(path, port, p) for p in problems]
