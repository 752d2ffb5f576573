"""What becomes known of a request, from its arrival to the end of its answer, and the events that tell it."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from typing import Any

import orjson
from starlette.datastructures import Headers, QueryParams
from starlette.types import Scope

from edgeorch.api.meta import format_micro_time
from edgeorch_server.apiserver.audit.bodies import MAX_EVENT, Collected, Kept, is_json, is_packed
from edgeorch_server.apiserver.audit.policy import NONE, Decision, Policy, Stage
from edgeorch_server.apiserver.audit.requests import read_request
from edgeorch_server.apiserver.auth.middleware import NOBODY, SEEN_KEY, Seen
from edgeorch_server.apiserver.paths import Target
from edgeorch_server.registry.base import User

_TRUNCATED = {"audit.k8s.io/truncated": "true"}
_MAX_USER_AGENT = 1024
_REFUSED = 400
"""Answers from this code on are a Status that says why."""
_NAMES = ("name", "uid", "resourceVersion")


class Exchange:
    """One request with its answer; ``scope`` is told where to show what is found out on the way."""

    def __init__(self, scope: Scope, policy: Policy, received: dt.datetime) -> None:
        self.asked = read_request(scope["method"], scope["path"], QueryParams(scope["query_string"]))
        self._scope = scope
        self._policy = policy
        self._received = received
        self._audit_id = str(uuid.uuid4())
        self._code = 0
        self._named: dict[str, str] = {}
        """What the request's object says of itself."""
        self._request = Kept()
        self._response: Collected | None = None
        self._seen = scope[SEEN_KEY] = Seen(take_body=self._take_request)

    @property
    def _acting(self) -> User:
        return self._seen.real or self._seen.user or NOBODY

    @functools.cached_property
    def decision(self) -> Decision:
        """How much is written; to be asked for once it is known who asks."""
        return self._policy.decide(self.asked, self._acting)

    def _take_request(self, value: object, size: int) -> None:
        if self.asked.verb in {"create", "update"} and isinstance(value, dict):
            self._named = _named(value.get("metadata"))
        if self.decision.with_request and self.asked.target is not None:
            self._request = self._kept()
            self._request.take(value, size)

    def _kept(self) -> Kept:
        return Kept(omit_managed_fields=self.decision.omit_managed_fields)

    def answer_begins(self, code: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Note the code, and whether the body is of interest: never that of a watch, a log or a stream."""
        self._code = code
        wanted = self.decision.with_response and self.asked.target is not None and not self.asked.goes_on
        refused = code >= _REFUSED and self.decision.level != NONE
        if (wanted or refused) and is_json(headers):
            self._response = Collected(packed=is_packed(headers))

    def answer_goes_on(self, chunk: bytes) -> None:
        """Note a piece of the body."""
        if self._response is not None:
            self._response.add(chunk)

    def event(self, stage: Stage, now: dt.datetime) -> bytes:
        """Write the event of a stage as a line; without the bodies if it would be too long with them."""
        answer = self._response.value() if self._response is not None else None
        response = self._kept()
        if self._response is not None and self.decision.with_response and self.asked.target is not None:
            response.take(answer, self._response.size)
        event = self._metadata(stage) | {"responseStatus": self._status(answer)}
        bodies = {"requestObject": self._request, "responseObject": response}
        if not any(body.truncated for body in bodies.values()):
            given = {name: orjson.Fragment(body.data) for name, body in bodies.items() if body.data}
            line = self._line(event, given, now)
            if not given or len(line) <= MAX_EVENT:
                return line
        return self._line(event, {}, now, truncated=True)

    def _line(
        self,
        event: dict[str, Any],
        bodies: dict[str, orjson.Fragment],
        now: dt.datetime,
        *,
        truncated: bool = False,
    ) -> bytes:
        annotations = self._seen.annotations | (_TRUNCATED if truncated else {})
        told = {
            **event,
            **bodies,
            "requestReceivedTimestamp": format_micro_time(self._received),
            "stageTimestamp": format_micro_time(now),
            **({"annotations": annotations} if annotations else {}),
        }
        return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)

    def _metadata(self, stage: Stage) -> dict[str, Any]:
        scope, asked, seen = self._scope, self.asked, self._seen
        query = scope["query_string"].decode("latin-1")
        client = scope.get("client")
        agent = Headers(scope=scope).get("user-agent", "")
        event: dict[str, Any] = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": self.decision.level,
            "auditID": self._audit_id,
            "stage": stage,
            "requestURI": f"{scope['path']}?{query}" if query else scope["path"],
            "verb": asked.verb,
            "user": _user(self._acting),
        }
        if seen.real and seen.user:
            event["impersonatedUser"] = _user(seen.user)
        event["sourceIPs"] = [client[0]] if client else []
        too_long = len(agent) > _MAX_USER_AGENT
        event["userAgent"] = f"{agent[:_MAX_USER_AGENT]}...TRUNCATED" if too_long else agent
        if asked.target:
            event["objectRef"] = self._named | _object(asked.target)
        return event

    def _status(self, answer: object) -> dict[str, Any]:
        """Give the code, and of a Status what it says (``LogResponseObject``)."""
        said: dict[str, Any] = {"metadata": {}}
        if isinstance(answer, dict) and answer.get("kind") == "Status":
            said |= {
                name: answer[name] for name in ("status", "message", "reason", "details") if name in answer
            }
        return said | {"code": self._code}


def _named(meta: object) -> dict[str, str]:
    if not isinstance(meta, dict):
        return {}
    found = {name: meta.get(name) for name in _NAMES}
    return {name: value for name, value in found.items() if isinstance(value, str) and value}


def _user(user: User) -> dict[str, Any]:
    told: dict[str, Any] = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
    if user.extra:
        told["extra"] = {key: list(values) for key, values in user.extra.items()}
    return {key: value for key, value in told.items() if value}


def _object(target: Target) -> dict[str, str]:
    told = {
        "resource": target.plural,
        "namespace": target.namespace,
        "name": target.name,
        "apiGroup": target.group,
        "apiVersion": target.version,
        "subresource": target.subresource,
    }
    return {key: value for key, value in told.items() if value}
