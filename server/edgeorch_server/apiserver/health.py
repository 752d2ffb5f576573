"""``/healthz``, ``/livez`` and ``/readyz``, with Kubernetes' plain-text answers.

``?verbose`` lists every check; a failed check makes the answer 500 and is always listed, without its reason:
that is for the log, because these paths need no authentication.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

Check = Callable[[], str]
"""Says what is wrong, or nothing: an empty string is healthy. Must not block."""

logger = logging.getLogger(__name__)


def ping() -> str:
    """Be healthy: that we answer at all is the check."""
    return ""


@dataclass(frozen=True, slots=True)
class HealthChecks:
    """What is looked at. Liveness asks for a restart, readiness for patience: keep them apart."""

    live: Mapping[str, Check] = field(default_factory=dict)
    ready: Mapping[str, Check] = field(default_factory=dict)
    """Beyond the live ones."""


def report(
    kind: str, checks: Mapping[str, Check], *, verbose: bool, exclude: frozenset[str]
) -> tuple[int, str]:
    """Run the checks; give the HTTP code and the text that Kubernetes answers with."""
    lines, failed = [], []
    for name, check in checks.items():
        if name in exclude:
            lines.append(f"[+]{name} excluded: ok")
            continue
        if trouble := check():
            failed.append(name)
            lines.append(f"[-]{name} failed: reason withheld")
            logger.warning("health check %s of %s failed: %s", name, kind, trouble)
        else:
            lines.append(f"[+]{name} ok")
    if failed:
        return 500, "\n".join([*lines, f"{kind} check failed", ""])
    if verbose:
        return 200, "\n".join([*lines, f"{kind} check passed", ""])
    return 200, "ok"


class HealthEndpoint:
    """Answers one of the three paths, and ``PATH/CHECK`` for a single check."""

    def __init__(self, kind: str, checks: Mapping[str, Check]) -> None:
        self._kind = kind
        self._checks = {"ping": ping, **checks}

    async def get(self, request: Request) -> Response:
        """Answer a GET."""
        chosen = request.path_params.get("check", "")
        checks = {chosen: self._checks[chosen]} if chosen in self._checks else {} if chosen else self._checks
        if not checks:
            return PlainTextResponse("404 page not found\n", 404)
        code, text = report(
            self._kind,
            checks,
            verbose="verbose" in request.query_params,
            exclude=frozenset(request.query_params.getlist("exclude")),
        )
        return PlainTextResponse(text, code, {"cache-control": "no-cache, private"})
