"""ASGI middleware that notes each request once it is answered; what goes on for long already when it begins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edgeorch_server.apiserver.audit.exchange import Exchange
from edgeorch_server.apiserver.audit.log import AuditLog
from edgeorch_server.apiserver.audit.policy import Policy, Stage


class Audit:
    """Stands around the whole application; ``now`` is aware.

    Nothing is held up: what is sent passes through as it comes.
    """

    def __init__(self, app: ASGIApp, policy: Policy, log: AuditLog, now: Callable[[], dt.datetime]) -> None:
        self.app = app
        self._policy = policy
        self._log = log
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and remember what was asked and answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = Exchange(scope, self._policy, self._now())

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.answer_begins(message["status"], message.get("headers", []))
                if exchange.asked.goes_on:
                    self._note(exchange, "ResponseStarted")
            else:
                exchange.answer_goes_on(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            self._note(exchange, "ResponseComplete")

    def _note(self, exchange: Exchange, stage: Stage) -> None:
        if exchange.decision.writes(stage):
            self._log.add(exchange.event(stage, self._now()))
