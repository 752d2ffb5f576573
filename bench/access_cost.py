"""What access control and admission add to a request: the same one with and without, in turn, in one process.

Neither sockets nor a disk are in it, so that the difference is not lost in them; and what is counted is the
processor's time, whoever else wants it.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette

from bench.objects import PODS, pod
from bench.options import Options
from bench.table import Row
from edgeorch.api.core.resources import LIMIT_RANGES, RESOURCE_QUOTAS
from edgeorch.api.rbac.resources import ROLE_BINDINGS
from edgeorch.api.table import default_table
from edgeorch.pki import new_key
from edgeorch_server.access.jwt import SigningKey
from edgeorch_server.apiserver.auth.authentication import Credentials
from edgeorch_server.apiserver.auth.wiring import rbac_access
from edgeorch_server.apiserver.streaming import OpenStreams
from edgeorch_server.controllers.default_roles import ensure_default_roles
from edgeorch_server.registry.admission.base import Chain
from edgeorch_server.registry.base import User, WriteOptions
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore
from tests.fakes.api_server import FakeNodes, app_for, furnish, wall_clock

_MASTER = User("admin", ("system:masters",))
_JANE = User("jane", ("dev",))
_BINDINGS = 100


class _Always:
    """Takes everybody for the same user."""

    def __init__(self, user: User) -> None:
        self._user = user

    async def authenticate(self, credentials: Credentials) -> User | None:  # noqa: ARG002 (the protocol's)
        """Give the user."""
        return self._user


def run(options: Options) -> list[Row]:
    """Measure."""
    rounds, each = (1, 20) if options.quick else (7, 1000)
    return asyncio.run(_run(rounds, each))


async def _run(rounds: int, each: int) -> list[Row]:
    plain = Registry(MemoryStore(), default_table(), admission=lambda *_: Chain())
    admitting = Registry(MemoryStore(), default_table())
    for registry in (plain, admitting):
        await _fill(registry)
    jane, master = _app(admitting, _JANE), _app(admitting, _MASTER)

    async def get(app: Starlette, _: int) -> None:
        await ask(app, "GET", f"{PODS}/p")

    async def post(app: Starlette, number: int) -> None:
        await ask(app, "POST", PODS, pod(f"p{number}"))

    for app in (_app(plain, _MASTER), master):
        await ask(app, "POST", PODS, pod("p"))
    roles = await _in_turn(get, (jane, master), rounds, each)
    admission = await _in_turn(post, (master, _app(plain, _MASTER)), rounds, each)
    return [
        _row(f"GET pod, {_BINDINGS} bindings, CPU us", roles, "as system:masters, without RBAC"),
        _row("POST 3 KB pod, CPU us", admission, "without admission"),
    ]


async def _fill(registry: Registry) -> None:
    """Have roles, bindings, and what admission looks at."""
    await furnish(registry)
    await ensure_default_roles(registry)
    group = "rbac.authorization.k8s.io"
    for number in range(_BINDINGS):
        subject = {"kind": "User", "apiGroup": group, "name": "jane" if number == 0 else f"user-{number}"}
        role = {"kind": "ClusterRole", "apiGroup": group, "name": "view"}
        body = {"metadata": {"name": f"b{number}"}, "roleRef": role, "subjects": [subject]}
        await registry.create_entry(ROLE_BINDINGS, "default", body, WriteOptions())
    quota: dict[str, Any] = {"metadata": {"name": "q"}, "spec": {"hard": {"pods": str(10**6)}}}
    await registry.create_entry(RESOURCE_QUOTAS, "default", quota, WriteOptions())
    limit = {"type": "Container", "defaultRequest": {"cpu": "10m"}}
    limits = {"metadata": {"name": "l"}, "spec": {"limits": [limit]}}
    await registry.create_entry(LIMIT_RANGES, "default", limits, WriteOptions())


def _app(registry: Registry, user: User) -> Starlette:
    access, _ = rbac_access(registry, SigningKey.from_pem(new_key()), wall_clock, _Always(user))
    return app_for(registry, access, FakeNodes(), OpenStreams())


async def _in_turn(
    request: Callable[[Starlette, int], Awaitable[None]], apps: Sequence[Starlette], rounds: int, each: int
) -> list[float]:
    """Give the median of the rounds for each application, in microseconds of the processor a request."""
    took: list[list[float]] = [[] for _ in apps]
    for turn in range(rounds):
        for app, times in zip(apps, took, strict=True):
            begin = time.process_time()
            for number in range(each):
                await request(app, turn * each + number)
            times.append((time.process_time() - begin) * 1e6 / each)
    return [statistics.median(times) for times in took]


def _row(metric: str, both: Sequence[float], without: str) -> Row:
    ours, value = both
    note = f"it costs {ours - value:,.0f} us"
    return Row(metric, ours, without, value, lower_is_better=True, note=note)


async def ask(app: Starlette, method: str, path: str, body: bytes = b"") -> None:
    """Send a request to an application without anything in between; raises RuntimeError unless it is 2xx."""
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"accept", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 6443),
        "scheme": "https",
        "http_version": "1.1",
    }
    await app(scope, receive, send)
    if not 200 <= status < 300:
        raise RuntimeError(f"{method} {path}: {status}")
